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

/// Readers of one file at the same time.
const CROWD: usize = 8;
/// A refusal is remembered for 10 s on this stage; a busy machine comes on top.
const CLEAN_WITHIN: Duration = Duration::from_secs(15);
/// These keep readers for as long as they may, one of them is enough: see above.
const SLOW: [Lie; 5] = [Lie::NeverAnswers, Lie::StallsMidBody, Lie::EndlessHead, Lie::EndlessInterim, Lie::Drips];

/// Where a reader begins and ends.
fn part_of(reader: usize) -> Option<std::ops::Range<usize>> {
    match reader % 4 {
        0 => None,
        1 => Some(reader * 10_000..reader * 10_000 + 120_000),
        2 => Some(0..reader),
        _ => Some(300_000 - reader..300_000),
    }
}

/// Whether the file's bytes come, and all of them.
fn comes_right(address: std::net::SocketAddr, path: &str) -> bool {
    let head = ["Range: bytes=140000-269999", "Connection: close"];
    let Ok(mut answer) = wire::open(address, "GET", path, &head) else { return false };
    let (mut body, all) = (Vec::new(), file());
    let whole = answer.read_to_end(&mut body).is_ok();
    whole && (answer.status == 206 && body == all[140_000..270_000] || answer.status == 200 && body == all)
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_who_come_together_are_told_no_lie_and_none_of_it_stays() {
    let mut judged = Vec::new();
    // Those of another file are kept as one, for as long as they say.
    let lies = Lie::ALL.iter().filter(|lie| !SLOW.contains(lie) && !NO_LIE.contains(lie));
    for &lie in lies {
        judged.push(tokio::spawn(async move {
            let origin = Origin::start();
            let honest = || Answer::new(file()).etag("\"v1\"").content_type("video/mp4");
            let url = origin.put_as("film.mp4", honest().lying(lie));
            let media = json!({"url": url, "format": "mp4", "duration_ms": 9, "playback_kind": "regular"});
            let stage = Stage::playing(media).await;
            let (path, address) = (stage.track(Kind::Media, Group::Media), stage.address);
            let judged = tokio::task::spawn_blocking(move || {
                std::thread::scope(|readers| {
                    for reader in 0..CROWD {
                        let path = &path;
                        readers.spawn(move || judge(lie, address, path, part_of(reader)));
                    }
                });
                origin.put_as("film.mp4", honest());
                let began = Instant::now();
                while !comes_right(address, &path) {
                    assert!(began.elapsed() < CLEAN_WITHIN, "{lie:?} stays");
                    std::thread::sleep(Duration::from_millis(200));
                }
            });
            judged.await.unwrap();
            drop(stage);
        }));
    }
    for judged in judged {
        judged.await.unwrap();
    }
}
