//! The command line.

use std::time::Duration;

pub const HELP: &str = "\
cargo bench --bench fanout -- [OPTIONS]
  --viewers 1,500,2000  HTTP-FLV viewers, one row each
  --secs 8              length of each measured window
  --publishers 300      publishers of 200 kbit/s that nobody watches; 0: none
  --hls 500             HLS viewers; 0: none
  --tls                 FLV over TLS, with a certificate made by openssl
  --no-pin              leave placing the server and the load to the scheduler
  --dry                 a quick look that everything runs: few viewers, 2 s";

/// What to measure.
#[derive(Debug)]
pub struct Arguments {
    pub viewers: Vec<usize>,
    pub window: Duration,
    pub publishers: usize,
    pub hls: usize,
    pub tls: bool,
    pub pin: bool,
}

impl Arguments {
    /// `None` when help is asked for.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Option<Self>, String> {
        let window = Duration::from_secs(8);
        let mut it = Self { viewers: vec![1, 500, 2000], window, publishers: 300, hls: 500, tls: false, pin: true };
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--viewers" => {
                    let list = words.next().unwrap_or_default();
                    it.viewers = list.split(',').map(|n| number(&word, n)).collect::<Result<_, _>>()?;
                }
                "--secs" => {
                    it.window = Duration::from_secs(number(&word, &words.next().unwrap_or_default())?.max(1) as u64)
                }
                "--publishers" => it.publishers = number(&word, &words.next().unwrap_or_default())?,
                "--hls" => it.hls = number(&word, &words.next().unwrap_or_default())?,
                "--tls" => it.tls = true,
                "--no-pin" => it.pin = false,
                "--dry" => {
                    (it.viewers, it.window) = (vec![1, 20], Duration::from_secs(2));
                    (it.publishers, it.hls) = (10, 10);
                }
                "--help" => return Ok(None),
                // cargo says which kind of target it runs.
                "--bench" => {}
                other => return Err(format!("there is no option {other}")),
            }
        }
        Ok(Some(it))
    }
}

fn number(option: &str, text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("{option}: {text:?} is not a number"))
}
