//! Judges that are not ours: ffmpeg decodes what a viewer gets.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Where tests/run puts tools that Debian does not have.
fn test_tools() -> PathBuf {
    let target = Path::new(env!("CARGO_BIN_EXE_synctv")).ancestors().nth(2).expect("target/debug/synctv");
    target.join("test-tools")
}

/// media-doctor, where tests/run could build it.
pub fn media_doctor() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::iter::once(test_tools().join("bin")).chain(std::env::split_paths(&path));
    places.map(|place| place.join("media-doctor")).find(|program| program.exists())
}

/// ffmpeg 9, for Enhanced RTMP: `SYNCTV_FFMPEG9`, else where tests/run puts it.
#[track_caller]
pub fn ffmpeg9() -> String {
    let path = std::env::var_os("SYNCTV_FFMPEG9").map_or_else(|| test_tools().join("ffmpeg9"), PathBuf::from);
    assert!(path.exists(), "{} is missing: run tests/run, or set SYNCTV_FFMPEG9", path.display());
    path.to_string_lossy().into_owned()
}

/// Decodes `seconds` of what a URL or file gives and accepts no error; checks the frames' size when one is given.
#[track_caller]
pub fn assert_decodes(ffmpeg: &str, input: &str, seconds: u32, expect: &[&str]) {
    let output = Command::new(ffmpeg)
        .args(["-hide_banner", "-nostdin", "-loglevel", "info", "-xerror"])
        .args(["-rw_timeout", "15000000", "-i", input, "-t", &seconds.to_string(), "-f", "null", "-"])
        .output()
        .unwrap_or_else(|e| panic!("{ffmpeg} does not start ({e}); tests/run installs it"));
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{input} does not decode:\n{log}");
    for text in expect {
        assert!(log.contains(text), "{input}: no {text:?} in\n{log}");
    }
}

/// Makes a short clip with synthetic picture and sound; `codecs` are ffmpeg's output options.
#[track_caller]
pub fn encode_clip(ffmpeg: &str, codecs: &[&str], file: &Path) {
    let mut command = Command::new(ffmpeg);
    command.args(["-hide_banner", "-nostdin", "-loglevel", "error", "-y"]);
    command.args(["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=20:duration=6"]);
    command.args(["-f", "lavfi", "-i", "sine=frequency=500:sample_rate=48000:duration=6"]);
    let output = command.args(codecs).arg(file).output();
    let output = output.unwrap_or_else(|e| panic!("{ffmpeg} does not start ({e}); tests/run installs it"));
    assert!(output.status.success(), "{codecs:?}: {}", String::from_utf8_lossy(&output.stderr));
}
