//! `serve --demo`: the first thing anybody sees.

use crate::harness::*;

#[test]
fn serve_demo_publishes_the_bundled_clip_and_prints_where_to_watch() {
    let gateway = Gateway::start_with(&["--demo"], "");
    let show = gateway.wait_live("demo");
    assert_eq!((&show["tracks"][0]["codec"], &show["tracks"][0]["width"]), (&"h264".into(), &640.into()), "{show}");
    let base = format!("http://{}", gateway.http);
    assert_decodes("ffmpeg", &format!("{base}/live/demo.flv"), 3, &["Video: h264", "Audio: aac"]);
    let log = gateway.log();
    for url in ["/watch/demo", "/live/demo.flv", "/live/demo/index.m3u8"] {
        assert!(log.contains(url), "{url} in {log}");
    }
    // The clip is 10 s long: time goes on across its end.
    let mut flv = FlvReader::new(open(gateway.http, "GET", "/live/demo.flv", &[]).unwrap());
    let mut last = 0;
    while last < 11_000 {
        let tag = flv.until(|tag| tag.kind == TagKind::Video && !tag.is_sequence_header());
        assert!(tag.timestamp >= last && tag.timestamp < last + 200, "{} after {last}", tag.timestamp);
        last = tag.timestamp;
    }
}
