//! What is remembered of failures.

use super::*;
use crate::proxy::resource::Kind;

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_remembered_for_a_while() {
    let origin = Origin::with(|_, _| Answer::status("404 Not Found")).await;
    let (cache, resource) = (cache(), origin.resource("/gone.mp4"));
    assert!(matches!(find(&cache, &resource, Start::Whole).await, Err(Failure::Status(404))));
    let again = find(&cache, &resource, Start::Whole).await;
    assert!(matches!(&again, Err(known @ Failure::Remembered(_)) if matches!(known.origin(), Failure::Status(404))));
    assert_eq!((origin.requests(), cache.stats().negative), (1, 1));
    cache.clock.advance(Duration::from_secs(10));
    let file = FileThere::new(SLICE);
    let served = file.clone();
    origin.turn_to(move |asked, _| served.serve(asked));
    assert_eq!(whole(&cache, &resource).await, (Outcome::Miss, file.bytes));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_tries_again_does_not_keep_a_failure_alive() {
    let file = FileThere::new(3 * SLICE);
    let origin = Origin::serving(file.clone()).await;
    let (cache, resource) = (cache(), origin.resource("/film.mp4"));
    part(&cache, &resource, 0..10).await;
    until(|| cache.stats().fills.running == 0).await;
    origin.turn_to(|_, _| Answer::status("503 Service Unavailable"));
    let there = Start::From(SLICE as u64);
    assert!(matches!(find(&cache, &resource, there).await, Err(Failure::Status(503))));
    // What is refused for a fifth of ten seconds.
    for _ in 0..3 {
        cache.clock.advance(Duration::from_millis(500));
        let again = find(&cache, &resource, there).await;
        assert!(matches!(again, Err(Failure::Remembered(_))), "{again:?}");
    }
    assert_eq!((cache.stats().negative, cache.stats().fills.failed), (3, 1));
    let served = file.clone();
    origin.turn_to(move |asked, _| served.serve(asked));
    cache.clock.advance(Duration::from_millis(600));
    assert_eq!(part(&cache, &resource, 1_000..1_010).await, (Outcome::Miss, file.bytes[1_000..1_010].to_vec()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_is_found_a_moment_after_it_was_asked_for_too_early() {
    let origin = Origin::with(|_, _| Answer::status("404 Not Found")).await;
    let (cache, file) = (cache(), FileThere::new(SLICE));
    let [segment, film] = [Kind::Segment, Kind::Media].map(|kind| Resource { kind, ..origin.resource("/7.m4s") });
    let film = Resource { url: film.url.join("/film.mp4").unwrap(), ..film };
    for resource in [&segment, &film] {
        assert!(matches!(find(&cache, resource, Start::Whole).await, Err(Failure::Status(404))));
        assert!(matches!(find(&cache, resource, Start::Whole).await, Err(Failure::Remembered(_))));
    }
    let served = file.clone();
    origin.turn_to(move |asked, _| served.serve(asked));
    cache.clock.advance(Duration::from_secs(1));
    assert_eq!(whole(&cache, &segment).await, (Outcome::Miss, file.bytes));
    assert!(matches!(find(&cache, &film, Start::Whole).await, Err(Failure::Remembered(_))));
}
