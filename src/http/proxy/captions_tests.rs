//! Subtitles and danmaku under `/p/`, from outside.

use serde_json::{Value, json};

use super::stage_tests::{Origin, Stage};
use crate::provider::result::Group;
use crate::proxy::resource::Kind;

const SRT: &str = "1\r\n00:00:01,000 --> 00:00:02,500\r\nH\u{e9}llo\r\n";
const XML: &str = "<?xml version=\"1.0\"?><i><d p=\"1.5,1,25,16777215,1700000000,0,abc,1\">hi</d></i>";

/// One that plays something with these subtitles and this danmaku; both come from origins of their own.
async fn stage(subtitle: &Origin, danmaku: &Origin) -> (Stage, String, String) {
    let media = json!({
        "url": "http://192.0.2.1/film.mp4", "duration_ms": 9,
        "subtitles": [{"url": subtitle.url("/a.srt")}], "danmakus": [{"url": danmaku.url("/a.xml")}],
    });
    let stage = Stage::playing(media).await;
    let paths = (stage.track(Kind::Subtitle, Group::Subtitle), stage.track(Kind::Danmaku, Group::Danmaku));
    (stage, paths.0, paths.1)
}

#[tokio::test(flavor = "multi_thread")]
async fn they_come_as_they_are_and_in_the_form_that_is_asked_for() {
    let subtitles = Origin::with("200 OK\r\nContent-Type: application/x-subrip", SRT);
    let comments = Origin::with("200 OK\r\nContent-Type: text/xml; charset=utf-8", XML);
    let (stage, subtitle, danmaku) = stage(&subtitles, &comments).await;

    let plain = stage.get(&subtitle).await;
    assert_eq!((plain.header("content-type"), plain.text().as_str()), (Some("application/x-subrip"), SRT));
    let vtt = stage.get(&format!("{subtitle}?format=vtt")).await;
    assert_eq!((vtt.status, vtt.header("content-type")), (200, Some("text/vtt; charset=utf-8")));
    assert!(
        vtt.text().starts_with("WEBVTT") && vtt.text().contains("00:00:01.000 --> 00:00:02.500\nH\u{e9}llo"),
        "{}",
        vtt.text()
    );
    let head = stage.ask("HEAD", &format!("{subtitle}?format=vtt"), &[]).await;
    assert_eq!((head.header("content-length"), head.body.len()), (vtt.header("content-length"), 0));

    let plain = stage.get(&danmaku).await;
    assert_eq!((plain.header("content-type"), plain.text().as_str()), (Some("text/xml; charset=utf-8"), XML));
    let json = stage.get(&format!("{danmaku}?format=json")).await;
    assert_eq!(json.header("content-type"), Some("application/json"));
    let comments: Value = serde_json::from_slice(&json.body).unwrap();
    assert_eq!((&comments[0]["time_ms"], &comments[0]["text"]), (&json!(1500), &json!("hi")));
    for other in [format!("{subtitle}?format=json"), format!("{danmaku}?format=vtt"), format!("{subtitle}?format=srt")]
    {
        assert_eq!(stage.get(&other).await.status, 400, "{other}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_or_not_there_is_told_so() {
    let long = Origin::with("200 OK", vec![b'x'; super::caption::SUBTITLE_MAX + 1]);
    let gone = Origin::with("410 Gone", "");
    let (stage, subtitle, danmaku) = stage(&long, &gone).await;
    assert_eq!(stage.get(&format!("{subtitle}?format=vtt")).await.status, 502);
    assert_eq!(stage.get(&format!("{danmaku}?format=json")).await.status, 410);
}
