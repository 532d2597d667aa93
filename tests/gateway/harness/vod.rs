//! Films at an origin, and how a room shows them through its gateway.

use super::{Answer, DEMO_CLIP, Gateway, Origin, TempDir, request};
use serde_json::Value;
use std::{fs, process::Command};

/// What `x-secret` must be to get anything from the origin: the gateway alone has it.
pub const SECRET: &str = "s3cret-of-the-origin";

/// Makes files from the demo clip, played so many times, with ffmpeg's output options; all are put at the origin. The URL of the one called `name`.
#[track_caller]
pub fn film(origin: &Origin, times: u32, args: &[&str], name: &str) -> String {
    film_as(origin, times, args, name, |name, bytes| (name.to_owned(), bytes))
}

/// The same with other names and bytes.
#[track_caller]
pub fn film_as(
    origin: &Origin,
    times: u32,
    args: &[&str],
    name: &str,
    edited: impl Fn(&str, Vec<u8>) -> (String, Vec<u8>),
) -> String {
    let dir = TempDir::new();
    // A key is 16 bytes; where it is had from is said in another file.
    fs::write(dir.join("aes.key"), b"0123456789abcdef").expect("a key");
    fs::write(dir.join("aes.info"), "aes.key\naes.key\n").expect("a key's description");
    let mut command = Command::new("ffmpeg");
    command.current_dir(dir.path()).args(["-hide_banner", "-nostdin", "-loglevel", "error"]);
    command.args(["-stream_loop", &(times - 1).to_string(), "-i", DEMO_CLIP]).args(args).arg(name);
    let output = command.output().expect("ffmpeg starts");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    for file in fs::read_dir(dir.path()).expect("the film's directory") {
        let file = file.expect("a file of the film");
        let (name, bytes) = edited(&file.file_name().to_string_lossy(), fs::read(file.path()).expect("its bytes"));
        put(origin, &name, bytes);
    }
    origin.url(&format!("deep/er/{name}"))
}

/// Puts one more file beside a film's; its URL.
pub fn put(origin: &Origin, name: &str, bytes: impl Into<Vec<u8>>) -> String {
    // Paths are asked for with escapes.
    let path: url::Url = format!("http://origin/deep/er/{name}").parse().expect("a name that a URL may end with");
    origin.put_as(&path.path()[1..], Answer::new(bytes).requires("x-secret", SECRET, 403))
}

/// A DASH manifest of single files with an index each (the on-demand profile), which ffmpeg does not write; its URL.
#[track_caller]
pub fn indexed_film(origin: &Origin, times: u32, seconds: f64) -> String {
    let mut sets = String::new();
    for (stream, name, about) in [
        ("0:v", "video.mp4", r#"mimeType="video/mp4" codecs="avc1.4d401f" width="640" height="360""#),
        ("0:a", "audio.mp4", r#"mimeType="audio/mp4" codecs="mp4a.40.2""#),
    ] {
        let form = ["-c", "copy", "-map", stream, "-frag_duration", "2000000", "-movflags", "+dash+global_sidx"];
        film(origin, times, &form, name);
        let target = format!("/deep/er/{name}");
        let base = segment_base(&request(origin.address(), "GET", &target, &[&format!("x-secret: {SECRET}")]).body);
        sets.push_str(&format!(
            r#"<AdaptationSet><Representation id="{name}" bandwidth="300000" {about}><BaseURL>{name}</BaseURL>{base}</Representation></AdaptationSet>"#
        ));
    }
    let mpd = format!(
        r#"<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" type="static" mediaPresentationDuration="PT{seconds}S" minBufferTime="PT2S"><Period>{sets}</Period></MPD>"#
    );
    put(origin, "indexed.mpd", mpd)
}

/// Where a file's index is; what a player starts with is all before it.
fn segment_base(file: &[u8]) -> String {
    let mut at = 0;
    loop {
        let head = file.get(at..at + 8).expect("a box named sidx");
        let size = u32::from_be_bytes(head[..4].try_into().expect("four bytes")) as usize;
        if &head[4..] == b"sidx" {
            let (init, index) = (at - 1, at + size - 1);
            return format!(
                r#"<SegmentBase indexRange="{at}-{index}"><Initialization range="0-{init}"/></SegmentBase>"#
            );
        }
        at += size;
    }
}

impl Gateway {
    /// What a fresh room that shows this through the gateway tells its members: the mode's medias, subtitles and so on.
    #[track_caller]
    pub fn shows(&self, url: &str, flags: &[&str]) -> Value {
        let room = self.room("Movies", &[]);
        let header = format!("x-secret: {SECRET}");
        let flags = [flags, &["--header", &header]].concat();
        let media = self.media(&room, url, &flags);
        self.playback(&["start", &room.id, &media]);
        let mut result = self.playback(&["get", &room.id, "--urls"]);
        let mode = result["modes"]["proxy_direct"].take();
        assert!(mode["medias"][0]["url"].is_string(), "no proxied URL in {result}");
        mode
    }
}
