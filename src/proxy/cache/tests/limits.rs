//! Everything has an end.

use tokio::sync::Notify;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_bounded_and_what_went_is_fetched_again() {
    let file = FileThere::new(20 * SLICE);
    let origin = Origin::serving(file.clone()).await;
    let cache = Cache::open(CacheConfig { memory_bytes: 5 * SLICE, ..config(None) }, client());
    let resource = origin.resource("/film.mp4");
    for _ in 0..2 {
        assert!(whole(&cache, &resource).await.1 == file.bytes);
        let held = cache.stats().held;
        assert!(held.memory_bytes <= 5 * SLICE as u64, "{held:?}");
    }
    assert_eq!(origin.requests(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_slices_of_one_origin_are_fetched_at_once_and_others_wait() {
    let (file, go) = (FileThere::new(100 * SLICE), Arc::new(Notify::new()));
    let (served, paused) = (file.clone(), go.clone());
    let script = move |asked: &origin::Asked, before| {
        let pause = (before > 0).then(|| (10, paused.clone()));
        Answer { pause, ..served.serve(asked) }
    };
    let origin = Origin::with(script).await;
    let (cache, resource) = (cache(), origin.resource("/film.mp4"));
    part(&cache, &resource, 0..10).await;
    let readers: Vec<_> = (1..=60_u64)
        .map(|nth| {
            let (cache, resource, first) = (cache.clone(), resource.clone(), nth * SLICE as u64);
            tokio::spawn(async move { part(&cache, &resource, first..first + 20).await.1 })
        })
        .collect();
    until(|| cache.stats().fills.running == 60 && origin.requests() == 1 + slots::PER_ORIGIN_MAX).await;
    let released = tokio::spawn(async move {
        loop {
            go.notify_waiters();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    for (reader, nth) in readers.into_iter().zip(1..) {
        let got = timeout(SOON, reader).await.unwrap().unwrap();
        assert!(got == file.bytes[nth * SLICE..nth * SLICE + 20]);
    }
    released.abort();
    assert_eq!(origin.requests(), 61);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_when_nobody_reads() {
    let origin = Origin::serving(FileThere::new(10 * SLICE)).await;
    let cache = cache();
    for nth in 0..50 {
        let found = find(&cache, &origin.resource(&format!("/{nth}.mp4")), Start::Whole).await.unwrap();
        let mut pieces = found.read(0..10 * SLICE as u64);
        pieces.next().await.unwrap().unwrap();
    }
    until(|| cache.stats().fills.running == 0).await;
    let shelf = cache.shelf.lock();
    assert!(shelf.fills.is_empty() && shelf.discoveries.is_empty());
}
