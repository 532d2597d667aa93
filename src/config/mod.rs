//! What is in force, and where it came from: flags over `SYNCTV_*` over the TOML file over defaults.

mod database;
mod layers;
mod setting;
mod units;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;

pub use database::Database;
pub use layers::{Flags, Source};
pub use units::{parse_duration, parse_size};

use crate::secret::Secret;
use database::{database, without_password};
use layers::Layers;

/// The configuration of one server.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the database, the control socket and the optional `synctv.toml` live.
    pub data_dir: PathBuf,
    /// `[http]`
    pub http: HttpConfig,
    /// `[rtmp]`
    pub rtmp: RtmpConfig,
    /// `[live]`
    pub live: LiveConfig,
    /// `[hls]`
    pub hls: HlsConfig,
    /// `[room]`
    pub room: RoomConfig,
    /// `[worker]`
    pub worker: WorkerConfig,
    /// `[proxy]`
    pub proxy: ProxyConfig,
    /// `[log]`
    pub log: LogConfig,
    /// `[database]`
    pub database: Database,
    /// Publish the bundled clip to `demo`; only a flag.
    pub demo: bool,
    /// Every setting, its value in words and its origin.
    pub in_force: Vec<InForce>,
    /// What an operator should know although it is no error: environment variables that no setting reads.
    pub warnings: Vec<String>,
}

/// `[http]`
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Address of pages, players and the API.
    pub listen: SocketAddr,
    /// Connections in all; viewers that watch FLV on a plain socket are counted by `live.max_viewers` instead.
    pub max_connections: usize,
    /// Certificate chain and private key, PEM files; both or neither.
    pub tls: Option<TlsFiles>,
    /// The base URL viewers use, when it is not the listening address.
    pub public_url: Option<String>,
    /// Pages of these origins may join rooms and fetch what they play, besides this server's own; `*` for all.
    pub allowed_origins: Vec<String>,
    /// Bearer token for remote administration; without one it is off.
    pub token: Option<Secret>,
}

/// Where the certificate and its key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM certificate chain.
    pub cert: PathBuf,
    /// PEM private key.
    pub key: PathBuf,
}

/// `[rtmp]`
#[derive(Debug, Clone)]
pub struct RtmpConfig {
    /// Address publishers connect to.
    pub listen: SocketAddr,
    /// Connections one IP address may have.
    pub max_connections_per_ip: usize,
    /// Connections in all.
    pub max_connections: usize,
    /// From accept to the end of the handshake.
    pub handshake_timeout: Duration,
    /// A publisher that sends nothing for so long is gone.
    pub idle_timeout: Duration,
}

/// `[live]`
#[derive(Debug, Clone)]
pub struct LiveConfig {
    /// Anybody may publish to any name without a key.
    pub open_publish: bool,
    /// How long viewers are held when the publisher vanishes.
    pub grace: Duration,
    /// How long frames are gathered before they are written to viewers; `None`: as long as the machine is busy.
    pub merge: Option<Duration>,
    /// Most bytes a stream keeps for viewers that join.
    pub gop_cache_bytes: usize,
    /// A viewer slower than this many bytes a second is closed; 0 for none.
    pub viewer_min_bytes_per_s: u64,
    /// Viewers on all outputs of this process.
    pub max_viewers: usize,
    /// A pull stream that nobody watches and no active room plays stops after this.
    pub pull_idle: Duration,
    /// Pull streams of this process.
    pub max_pulls: usize,
}

/// `[hls]`
#[derive(Debug, Clone)]
pub struct HlsConfig {
    /// The segmenter stops when nobody asks for so long.
    pub idle: Duration,
}

/// `[room]`
#[derive(Debug, Clone)]
pub struct RoomConfig {
    /// Members in one room on this process.
    pub max_connections_per_room: usize,
    /// Members in all rooms on this process.
    pub max_connections: usize,
    /// The longest message of a member, in bytes.
    pub max_message_bytes: usize,
    /// Messages a member may send each second over a longer time.
    pub messages_per_s: u32,
}

/// `[worker]`
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// Rooms advanced at the same time.
    pub advance_concurrency: usize,
    /// Durations found out at the same time.
    pub probe_concurrency: usize,
    /// How long a room is inactive before what it held is given up.
    pub release_grace: Duration,
}

/// `[proxy]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyConfig {
    /// Addresses that may be fetched although they are not public; none by default.
    pub allow_private: Vec<IpNet>,
    /// Certificate authorities that are trusted besides the public ones, in PEM.
    pub ca_file: Option<PathBuf>,
    /// How long a proxied URL works.
    pub url_ttl: Duration,
    /// How long new proxied URLs are signed with the same key; the one before goes on opening URLs for `url_ttl`.
    pub key_rotation: Duration,
    /// Length of a slice, a power of two.
    pub slice_bytes: usize,
    /// Slices kept in memory.
    pub memory_bytes: usize,
    /// Slices kept on disk; 0 for none.
    pub disk_bytes: u64,
    /// How long an origin's refusal or failure is remembered.
    pub negative: Duration,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[log]`
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// Text or JSON.
    pub format: LogFormat,
    /// A level or a filter in tracing's form: `info`, `synctv=debug,info`.
    pub level: String,
}

/// A setting as it is in force.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct InForce {
    /// `section.name`.
    pub key: &'static str,
    /// The value; secrets are hidden; `None` when it is not set and has no default.
    pub value: Option<String>,
    /// Where it came from, in words.
    pub source: String,
    /// What it means.
    pub help: &'static str,
}

/// The configuration cannot be used; the text names the place and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub(crate) String);

impl Config {
    /// Reads flags, this process's environment and the file, and checks everything.
    ///
    /// # Errors
    /// [`ConfigError`] at the first thing that is wrong.
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        Self::from_layers(
            flags,
            std::env::vars_os().filter_map(|(n, v)| Some((n.into_string().ok()?, v.into_string().ok()?))),
        )
    }

    /// The same with an environment given.
    ///
    /// # Errors
    /// [`ConfigError`] at the first thing that is wrong.
    pub fn from_layers(flags: &Flags, env: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let layers = Layers::gather(flags, env)?;
        let data_dir: PathBuf = layers.required("data_dir")?;
        let config = Self {
            http: HttpConfig {
                listen: layers.required("http.listen")?,
                max_connections: layers.number("http.max_connections", 1..=10_000_000)?,
                tls: tls_files(&layers)?,
                public_url: layers.optional::<setting::WebUrl>("http.public_url")?.map(|url| url.0),
                allowed_origins: layers
                    .optional::<setting::Origins>("http.allowed_origins")?
                    .map_or_else(Vec::new, |origins| origins.0),
                token: layers.optional::<setting::Token>("http.token")?.map(|token| token.0),
            },
            rtmp: rtmp(&layers)?,
            live: live(&layers)?,
            hls: hls(&layers)?,
            room: room(&layers)?,
            worker: worker(&layers)?,
            proxy: proxy(&layers)?,
            log: LogConfig { format: layers.required("log.format")?, level: layers.required("log.level")? },
            database: database(&layers, &data_dir)?,
            demo: flags.demo,
            in_force: in_force(&layers, &data_dir),
            warnings: layers.warnings,
            data_dir,
        };
        if config.rtmp.listen == config.http.listen && config.rtmp.listen.port() != 0 {
            return Err(ConfigError(format!(
                "http.listen and rtmp.listen are the same address, {}",
                config.http.listen
            )));
        }
        Ok(config)
    }

    /// The control socket that local commands talk to.
    #[must_use]
    pub fn socket_path(&self) -> PathBuf {
        socket_path(&self.data_dir)
    }
}

/// The control socket of the server that works in this data directory.
#[must_use]
pub fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join("synctv.sock")
}

fn tls_files(layers: &Layers) -> Result<Option<TlsFiles>, ConfigError> {
    let (cert, key) = (layers.optional::<PathBuf>("http.tls_cert")?, layers.optional::<PathBuf>("http.tls_key")?);
    match (cert, key) {
        (None, None) => Ok(None),
        (Some(cert), Some(key)) => Ok(Some(TlsFiles { cert, key })),
        (Some(_), None) => Err(ConfigError("http.tls_cert is set without http.tls_key: TLS needs both".into())),
        (None, Some(_)) => Err(ConfigError("http.tls_key is set without http.tls_cert: TLS needs both".into())),
    }
}

fn rtmp(layers: &Layers) -> Result<RtmpConfig, ConfigError> {
    Ok(RtmpConfig {
        listen: layers.required("rtmp.listen")?,
        max_connections_per_ip: layers.number("rtmp.max_connections_per_ip", 1..=1_000_000)?,
        max_connections: layers.number("rtmp.max_connections", 1..=1_000_000)?,
        handshake_timeout: layers.duration("rtmp.handshake_timeout_s", 1..=300)?,
        idle_timeout: layers.duration("rtmp.idle_timeout_s", 1..=3600)?,
    })
}

fn live(layers: &Layers) -> Result<LiveConfig, ConfigError> {
    let merge_ms: u64 = layers.number("live.merge_ms", 0..=5000)?;
    Ok(LiveConfig {
        open_publish: layers.required("live.open_publish")?,
        grace: layers.duration("live.grace_s", 0..=3600)?,
        merge: (merge_ms > 0).then(|| Duration::from_millis(merge_ms)),
        gop_cache_bytes: layers.size("live.gop_cache_bytes", 64 << 10..=1 << 30)?,
        viewer_min_bytes_per_s: layers.size("live.viewer_min_bytes_per_s", 0..=1 << 30)? as u64,
        max_viewers: layers.number("live.max_viewers", 1..=10_000_000)?,
        max_pulls: layers.number("live.max_pulls", 1..=100_000)?,
        pull_idle: layers.duration("live.pull_idle_s", 0..=3600)?,
    })
}

fn hls(layers: &Layers) -> Result<HlsConfig, ConfigError> {
    Ok(HlsConfig { idle: layers.duration("hls.idle_s", 1..=86_400)? })
}

fn proxy(layers: &Layers) -> Result<ProxyConfig, ConfigError> {
    Ok(ProxyConfig {
        allow_private: layers.required::<setting::Private>("proxy.allow_private")?.0,
        ca_file: layers.optional::<PathBuf>("proxy.ca_file")?,
        // Kicks are remembered for a day (`worker::housekeeping`): no URL may live longer.
        url_ttl: layers.duration("proxy.url_ttl_s", 2..=86_400)?,
        key_rotation: layers.duration("proxy.key_rotation_s", 1..=365 * 86_400)?,
        slice_bytes: layers.size("proxy.slice_bytes", 64 << 10..=16 << 20)?.next_power_of_two(),
        memory_bytes: layers.size("proxy.memory_bytes", 8 << 20..=1 << 40)?,
        disk_bytes: layers.size("proxy.disk_bytes", 0..=1 << 50)? as u64,
        negative: layers.duration("proxy.negative_s", 0..=3600)?,
    })
}

fn worker(layers: &Layers) -> Result<WorkerConfig, ConfigError> {
    Ok(WorkerConfig {
        advance_concurrency: layers.number("worker.advance_concurrency", 1..=256)?,
        probe_concurrency: layers.number("worker.probe_concurrency", 1..=256)?,
        release_grace: layers.duration("worker.release_grace_s", 0..=3600)?,
    })
}

fn room(layers: &Layers) -> Result<RoomConfig, ConfigError> {
    Ok(RoomConfig {
        max_connections_per_room: layers.number("room.max_connections_per_room", 1..=10_000_000)?,
        max_connections: layers.number("room.max_connections", 1..=10_000_000)?,
        max_message_bytes: layers.size("room.max_message_bytes", 1 << 10..=1 << 20)?,
        messages_per_s: layers.number("room.messages_per_s", 1..=10_000)?,
    })
}

/// What the layers hold, with the one default that depends on another setting and no database password.
fn in_force(layers: &Layers, data_dir: &Path) -> Vec<InForce> {
    let mut rows = layers.in_force();
    for row in rows.iter_mut().filter(|row| row.key == "database.url") {
        row.value = Some(match &row.value {
            Some(url) => without_password(url),
            None => format!("sqlite:{}", data_dir.join("synctv.db").display()),
        });
    }
    rows
}

#[cfg(test)]
mod tests;
