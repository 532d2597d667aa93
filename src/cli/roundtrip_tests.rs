//! Commands against the real API, over a Unix socket and over TCP.

use std::sync::Arc;
use std::time::Instant;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use synctv_store_sqlite::SqliteStore;
use tempfile::TempDir;
use tokio::net::{TcpListener, UnixListener};

use super::*;
use crate::config::socket_path;
use crate::http::admin::{AdminState, Endpoints, require_token, router};
use crate::live::{Hub, LiveLimits};
use crate::secret::Secret;

/// A server with only the API: on the socket of a data directory, and on TCP with the token `let-me-in`.
struct Server {
    dir: TempDir,
    url: String,
}

async fn server() -> Server {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&dir.path().join("synctv.db")).await.unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    let endpoints = Endpoints { http: address, rtmp: "127.0.0.1:1935".parse().unwrap(), public_url: None, tls: false };
    let hub = Hub::new(LiveLimits::default());
    let store: Arc<dyn synctv_store::Store> = Arc::new(store);
    let state = AdminState {
        store: Arc::clone(&store),
        hub,
        pulls: crate::live::Pulls::none(),
        rooms: crate::room::RoomPlane::new(Arc::clone(&store), Default::default(), "n_test".into()),
        playback: crate::http::admin::tests::playback(store),
        cache: crate::http::admin::tests::cache(),
        endpoints,
        allowed_origins: Arc::new([]),
        database: "sqlite".into(),
        started: Instant::now(),
    };
    let unix = UnixListener::bind(socket_path(dir.path())).unwrap();
    let remote = require_token(router(state.clone()), Some(Secret::new("let-me-in")));
    let local = router(state);
    tokio::spawn(async move {
        loop {
            let (stream, _) = unix.accept().await.unwrap();
            tokio::spawn(answer(TokioIo::new(stream), local.clone()));
        }
    });
    tokio::spawn(async move {
        loop {
            let (stream, _) = tcp.accept().await.unwrap();
            tokio::spawn(answer(TokioIo::new(stream), remote.clone()));
        }
    });
    Server { dir, url: format!("http://{address}") }
}

async fn answer<S>(stream: TokioIo<S>, router: axum::Router)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let _ = Builder::new(TokioExecutor::new()).serve_connection(stream, TowerToHyperService::new(router)).await;
}

impl Server {
    async fn local(&self, line: &str) -> anyhow::Result<String> {
        run_line(&format!("synctv {line} --data-dir {}", self.dir.path().display())).await
    }

    async fn remote(&self, line: &str, token: &str) -> anyhow::Result<String> {
        run_line(&format!("synctv {line} --server {} --token {token}", self.url)).await
    }
}

async fn run_line(line: &str) -> anyhow::Result<String> {
    let Cli { common, command } = Cli::try_parse_from(line.split_whitespace()).unwrap();
    let client = client::Client::new(&common)?;
    match command {
        Command::Stream(command) => stream::run(command, &client, common.json).await,
        Command::Key(command) => key::run(command, &client, common.json).await,
        Command::Status => status::run(&client, common.json).await,
        other => panic!("{other:?} asks no server"),
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn an_operators_day_with_keys() {
    let server = server().await;
    let made = parsed(&server.local("key create demo --label studio --json").await.unwrap());
    let (id, secret) = (made["key_id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    assert_eq!(made["publish_url"], format!("rtmp://127.0.0.1:1935/live/demo?key={secret}"));
    let list = server.local("key list").await.unwrap();
    assert!(list.contains(id) && list.contains("studio") && list.contains("never") && !list.contains(secret), "{list}");
    let rotated = server.local(&format!("key rotate {id} --overlap 10m")).await.unwrap();
    assert!(rotated.contains(&format!("in place of {id}")), "{rotated}");
    let revoked = server.local(&format!("key revoke {id}")).await.unwrap();
    assert!(revoked.contains("revoked"), "{revoked}");
    let list = parsed(&server.local("key list demo --json").await.unwrap());
    let states: Vec<_> = list["keys"].as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["revoked", "active"]);
}

#[tokio::test]
async fn a_key_is_made_with_everything_a_publisher_needs() {
    let server = server().await;
    let text = server.local("key create demo --expires 2h").await.unwrap();
    for want in [
        "ffmpeg -re -i clip.mp4 -c copy -f flv 'rtmp://127.0.0.1:1935/live/demo?key=sk_",
        "OBS stream key",
        "demo?key=sk_",
        "/live/demo/index.m3u8",
        "/watch/demo",
        "expires in",
    ] {
        assert!(text.contains(want), "{want}: {text}");
    }
}

#[tokio::test]
async fn streams_are_managed_by_name() {
    let server = server().await;
    assert!(server.local("stream create demo --private").await.unwrap().contains("private"));
    assert!(server.local("stream list").await.unwrap().contains("demo"));
    assert_eq!(parsed(&server.local("stream show demo --json").await.unwrap())["state"], "offline");
    assert!(server.local("stream show demo").await.unwrap().contains("offline"));
    let urls = parsed(&server.local("stream url demo --expires 2h --json").await.unwrap());
    assert!(urls["play"]["hls"].as_str().unwrap().contains("?expires="), "{urls}");
    assert!(server.local("stream set demo --public").await.unwrap().contains("public"));
    assert_eq!(server.local("stream kick demo").await.unwrap_err().to_string(), "nobody publishes to `demo`");
    assert!(server.local("stream delete demo").await.unwrap().contains("deleted"));
    assert_eq!(
        server.local("stream show demo").await.unwrap_err().to_string(),
        "there is no stream `demo`: `synctv stream list` shows those there are"
    );
    assert!(server.local("stream show ../keys").await.is_err());
}

#[tokio::test]
async fn a_remote_server_wants_its_token() {
    let server = server().await;
    let status = parsed(&server.remote("status --json", "let-me-in").await.unwrap());
    assert_eq!(format!("http://{}", status["http"].as_str().unwrap()), server.url);
    assert!(server.remote("status", "let-me-in").await.unwrap().contains("0 live, 0 known"));
    let err = server.remote("status", "wrong").await.unwrap_err().to_string();
    assert!(err.contains("not the one"), "{err}");
}

#[tokio::test]
async fn failures_say_what_to_do_next() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().display();
    let err = run_line(&format!("synctv status --data-dir {at}")).await.unwrap_err().to_string();
    assert_eq!(err, format!("no synctv is running on {at}: start one with `synctv serve --data-dir {at}`"));
    // A port that was just free.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let err = run_line(&format!("synctv status --server http://127.0.0.1:{port}")).await.unwrap_err().to_string();
    assert!(err.contains("is synctv running there"), "{err}");
    let err = run_line("synctv status --server localhost:80").await.unwrap_err().to_string();
    assert!(err.contains("write it like http://HOST"), "{err}");
}
