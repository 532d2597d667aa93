//! The cache behind `/p/`, from outside.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use serde_json::json;

use super::stage_tests::{Origin, Stage, whole};
use crate::provider::result::Group;
use crate::proxy::resource::Kind;

async fn stage(head: &'static str) -> (Stage, Origin, String) {
    let origin = Origin::with(head, vec![7; 1000]);
    let stage = Stage::playing(json!({"url": origin.url("/films/film.mp4"), "duration_ms": 9})).await;
    let path = stage.track(Kind::Media, Group::Media);
    (stage, origin, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_says_where_it_comes_from_and_an_operator_empties_the_cache() {
    let (stage, origin, path) = stage("200 OK\r\nETag: \"v1\"\r\nCache-Control: max-age=60").await;
    let asked = async || stage.get(&path).await.header("x-cache").map(str::to_owned).unwrap();
    let call = async |method, path, body| stage.server.call(method, path, body).await;
    assert_eq!(asked().await, "MISS");
    assert_eq!(asked().await, "HIT");
    let (status, stats) = call("GET", "/cache", None).await;
    assert_eq!((status.as_u16(), &stats["hits"], &stats["misses"]), (200, &json!(1), &json!(1)));
    assert_eq!((&stats["bytes"]["origins"], &stats["held"]["resources"]), (&json!(1000), &json!(1)));
    for (body, purged) in [
        (json!({"host": "elsewhere.example"}), 0),
        (json!({"url": origin.url("/films/other")}), 0),
        (json!({"url": origin.url("/films/")}), 1),
        (json!({}), 0),
    ] {
        let (status, answer) = call("POST", "/cache/purge", Some(body.clone())).await;
        assert_eq!((status.as_u16(), &answer["resources"]), (200, &json!(purged)), "{body}");
    }
    assert_eq!(asked().await, "MISS");
    for wrong in [json!({"url": "http://a/", "host": "a"}), json!({"everything": true})] {
        assert_eq!(call("POST", "/cache/purge", Some(wrong)).await.0, 400);
    }
    let metrics = stage.plane.metrics();
    for line in ["synctv_cache_requests_total{outcome=\"miss\"} 2\n", "synctv_cache_resources 1\n"] {
        assert!(metrics.contains(line), "{line}{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_is_remembered_says_so() {
    let (stage, origin, path) = stage("404 Not Found").await;
    assert_eq!(stage.get(&path).await.header("x-cache"), None);
    let asked = origin.requests.lock().len();
    let again = stage.get(&path).await;
    assert_eq!((again.status, again.header("x-cache")), (404, Some("NEGATIVE")));
    assert_eq!(origin.requests.lock().len(), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cached_is_had_while_the_origin_is_away() {
    for hangs in [false, true] {
        let away = Arc::new(AtomicBool::new(false));
        let is_away = Arc::clone(&away);
        let origin = Origin::start(move |_, socket| {
            if !is_away.load(SeqCst) {
                return whole(socket, "200 OK\r\nContent-Type: video/mp4\r\nETag: \"v1\"", &[7; 1000]);
            }
            if hangs {
                std::thread::sleep(Duration::from_secs(30));
            }
            write!(socket, "nonsense\r\n\r\n")
        });
        // Only the origin tells what this is.
        let stage = Stage::playing(json!({"url": origin.url("/film"), "duration_ms": 9})).await;
        let path = stage.track(Kind::Media, Group::Media);
        assert_eq!(stage.get(&path).await.header("x-cache"), Some("MISS"));
        away.store(true, SeqCst);
        let asked = origin.requests.lock().len();
        stage.plane.playables.make_old();
        let began = Instant::now();
        for _ in 0..20 {
            let reply = stage.get(&path).await;
            assert_eq!((reply.status, reply.header("x-cache")), (200, Some("HIT")), "{}", reply.text());
            assert_eq!(reply.header("content-type"), Some("video/mp4"));
        }
        assert!(began.elapsed() < Duration::from_secs(2), "nobody waits for the origin: {:?}", began.elapsed());
        assert_eq!(origin.requests.lock().len(), asked + 1, "it is asked behind them, once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn media_that_another_node_removed_is_had_no_more() {
    let (stage, _origin, path) = stage("200 OK\r\nETag: \"v1\"").await;
    assert_eq!(stage.get(&path).await.status, 200);
    let (room_id, media_id) = stage.tickets.media();
    stage.server.api.store.remove_media(&room_id, &media_id).await.unwrap();
    stage.plane.playables.make_old();
    let began = Instant::now();
    while stage.get(&path).await.status != 403 {
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}
