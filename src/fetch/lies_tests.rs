//! Origins that lie: what is read is right or an error, within the time limits, and the next one is not harmed.

#[path = "../../tests/gateway/harness/origin/mod.rs"]
pub mod origin;

use std::time::{Duration, Instant};

use origin::{Answer, Lie, Origin};

use super::{Ask, Client, Error, Limits, Settings, parse_url};

fn hasty() -> Client {
    let ms = Duration::from_millis;
    let limits = Limits { connect: ms(500), head: ms(250), whole: ms(700) };
    let allow = vec!["127.0.0.1/32".parse().unwrap()];
    Client::with_settings(Settings { allow, limits, ..Settings::default() })
}

/// Nobody can tell these from the truth by one answer.
const UNDETECTABLE: &[Lie] = &[Lie::ChangesSilently, Lie::LoginPage];

#[tokio::test]
async fn no_lie_becomes_wrong_bytes_or_a_long_wait() {
    let origin = Origin::start();
    let file: Vec<u8> = (0..20_000_u32).map(|nth| ((nth * 7) >> 3) as u8).collect();
    let honest = origin.put("honest", file.clone());
    let client = hasty();
    for lie in Lie::ALL {
        let url = origin.put_as("lie", Answer::new(file.clone()).etag("\"1\"").lying(*lie));
        let mut ranged = client.ranged(&url).unwrap();
        for (offset, len) in [(100, 100), (5000, 300), (0, 20_000)] {
            let begun = Instant::now();
            let read = ranged.read_at(offset as u64, len).await;
            if !UNDETECTABLE.contains(lie) {
                let right = read.as_ref().is_ok_and(|bytes| *bytes == file[offset..offset + len]);
                assert!(read.is_err() || right, "{lie:?} at {offset}: {:?} bytes", read.map(|bytes| bytes.len()));
            }
            assert!(begun.elapsed() < Duration::from_secs(4), "{lie:?}: {:?}", begun.elapsed());
        }
        let text = client.text(&honest, 20_000).await.unwrap_or_else(|err| panic!("after {lie:?}: {err:?}"));
        assert_eq!(text.body, file, "after {lie:?}");
    }
}

#[tokio::test]
async fn a_whole_body_is_right_or_an_error() {
    let origin = Origin::start();
    let file: Vec<u8> = (0..20_000_u32).map(|nth| ((nth * 7) >> 3) as u8).collect();
    let client = hasty();
    // One answer alone does not show these; the others are no lies without a range, or honest.
    let odd = [Lie::Changes, Lie::LengthBelowRange, Lie::LengthAboveRange];
    for lie in Lie::ALL.iter().filter(|lie| !UNDETECTABLE.contains(lie) && !odd.contains(lie)) {
        let url = origin.put_as("lie", Answer::new(file.clone()).lying(*lie));
        for _ in 0..2 {
            match client.text(&url, 30_000).await {
                Ok(text) => assert_eq!(text.body, file, "{lie:?}"),
                Err(err) => assert_eq!(err == Error::Refused, *lie == Lie::RedirectPrivate, "{lie:?}: {err:?}"),
            }
        }
    }
}

#[tokio::test]
async fn what_is_given_up_leaves_no_connection() {
    let origin = Origin::start();
    let url = origin.put_as("stalls", Answer::new(vec![1; 1000]).lying(Lie::StallsMidBody));
    let client = hasty();
    let mut upstream = client.open(Ask::get(parse_url(&url).unwrap())).await.unwrap();
    assert_eq!(upstream.next().await.unwrap().unwrap().len(), 500);
    assert_eq!(origin.open_connections(), 1);
    drop(upstream);
    let url = origin.put_as("hangs", Answer::new("x").lying(Lie::NeverAnswers));
    drop(tokio::time::timeout(Duration::from_millis(50), client.open(Ask::get(parse_url(&url).unwrap()))).await);
    let begun = Instant::now();
    while origin.open_connections() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(5), "a connection stays open although nobody waits");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(client.idle(), 0);
}
