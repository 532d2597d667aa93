//! Manifests under `/p/`, from outside.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};

use flate2::read::GzDecoder;
use serde_json::json;

use super::stage_tests::{Origin, Stage, whole};
use crate::provider::result::Group;
use crate::proxy::resource::Kind;

const VOD: &str = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nseg1.ts\n#EXT-X-ENDLIST\n";
const LIVE: &str = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nseg1.ts\n";
const HEAD: &str = "200 OK\r\nContent-Type: text/html\r\nSet-Cookie: a=b";

async fn stage(origin: &Origin) -> (Stage, String) {
    let media = json!({"url": origin.url("/hls/live.m3u8"), "format": "m3u8", "playback_kind": "live", "headers": {"Authorization": "s3cret"}});
    let stage = Stage::playing(media).await;
    let path = stage.track(Kind::Hls, Group::Media);
    (stage, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_playlist_comes_with_urls_of_ours() {
    let origin = Origin::with(HEAD, VOD);
    let (stage, path) = stage(&origin).await;
    let reply = stage.get(&path).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/vnd.apple.mpegurl")));
    assert_eq!((reply.header("set-cookie"), reply.header("access-control-allow-origin")), (None, Some("*")));
    let (kind, proxied) = stage.tickets.last().unwrap();
    let proxied = proxied.unwrap();
    assert_eq!(
        (kind, proxied.url.as_str(), proxied.stripped),
        (Kind::Segment, origin.url("/hls/seg1.ts").as_str(), false)
    );
    assert!(reply.text().contains("#EXT-X-ENDLIST") && !reply.text().contains("seg1.ts"), "{}", reply.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn gzip_and_head_say_the_same_length_as_get() {
    let origin = Origin::with(HEAD, VOD);
    let (stage, path) = stage(&origin).await;
    let plain = stage.get(&path).await;
    let zipped = stage.ask("GET", &path, &["Accept-Encoding: gzip"]).await;
    assert_eq!((zipped.header("content-encoding"), zipped.header("vary")), (Some("gzip"), Some("Accept-Encoding")));
    let mut text = String::new();
    GzDecoder::new(zipped.body.as_slice()).read_to_string(&mut text).unwrap();
    assert!(text.starts_with("#EXTM3U"), "{text}");
    let head = stage.ask("HEAD", &path, &[]).await;
    assert_eq!((head.status, head.body.len(), head.header("content-length")), (200, 0, plain.header("content-length")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_playlist_is_never_an_old_one() {
    let count = Arc::<AtomicUsize>::default();
    let counted = count.clone();
    let origin = Origin::start(move |_, socket| {
        let nth = counted.fetch_add(1, SeqCst);
        whole(socket, HEAD, format!("{LIVE}#nth {nth}\n").as_bytes())
    });
    let (stage, path) = stage(&origin).await;
    for nth in 0..3 {
        let reply = stage.get(&path).await;
        assert!(reply.text().contains(&format!("#nth {nth}\n")), "{}", reply.text());
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_is_fetched_once_for_a_while() {
    let origin = Origin::with(HEAD, VOD);
    let (stage, path) = stage(&origin).await;
    assert_eq!(stage.get(&path).await.header("x-cache"), Some("MISS"));
    assert_eq!(stage.get(&path).await.header("x-cache"), Some("HIT"));
    assert_eq!(origin.requests.lock().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_want_the_same_share_one_request() {
    const MANY: usize = 20;
    let gate = Arc::new(Barrier::new(2));
    let held = gate.clone();
    let origin = Origin::start(move |_, socket| {
        held.wait();
        whole(socket, HEAD, LIVE.as_bytes())
    });
    let (stage, path) = stage(&origin).await;
    let stage = Arc::new(stage);
    let asked: Vec<_> = (0..MANY)
        .map(|_| {
            let (stage, path) = (stage.clone(), path.clone());
            tokio::spawn(async move { stage.get(&path).await })
        })
        .collect();
    // All of them wait for the one flight before it may land.
    let flying = async {
        while stage.plane.texts.waiting() < MANY {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), flying).await.expect("all are waiting");
    tokio::task::spawn_blocking(move || gate.wait()).await.unwrap();
    for reply in asked {
        assert_eq!(reply.await.unwrap().status, 200);
    }
    assert_eq!(origin.requests.lock().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn directives_of_low_latency_reach_the_origin_and_nothing_else() {
    let origin = Origin::with(HEAD, LIVE);
    let (stage, path) = stage(&origin).await;
    stage.get(&format!("{path}?_HLS_msn=5&_HLS_part=1&x=y")).await;
    let asked = origin.requests.lock()[0][0].clone();
    assert_eq!(asked, "GET /hls/live.m3u8?_HLS_msn=5&_HLS_part=1 HTTP/1.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_assets_comes_with_urls_of_ours() {
    let playlist = "#EXTM3U\n#EXT-X-DATERANGE:ID=\"a\",X-ASSET-LIST=\"list.json\"\n";
    let origin = Origin::start(move |lines, socket| match lines[0].contains("list.json") {
        true => whole(socket, HEAD, br#"{"ASSETS":[{"URI":"https://ads.example/1.m3u8","DURATION":5}]}"#),
        false => whole(socket, HEAD, playlist.as_bytes()),
    });
    let (stage, path) = stage(&origin).await;
    let text = stage.get(&path).await.text();
    let list = text.split('"').nth(3).unwrap();
    let reply = stage.get(&format!("/p/k/{list}?_HLS_primary_id=a-1&_HLS_start_offset=1.5&x=y")).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
    assert!(!reply.text().contains("ads.example") && reply.text().contains("DURATION"), "{}", reply.text());
    let (kind, proxied) = stage.tickets.last().unwrap();
    assert_eq!((kind, proxied.unwrap().url.as_str()), (Kind::Hls, "https://ads.example/1.m3u8"));
    let asked = origin.requests.lock()[1][0].clone();
    assert_eq!(asked, "GET /hls/list.json?_HLS_primary_id=a-1&_HLS_start_offset=1.5 HTTP/1.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_end_at_the_first_foreign_hop() {
    let foreign = Origin::with(HEAD, VOD);
    let there = foreign.url("/cdn/a.m3u8");
    let origin = Origin::start(move |_, socket| whole(socket, &format!("302 Found\r\nLocation: {there}"), b""));
    let (stage, path) = stage(&origin).await;
    let reply = stage.get(&path).await;
    assert_eq!(reply.status, 200);
    let (_, proxied) = stage.tickets.last().unwrap();
    let proxied = proxied.unwrap();
    assert_eq!((proxied.url.as_str(), proxied.stripped), (foreign.url("/cdn/seg1.ts").as_str(), true));
    let child = reply.text().lines().find(|line| !line.starts_with('#')).unwrap().to_owned();
    stage.get(&format!("/p/k/{child}")).await;
    let asked = foreign.requests.lock().concat().join("\n");
    assert!(asked.contains("/cdn/seg1.ts") && !asked.contains("s3cret"), "{asked}");
    assert!(origin.requests.lock().concat().join("\n").contains("s3cret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_playlist_or_not_there_is_told_so() {
    for (head, body, status) in [
        (HEAD, "<html>", 502),
        ("404 Not Found", "", 404),
        ("410 Gone", "", 410),
        ("403 Forbidden", "", 502),
        ("416 Range Not Satisfiable", "", 502),
        ("200 OK\r\nContent-Encoding: gzip", "", 502),
    ] {
        let origin = Origin::with(head, body);
        let (stage, path) = stage(&origin).await;
        let reply = stage.get(&path).await;
        assert_eq!((reply.status, reply.header("content-type")), (status, Some("application/problem+json")), "{head}");
        assert!(!reply.text().contains("127.0.0.1") && !reply.text().contains("html"), "{}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_too_long_is_refused_and_nothing_of_it_stays() {
    let origin = Origin::start(|_, socket| {
        write!(socket, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n#EXTM3U\n")?;
        let line = [b'#'; 1 << 16];
        for _ in 0..=crate::proxy::text::MANIFEST_MAX >> 16 {
            socket.write_all(&line)?;
        }
        Ok(())
    });
    let (stage, path) = stage(&origin).await;
    assert_eq!(stage.get(&path).await.status, 502);
    assert_eq!(stage.plane.texts.held(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_is_counted_until_the_client_has_it() {
    const LEN: usize = 30 << 20;
    let text = format!("{LIVE}{}", format!("#{}\n", "x".repeat(1022)).repeat(LEN >> 10));
    let origin = Origin::with(HEAD, text);
    let (stage, path) = stage(&origin).await;
    let address = stage.address;
    let slow = tokio::task::spawn_blocking(move || {
        let mut socket = std::net::TcpStream::connect(address).unwrap();
        write!(socket, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        socket.read_exact(&mut [0; 100]).unwrap();
        socket
    });
    let slow = slow.await.unwrap();
    assert!(stage.plane.texts.held() >= LEN, "{}", stage.plane.texts.held());
    drop(slow);
    let gone = async {
        while stage.plane.texts.held() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), gone).await.expect("it is let go");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_remembered_for_a_moment() {
    let origin = Origin::with("404 Not Found", "");
    let (stage, path) = stage(&origin).await;
    let first = stage.get(&path).await;
    let again = stage.get(&path).await;
    assert_eq!((first.status, first.header("x-cache")), (404, None));
    assert_eq!((again.status, again.header("x-cache")), (404, Some("NEGATIVE")));
    assert_eq!(origin.requests.lock().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_segments_come_whole() {
    const SEGMENTS: usize = 100_000;
    let mut text = String::from("#EXTM3U\n#EXT-X-TARGETDURATION:4\n");
    for n in 0..SEGMENTS {
        text += &format!("#EXTINF:4,\nseg{n}.ts\n");
    }
    text += "#EXT-X-ENDLIST\n";
    let origin = Origin::with(HEAD, text);
    let (stage, path) = stage(&origin).await;
    let reply = stage.get(&path).await;
    let text = reply.text();
    assert_eq!((reply.status, text.matches("#EXTINF").count()), (200, SEGMENTS));
    assert!(text.ends_with("#EXT-X-ENDLIST\n") && !text.contains("seg99999.ts"));
    assert_eq!(reply.header("content-length"), Some(reply.body.len().to_string().as_str()));
}
