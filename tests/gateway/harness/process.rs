//! A child process that never outlives its test and shows its output when the test fails.

use super::eventually;
use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
    time::Duration,
};

/// Killed on drop, with the children it started itself.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it with both outputs in one log file.
    #[track_caller]
    pub fn start(name: &str, command: &mut Command) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let log = std::env::temp_dir().join(format!(
            "synctv-{}-{}-{name}.log",
            std::process::id(),
            NEXT.fetch_add(1, Relaxed)
        ));
        let out = File::create(&log).expect("a log file");
        let err = out.try_clone().expect("a second handle of the log file");
        let child = command.stdin(Stdio::null()).stdout(out).stderr(err).process_group(0).spawn();
        let child = child.unwrap_or_else(|e| {
            panic!("{} does not start ({e}); tests/run installs it", command.get_program().to_string_lossy())
        });
        Self { name: name.to_owned(), child, log }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// The exit status, when it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    #[track_caller]
    pub fn wait(&mut self, within: Duration) -> ExitStatus {
        let what = format!("{} ends", self.name);
        eventually(&what, within, || self.ended())
    }

    /// Sends a signal by name ("TERM", "STOP", "CONT").
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").arg(format!("-{signal}")).arg(self.id().to_string()).status();
        assert!(sent.expect("kill(1)").success(), "SIG{signal} to {}", self.name);
    }

    /// SIGKILL to it and its children (a wrapper script's): no farewell on the wire.
    pub fn kill(&mut self) {
        // Once it has been waited for, its number may belong to somebody else.
        if matches!(self.child.try_wait(), Ok(None)) {
            let group = format!("-{}", self.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        }
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            let log = self.log();
            let from = log.len().saturating_sub(6000);
            let tail = log.get(from..).unwrap_or(&log);
            eprintln!("--- {} ---\n{tail}\n--- end of {} ---", self.name, self.name);
        }
        let _ = fs::remove_file(&self.log);
    }
}
