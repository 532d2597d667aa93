//! Origins that lie: what reaches a client is right, or visibly broken, and comes within a bounded time.

use std::io::Read;
use std::time::{Duration, Instant};

use serde_json::json;

use super::stage_tests::{Stage, wire};
use crate::provider::result::Group;
use crate::proxy::resource::Kind;

use crate::fetch::lies_tests::origin::{Answer, Lie, Origin};

/// No lie keeps a client for longer.
const BOUND: Duration = Duration::from_secs(40);

fn file() -> Vec<u8> {
    (0..300_000_u32).map(|n| (n * 7 % 253) as u8).collect()
}

/// What is at the URL is another file, or becomes one, as far as anybody can tell.
const NO_LIE: [Lie; 3] = [Lie::ChangesSilently, Lie::Changes, Lie::LoginPage];

fn judge(lie: Lie, address: std::net::SocketAddr, path: &str, range: Option<std::ops::Range<usize>>) {
    let began = Instant::now();
    let line = range.clone().map(|range| format!("Range: bytes={}-{}", range.start, range.end - 1));
    let head: Vec<_> = line.iter().map(String::as_str).chain(["Connection: close"]).collect();
    let mut answer = match wire::open(address, "GET", path, &head) {
        Ok(answer) => answer,
        Err(error) => panic!("{lie:?}: no answer at all: {error}"),
    };
    let mut body = Vec::new();
    let whole = answer.read_to_end(&mut body).is_ok();
    assert!(began.elapsed() < BOUND, "{lie:?} took {:?}", began.elapsed());
    let all = file();
    let right = match answer.status {
        200 => all.as_slice(),
        206 => &all[range.unwrap_or(0..0)],
        _ => return assert!(answer.status >= 400, "{lie:?}: {}", answer.status),
    };
    if NO_LIE.contains(&lie) {
        return;
    }
    // Who asks for no range is told of nothing but a longer file.
    let longer = lie == Lie::LengthAboveRange && answer.status == 200 && body.starts_with(right);
    assert!(longer || right.starts_with(&body), "{lie:?}: wrong bytes");
    // A lie about the whole file's length cannot be seen through; the bytes are the file's all the same.
    let told_short = matches!(
        lie,
        Lie::LongBody | Lie::UntilClose | Lie::LengthBelowRange | Lie::HeadDiffers | Lie::ContentRangeSize
    );
    assert!(
        !whole || body == right || told_short || longer,
        "{lie:?}: {} bytes were taken for {}",
        body.len(),
        right.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_an_origin_does_no_wrong_byte_arrives() {
    let mut judged = Vec::new();
    // What comes byte by byte comes right, as long as the client has the patience.
    for &lie in Lie::ALL.iter().filter(|lie| **lie != Lie::Drips) {
        judged.push(tokio::spawn(async move {
            let origin = Origin::start();
            let url =
                origin.put_as("film.mp4", Answer::new(file()).etag("\"v1\"").content_type("video/mp4").lying(lie));
            let stage =
                Stage::playing(json!({"url": url, "format": "mp4", "duration_ms": 9, "playback_kind": "regular"}))
                    .await;
            let path = stage.track(Kind::Media, Group::Media);
            let address = stage.address;
            let judged = tokio::task::spawn_blocking(move || {
                // Those that take their time do so once.
                let slow =
                    matches!(lie, Lie::NeverAnswers | Lie::StallsMidBody | Lie::EndlessHead | Lie::EndlessInterim);
                let ranges = [Some(150_000..260_000), Some(0..10), None, Some(299_999..300_000)];
                for range in ranges.into_iter().take(if slow { 1 } else { 4 }) {
                    judge(lie, address, &path, range);
                }
            });
            judged.await.unwrap();
            drop((stage, origin));
        }));
    }
    for judged in judged {
        judged.await.unwrap();
    }
}
