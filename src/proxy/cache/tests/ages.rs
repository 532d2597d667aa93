//! How long things count.

use super::*;

async fn kept(cache_control: &'static str) -> (Origin, Arc<Cache>, Resource, FileThere) {
    let file = FileThere { cache_control, ..FileThere::new(2 * SLICE) };
    let origin = Origin::serving(file.clone()).await;
    let (cache, resource) = (cache(), origin.resource("/film.mp4"));
    assert_eq!(whole(&cache, &resource).await, (Outcome::Miss, file.bytes.clone()));
    until(|| cache.stats().fills.running == 0).await;
    (origin, cache, resource, file)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_fresh_costs_no_question() {
    let (origin, cache, resource, file) = kept("max-age=60").await;
    cache.clock.advance(Duration::from_secs(59));
    assert_eq!(whole(&cache, &resource).await, (Outcome::Hit, file.bytes));
    assert_eq!(origin.requests(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_gets_it_is_told_how_long_it_counts() {
    let seconds = |found: Found| found.fresh_for().map(|span| span.as_secs_f64().round() as u64);
    for (cache_control, told, later) in
        [("max-age=60", Some(60), Some(40)), ("no-cache", Some(0), Some(0)), ("no-store", None, None)]
    {
        let (_origin, cache, resource) = {
            let file = FileThere { cache_control, ..FileThere::new(2 * SLICE) };
            let origin = Origin::serving(file).await;
            let resource = origin.resource("/film.mp4");
            (origin, cache(), resource)
        };
        assert_eq!(seconds(find(&cache, &resource, Start::Whole).await.unwrap()), told, "{cache_control}");
        cache.clock.advance(Duration::from_secs(20));
        assert_eq!(seconds(find(&cache, &resource, Start::Whole).await.unwrap()), later, "{cache_control}");
    }
    let (_origin, cache, resource, _) = kept("max-age=60").await;
    cache.clock.advance(Duration::from_secs(70));
    let stale = find(&cache, &resource, Start::Whole).await.unwrap();
    assert_eq!((stale.outcome, stale.fresh_for()), (Outcome::Stale, Some(Duration::ZERO)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_a_little_old_is_served_at_once_and_asked_about_once() {
    let (origin, cache, resource, file) = kept("max-age=60").await;
    cache.clock.advance(Duration::from_secs(70));
    let reads = (0..20).map(|_| whole(&cache, &resource));
    for (outcome, bytes) in futures_util::future::join_all(reads).await {
        assert!(matches!(outcome, Outcome::Stale | Outcome::Hit) && bytes == file.bytes);
    }
    until(|| origin.requests() == 3).await;
    let asked = origin.asked.lock()[2].clone();
    assert_eq!(asked.header("if-none-match"), Some("\"v1\""));
    assert_eq!(asked.range(), Some((0, 0)));
    let mut outcome = Outcome::Stale;
    while outcome == Outcome::Stale {
        outcome = whole(&cache, &resource).await.0;
    }
    assert_eq!(outcome, Outcome::Hit, "304 renewed it");
    assert_eq!(origin.requests(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_in_the_background_finds_the_new_version_and_breaks_off_nobody() {
    let (origin, cache, resource, file) = kept("max-age=60").await;
    let new = FileThere { bytes: bytes(SLICE, 9), etag: "\"v2\"".into(), ..file.clone() };
    let renewed = new.clone();
    origin.turn_to(move |asked, _| renewed.serve(asked));
    cache.clock.advance(Duration::from_secs(70));
    let promised = find(&cache, &resource, Start::Whole).await.unwrap();
    assert_eq!(promised.outcome, Outcome::Stale);
    let held = cache.stats().held;
    until(|| cache.stats().held.resources == 0).await;
    assert_eq!(whole(&cache, &resource).await, (Outcome::Miss, new.bytes.clone()));
    let (got, failure) = drain(promised.clone().read(0..2 * SLICE as u64)).await;
    assert!(failure.is_none() && got == file.bytes, "{failure:?}");
    until(|| cache.stats().held.memory_slices == held.memory_slices + 1).await;
    drop(promised);
    until(|| cache.stats().held.memory_slices == 1).await;
    assert_eq!(whole(&cache, &resource).await, (Outcome::Hit, new.bytes));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lacks_a_slice_of_what_was_overtaken_is_told() {
    let file = FileThere::new(3 * SLICE);
    let origin = Origin::serving(file.clone()).await;
    let (cache, resource) = (cache(), origin.resource("/film.mp4"));
    part(&cache, &resource, 0..10).await;
    until(|| cache.stats().fills.running == 0).await;
    let new = FileThere { bytes: bytes(3 * SLICE, 9), etag: "\"v2\"".into(), ..file.clone() };
    origin.turn_to(move |asked, _| new.serve(asked));
    cache.clock.advance(Duration::from_secs(70));
    let promised = find(&cache, &resource, Start::Whole).await.unwrap();
    let other = promised.clone();
    until(|| cache.stats().held.resources == 0).await;
    let (got, failure) = drain(promised.read(0..3 * SLICE as u64)).await;
    assert!(matches!(failure, Some(Failure::Changed)) && got == file.bytes[..SLICE], "{failure:?}");
    assert_eq!(drain(other.read(0..10)).await.0, file.bytes[..10], "what is there is still read");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_is_asked_about_first() {
    let (origin, cache, resource, file) = kept("max-age=60").await;
    cache.clock.advance(Duration::from_secs(121));
    assert_eq!(whole(&cache, &resource).await, (Outcome::Revalidated, file.bytes.clone()));
    assert_eq!(whole(&cache, &resource).await, (Outcome::Hit, file.bytes));
    assert_eq!(origin.requests(), 3);
    cache.clock.advance(Duration::from_secs(121));
    origin.turn_to(|_, _| Answer::status("404 Not Found"));
    assert!(matches!(find(&cache, &resource, Start::Whole).await, Err(Failure::Status(404))));
    until(|| cache.stats().held.memory_slices == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_question_answers_all_who_wait_for_it() {
    let (origin, cache, resource, file) = kept("no-cache").await;
    let reads = (0..50).map(|_| whole(&cache, &resource));
    for (outcome, bytes) in futures_util::future::join_all(reads).await {
        assert!(outcome == Outcome::Revalidated && bytes == file.bytes);
    }
    assert!(origin.requests() <= 2 + 3, "{}", origin.requests());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_that_ignores_conditions_is_asked_all_the_same() {
    let (origin, cache, resource, file) = kept("max-age=60").await;
    let served = file.clone();
    origin.turn_to(move |asked, _| {
        let mut asked = asked.clone();
        asked.lines.retain(|line| !line.to_ascii_lowercase().starts_with("if-none-match"));
        served.serve(&asked)
    });
    cache.clock.advance(Duration::from_secs(200));
    assert_eq!(whole(&cache, &resource).await, (Outcome::Revalidated, file.bytes));
    assert_eq!(cache.stats().bytes.origins, 2 * SLICE as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_be_kept_is_not() {
    let file = FileThere { cache_control: "no-store", ..FileThere::new(2 * SLICE) };
    let origin = Origin::serving(file.clone()).await;
    let private = FileThere { cache_control: "private, max-age=60", ..file.clone() };
    let members = Origin::serving(private).await;
    let cache = cache();
    for resource in [origin.resource("/film.mp4"), members.resource_with("/film.mp4", "Bearer 1")] {
        for _ in 0..2 {
            assert_eq!(whole(&cache, &resource).await, (Outcome::Bypass, file.bytes.clone()));
        }
    }
    assert_eq!(cache.stats().held.memory_slices, 0);
    assert_eq!(whole(&cache, &members.resource("/film.mp4")).await.0, Outcome::Miss);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_served_while_its_origin_is_away() {
    let (origin, cache, resource, file) = kept("max-age=60").await;
    origin.turn_to(|_, _| Answer::status("503 Service Unavailable"));
    assert_eq!(whole(&cache, &resource).await, (Outcome::Hit, file.bytes.clone()));
    cache.clock.advance(Duration::from_secs(70));
    for _ in 0..3 {
        assert_eq!(whole(&cache, &resource).await, (Outcome::Stale, file.bytes.clone()));
    }
    assert!(origin.requests() <= 3, "it is not asked again at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_renewed_is_asked_about_as_soon_as_it_is_old_again() {
    let (origin, cache, resource, _) = kept("max-age=4").await;
    for questions in 1..=3 {
        cache.clock.advance(Duration::from_secs(4));
        while whole(&cache, &resource).await.0 == Outcome::Stale {}
        assert_eq!(origin.requests(), 2 + questions);
    }
}
