//! Films through a room's proxied URL, played in a real browser by hls.js, dash.js and the browser itself. The page comes from another origin than
//! the media: what it gets, it gets by CORS, preflights included. The origin wants a header that only the gateway has.

use crate::harness::*;
use serde_json::{Value, json};

/// The demo clip so many times: more than a player reads ahead.
const TIMES: u32 = 6;
const SECONDS: f64 = 60.0;

/// How a film was played, and what its origin was asked.
struct Played {
    origin: Origin,
    report: Value,
}

/// Makes a film, has a room show it, and plays what the room's members get.
#[track_caller]
fn played(player: &str, args: &[&str], name: &str) -> Played {
    let origin = Origin::start();
    let url = film(&origin, TIMES, args, name);
    plays(player, origin, &url, SECONDS)
}

#[track_caller]
fn plays(player: &str, origin: Origin, url: &str, seconds: f64) -> Played {
    let gateway = Database::Sqlite.node();
    // A track's headers are its own: what plays the film asks for no header with its captions.
    let elsewhere = Origin::start();
    let captions = elsewhere.put("en.srt", b"1\n00:00:01,000 --> 00:00:02,500\nH\xe9llo\n".to_vec());
    let subtitle = format!("en={captions}");
    let mode = gateway.shows(url, &["--proxy-mode", "only", "--subtitle", &subtitle]);
    let text = |list: &str| mode[list][0]["url"].as_str().unwrap_or_else(|| panic!("no {list} in {mode}")).to_owned();
    let report = node("vod.mjs", &[player, &text("medias"), &format!("{}?format=vtt", text("subtitles"))]);
    assert_played(&report, seconds);
    assert_from(&report, &format!("http://{}/", gateway.http));
    for asked in origin.log() {
        assert_eq!(asked.header("x-secret"), Some(SECRET), "the gateway alone asks the origin: {asked:?}");
        let tells = asked.query().contains("CMCD") || asked.headers.iter().any(|(name, _)| name.starts_with("cmcd"));
        assert!(!tells, "what a player tells of itself ends at the gateway: {asked:?}");
    }
    Played { origin, report }
}

/// Picture and sound from the start, and again from near the end to the end.
#[track_caller]
fn assert_played(report: &Value, seconds: f64) {
    let (begun, sought) = (&report["begun"], &report["sought"]);
    let number = |look: &Value, field: &str| look[field].as_f64().unwrap_or_else(|| panic!("{field}: {report:#}"));
    for look in [begun, sought] {
        assert_eq!((&look["width"], &look["height"]), (&json!(640), &json!(360)), "{report:#}");
        assert!((number(look, "duration") - seconds).abs() < 0.5, "{report:#}");
        assert_eq!(look["complaints"], json!([]), "{report:#}");
    }
    let first = (number(begun, "time"), number(begun, "frames"), number(begun, "sound_bytes"));
    assert!(first.0 > 3.0 && first.0 < 10.0, "{report:#}");
    // 25 a second; a slow machine leaves some out.
    assert!(first.1 > 25.0 && first.2 > 5_000.0, "pictures and sound are decoded: {report:#}");
    // An index at the end of a file is another range, not one from the start.
    let ahead = begun["buffered"][0][1].as_f64().unwrap();
    assert!(ahead < seconds - 2.0, "the seek has to fetch: {report:#}");
    assert!((number(sought, "time") - seconds).abs() < 0.7, "{report:#}");
    assert!(
        number(sought, "frames") > first.1 + 10.0 && number(sought, "sound_bytes") > first.2 + 3_000.0,
        "{report:#}"
    );
    assert_eq!(report["problems"], json!([]), "{report:#}");
}

/// Everything came from the gateway, which is not where the page came from, and nothing was refused.
#[track_caller]
fn assert_from(report: &Value, gateway: &str) {
    assert!(!report["page"].as_str().unwrap().starts_with(gateway), "{report:#}");
    let requests = report["requests"].as_array().unwrap();
    assert!(requests.len() > 1, "{report:#}");
    for request in requests {
        assert!(request["url"].as_str().unwrap().starts_with(&format!("{gateway}p/")), "{request:#}");
        assert!(request["status"] == 200 || request["status"] == 206, "{request:#}");
    }
}

impl Played {
    /// How many answers had a type that begins like this.
    fn answers(&self, content_type: &str) -> usize {
        let requests = self.report["requests"].as_array().unwrap();
        requests.iter().filter(|request| request["type"].as_str().unwrap().starts_with(content_type)).count()
    }

    /// Where the parts begin that were answered.
    fn parts(&self) -> Vec<u64> {
        let requests = self.report["requests"].as_array().unwrap().iter();
        let first = |part: &str| part.strip_prefix("bytes ")?.split('-').next()?.parse().ok();
        requests.filter_map(|request| first(request["part"].as_str().unwrap())).collect()
    }
}

const COPY: [&str; 2] = ["-c", "copy"];
const HLS: [&str; 6] = ["-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod"];
const DASH: [&str; 4] = ["-f", "dash", "-seg_duration", "2"];

#[test]
fn hls_js_plays_transport_streams() {
    let played = played("hls", &[&COPY[..], &HLS].concat(), "a.m3u8");
    assert!((5..28).contains(&played.answers("video/mp2t")), "{:#}", played.report);
}

#[test]
fn hls_js_plays_one_fragmented_file_in_byte_ranges() {
    let form = ["-hls_segment_type", "fmp4", "-hls_flags", "single_file"];
    let played = played("hls", &[&COPY[..], &HLS, &form].concat(), "a.m3u8");
    assert!(played.parts().len() > 5, "{:#}", played.report);
}

#[test]
fn hls_js_plays_what_is_encrypted_with_its_key() {
    let played = played("hls", &[&COPY[..], &HLS, &["-hls_key_info_file", "aes.info"]].concat(), "a.m3u8");
    assert!(played.origin.requests_for("deep/er/aes.key") > 0, "{:#}", played.report);
}

#[test]
fn hls_js_plays_a_group_of_audio_beside_the_picture() {
    let streams = ["-map", "0:v", "-map", "0:a", "-var_stream_map", "v:0,agroup:a a:0,agroup:a"];
    let origin = Origin::start();
    film(&origin, TIMES, &[&COPY[..], &HLS, &["-hls_segment_type", "fmp4"], &streams].concat(), "v%v.m3u8");
    // ffmpeg's own names no codecs of the picture's variant, and hls.js does not open a buffer for sound then.
    let master = put(
        &origin,
        "master.m3u8",
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n\
         #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"one\",DEFAULT=YES,AUTOSELECT=YES,URI=\"v1.m3u8\"\n\
         #EXT-X-STREAM-INF:BANDWIDTH=350000,CODECS=\"avc1.4d401f,mp4a.40.2\",RESOLUTION=640x360,AUDIO=\"a\"\nv0.m3u8\n",
    );
    let played = plays("hls", origin, &master, SECONDS);
    for init in ["init_0.mp4", "init_1.mp4"] {
        assert!(played.origin.requests_for(&format!("deep/er/{init}")) > 0, "{:#}", played.report);
    }
}

#[test]
fn dash_js_plays_a_template_of_numbers() {
    let form = ["-use_template", "1", "-use_timeline", "0"];
    played("dash", &[&COPY[..], &DASH, &form].concat(), "a.mpd");
}

#[test]
fn dash_js_plays_a_template_of_times() {
    let form = ["-use_template", "1", "-use_timeline", "1", "-media_seg_name", "t-$RepresentationID$-$Time$.m4s"];
    let played = played("dash", &[&COPY[..], &DASH, &form].concat(), "a.mpd");
    assert!(played.origin.log().iter().any(|asked| asked.path().contains("/t-1-")), "{:#}", played.report);
}

#[test]
fn dash_js_plays_a_list_of_parts_of_single_files() {
    let played = played("dash", &[&COPY[..], &DASH, &["-single_file", "1"]].concat(), "a.mpd");
    assert!(played.parts().len() > 5, "{:#}", played.report);
}

#[test]
fn dash_js_plays_single_files_by_their_own_index() {
    let origin = Origin::start();
    let url = indexed_film(&origin, TIMES, SECONDS);
    let played = plays("dash", origin, &url, SECONDS);
    assert!(played.parts().len() > 5, "{:#}", played.report);
}

/// More than the browser reads ahead of a file: 2 MB.
const LONG: u32 = 20;

#[test]
fn the_browser_plays_a_file_and_seeks_in_it_by_ranges() {
    let origin = Origin::start();
    let url = film(&origin, LONG, &[&COPY[..], &["-movflags", "+faststart"]].concat(), "film.mp4");
    let played = plays("plain", origin, &url, 200.0);
    // The seek leaves out what lies between.
    assert!(played.parts().iter().any(|first| *first > 5_000_000), "{:#}", played.report);
    assert_eq!(played.report["begun"]["readable"], false, "the page is of another origin");
}

#[test]
fn the_browser_plays_a_file_with_its_index_at_the_end_and_shows_captions() {
    let origin = Origin::start();
    let url = film(&origin, LONG, &COPY, "film.mp4");
    let played = plays("readable", origin, &url, 200.0);
    assert!(played.parts().iter().any(|first| *first > 5_000_000), "{:#}", played.report);
    assert_eq!(played.report["begun"]["readable"], true, "{:#}", played.report);
    assert_eq!(played.report["begun"]["cues"], json!([[1, 2.5, "Héllo"]]), "{:#}", played.report);
    assert_eq!(played.answers("text/vtt"), 1, "{:#}", played.report);
}
