//! The life of publications and streams.

use super::{
    clip_tests::*,
    hls::{Hls, HlsAnswer},
    hub::{Hub, Publication, Taken},
    stream::WARNINGS_MAX,
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use synctv_ingest::{Frame, FrameKind};
use tokio::time::{Instant, sleep, timeout};

fn hub() -> Arc<Hub> {
    Hub::new(limits())
}

fn publish(hub: &Hub, key: &str) -> Result<Publication, Taken> {
    hub.publish("demo", &grant(key), SocketAddr::from(([192, 0, 2, 1], 5000)))
}

async fn eventually(what: &str, mut test: impl FnMut() -> bool) {
    let waiting = async {
        while !test() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), waiting).await.unwrap_or_else(|_| panic!("{what}"));
}

#[tokio::test]
async fn the_same_key_takes_over_and_the_former_publication_is_fenced() {
    let hub = hub();
    let former = publish(&hub, "a").unwrap();
    let next = publish(&hub, "a").unwrap();
    assert_eq!(next.epoch(), former.epoch() + 1);
    assert!(former.close().is_cancelled() && !next.close().is_cancelled());
    assert!(!former.push(clip().into_iter()) && next.push(clip().into_iter()));
    drop(former);
    assert_eq!(hub.live_count(), 1, "the leaving of the former one changes nothing");
}

#[tokio::test]
async fn another_key_is_refused_while_somebody_publishes() {
    let hub = hub();
    let first = publish(&hub, "a").unwrap();
    assert_eq!(publish(&hub, "b").unwrap_err(), Taken);
    assert!(!first.close().is_cancelled());
    drop(first);
    publish(&hub, "b").unwrap();
}

#[tokio::test]
async fn a_stream_outlives_its_publisher_by_the_grace_and_epochs_only_grow() {
    let hub = hub();
    let first = publish(&hub, "a").unwrap();
    let held = hub.get("demo").unwrap();
    let epoch = first.epoch();
    drop(first);
    let second = publish(&hub, "a").unwrap();
    assert!(Arc::ptr_eq(&held, &hub.get("demo").unwrap()), "who returns within the grace finds the same stream");
    sleep(Duration::from_millis(200)).await;
    assert!(!held.read(|core| core.is_ended()), "the grace of the first absence is over; nobody is absent");
    drop(second);
    eventually("it ends", || held.read(|core| core.is_ended())).await;
    let third = publish(&hub, "a").unwrap();
    assert!(!Arc::ptr_eq(&held, &hub.get("demo").unwrap()), "an ended stream does not live again");
    assert!(third.epoch() > epoch + 1);
}

#[tokio::test]
async fn nothing_waits_for_a_stream_that_is_forgotten() {
    // While it is held, and while the HLS of what ended stays fetchable.
    for ended in [false, true] {
        for forget in [Hub::retire, Hub::remove] {
            let hub = hub();
            drop(hub.publish_pull("demo", false).unwrap());
            let stream = hub.get("demo").unwrap();
            if ended {
                eventually("it ends", || stream.read(|core| core.is_ended())).await;
            }
            let left = Arc::downgrade(&stream);
            drop(stream);
            forget(&hub, "demo");
            let gone = async {
                while left.strong_count() > 0 {
                    tokio::task::yield_now().await;
                }
            };
            timeout(limits().grace / 2, gone).await.expect("no task has it");
        }
    }
}

#[tokio::test]
async fn the_stream_of_a_publisher_is_not_retired() {
    let hub = hub();
    let publication = publish(&hub, "a").unwrap();
    hub.retire("demo");
    assert!(hub.get("demo").is_some_and(|stream| stream.read(|core| core.is_live() || !core.is_ended())));
    drop(publication);
    hub.retire("demo");
    assert!(hub.get("demo").is_some(), "what ended stays for those who watched it");
}

#[tokio::test]
async fn a_warning_is_kept_once_and_not_more_than_so_many() {
    let hub = hub();
    let publication = publish(&hub, "a").unwrap();
    let stream = hub.get("demo").unwrap();
    let kept = || stream.read(|core| core.feed.warnings.clone());
    for _ in 0..3 {
        publication.warn("the same".into());
    }
    assert_eq!(kept(), ["the same"]);
    (0..1000).for_each(|number| publication.warn(format!("warning {number}")));
    assert_eq!(kept().len(), WARNINGS_MAX);
    let next = publish(&hub, "a").unwrap();
    next.warn("the next one's".into());
    assert_eq!(kept(), ["the next one's"], "each publication has its own");
}

#[tokio::test]
async fn removing_a_stream_closes_publisher_and_viewers_and_forgets_it() {
    let hub = hub();
    let publication = publish(&hub, "a").unwrap();
    let stream = hub.get("demo").unwrap();
    hub.remove("demo");
    assert!(publication.close().is_cancelled() && !publication.push(clip().into_iter()));
    assert!(stream.read(|core| core.is_ended()) && hub.get("demo").is_none());
    let next = publish(&hub, "b").unwrap();
    drop(publication);
    assert!(next.push(clip().into_iter()), "the leaving of the removed one touches nobody");
}

#[tokio::test]
async fn kicking_a_key_closes_its_publishers_alone() {
    let hub = hub();
    let publication = publish(&hub, "a").unwrap();
    assert_eq!(hub.kick_key("b", "revoked"), 0);
    assert!(!publication.close().is_cancelled());
    assert_eq!(hub.kick_key("a", "revoked"), 1);
    assert!(publication.close().is_cancelled());
}

#[tokio::test]
async fn hls_starts_with_a_playlist_alone_and_stops_though_frames_go_on() {
    let hub = hub();
    let publication = publish(&hub, "a").unwrap();
    assert!(publication.push(clip().into_iter()));
    let stream = hub.get("demo").unwrap();
    assert!(Hls::of(&stream, "seg-1.m4s", 1).is_none() && Hls::of(&stream, "favicon.ico", 1).is_none());
    assert!(!stream.is_watched());

    let hls = Hls::of(&stream, "index.m3u8", 1).unwrap();
    assert!(matches!(hls.get("index.m3u8", None).await, HlsAnswer::Playlist { .. }));
    assert!(stream.is_watched());
    let deadline = Instant::now() + Duration::from_secs(10);
    let media = || clip().into_iter().filter(|f| f.kind == FrameKind::Media);
    for (lap, frame) in (1..).flat_map(|lap| media().map(move |frame| (lap, frame))) {
        assert!(Instant::now() < deadline, "it does not stop");
        if !stream.is_watched() {
            break;
        }
        assert!(publication.push(std::iter::once(Frame { dts: frame.dts + lap * 10_000, ..frame })));
        sleep(Duration::from_millis(5)).await;
    }
    assert!(stream.hls().lock().is_none());
    let again = Hls::of(&stream, "index.m3u8", 1).unwrap();
    assert!(matches!(again.get("index.m3u8", None).await, HlsAnswer::Playlist { .. }));
}

#[tokio::test]
async fn ts_is_made_for_who_asks_while_the_publisher_is_away() {
    let hub = hub();
    let publication = publish(&hub, "a").unwrap();
    assert!(publication.push(clip().into_iter()));
    let stream = hub.get("demo").unwrap();
    let hls = Hls::of(&stream, "index.m3u8", 1).unwrap();
    assert!(matches!(hls.get("index.m3u8", None).await, HlsAnswer::Playlist { .. }));
    drop(publication);
    let asked = timeout(Duration::from_secs(5), hls.get("ts.m3u8", None)).await.expect("an answer");
    assert!(matches!(asked, HlsAnswer::Playlist { .. }), "{asked:?}");
}

#[tokio::test]
async fn hls_ends_with_the_stream_and_lists_its_last_media() {
    let hub = hub();
    let publication = publish(&hub, "a").unwrap();
    let stream = hub.get("demo").unwrap();
    let hls = Hls::of(&stream, "index.m3u8", 1).unwrap();
    eventually("the driver runs", || stream.is_watched()).await;
    let frames: Vec<_> = clip().into_iter().take_while(|f| f.dts < 4500).collect();
    let last = frames.last().unwrap().dts;
    for frame in frames {
        assert!(publication.push(std::iter::once(frame)));
    }
    hub.end_all();
    let listed = || async {
        let HlsAnswer::Playlist { body, .. } = hls.get("media.m3u8", None).await else { return None };
        let text = String::from_utf8(body.to_vec()).unwrap();
        text.contains("#EXT-X-ENDLIST").then_some(text)
    };
    let deadline = Instant::now() + Duration::from_secs(5);
    let text = loop {
        if let Some(text) = listed().await {
            break text;
        }
        assert!(Instant::now() < deadline, "no end");
        sleep(Duration::from_millis(5)).await;
    };
    let lengths = text.lines().filter_map(|l| l.strip_prefix("#EXTINF:")?.split(',').next()?.parse::<f64>().ok());
    assert!(lengths.sum::<f64>() > last as f64 / 1000.0 - 0.2, "{text}");
}
