//! Servers to pull from that are not ours.

use super::{Process, TempDir, eventually, s};
use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    process::Command,
};

/// nginx with its RTMP module: whoever publishes to `live/NAME` is played to all others.
pub struct NginxRtmp {
    server: Process,
    dir: TempDir,
    pub address: SocketAddr,
}

impl NginxRtmp {
    #[track_caller]
    pub fn start() -> Self {
        let (dir, port) = (TempDir::new(), free_port());
        let conf = format!(
            "load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;\n\
             daemon off; worker_processes 1; pid {dir}/pid; error_log stderr;\n\
             events {{ worker_connections 256; }}\n\
             rtmp {{ server {{ listen 127.0.0.1:{port}; application live {{ live on; }} }} }}\n",
            dir = dir.join("").display(),
        );
        fs::write(dir.join("nginx.conf"), conf).expect("a configuration");
        let server = Self::run(&dir);
        let nginx = Self { server, dir, address: SocketAddr::from(([127, 0, 0, 1], port)) };
        nginx.await_listening();
        nginx
    }

    fn run(dir: &TempDir) -> Process {
        let mut command = Command::new("/usr/sbin/nginx");
        command.arg("-e").arg("stderr").arg("-p").arg(dir.join("")).arg("-c").arg(dir.join("nginx.conf"));
        Process::start("nginx", &mut command)
    }

    #[track_caller]
    fn await_listening(&self) {
        eventually("nginx listens", s(10), || TcpStream::connect(self.address).ok());
    }

    pub fn url(&self, path: &str) -> String {
        format!("rtmp://{}{path}", self.address)
    }

    /// Dies and cuts everybody off.
    pub fn kill(&mut self) {
        self.server.kill();
    }

    #[track_caller]
    pub fn restart(&mut self) {
        self.server = Self::run(&self.dir);
        self.await_listening();
    }
}

/// A port that nobody listens on at the moment.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// Established connections of a process to a local port, as the kernel says.
pub fn connections_to(port: u16, pid: u32) -> usize {
    let inodes: Vec<String> = fs::read_dir(format!("/proc/{pid}/fd"))
        .expect("procfs")
        .filter_map(|fd| Some(fs::read_link(fd.ok()?.path()).ok()?.to_string_lossy().into_owned()))
        .filter_map(|link| Some(link.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let table = fs::read_to_string("/proc/net/tcp").expect("procfs");
    let remote = format!(":{port:04X}");
    let ours =
        table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|line| {
            line[2].ends_with(&remote) && line[3] == "01" && inodes.iter().any(|inode| inode == line[9])
        });
    ours.count()
}
