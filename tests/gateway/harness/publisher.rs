//! Real publishers.

use super::Process;
use std::{
    path::Path,
    process::{Command, ExitStatus},
    time::Duration,
};

/// The bundled clip: H.264 and AAC, one-second GOPs.
pub const DEMO_CLIP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/demo.flv");

/// An encoder that publishes until it is dropped.
pub struct Publisher(Process);

impl Publisher {
    /// Debian's ffmpeg, the demo clip in a loop, copied at its own pace.
    #[track_caller]
    pub fn demo(url: &str) -> Self {
        Self::copy("ffmpeg", DEMO_CLIP, &[], url)
    }

    /// A clip in a loop, copied. `flags` come before the output.
    #[track_caller]
    pub fn copy(ffmpeg: &str, clip: impl AsRef<Path>, flags: &[&str], url: &str) -> Self {
        let mut command = Command::new(ffmpeg);
        command.args(["-hide_banner", "-nostdin", "-loglevel", "warning", "-re", "-stream_loop", "-1", "-i"]);
        command.arg(clip.as_ref()).args(["-c", "copy"]).args(flags).args(["-f", "flv", url]);
        Self(Process::start("publisher", &mut command))
    }

    /// Any program.
    #[track_caller]
    pub fn run(name: &str, command: &mut Command) -> Self {
        Self(Process::start(name, command))
    }

    /// Panics when it has ended: it was refused or cut off.
    #[track_caller]
    pub fn assert_running(&mut self) {
        if let Some(status) = self.0.ended() {
            panic!("the publisher ended, {status}:\n{}", self.0.log());
        }
    }

    #[track_caller]
    pub fn wait(&mut self, within: Duration) -> ExitStatus {
        self.0.wait(within)
    }

    /// Falls silent without closing the connection.
    pub fn freeze(&self) {
        self.0.signal("STOP");
    }

    /// Dies without a farewell.
    pub fn kill(&mut self) {
        self.0.kill();
    }

    pub fn log(&self) -> String {
        self.0.log()
    }
}
