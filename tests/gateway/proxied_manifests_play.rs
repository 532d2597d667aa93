//! Manifests through a room's proxied URL, made by ffmpeg and played by ffmpeg: each form that its muxers write. What is played comes from the
//! gateway alone: no manifest names the origin, and the origin wants a header that only the gateway has.

use crate::harness::*;

const SECONDS: u32 = 9;

/// The URL under which a room gets it.
fn proxied(gateway: &Gateway, url: &str) -> String {
    gateway.shows(url, &["--duration", "10s"])["medias"][0]["url"].as_str().unwrap().to_owned()
}

/// Plays it; gives the manifest's text.
fn plays(args: &[&str], manifest: &str) -> (Gateway, String, String) {
    let gateway = Database::Sqlite.node();
    let origin = Origin::start();
    let url = proxied(&gateway, &film(&origin, 1, args, manifest));
    let reply = get(gateway.http, &url[url.find("/p/").unwrap()..]);
    let text = reply.text();
    assert_eq!(reply.status, 200, "{text}");
    assert!(!text.contains(&origin.address().to_string()) && !text.contains("deep/er"), "{text}");
    assert_decodes("ffmpeg", &url, SECONDS, &["640x360", "Audio: aac"]);
    // The gateway asked for what it says it has: nothing was refused, and everything was asked for with the header.
    assert!(origin.log().iter().all(|asked| asked.header("x-secret") == Some(SECRET)));
    (gateway, url, text)
}

const COPY: [&str; 2] = ["-c", "copy"];
const VOD: [&str; 4] = ["-hls_time", "2", "-hls_playlist_type", "vod"];

#[test]
fn hls_of_transport_streams_plays() {
    let (_gateway, _, text) = plays(&[&COPY[..], &["-f", "hls"], &VOD].concat(), "a.m3u8");
    assert_eq!(text.lines().filter(|line| line.starts_with("../../")).count(), 5, "{text}");
}

#[test]
fn hls_of_one_fragmented_file_in_byte_ranges_plays() {
    let form = ["-f", "hls", "-hls_segment_type", "fmp4", "-hls_flags", "single_file"];
    let (_gateway, _, text) = plays(&[&COPY[..], &form, &VOD].concat(), "a.m3u8");
    assert!(text.contains("#EXT-X-BYTERANGE:") && text.contains("#EXT-X-MAP:URI=\"../../"), "{text}");
}

#[test]
fn encrypted_hls_plays_with_its_key() {
    let form = ["-f", "hls", "-hls_key_info_file", "aes.info"];
    let (_gateway, _, text) = plays(&[&COPY[..], &form, &VOD].concat(), "a.m3u8");
    assert!(text.contains("#EXT-X-KEY:METHOD=AES-128,URI=\"../../"), "{text}");
}

#[test]
fn a_multivariant_playlist_with_an_audio_group_plays_and_is_strictly_right() {
    let streams = ["-map", "0:v", "-map", "0:a", "-f", "hls", "-var_stream_map", "v:0,agroup:a a:0,agroup:a"];
    let form = ["-master_pl_name", "master.m3u8"];
    let gateway = Database::Sqlite.node();
    let origin = Origin::start();
    film(&origin, 1, &[&COPY[..], &streams, &form, &VOD].concat(), "v%v.m3u8");
    let url = proxied(&gateway, &origin.url("deep/er/master.m3u8"));
    assert_decodes("ffmpeg", &url, SECONDS, &["640x360", "Audio: aac"]);
    let judged = node("hls_strict.mjs", &[&url]);
    let segments = judged["media"][0]["segments"].as_array().unwrap();
    assert_eq!(segments.len(), 5, "{judged:#}");
    assert!(segments.iter().all(|segment| segment["status"] == 200), "{judged:#}");
}

#[test]
fn dash_with_templates_plays() {
    for timeline in ["0", "1"] {
        let form = ["-f", "dash", "-seg_duration", "2", "-use_template", "1", "-use_timeline", timeline];
        let (_gateway, _, text) = plays(&[&COPY[..], &form].concat(), "a.mpd");
        assert!(text.contains("media=\"../../") && text.contains("/$Number%05d$.m4s\""), "{text}");
    }
}

/// As Bento4's `mp4-dash` writes it: one template for a whole set, and representations whose ids are paths.
#[test]
fn dash_with_paths_for_ids_and_inherited_templates_plays() {
    let gateway = Database::Sqlite.node();
    let origin = Origin::start();
    let form = ["-f", "dash", "-seg_duration", "2", "-use_template", "1", "-use_timeline", "1"];
    let edited = |name: &str, bytes: Vec<u8>| match name {
        "a.mpd" => (name.to_owned(), inherited(&String::from_utf8(bytes).unwrap()).into_bytes()),
        _ => (name.replace("stream", "streamv/ü~"), bytes),
    };
    let url = proxied(&gateway, &film_as(&origin, 1, &[&COPY[..], &form].concat(), "a.mpd", edited));
    assert_decodes("ffmpeg", &url, SECONDS, &["640x360", "Audio: aac"]);
}

/// With each representation's template in the set that it is in, and before each id something that is no name of a file.
fn inherited(manifest: &str) -> String {
    let mut out = String::new();
    for set in manifest.split_inclusive("</AdaptationSet>") {
        let Some((before, representation)) = set.split_once("<Representation id=\"") else {
            out += set;
            continue;
        };
        let from = representation.find("<SegmentTemplate").unwrap();
        let to = representation.find("</SegmentTemplate>").unwrap() + "</SegmentTemplate>".len();
        let (start, template, end) = (&representation[..from], &representation[from..to], &representation[to..]);
        out += &format!("{before}{template}<Representation id=\"v/ü~{start}{end}");
    }
    out
}

/// ffmpeg does not follow an `xlink`, and dash.js only an absolute one: what it leads to is looked at instead. What is relative in the period
/// refers to the manifest.
#[test]
fn a_period_that_stands_elsewhere_leads_to_its_segments() {
    let (gateway, origin) = (Database::Sqlite.node(), Origin::start());
    let form = ["-f", "dash", "-seg_duration", "2", "-use_template", "1", "-use_timeline", "1"];
    film(&origin, 1, &[&COPY[..], &form].concat(), "a.mpd");
    let whole = request(origin.address(), "GET", "/deep/er/a.mpd", &[&format!("x-secret: {SECRET}")]).text();
    let (before, rest) = whole.split_once("<Period").unwrap();
    let (period, after) = rest.split_once("</Period>").unwrap();
    put(&origin, "elsewhere/period.xml", format!("<Period{period}</Period>"));
    let remote = format!("{before}<Period xlink:href=\"elsewhere/period.xml\" xlink:actuate=\"onLoad\"/>{after}");
    let manifest = url::Url::parse(&proxied(&gateway, &put(&origin, "remote.mpd", remote))).unwrap();
    let linked = |text: &str, before: &str| {
        let link = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}")).1;
        manifest.join(&link[..link.find('"').unwrap()].replace("$Number%05d$", "00001")).unwrap()
    };
    let period = get(gateway.http, linked(&get(gateway.http, manifest.as_str()).text(), "xlink:href=\"").as_str());
    assert_eq!((period.status, period.header("content-type")), (200, Some("application/xml")));
    let segment = get(gateway.http, linked(&period.text(), " media=\"").as_str());
    assert_eq!((segment.status, &segment.body[4..8]), (200, &b"styp"[..]));
}

/// ffmpeg writes segment lists of byte ranges, but its own demuxer cannot play them: what they lead to is looked at instead.
#[test]
fn dash_of_single_files_leads_to_the_files() {
    let gateway = Database::Sqlite.node();
    let origin = Origin::start();
    let form = ["-f", "dash", "-seg_duration", "2", "-single_file", "1"];
    let url = proxied(&gateway, &film(&origin, 1, &[&COPY[..], &form].concat(), "a.mpd"));
    let path = &url[url.find("/p/").unwrap()..];
    let text = get(gateway.http, path).text();
    let pass = path.split('/').nth(2).unwrap();
    let mut links: Vec<_> = text.split('"').filter_map(|value| value.strip_prefix("../../")).collect();
    assert!(links.len() > 10 && !text.contains("deep/er"), "{text}");
    links.sort_unstable();
    links.dedup();
    assert_eq!(links.len(), 2, "a picture's file and a sound's: {text}");
    for link in links {
        let part = request(gateway.http, "GET", &format!("/p/{pass}/{link}"), &["Range: bytes=4-7"]);
        assert_eq!((part.status, &part.body[..]), (206, &b"ftyp"[..]), "{link}");
    }
}
