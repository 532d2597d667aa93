//! Streams and publish keys.
//!
//! A key made with a lifetime of zero is expired at once by the database's clock, so nothing here waits.

use std::time::Duration;

use crate::{Error, KeyUse, NewKey, Rotation, Store};

const HOUR: Duration = Duration::from_secs(3600);

fn new_key(id: &str, stream: &str, byte: u8, lifetime: Option<Duration>) -> NewKey {
    NewKey { id: id.into(), stream: stream.into(), label: Some(format!("label {id}")), hash: [byte; 32], lifetime }
}

fn successor(id: &str, byte: u8, overlap: Duration) -> Rotation {
    Rotation { id: id.into(), hash: [byte; 32], lifetime: None, overlap }
}

/// A stream `demo` with a key `k1` of hash `[1; 32]`.
async fn with_key(store: &dyn Store, lifetime: Option<Duration>) {
    store.create_stream("demo", false).await.expect("create stream");
    store.create_key(&new_key("k1", "demo", 1, lifetime)).await.expect("create key");
}

/// Creating twice changes nothing.
pub async fn a_stream_is_made_once_and_keeps_its_visibility(store: &dyn Store) {
    let first = store.create_stream("demo", true).await.expect("create");
    assert!(first.created && first.stream.private);
    let again = store.create_stream("demo", false).await.expect("ensure");
    assert!(!again.created);
    assert_eq!(again.stream, first.stream);
    assert!(!store.set_private("demo", false).await.expect("set").private);
    assert!(!store.stream("demo").await.expect("read").private);
}

/// Names are checked by the store too.
pub async fn a_bad_stream_name_is_refused(store: &dyn Store) {
    let err = store.create_stream("../etc", false).await.expect_err("refused");
    assert!(matches!(err, Error::Invalid(_)), "{err:?}");
}

/// List, delete, cascade.
pub async fn streams_are_listed_by_name_and_deleting_one_takes_its_keys(store: &dyn Store) {
    with_key(store, None).await;
    store.create_stream("alpha", true).await.expect("create");
    let names: Vec<_> = store.streams().await.expect("list").into_iter().map(|s| s.name).collect();
    assert_eq!(names, ["alpha", "demo"]);
    store.delete_stream("demo").await.expect("delete");
    assert_eq!(store.streams().await.expect("list").len(), 1);
    assert_eq!(store.keys(None).await.expect("keys"), []);
    assert_eq!(store.key_by_hash(&[1; 32]).await.expect("find"), None);
}

/// Every method that names a row says so when it is missing.
pub async fn what_does_not_exist_is_not_found(store: &dyn Store) {
    let (stream, key) = (Error::no_stream("x"), Error::no_key("x"));
    assert_eq!(store.stream("x").await.expect_err("stream"), stream);
    assert_eq!(store.set_private("x", true).await.expect_err("set"), stream);
    assert_eq!(store.delete_stream("x").await.expect_err("delete"), stream);
    assert_eq!(store.create_key(&new_key("k", "x", 1, None)).await.expect_err("create key"), stream);
    assert_eq!(store.key("x").await.expect_err("key"), key);
    assert_eq!(store.revoke_key("x").await.expect_err("revoke"), key);
    assert_eq!(store.rotate_key("x", &successor("y", 2, HOUR)).await.expect_err("rotate"), key);
}

/// The hash leads to the key, its stream and the stream's visibility.
pub async fn a_key_is_found_by_its_hash_only(store: &dyn Store) {
    with_key(store, None).await;
    store.create_stream("other", true).await.expect("create");
    store.create_key(&new_key("k2", "other", 2, None)).await.expect("create key");
    let found = store.key_by_hash(&[2; 32]).await.expect("find").expect("some");
    assert_eq!((found.key.id.as_str(), found.key.stream.as_str(), found.private), ("k2", "other", true));
    assert!(found.key.usable());
    assert_eq!(found.key, store.key("k2").await.expect("read"));
    assert_eq!(store.key_by_hash(&[3; 32]).await.expect("find"), None);
    assert_eq!(store.keys(Some("other")).await.expect("keys").len(), 1);
    assert_eq!(store.keys(None).await.expect("keys").len(), 2);
}

/// No orphan, no two keys with one secret.
pub async fn a_key_needs_its_stream_and_its_own_hash(store: &dyn Store) {
    with_key(store, None).await;
    let err = store.create_key(&new_key("k2", "demo", 1, None)).await.expect_err("same hash");
    assert!(matches!(err, Error::Conflict(_)), "{err:?}");
    let err = store.create_key(&new_key("k1", "demo", 2, None)).await.expect_err("same id");
    assert!(matches!(err, Error::Conflict(_)), "{err:?}");
}

/// A lifetime of zero is over at once; an hour is not; none is for ever.
pub async fn expiry_is_judged_when_the_key_is_read(store: &dyn Store) {
    with_key(store, Some(Duration::ZERO)).await;
    store.create_key(&new_key("k2", "demo", 2, Some(HOUR))).await.expect("create");
    store.create_key(&new_key("k3", "demo", 3, None)).await.expect("create");
    let keys = store.keys(Some("demo")).await.expect("keys");
    let usable = |id: &str| keys.iter().find(|k| k.id == id).expect("listed").usable();
    assert_eq!((usable("k1"), usable("k2"), usable("k3")), (false, true, true));
    let k2 = store.key("k2").await.expect("read");
    let lives = k2.expires_at.expect("expires") - k2.created_at;
    assert!((lives - HOUR).abs() < time::Duration::SECOND, "{lives}");
    store.create_key(&new_key("k4", "demo", 4, Some(Duration::MAX))).await.expect("create");
    assert!(store.key("k4").await.expect("an endless lifetime stays readable").usable());
}

/// Revoking is for good and its time is the first one.
pub async fn a_revoked_key_stays_revoked_since_the_first_time(store: &dyn Store) {
    with_key(store, None).await;
    let first = store.revoke_key("k1").await.expect("revoke");
    assert!(first.revoked_at.is_some() && !first.usable());
    assert_eq!(store.revoke_key("k1").await.expect("again"), first);
    assert!(!store.key_by_hash(&[1; 32]).await.expect("find").expect("some").key.usable());
}

/// Both keys work during the overlap; the old one ends with it.
pub async fn rotation_makes_a_successor_and_ends_the_old_key_after_the_overlap(store: &dyn Store) {
    with_key(store, None).await;
    let k2 = store.rotate_key("k1", &successor("k2", 2, HOUR)).await.expect("rotate");
    let k1 = store.key("k1").await.expect("read");
    assert!(k1.usable() && k2.usable());
    assert_eq!(k1.replaced_by.as_deref(), Some("k2"));
    let left = k1.expires_at.expect("expires") - k2.created_at;
    assert!((left - HOUR).abs() < time::Duration::SECOND, "{left}");
    store.rotate_key("k2", &successor("k3", 3, Duration::ZERO)).await.expect("rotate");
    assert!(!store.key("k2").await.expect("read").usable());
    assert!(store.key("k3").await.expect("read").usable());
}

/// An overlap longer than what the old key had left does not lengthen it.
pub async fn rotation_never_prolongs_the_old_key(store: &dyn Store) {
    with_key(store, Some(HOUR)).await;
    let before = store.key("k1").await.expect("read").expires_at;
    store.rotate_key("k1", &successor("k2", 2, HOUR * 24)).await.expect("rotate");
    assert_eq!(store.key("k1").await.expect("read").expires_at, before);
}

/// The successor lives as long as the old key was made for, unless told otherwise.
pub async fn rotation_keeps_label_and_length_of_life(store: &dyn Store) {
    with_key(store, Some(HOUR)).await;
    let k2 = store.rotate_key("k1", &successor("k2", 2, HOUR)).await.expect("rotate");
    assert_eq!(k2.label.as_deref(), Some("label k1"));
    assert_eq!(k2.stream, "demo");
    let lives = k2.expires_at.expect("expires") - k2.created_at;
    assert!((lives - HOUR).abs() < time::Duration::SECOND, "{lives}");
    let told = Rotation { lifetime: Some(HOUR * 2), ..successor("k3", 3, HOUR) };
    let k3 = store.rotate_key("k2", &told).await.expect("rotate");
    let lives = k3.expires_at.expect("expires") - k3.created_at;
    assert!((lives - HOUR * 2).abs() < time::Duration::SECOND, "{lives}");
}

/// Revoked, expired and replaced keys are not rotated, and a refused rotation leaves nothing behind.
pub async fn only_a_current_key_is_rotated(store: &dyn Store) {
    with_key(store, Some(Duration::ZERO)).await;
    store.create_key(&new_key("k2", "demo", 2, None)).await.expect("create");
    store.revoke_key("k2").await.expect("revoke");
    store.create_key(&new_key("k3", "demo", 3, None)).await.expect("create");
    store.rotate_key("k3", &successor("k4", 4, HOUR)).await.expect("rotate");
    for (id, why) in [("k1", "expired"), ("k2", "revoked"), ("k3", "replaced by `k4`")] {
        let err = store.rotate_key(id, &successor("new", 9, HOUR)).await.expect_err("refused");
        assert!(matches!(&err, Error::Conflict(text) if text.contains(why)), "{id}: {err:?}");
    }
    assert_eq!(store.key("new").await.expect_err("no leftover"), Error::no_key("new"));
}

/// Time and peer of the last use, many at once.
pub async fn last_use_is_noted_and_missing_keys_are_passed_over(store: &dyn Store) {
    with_key(store, None).await;
    assert_eq!(store.key("k1").await.expect("read").last_used_at, None);
    let used = |id: &str, peer: &str| KeyUse { id: id.into(), peer: peer.into() };
    store
        .touch_keys(&[used("gone", "192.0.2.9:1"), used("k1", "192.0.2.1:5000"), used("k1", "192.0.2.2:5000")])
        .await
        .expect("touch");
    let key = store.key("k1").await.expect("read");
    assert_eq!(key.last_used_peer.as_deref(), Some("192.0.2.2:5000"));
    assert!(key.last_used_at.expect("used") >= key.created_at);
}

/// What a watcher needs to close publishers whose key ran out.
pub async fn expiring_keys_are_announced(store: &dyn Store) {
    assert_eq!(store.next_expiry().await.expect("next"), None);
    with_key(store, Some(Duration::ZERO)).await;
    assert_eq!(store.next_expiry().await.expect("next"), None, "an expired key is no future expiry");
    assert_eq!(store.keys_expired_within(HOUR).await.expect("expired"), ["k1"]);
    store.create_key(&new_key("k2", "demo", 2, Some(HOUR))).await.expect("create");
    let next = store.next_expiry().await.expect("next").expect("some");
    assert!(next <= HOUR && next > HOUR - Duration::from_secs(60), "{next:?}");
    store.revoke_key("k2").await.expect("revoke");
    assert_eq!(store.next_expiry().await.expect("next"), None, "a revoked key no longer matters");
}

/// The same 32 bytes for ever, and not all zero.
pub async fn the_signing_key_is_made_once(store: &dyn Store) {
    let key = store.signing_key().await.expect("make");
    assert_ne!(key, [0; 32]);
    assert_eq!(store.signing_key().await.expect("read"), key);
}

/// Readiness.
pub async fn the_store_answers_a_ping(store: &dyn Store) {
    store.ping().await.expect("ping");
}
