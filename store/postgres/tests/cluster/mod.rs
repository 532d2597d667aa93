//! PostgreSQL for tests. With `SYNCTV_TEST_POSTGRES` (the URL of a cluster, without a database) each test gets a database there;
//! `tests/run` starts such a cluster for all tests. Without it each test gets a cluster of its own. A test that stops and starts the
//! database takes a [`Cluster`] anyway. All of it goes away with the value, and also when the test is killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A cluster that nobody else uses.
#[derive(Debug)]
pub struct Cluster {
    dir: PathBuf,
    url: String,
    /// Removes the cluster when its input ends, so also when this process is killed.
    guard: Child,
}

/// The script that does the work.
fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|dir| dir.join("tests/private-postgres"))
        .find(|script| script.exists())
        .expect("tests/private-postgres is in this repository")
}

fn unique(what: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("synctv_{what}_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Runs a command and answers what it printed.
fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("the command starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn psql(url: &str, statement: &str) -> String {
    run(Command::new("psql").args([url, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement]))
}

#[allow(dead_code, reason = "each test binary uses a part")]
impl Cluster {
    /// Makes and starts one.
    pub fn new() -> Self {
        let dir = std::env::temp_dir().join(unique("postgres"));
        let guard = Command::new("setsid")
            .args([script().as_os_str(), "guard".as_ref(), dir.as_os_str()])
            .stdin(Stdio::piped())
            .spawn()
            .expect("the guard starts");
        let url = run(Command::new(script()).arg("make").arg(&dir));
        Self { dir, url, guard }
    }

    /// Makes a database; its URL.
    pub fn database(&self) -> String {
        create(&self.url)
    }

    /// Runs a statement in the database of this URL; what it answers, a row a line.
    pub fn psql(&self, url: &str, statement: &str) -> String {
        psql(url, statement)
    }

    /// Starts it again, on the same port.
    pub fn start(&self) {
        run(Command::new(script()).arg("start").arg(&self.dir));
    }

    /// Stops it in good order; open connections are cut.
    pub fn stop_fast(&self) {
        run(Command::new(script()).arg("stop").arg(&self.dir).arg("fast"));
    }

    /// Stops the processes where they are: connections stay open and nothing answers.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets them go on.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let file = std::fs::read_to_string(self.dir.join("data/postmaster.pid")).expect("it runs");
        let postmaster = file.lines().next().expect("a process id").to_owned();
        let children = run(Command::new("ps").args(["-o", "pid=", "--ppid", &postmaster]));
        let pids = children.split_whitespace().chain([postmaster.as_str()]);
        run(Command::new("kill").arg(format!("-{signal}")).args(pids));
    }

    /// Stops it as a crash would.
    pub fn stop_immediate(&self) {
        run(Command::new(script()).arg("stop").arg(&self.dir).arg("immediate"));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

fn create(cluster: &str) -> String {
    let name = unique("test");
    psql(&format!("{cluster}/postgres"), &format!("CREATE DATABASE {name}"));
    format!("{cluster}/{name}")
}

/// A database that nobody else uses.
#[derive(Debug)]
pub struct Database {
    /// Its URL.
    pub url: String,
    own: Option<Cluster>,
}

#[allow(dead_code, reason = "each test binary uses a part")]
impl Database {
    /// Makes one.
    pub fn new() -> Self {
        match std::env::var("SYNCTV_TEST_POSTGRES") {
            Ok(shared) if !shared.is_empty() => Self { url: create(&shared), own: None },
            _ => {
                let own = Cluster::new();
                Self { url: own.database(), own: Some(own) }
            }
        }
    }

    /// Runs a statement in it; what it answers, a row a line.
    pub fn psql(&self, statement: &str) -> String {
        psql(&self.url, statement)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.own.is_none()
            && let Some((cluster, name)) = self.url.rsplit_once('/')
        {
            // Left behind by a test that is killed; it goes with the cluster.
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            let _ = Command::new("psql").args([&format!("{cluster}/postgres"), "-X", "-q", "-c", &drop]).output();
        }
    }
}
