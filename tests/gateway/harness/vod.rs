//! Films at an origin, and how a room shows them through its gateway.

use super::{Answer, DEMO_CLIP, Gateway, Origin, TempDir};
use serde_json::Value;
use std::{fs, process::Command};

/// What `x-secret` must be to get anything from the origin: the gateway alone has it.
pub const SECRET: &str = "s3cret-of-the-origin";

/// Makes files from the demo clip, played so many times, with ffmpeg's output options; all are put at the origin. The URL of the one called `name`.
#[track_caller]
pub fn film(origin: &Origin, times: u32, args: &[&str], name: &str) -> String {
    let dir = TempDir::new();
    // A key is 16 bytes; where it is had from is said in another file.
    fs::write(dir.join("aes.key"), b"0123456789abcdef").unwrap();
    fs::write(dir.join("aes.info"), "aes.key\naes.key\n").unwrap();
    let mut command = Command::new("ffmpeg");
    command.current_dir(dir.path()).args(["-hide_banner", "-nostdin", "-loglevel", "error"]);
    command.args(["-stream_loop", &(times - 1).to_string(), "-i", DEMO_CLIP]).args(args).arg(name);
    let output = command.output().expect("ffmpeg starts");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    for file in fs::read_dir(dir.path()).unwrap() {
        let file = file.unwrap();
        put(origin, file.file_name().to_str().unwrap(), fs::read(file.path()).unwrap());
    }
    origin.url(&format!("deep/er/{name}"))
}

/// Puts one more file beside a film's; its URL.
pub fn put(origin: &Origin, name: &str, bytes: impl Into<Vec<u8>>) -> String {
    origin.put_as(&format!("deep/er/{name}"), Answer::new(bytes).requires("x-secret", SECRET, 403))
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
