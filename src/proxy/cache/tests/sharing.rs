//! One fetch serves all.

use std::collections::HashMap;

use futures_util::future::join_all;
use tokio::sync::Notify;

use super::*;

fn fetches(origin: &Origin) -> HashMap<Option<(usize, usize)>, usize> {
    let mut counts = HashMap::new();
    for asked in origin.asked.lock().iter() {
        *counts.entry(asked.range()).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_readers_cost_one_fetch_a_slice() {
    let file = FileThere::new(10 * SLICE + 17);
    let origin = Origin::serving(file.clone()).await;
    let (cache, resource) = (cache(), origin.resource("/film.mp4"));
    let total = file.bytes.len() as u64;
    let readers = (0..100_u64).map(|nth| {
        let (cache, resource, from) = (cache.clone(), resource.clone(), nth * 97);
        tokio::spawn(async move { (from as usize, part(&cache, &resource, from..total).await.1) })
    });
    for reader in join_all(readers).await {
        let (from, got) = reader.unwrap();
        assert!(got == file.bytes[from..], "from {from}");
    }
    let counts = fetches(&origin);
    assert_eq!(counts.len(), 11, "{counts:?}");
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    let stats = cache.stats();
    assert_eq!((stats.fills.begun, stats.bytes.origins), (11, total));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_byte_does_not_wait_for_the_slice() {
    let (file, go) = (FileThere::new(3 * SLICE), Arc::new(Notify::new()));
    let (served, paused) = (file.clone(), go.clone());
    let script = move |asked: &origin::Asked, _| Answer { pause: Some((300, paused.clone())), ..served.serve(asked) };
    let origin = Origin::with(script).await;
    let (cache, resource) = (cache(), origin.resource("/film.mp4"));
    let found = find(&cache, &resource, Start::From(100)).await.unwrap();
    assert_eq!((found.outcome, found.head.total), (Outcome::Miss, Some(3 * SLICE as u64)));
    let mut pieces = found.clone().read(100..1000);
    let mut second = found.read(250..260);
    let mut got = Vec::new();
    while got.len() < 200 {
        got.extend_from_slice(&timeout(SOON, pieces.next()).await.unwrap().unwrap().unwrap());
    }
    assert_eq!(got, file.bytes[100..300]);
    assert_eq!(timeout(SOON, second.next()).await.unwrap().unwrap().unwrap(), file.bytes[250..260]);
    go.notify_one();
    let (rest, failure) = drain(pieces).await;
    assert!(failure.is_none() && rest == file.bytes[300..1000]);
    assert_eq!(origin.requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slice_whose_readers_left_goes_on_to_its_end() {
    let (file, go) = (FileThere::new(SLICE), Arc::new(Notify::new()));
    let (served, paused) = (file.clone(), go.clone());
    let script = move |asked: &origin::Asked, _| Answer { pause: Some((300, paused.clone())), ..served.serve(asked) };
    let origin = Origin::with(script).await;
    let (cache, resource) = (cache(), origin.resource("/film.mp4"));
    drop(find(&cache, &resource, Start::Whole).await.unwrap());
    go.notify_one();
    until(|| cache.stats().held.memory_slices == 1).await;
    assert_eq!(whole(&cache, &resource).await, (Outcome::Hit, file.bytes));
    assert_eq!(origin.requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_goes_on_in_order_finds_the_next_slices_there() {
    let file = FileThere::new(20 * SLICE);
    let origin = Origin::serving(file.clone()).await;
    let (cache, resource) = (cache(), origin.resource("/film.mp4"));
    let total = file.bytes.len() as u64;
    let mut pieces = find(&cache, &resource, Start::Whole).await.unwrap().read(0..total);
    let mut got = 0;
    while got <= 2 * SLICE {
        got += pieces.next().await.unwrap().unwrap().len();
    }
    until(|| cache.stats().held.memory_slices == 5).await;
    assert_eq!(cache.stats().fills.ahead, 2);
    // So it is however little memory there is.
    let small = Cache::open(CacheConfig { memory_bytes: 8 * SLICE, ..config(None) }, client());
    assert_eq!(whole(&small, &resource).await, (Outcome::Miss, file.bytes));
    assert!(small.stats().fills.ahead > 0);
    // Whoever jumps about does not.
    let resource = origin.resource("/other.mp4");
    for first in [0, 7_000, 3_000, 12_000] {
        part(&cache, &resource, first..first + 10).await;
    }
    assert_eq!(cache.stats().fills.ahead, 2);
    // Nor is anything fetched beyond what was asked for.
    let resource = origin.resource("/third.mp4");
    let before = origin.requests();
    part(&cache, &resource, 0..3 * SLICE as u64).await;
    assert_eq!((origin.requests() - before, cache.stats().fills.ahead), (3, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn rotating_signatures_do_not_fetch_again_and_open_nothing_by_themselves() {
    let file = FileThere::new(3 * SLICE);
    let served = file.clone();
    let opens = |asked: &origin::Asked| {
        !asked.target.contains("X-Amz-Signature=bad") && asked.target.contains("X-Amz-Signature")
    };
    let script = move |asked: &origin::Asked, _| {
        if opens(asked) { served.serve(asked) } else { Answer::status("403 Forbidden") }
    };
    let origin = Origin::with(script).await;
    let cache = cache();
    let signed = |signature: &str| origin.resource(&format!("/film.mp4?X-Amz-Signature={signature}&X-Amz-Date=1"));
    assert_eq!(whole(&cache, &signed("one")).await.1, file.bytes);
    let sent = cache.stats().bytes.origins;
    for signature in ["two", "two", "three"] {
        assert_eq!(whole(&cache, &signed(signature)).await, (Outcome::Hit, file.bytes.clone()));
    }
    assert_eq!(cache.stats().bytes.origins, sent, "no byte came again");
    assert_eq!(origin.requests(), 3 + 2, "each signature was shown to the origin once");
    for refused in [signed("bad"), origin.resource("/film.mp4")] {
        assert!(matches!(find(&cache, &refused, Start::Whole).await, Err(Failure::Status(403))));
    }
    assert_eq!(whole(&cache, &signed("two")).await.0, Outcome::Hit, "a refusal is that request's alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_signature_does_not_refuse_those_who_wait_with_another() {
    let file = FileThere::new(SLICE);
    let served = file.clone();
    let script = move |asked: &origin::Asked, _| match asked.target.contains("bad") {
        true => Answer::status("403 Forbidden"),
        false => served.serve(asked),
    };
    let origin = Origin::with(script).await;
    let cache = cache();
    let [bad, good] = ["bad", "good"].map(|signature| origin.resource(&format!("/f?X-Amz-Signature={signature}")));
    let (refused, read) = tokio::join!(find(&cache, &bad, Start::Whole), whole(&cache, &good));
    assert!(matches!(refused, Err(Failure::Status(403))));
    assert_eq!(read.1, file.bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_share_nothing() {
    let file = FileThere::new(SLICE);
    let origin = Origin::serving(file.clone()).await;
    let cache = cache();
    for resource in [
        origin.resource("/film.mp4"),
        origin.resource_with("/film.mp4", "Bearer 1"),
        origin.resource_with("/film.mp4", "Bearer 2"),
    ] {
        assert_eq!(whole(&cache, &resource).await, (Outcome::Miss, file.bytes.clone()));
        assert_eq!(whole(&cache, &resource).await, (Outcome::Hit, file.bytes.clone()));
    }
    assert_eq!(origin.requests(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_takes_out_what_it_names_and_disturbs_no_reader() {
    let (one, other) = (Origin::serving(FileThere::new(5 * SLICE)).await, Origin::serving(FileThere::new(SLICE)).await);
    let cache = cache();
    let resources = [one.resource("/a/1.mp4?v=1"), one.resource("/b/2.mp4"), other.resource("/a/3.mp4")];
    for resource in &resources {
        whole(&cache, resource).await;
    }
    until(|| cache.stats().fills.running == 0).await;
    let mut reader = find(&cache, &resources[0], Start::Whole).await.unwrap().read(0..5 * SLICE as u64);
    let first = reader.next().await.unwrap().unwrap();
    let requests = [one.requests(), other.requests()];
    assert_eq!(cache.purge(&Purge::prefix(&format!("http://{}/a/?x=1", one.address))), 1);
    let (rest, failure) = drain(reader).await;
    assert!(failure.is_none() && first.len() + rest.len() == 5 * SLICE);
    until(|| cache.stats().fills.running == 0).await;
    assert_eq!(cache.stats().held.memory_slices, 6, "what the reader has fetched since is not kept");
    assert_eq!(whole(&cache, &resources[1]).await.0, Outcome::Hit);
    assert_eq!(whole(&cache, &resources[0]).await.0, Outcome::Miss);
    assert!(one.requests() > requests[0]);
    assert_eq!(cache.purge(&Purge::Host(other.address.to_string())), 1);
    assert_eq!(cache.purge(&Purge::Host("127.0.0.1".into())), 2);
    whole(&cache, &resources[2]).await;
    until(|| cache.stats().fills.running == 0).await;
    assert_eq!(cache.purge(&Purge::All), 1);
    let held = cache.stats().held;
    assert_eq!((held.resources, held.memory_slices, held.memory_bytes), (0, 0, 0));
}
