//! The API in process, without sockets.

use crate::live::LiveLimits;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use synctv_store_sqlite::SqliteStore;
use tempfile::TempDir;
use tower::ServiceExt;

use super::*;
use crate::http::rooms::{Bearer, Seals, TrackPlace};
use crate::keys::hash;
use crate::provider::Providers;
use crate::proxy::cache::{Cache, CacheConfig};
use crate::proxy::resource::Kind;
use crate::proxy::sign::verify;
use crate::secret::Secret;

pub(in crate::http) struct Api {
    _dir: TempDir,
    pub(in crate::http) store: Arc<dyn Store>,
    pub(in crate::http) state: AdminState,
}

pub(in crate::http) async fn api() -> Api {
    let dir = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&dir.path().join("synctv.db")).await.unwrap());
    let endpoints = Endpoints {
        http: "0.0.0.0:8080".parse().unwrap(),
        rtmp: "0.0.0.0:1935".parse().unwrap(),
        public_url: None,
        tls: false,
    };
    let state = AdminState {
        store: Arc::clone(&store),
        hub: Hub::new(LiveLimits::default()),
        pulls: Pulls::none(),
        rooms: RoomPlane::new(Arc::clone(&store), Default::default(), "n_test".into()),
        playback: playback(Arc::clone(&store)),
        cache: cache(),
        allowed_origins: Arc::new([]),
        endpoints,
        database: "sqlite".into(),
        started: Instant::now(),
    };
    Api { _dir: dir, store, state }
}

/// A small cache over this machine's origins, nothing on disk.
pub(crate) fn cache() -> Arc<Cache> {
    let client = crate::fetch::Client::new(vec!["127.0.0.0/8".parse().unwrap()]);
    let config =
        CacheConfig { slice_bytes: 64 << 10, memory_bytes: 8 << 20, disk: None, negative: Duration::from_secs(10) };
    Cache::open(config, client)
}

/// Results over this machine's origins; signed by [`ShownSeals`].
pub(crate) fn playback(store: Arc<dyn Store>) -> Arc<PlaybackPlane> {
    let client = crate::fetch::Client::new(vec!["127.0.0.0/8".parse().unwrap()]);
    PlaybackPlane::new(Providers::new(client), store, Arc::new(ShownSeals), Duration::from_secs(3600))
}

/// Writes what it should sign into the URL.
#[derive(Debug)]
struct ShownSeals;

impl Seals for ShownSeals {
    fn proxied(&self, bearer: &Bearer<'_>, place: TrackPlace, kind: Kind, file: &str) -> String {
        let TrackPlace { mode, group, index } = place;
        format!("/p/{}/{mode}-{group:?}-{index}-{kind:?}/{file}", shown(bearer))
    }

    fn live(&self, bearer: &Bearer<'_>, stream: &str) -> String {
        format!("pass={}&sig={stream}", shown(bearer))
    }
}

fn shown(bearer: &Bearer<'_>) -> String {
    let Bearer { room_id, media_id, generation, seq, token_id, expires_unix } = bearer;
    format!("{room_id}.{media_id}.{generation}.{seq}.{}.{expires_unix}", token_id.unwrap_or("o"))
}

pub(in crate::http) async fn send(router: Router, request: Request<Body>) -> (StatusCode, Value) {
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).cloned();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    if status.is_client_error() || status.is_server_error() {
        assert_eq!(kind.unwrap(), "application/problem+json");
    }
    (status, if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() })
}

pub(in crate::http) fn request(method: &str, path: &str, body: Option<Value>) -> Request<Body> {
    let body = body.map_or_else(Body::empty, |value| Body::from(value.to_string()));
    Request::builder().method(method).uri(format!("/api/v1{path}")).body(body).unwrap()
}

impl Api {
    pub(in crate::http) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        send(router(self.state.clone()), request(method, path, body)).await
    }

    pub(in crate::http) async fn create_key(&self, body: Value) -> Value {
        let (status, made) = self.call("POST", "/keys", Some(body)).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        made
    }
}

#[tokio::test]
async fn a_created_key_says_where_to_publish_and_watch() {
    let api = api().await;
    let made = api.create_key(json!({"stream": "demo", "label": "studio"})).await;
    let secret = made["secret"].as_str().unwrap();
    assert_eq!(made["stream"], "demo");
    assert_eq!(made["label"], "studio");
    assert_eq!(made["server_url"], "rtmp://127.0.0.1:1935/live");
    assert_eq!(made["stream_key"], format!("demo?key={secret}"));
    assert_eq!(made["publish_url"], format!("rtmp://127.0.0.1:1935/live/demo?key={secret}"));
    let play = json!({
        "page": "http://127.0.0.1:8080/watch/demo",
        "flv": "http://127.0.0.1:8080/live/demo.flv",
        "ws_flv": "ws://127.0.0.1:8080/live/demo.flv",
        "hls": "http://127.0.0.1:8080/live/demo/index.m3u8",
    });
    assert_eq!(made["play"], play);
    let found = api.store.key_by_hash(&hash(secret)).await.unwrap().unwrap();
    assert_eq!(found.key.id, made["key_id"].as_str().unwrap());
}

#[tokio::test]
async fn a_secret_is_never_shown_again() {
    let api = api().await;
    let made = api.create_key(json!({"stream": "demo"})).await;
    let id = made["key_id"].as_str().unwrap();
    let secret = made["secret"].as_str().unwrap();
    let hex: String = hash(secret).iter().map(|b| format!("{b:02x}")).collect();
    for (method, path) in [
        ("GET", "/keys".to_owned()),
        ("GET", "/keys?stream=demo".to_owned()),
        ("POST", format!("/keys/{id}/rotate")),
        ("POST", format!("/keys/{id}/revoke")),
    ] {
        let (status, body) = api.call(method, &path, None).await;
        assert!(status.is_success(), "{path}: {body}");
        let text = body.to_string();
        assert!(!text.contains(secret) && !text.contains(&hex), "{path}: {text}");
    }
}

#[tokio::test]
async fn keys_are_listed_with_their_state() {
    let api = api().await;
    let first = api.create_key(json!({"stream": "demo", "expires_in_s": 3600})).await;
    let second = api.create_key(json!({"stream": "other"})).await;
    let id = |key: &Value| key["key_id"].as_str().unwrap().to_owned();
    let (_, revoked) = api.call("DELETE", &format!("/keys/{}", id(&second)), None).await;
    assert_eq!(revoked["state"], "revoked");
    let (_, list) = api.call("GET", "/keys", None).await;
    let states: Vec<_> =
        list["keys"].as_array().unwrap().iter().map(|k| (k["key_id"].clone(), k["state"].clone())).collect();
    assert_eq!(states, [(json!(id(&first)), json!("active")), (json!(id(&second)), json!("revoked"))]);
    assert!(list["keys"][0]["expires_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(list["keys"][0]["last_used_at"], Value::Null);
    let (status, _) = api.call("GET", "/keys?stream=missing", None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn rotation_answers_a_working_successor_and_keeps_the_overlap() {
    let api = api().await;
    let old = api.create_key(json!({"stream": "demo", "label": "studio"})).await;
    let old_id = old["key_id"].as_str().unwrap();
    let (status, new) = api.call("POST", &format!("/keys/{old_id}/rotate"), Some(json!({"overlap_s": 60}))).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!((&new["replaces"], &new["label"]), (&old["key_id"], &old["label"]));
    let usable = async |made: &Value| {
        let secret = made["secret"].as_str().unwrap().to_owned();
        api.store.key_by_hash(&hash(&secret)).await.unwrap().unwrap().key.usable()
    };
    assert!(usable(&old).await && usable(&new).await);
    let new_id = new["key_id"].as_str().unwrap();
    let (_, newest) = api.call("POST", &format!("/keys/{new_id}/rotate"), None).await;
    assert!(!usable(&new).await && usable(&newest).await);
    let (status, problem) = api.call("POST", &format!("/keys/{new_id}/rotate"), None).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
}

#[tokio::test]
async fn bad_key_requests_are_explained() {
    let api = api().await;
    for (body, want) in [
        (json!({"stream": "../x"}), "stream name"),
        (json!({"stream": "<b>"}), "stream name"),
        (json!({"stream": "demo", "label": "a\nb"}), "label"),
        (json!({"stream": "demo", "label": "x".repeat(101)}), "label"),
        (json!({"stream": "demo", "expires_in_s": 0}), "lifetime"),
        (json!({"stream": "demo", "expires_in_s": u64::MAX}), "lifetime"),
        (json!({"stream": "demo", "expire": 5}), "unknown field `expire`"),
        (json!({}), "missing field `stream`"),
    ] {
        let (status, problem) = api.call("POST", "/keys", Some(body)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(problem["detail"].as_str().unwrap().contains(want), "{problem}");
    }
    assert_eq!(api.store.streams().await.unwrap(), [], "a refused key makes no stream");
}

#[test]
fn a_stream_that_can_be_made_can_be_published_to() {
    use synctv_ingest::rtmp::StreamName;
    for name in ["demo", "a.b-c_D9", ".hidden", "a/b", "a b", ""].map(str::to_owned).into_iter().chain([
        "x".repeat(64),
        "x".repeat(65),
        "x".repeat(128),
    ]) {
        assert_eq!(synctv_store::check_name(&name).is_ok(), StreamName::parse(&name).is_ok(), "{name}");
    }
}

#[tokio::test]
async fn a_stream_is_made_shown_changed_and_deleted() {
    let api = api().await;
    let create = async |body| api.call("POST", "/streams", Some(body)).await;
    let (status, made) = create(json!({"name": "demo", "private": true})).await;
    assert_eq!((status, &made["private"], &made["state"]), (StatusCode::CREATED, &json!(true), &json!("offline")));
    assert_eq!(create(json!({"name": "demo"})).await.0, StatusCode::OK);
    let (status, problem) = create(json!({"name": "demo", "private": false})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(problem["detail"].as_str().unwrap().contains("--public"), "{problem}");
    let (status, shown) = api.call("GET", "/streams/demo", None).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((&shown["state"], &shown["viewers"], &shown["tracks"]), (&json!("offline"), &json!(0), &json!([])));
    let (_, changed) = api.call("PATCH", "/streams/demo", Some(json!({"private": false}))).await;
    assert_eq!(changed["private"], false);
    let (_, list) = api.call("GET", "/streams", None).await;
    assert_eq!(list["streams"][0]["name"], "demo");
    assert_eq!(api.call("DELETE", "/streams/demo", None).await.0, StatusCode::NO_CONTENT);
    for (method, path) in [("GET", "/streams/demo"), ("DELETE", "/streams/demo"), ("POST", "/streams/demo/kick")] {
        let (status, problem) = api.call(method, path, None).await;
        assert_eq!((status, &problem["status"]), (StatusCode::NOT_FOUND, &json!(404)), "{path}");
    }
}

#[tokio::test]
async fn kicking_nobody_is_a_conflict() {
    let api = api().await;
    api.store.create_stream("demo", false).await.unwrap();
    let (status, problem) = api.call("POST", "/streams/demo/kick", None).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(problem["detail"], "nobody publishes to `demo`");
}

#[tokio::test]
async fn a_signed_url_opens_its_stream_only() {
    let api = api().await;
    api.store.create_stream("demo", true).await.unwrap();
    let (status, signed) = api.call("POST", "/streams/demo/url", Some(json!({"expires_in_s": 60}))).await;
    assert_eq!(status, StatusCode::OK, "{signed}");
    let key = api.store.signing_key().await.unwrap();
    let now = u64::try_from(time::OffsetDateTime::now_utc().unix_timestamp()).unwrap();
    for form in ["page", "flv", "ws_flv", "hls"] {
        let (_, query) = signed["play"][form].as_str().unwrap().split_once('?').unwrap();
        assert_eq!(verify(&key, "demo", query, now + 59), Ok(()));
        assert!(verify(&key, "other", query, now).is_err());
        assert!(verify(&key, "demo", query, now + 63).is_err());
    }
}

#[tokio::test]
async fn status_names_addresses_and_counts() {
    let api = api().await;
    api.store.create_stream("demo", false).await.unwrap();
    let (_, status) = api.call("GET", "/status", None).await;
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!((&status["http"], &status["rtmp"]), (&json!("0.0.0.0:8080"), &json!("0.0.0.0:1935")));
    assert_eq!(status["streams"], json!({"live": 0, "known": 1}));
    assert_eq!(status["rooms"], json!({"active": 0}));
}

#[tokio::test]
async fn unknown_paths_wrong_methods_and_huge_bodies_are_problems() {
    let api = api().await;
    assert_eq!(api.call("GET", "/nothing", None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(api.call("PUT", "/streams", None).await.0, StatusCode::METHOD_NOT_ALLOWED);
    let huge = json!({"stream": "x".repeat(BODY_MAX)});
    assert_eq!(api.call("POST", "/keys", Some(huge)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn over_tcp_the_token_is_needed() {
    let api = api().await;
    let ask = async |token: Option<&str>, header: Option<&str>| {
        let router = require_token(router(api.state.clone()), token.map(Secret::new));
        let mut request = request("GET", "/status", None);
        if let Some(value) = header {
            request.headers_mut().insert(header::AUTHORIZATION, value.parse().unwrap());
        }
        send(router, request).await
    };
    assert_eq!(ask(Some("s3cret"), Some("Bearer s3cret")).await.0, StatusCode::OK);
    assert_eq!(ask(Some("s3cret"), Some("bearer s3cret")).await.0, StatusCode::OK);
    for header in [None, Some("Bearer wrong"), Some("Bearer "), Some("s3cret"), Some("Basic s3cret")] {
        assert_eq!(ask(Some("s3cret"), header).await.0, StatusCode::UNAUTHORIZED, "{header:?}");
    }
    let (status, problem) = ask(None, Some("Bearer s3cret")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(problem["detail"].as_str().unwrap().contains("SYNCTV_TOKEN"), "{problem}");
}

#[tokio::test]
async fn over_tcp_urls_carry_the_host_the_client_used() {
    let api = api().await;
    let mut request = request("POST", "/keys", Some(json!({"stream": "demo"})));
    request.headers_mut().insert(header::HOST, "tv.example:81".parse().unwrap());
    request.headers_mut().insert(header::AUTHORIZATION, "Bearer t".parse().unwrap());
    let router = require_token(router(api.state.clone()), Some(Secret::new("t")));
    let (_, made) = send(router, request).await;
    assert_eq!(made["play"]["flv"], "http://tv.example:81/live/demo.flv");
    assert_eq!(made["server_url"], "rtmp://tv.example:1935/live");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_hangs_is_answered_within_3_s() {
    let hanging = Router::new().route("/", get(std::future::pending::<()>)).layer(from_fn(in_time));
    let begun = tokio::time::Instant::now();
    let response = hanging.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()[header::RETRY_AFTER], "2");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}
