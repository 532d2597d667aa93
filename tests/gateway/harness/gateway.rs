//! The built binary: as server, and as the command line that talks to it.

use super::{Process, TempDir, eventually, s};
use serde_json::Value;
use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{Command, ExitStatus, Output},
    time::Duration,
};

const BINARY: &str = env!("CARGO_BIN_EXE_synctv");

/// A running `synctv serve` on ports and a data dir of its own.
pub struct Gateway {
    server: Process,
    _dir: TempDir,
    data: PathBuf,
    pub http: SocketAddr,
    pub rtmp: SocketAddr,
}

/// What `key create --json` answers.
pub struct Key {
    pub id: String,
    pub stream: String,
    pub secret: String,
    pub server_url: String,
    pub stream_key: String,
    pub publish_url: String,
    pub page: String,
    pub flv: String,
    pub hls: String,
}

impl Gateway {
    #[track_caller]
    pub fn start() -> Self {
        Self::start_with(&[], "")
    }

    /// With more flags of `serve`, and a configuration file unless it is empty.
    #[track_caller]
    pub fn start_with(flags: &[&str], config: &str) -> Self {
        let dir = TempDir::new();
        let mut command = serve(&dir.join("data"));
        command.args(["--http", "127.0.0.1:0", "--rtmp", "127.0.0.1:0"]).args(flags);
        if !config.is_empty() {
            let file = dir.join("synctv.toml");
            std::fs::write(&file, config).expect("a configuration file");
            command.arg("--config").arg(file);
        }
        let data = dir.join("data");
        Self::await_start(Process::start("synctv", &mut command), dir, data)
    }

    /// With a data dir somewhere else.
    #[track_caller]
    pub fn start_in(data: PathBuf) -> Self {
        let mut command = serve(&data);
        command.args(["--http", "127.0.0.1:0", "--rtmp", "127.0.0.1:0"]);
        Self::await_start(Process::start("synctv", &mut command), TempDir::new(), data)
    }

    #[track_caller]
    fn await_start(mut server: Process, dir: TempDir, data: PathBuf) -> Self {
        let status = eventually("synctv serve answers `status`", s(30), || {
            if let Some(status) = server.ended() {
                panic!("synctv serve ended at once, {status}:\n{}", server.log());
            }
            let output = synctv(&data, &["status", "--json"]);
            output.status.success().then(|| parse(&output))
        });
        let address = |field: &str| status[field].as_str().and_then(|a| a.parse().ok());
        let (Some(http), Some(rtmp)) = (address("http"), address("rtmp")) else {
            panic!("`status --json` lacks the addresses: {status}");
        };
        Self { server, _dir: dir, data, http, rtmp }
    }

    pub fn pid(&self) -> u32 {
        self.server.id()
    }

    pub fn data_dir(&self) -> PathBuf {
        self.data.clone()
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        self.server.log()
    }

    /// Runs a client command.
    pub fn cli(&self, args: &[&str]) -> Output {
        synctv(&self.data_dir(), args)
    }

    /// Runs a client command that must succeed; its JSON.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        let args: Vec<_> = args.iter().copied().chain(["--json"]).collect();
        let output = self.cli(&args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        parse(&output)
    }

    /// A fresh key, the stream made when missing.
    #[track_caller]
    pub fn key(&self, stream: &str) -> Key {
        self.key_with(stream, &[])
    }

    #[track_caller]
    pub fn key_with(&self, stream: &str, flags: &[&str]) -> Key {
        let args: Vec<_> = ["key", "create", stream].iter().chain(flags).copied().collect();
        let made = self.json(&args);
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("missing in {made}")).to_owned();
        Key {
            id: text(&made["key_id"]),
            stream: text(&made["stream"]),
            secret: text(&made["secret"]),
            server_url: text(&made["server_url"]),
            stream_key: text(&made["stream_key"]),
            publish_url: text(&made["publish_url"]),
            page: text(&made["play"]["page"]),
            flv: text(&made["play"]["flv"]),
            hls: text(&made["play"]["hls"]),
        }
    }

    #[track_caller]
    pub fn show(&self, stream: &str) -> Value {
        self.json(&["stream", "show", stream])
    }

    /// Waits until a publisher's media has been understood, and returns the status.
    #[track_caller]
    pub fn wait_live(&self, stream: &str) -> Value {
        self.wait_for(stream, "is live with its tracks", s(20), |show| {
            show["state"] == "live" && show["tracks"].as_array().is_some_and(|tracks| !tracks.is_empty())
        })
    }

    #[track_caller]
    pub fn wait_for(&self, stream: &str, what: &str, within: Duration, test: impl Fn(&Value) -> bool) -> Value {
        eventually(&format!("{stream} {what}"), within, || {
            let output = self.cli(&["stream", "show", stream, "--json"]);
            let show = output.status.success().then(|| parse(&output))?;
            test(&show).then_some(show)
        })
    }

    /// Asks the server to go; `wait_stopped` sees it gone.
    pub fn terminate(&self) {
        self.server.signal("TERM");
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.server.kill();
    }

    #[track_caller]
    pub fn wait_stopped(&mut self, within: Duration) -> ExitStatus {
        self.server.wait(within)
    }

    /// Resident memory in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("procfs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
        let kib = line.split_whitespace().next().and_then(|n| n.parse::<u64>().ok()).expect("a number of KiB");
        kib * 1024
    }

    /// The server still takes a publisher and shows what it sends: nothing earlier has hurt it.
    #[track_caller]
    pub fn assert_healthy(&self) {
        let reply = super::get(self.http, "/healthz");
        assert_eq!(reply.status, 200, "{reply:?}");
        assert!(!self.log().contains("panicked"), "a task panicked");
    }
}

/// `synctv serve --data-dir DIR`, not yet started.
pub fn serve(data: &std::path::Path) -> Command {
    let mut command = Command::new(BINARY);
    command.arg("serve").arg("--data-dir").arg(data).env_remove("RUST_LOG");
    // The tests' own variables: the server would warn about those that it does not know.
    command.env_remove("SYNCTV_FFMPEG9").env_remove("SYNCTV_TEST_POSTGRES");
    command
}

impl Gateway {
    /// Runs `serve` where it must refuse to start; its output.
    #[track_caller]
    pub fn refuses_to_start(mut command: Command) -> Output {
        command.args(["--rtmp", "127.0.0.1:0"]);
        let mut process = Process::start("refused", &mut command);
        let status = process.wait(s(20));
        Output { status, stdout: Vec::new(), stderr: process.log().into_bytes() }
    }

    pub fn serve_command(data: &std::path::Path) -> Command {
        serve(data)
    }
}

/// Runs the built binary with these arguments alone, no server implied.
pub fn run(args: &[&str]) -> Output {
    Command::new(BINARY).args(args).output().expect("the built binary runs")
}

fn synctv(data: &std::path::Path, args: &[&str]) -> Output {
    Command::new(BINARY).args(args).arg("--data-dir").arg(data).output().expect("the built binary runs")
}

#[track_caller]
fn parse(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("not JSON ({e}): {text}"))
}
