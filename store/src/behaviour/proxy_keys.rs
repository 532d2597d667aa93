//! Keys of proxied URLs are made, follow each other, and end.

use std::time::Duration;

use super::stage::DAY;
use crate::Store;

/// The first call makes one key; it stays.
pub async fn the_first_proxy_key_is_made_once(store: &dyn Store) {
    let keys = store.proxy_keys().await.expect("keys");
    assert_eq!(keys.len(), 1);
    assert_ne!(keys[0].value, [0; 32]);
    assert!(!format!("{:?}", keys[0]).contains("value"), "a secret does not print itself");
    let again = store.proxy_keys().await.expect("keys");
    assert_eq!((again.len(), again[0].id, again[0].value), (1, keys[0].id, keys[0].value));
}

/// A young key is not followed; an old one is, and goes on beside its successor.
pub async fn a_proxy_key_is_followed_when_it_is_old(store: &dyn Store) {
    let first = store.rotate_proxy_keys(DAY, DAY).await.expect("rotate");
    assert_eq!(store.rotate_proxy_keys(DAY, DAY).await.expect("rotate").id, first.id);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let second = store.rotate_proxy_keys(Duration::from_millis(10), DAY).await.expect("rotate");
    assert!(second.id > first.id && second.value != first.value);
    let ids: Vec<_> = store.proxy_keys().await.expect("keys").into_iter().map(|key| key.id).collect();
    assert_eq!(ids, [first.id, second.id]);
}

/// A key goes when its successor is so old that nothing signed with it works any more.
pub async fn a_proxy_key_goes_when_what_it_signed_has_ended(store: &dyn Store) {
    store.proxy_keys().await.expect("keys");
    tokio::time::sleep(Duration::from_millis(20)).await;
    let second = store.rotate_proxy_keys(Duration::from_millis(10), DAY).await.expect("rotate");
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(store.rotate_proxy_keys(DAY, Duration::from_millis(10)).await.expect("rotate").id, second.id);
    let ids: Vec<_> = store.proxy_keys().await.expect("keys").into_iter().map(|key| key.id).collect();
    assert_eq!(ids, [second.id]);
}
