//! The cache behind `/p/`, from outside.

use serde_json::json;

use super::stage_tests::{Origin, Stage};
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
