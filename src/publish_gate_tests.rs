//! Tests of the gate, against the embedded store.

use synctv_store::{NewKey, Streams};
use synctv_store_sqlite::SqliteStore;
use tempfile::TempDir;

use super::*;

const PEER: &str = "192.0.2.1:5000";

async fn store() -> (TempDir, Arc<dyn Store>) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&dir.path().join("synctv.db")).await.unwrap();
    for (stream, private) in [("demo", false), ("hidden", true)] {
        store.create_stream(stream, private).await.unwrap();
        add_key(&store, stream, stream, None).await;
    }
    (dir, Arc::new(store))
}

/// A key whose id is `k-SECRET`.
async fn add_key(store: &dyn Store, stream: &str, secret: &str, lifetime: Option<Duration>) {
    let hash = keys::hash(secret);
    let key = NewKey { id: format!("k-{secret}"), stream: stream.into(), label: None, hash, lifetime };
    store.create_key(&key).await.unwrap();
}

async fn ask(gate: &StoreGate, stream: &str, secret: Option<&str>) -> Result<Grant, Refusal> {
    gate.authorize(stream, secret, PEER.parse().unwrap()).await
}

#[tokio::test]
async fn the_right_key_lets_in_and_tells_visibility() {
    let (_dir, store) = store().await;
    let gate = StoreGate::new(store, false);
    let grant = |id: &str, private| Ok(Grant { key_id: Some(id.to_owned()), private });
    assert_eq!(ask(&gate, "demo", Some("demo")).await, grant("k-demo", false));
    assert_eq!(ask(&gate, "hidden", Some("hidden")).await, grant("k-hidden", true));
}

#[tokio::test]
async fn every_other_key_is_refused_with_its_reason() {
    let (_dir, store) = store().await;
    add_key(&*store, "demo", "late", Some(Duration::ZERO)).await;
    add_key(&*store, "demo", "gone", None).await;
    store.revoke_key("k-gone").await.unwrap();
    let gate = StoreGate::new(store, false);
    for (stream, secret, want) in [
        ("demo", None, Refusal::NoKey),
        ("demo", Some(""), Refusal::NoKey),
        ("demo", Some("nonsense"), Refusal::WrongKey),
        ("demo", Some("hidden"), Refusal::WrongKey),
        ("unknown", Some("demo"), Refusal::WrongKey),
        ("demo", Some("late"), Refusal::Expired),
        ("demo", Some("gone"), Refusal::Revoked),
        ("../demo", Some("demo"), Refusal::BadName(synctv_store::NameError)),
    ] {
        assert_eq!(ask(&gate, stream, secret).await, Err(want), "{stream} {secret:?}");
    }
}

#[tokio::test]
async fn open_publishing_needs_no_key_and_writes_nothing() {
    let (_dir, store) = store().await;
    let gate = StoreGate::new(Arc::clone(&store), true);
    let grant = |key_id: Option<&str>, private| Ok(Grant { key_id: key_id.map(str::to_owned), private });
    assert_eq!(ask(&gate, "anything", None).await, grant(None, false));
    assert_eq!(ask(&gate, "anything", Some("nonsense")).await, grant(None, false));
    assert_eq!(ask(&gate, "hidden", None).await, grant(None, true));
    assert_eq!(ask(&gate, "demo", Some("demo")).await, grant(Some("k-demo"), false));
    assert!(ask(&gate, "a/b", None).await.is_err());
    assert_eq!(store.streams().await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_last_use_of_a_key_is_noted() {
    let (_dir, store) = store().await;
    let gate = StoreGate::new(Arc::clone(&store), false);
    ask(&gate, "demo", Some("demo")).await.unwrap();
    let noted = async {
        while store.key("k-demo").await.unwrap().last_used_peer.as_deref() != Some(PEER) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), noted).await.expect("the use must be written");
    assert_eq!(store.key("k-hidden").await.unwrap().last_used_at, None);
}

#[tokio::test]
async fn a_key_that_runs_out_is_announced_soon_after() {
    let (_dir, store) = store().await;
    add_key(&*store, "demo", "short", Some(Duration::from_millis(200))).await;
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let watch = watch_expiry(store, Duration::from_secs(60), move |id| tell.send(id.to_owned()).unwrap());
    let watch = tokio::spawn(watch);
    let id = tokio::time::timeout(Duration::from_secs(10), told.recv()).await.unwrap();
    assert_eq!(id.as_deref(), Some("k-short"));
    watch.abort();
}
