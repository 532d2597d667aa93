//! What is passed through.

use super::*;
use crate::proxy::cache::pass::SKIP_MAX;

/// The same whether a part was asked for or not.
fn all(file: &FileThere, asked: &origin::Asked) -> Answer {
    file.serve(&origin::Asked { lines: Vec::new(), ..asked.clone() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_far_behind_is_not_read_up_to_where_ranges_are_ignored() {
    let file = FileThere::new(SKIP_MAX as usize + 2 * SLICE);
    let total = file.bytes.len() as u64;
    let served = file.clone();
    let ignores = Origin::with(move |asked, _| all(&served, asked)).await;
    let served = file.clone();
    let serves = Origin::with(move |asked, _| served.serve(asked).header("Cache-Control", "no-store")).await;
    let cache = cache();
    for _ in 0..2 {
        for start in [Start::From(SKIP_MAX + 1), Start::Suffix(SLICE as u64), Start::Whole] {
            let found = find(&cache, &ignores.resource("/film.mp4"), start).await.unwrap();
            assert_eq!((found.outcome, found.head.total), (Outcome::Bypass, Some(total)));
            assert!(found.reaches(SKIP_MAX) && !found.reaches(SKIP_MAX + 1) || start == Start::Whole, "{start:?}");
            assert!(start == Start::Whole || !found.holds_still());
            let (got, failure) = drain(found.read(total - 10..total)).await;
            assert!(got.is_empty() && failure.is_some(), "whoever asks all the same is told");
        }
        for start in [Start::From(total - 10), Start::Suffix(10)] {
            let before = cache.stats().bytes.origins;
            let found = find(&cache, &serves.resource("/film.mp4"), start).await.unwrap();
            assert!(found.outcome == Outcome::Bypass && found.reaches(total - 1) && found.holds_still());
            assert!(drain(found.read(total - 10..total)).await.0 == file.bytes[total as usize - 10..]);
            assert!(cache.stats().bytes.origins - before <= SLICE as u64, "{start:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_of_one_version_only_with_a_strong_tag() {
    let cache = cache();
    for (etag, still) in [("\"v1\"", true), ("W/\"v1\"", false), ("v1", false)] {
        let file = FileThere::new(4 * SLICE);
        let origin =
            Origin::with(move |asked, _| file.serve(asked).header("Cache-Control", "no-store").header("ETag", etag));
        let origin = origin.await;
        // The beginning alone is asked for without a range, which tells nothing of whether ranges are served.
        for (start, still) in [(10, still), (10, still), (0, false)] {
            let found = find(&cache, &origin.resource("/film.mp4"), Start::From(start)).await.unwrap();
            assert_eq!((found.outcome, found.holds_still()), (Outcome::Bypass, still), "{etag} {start}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_that_nobody_can_count_to_says_nothing_of_a_resource() {
    let file = FileThere::new(4 * SLICE);
    for refuses in [false, true] {
        let served = file.clone();
        let origin = Origin::with(move |asked, _| match asked.range() {
            Some((first, _)) if first < 1 << 40 => served.serve(asked),
            _ if refuses => Answer::status("400 Bad Request"),
            _ => all(&served, asked),
        });
        let origin = origin.await;
        let (cache, resource) = (cache(), origin.resource("/film.mp4"));
        let found = find(&cache, &resource, Start::From(u64::MAX - 1)).await.unwrap();
        assert_eq!((found.outcome, found.head.total), (Outcome::Miss, Some(4 * SLICE as u64)));
        assert_eq!(part(&cache, &resource, 10..20).await.1, file.bytes[10..20]);
        until(|| cache.stats().fills.running == 0).await;
        assert_eq!(part(&cache, &resource, 10..20).await.0, Outcome::Hit);
        assert_eq!(origin.requests(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_no_end_take_no_turn_of_slices() {
    let (file, go) = (FileThere::new(2 * SLICE), Arc::new(tokio::sync::Notify::new()));
    let (served, paused) = (file.clone(), go.clone());
    let origin = Origin::with(move |asked, _| match asked.target.as_str() {
        "/radio" => Answer { pause: Some((10, paused.clone())), ..all(&served, asked) }.without("Content-Length"),
        _ => served.serve(asked),
    });
    let origin = origin.await;
    let cache = Cache::open(CacheConfig { memory_bytes: 4 * SLICE, ..config(None) }, client());
    let mut listeners = Vec::new();
    for _ in 0..20 {
        let mut radio = find(&cache, &origin.resource("/radio"), Start::Whole).await.unwrap().read(0..u64::MAX);
        assert_eq!(radio.next().await.unwrap().unwrap(), file.bytes[..10]);
        listeners.push(radio);
    }
    assert_eq!(whole(&cache, &origin.resource("/film.mp4")).await, (Outcome::Miss, file.bytes));
}
