//! Builds everything, waits, and takes it down in order: the only place that knows all parts.

mod demo;
mod gate;
mod listen;
mod network;
mod playback;
mod pulls;
mod rooms;
mod workers;

use crate::{
    config::{Config, Database, LogFormat},
    http::{
        self, Gateway, Listener, Readiness,
        admin::{self, AdminState, Endpoints},
        proxy::Sealed,
    },
    keys::FreshKey,
    live::{self, Hub, LiveLimits, RtmpLimits},
    provider::Providers,
    publish_gate::{StoreGate, watch_expiry},
    secret::Secret,
    shutdown,
};
use anyhow::Context;
use gate::AppGate;
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use synctv_store::Store;
use synctv_store_postgres::PostgresStore;
use synctv_store_sqlite::SqliteStore;
use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// An expired key closes its publisher within this time.
const EXPIRY_CHECK: Duration = Duration::from_secs(1);
/// Connections in flight get this long to end after a signal; less than the 30 s most supervisors wait.
const DRAIN: Duration = Duration::from_secs(20);

/// Runs the server until a signal.
///
/// # Errors
/// When something that it needs cannot be had at start; the text says what to change.
pub fn run(config: Config) -> anyhow::Result<()> {
    start_logging(&config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start the runtime")?;
    let served = runtime.block_on(serve(config));
    // Whoever has not ended by now is cut off.
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

fn start_logging(config: &Config) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log.level)
        .with_context(|| format!("log.level {:?} is no filter; try info or synctv=debug", config.log.level))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.log.format {
        LogFormat::Text => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}

fn warn(config: &Config) {
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    if config.live.open_publish {
        tracing::warn!(
            "live.open_publish is on: anyone who reaches the RTMP port may publish to any name, without a key"
        );
    }
}

fn demo_key() -> anyhow::Result<Secret> {
    Ok(FreshKey::generate().map_err(|e| anyhow::anyhow!("make the demo key: {e}"))?.secret)
}

async fn serve(config: Config) -> anyhow::Result<()> {
    warn(&config);
    listen::raise_file_limit(&config);
    listen::data_dir(&config.data_dir)?;
    let tls = config.http.tls.as_ref().map(listen::tls).transpose()?;
    let unix = listen::unix(&config.socket_path()).await?;
    let rtmp = listen::tcp(config.rtmp.listen, "rtmp.listen (--rtmp)")?;
    let http = listen::tcp(config.http.listen, "http.listen (--http)")?;
    let (store, database) = open_store(&config.database).await?;
    let stop = shutdown::on_signal()?;

    let hub = Hub::new(live_limits(&config));
    let endpoints = Endpoints {
        http: http.local_addr()?,
        rtmp: rtmp.local_addr()?,
        public_url: public_url(&config)?,
        tls: tls.is_some(),
    };
    let (http_addr, rtmp_addr) = (endpoints.http, endpoints.rtmp);
    let scheme = if endpoints.tls { "https" } else { "http" };
    let rooms = rooms::plane(&config, store.clone())?;
    let client = network::client(&config, [http_addr, rtmp_addr])?;
    let providers = Providers::new(client.clone());
    let tasks = TaskTracker::new();
    let pulls = pulls::pulls(&config, &hub, client.clone(), &store, &tasks, &stop, rtmp_addr.port());
    let sealed = Sealed::new(store.clone()).await.context("read the keys that sign proxied URLs")?;
    let playback = playback::plane(&config, providers.clone(), store.clone(), sealed.clone());
    let cache = playback::cache(&config, client.clone());
    let state = AdminState {
        cache: cache.clone(),
        store: store.clone(),
        hub: hub.clone(),
        pulls: pulls.clone(),
        rooms: rooms.clone(),
        playback: playback.clone(),
        endpoints,
        allowed_origins: config.http.allowed_origins.clone().into(),
        database,
        started: Instant::now(),
    };
    let gateway = Arc::new(Gateway {
        hub: hub.clone(),
        pulls: pulls.clone(),
        rooms: rooms.clone(),
        signing_key: store.signing_key().await.context("read the key that signs play URLs")?,
        api: admin::require_token(admin::router(state.clone()), config.http.token.clone()),
        sealed: sealed.clone(),
        proxy: playback::proxy(&playback, sealed.clone(), cache, client),
        readiness: Arc::new(Readiness::new(store.clone())),
    });

    let demo_secret = config.demo.then(demo_key).transpose()?;
    let gate = AppGate { store: StoreGate::new(store.clone(), config.live.open_publish), demo: demo_secret.clone() };
    let connections = TaskTracker::new();
    tasks.spawn(live::serve_rtmp(rtmp, hub.clone(), Arc::new(gate), rtmp_limits(&config), stop.clone()));
    tasks.spawn(http::serve(
        Listener { tcp: http, tls, max_connections: config.http.max_connections },
        gateway.clone(),
        stop.clone(),
        connections.clone(),
    ));
    rooms::start(&rooms, &tasks, &stop);
    workers::start(&rooms, &config, providers, pulls, &tasks, &stop);
    playback::start(&playback, &config, sealed, store.clone(), &tasks, &stop);
    tasks.spawn(http::serve_unix(unix, admin::router(state), stop.clone(), connections.clone()));
    tasks.spawn(close_expired(store.clone(), hub.clone(), stop.clone()));
    if let Some(secret) = demo_secret {
        store.create_stream(demo::STREAM, false).await.context("make the demo stream")?;
        tasks.spawn(demo::publish(reachable(rtmp_addr), secret, stop.clone()));
        announce_demo(scheme, reachable(http_addr));
    }
    gateway.readiness.set(true);
    tracing::info!(http = %http_addr, rtmp = %rtmp_addr, data_dir = %config.data_dir.display(), "synctv is ready");

    stop.cancelled().await;
    gateway.readiness.set(false);
    drain(&hub, &tasks, &connections).await;
    let _ = std::fs::remove_file(config.socket_path());
    tracing::info!("stopped");
    Ok(())
}

/// Ends what viewers watch in good order and waits for the connections, within [`DRAIN`].
async fn drain(hub: &Hub, tasks: &TaskTracker, connections: &TaskTracker) {
    hub.end_all();
    tasks.close();
    connections.close();
    let ended = async {
        tasks.wait().await;
        connections.wait().await;
        while hub.viewers() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if timeout(DRAIN, ended).await.is_err() {
        tracing::warn!("some connections did not end in time and are cut off");
    }
}

async fn open_store(database: &Database) -> anyhow::Result<(Arc<dyn Store>, String)> {
    match database {
        Database::Sqlite(path) => {
            let store =
                SqliteStore::open(path).await.with_context(|| format!("open the database {}", path.display()))?;
            Ok((Arc::new(store), format!("sqlite:{}", path.display())))
        }
        Database::Postgres { url, shown, max_connections } => {
            let store = PostgresStore::connect(url.reveal(), *max_connections)
                .await
                .with_context(|| format!("open the database {shown}"))?;
            Ok((Arc::new(store), shown.clone()))
        }
    }
}

async fn close_expired(store: Arc<dyn Store>, hub: Arc<Hub>, stop: CancellationToken) {
    let watching = watch_expiry(store, EXPIRY_CHECK, |id| {
        hub.kick_key(id, "its key expired");
    });
    tokio::select! {
        () = watching => {}
        () = stop.cancelled() => {}
    }
}

fn live_limits(config: &Config) -> LiveLimits {
    LiveLimits {
        grace: config.live.grace,
        merge: config.live.merge,
        gop_cache_bytes: config.live.gop_cache_bytes,
        viewer_min_rate: config.live.viewer_min_bytes_per_s,
        max_viewers: config.live.max_viewers as u64,
        hls_idle: config.hls.idle,
    }
}

fn rtmp_limits(config: &Config) -> RtmpLimits {
    RtmpLimits {
        connections: config.rtmp.max_connections,
        connections_per_ip: config.rtmp.max_connections_per_ip,
        handshake: config.rtmp.handshake_timeout,
        idle: config.rtmp.idle_timeout,
    }
}

fn public_url(config: &Config) -> anyhow::Result<Option<admin::PublicUrl>> {
    let parse = |url: &String| url.parse().map_err(|why| anyhow::anyhow!("http.public_url: {why}"));
    config.http.public_url.as_ref().map(parse).transpose()
}

/// An address that can be dialled: a wildcard stands for this host.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    address
}

fn announce_demo(scheme: &str, http: SocketAddr) {
    let name = demo::STREAM;
    println!("The demo stream is playing. Open the page, or give a player one of the URLs:");
    println!("  page  {scheme}://{http}/watch/{name}");
    println!("  FLV   {scheme}://{http}/live/{name}.flv");
    println!("  HLS   {scheme}://{http}/live/{name}/index.m3u8");
}
