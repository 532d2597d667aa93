//! What an origin says when nothing has changed (RFC 9111 4.3.4), and when it only says so.

use super::*;

/// Answers 304 without a word more than it must.
fn bare(file: &FileThere, asked: &origin::Asked) -> Answer {
    let answer = file.serve(asked);
    if answer.status.starts_with("304") { answer.without("Cache-Control") } else { answer }
}

async fn origin_and_file(cache_control: &'static str) -> (Origin, FileThere) {
    let file = FileThere { cache_control, ..FileThere::new(2 * SLICE) };
    let served = file.clone();
    (Origin::with(move |asked, _| bare(&served, asked)).await, file)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_be_asked_about_is_asked_about_each_time() {
    let (origin, file) = origin_and_file("no-cache").await;
    let (cache, resource) = (cache(), origin.resource("/film.mp4"));
    assert_eq!(whole(&cache, &resource).await, (Outcome::Miss, file.bytes.clone()));
    until(|| cache.stats().fills.running == 0).await;
    for _ in 0..3 {
        assert_eq!(whole(&cache, &resource).await, (Outcome::Revalidated, file.bytes.clone()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_last_full_answer_said_counts_on() {
    let (origin, file) = origin_and_file("max-age=1000, must-revalidate").await;
    let (cache, resource) = (cache(), origin.resource("/film.mp4"));
    whole(&cache, &resource).await;
    until(|| cache.stats().fills.running == 0).await;
    for _ in 0..2 {
        cache.clock.advance(Duration::from_secs(1001));
        assert_eq!(whole(&cache, &resource).await, (Outcome::Revalidated, file.bytes.clone()));
        cache.clock.advance(Duration::from_secs(990));
        assert_eq!(whole(&cache, &resource).await, (Outcome::Hit, file.bytes.clone()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_has_changed_in_another_version_is_a_change() {
    let (origin, file) = origin_and_file("max-age=60").await;
    let (cache, resource) = (cache(), origin.resource("/film.mp4"));
    whole(&cache, &resource).await;
    until(|| cache.stats().fills.running == 0).await;
    let new = FileThere { bytes: bytes(2 * SLICE, 5), etag: "\"v2\"".into(), ..file.clone() };
    for (told, outcome) in [("W/\"v1\"", Outcome::Revalidated), ("\"v2\"", Outcome::Miss)] {
        let (old, renewed) = (file.clone(), new.clone());
        origin.turn_to(move |asked, _| match asked.header("if-none-match") {
            Some(_) => bare(&old, asked).header("ETag", told),
            None => renewed.serve(asked),
        });
        cache.clock.advance(Duration::from_secs(200));
        assert_eq!(find(&cache, &resource, Start::Whole).await.unwrap().outcome, outcome, "{told}");
    }
    assert!(whole(&cache, &resource).await.1 == new.bytes);
}

/// A file whose entity tag is weak, or that has none.
fn dated(file: &FileThere, asked: &origin::Asked, etag: Option<&str>) -> Answer {
    let mut asked = asked.clone();
    asked.lines.retain(|line| !line.to_ascii_lowercase().starts_with("if-none-match") || etag.is_none());
    let answer = file.serve(&asked).without("ETag").header("Last-Modified", "Sun, 06 Nov 1994 08:48:37 GMT");
    let answer = answer.header("Date", "Sun, 06 Nov 1994 09:49:37 GMT");
    match etag {
        Some(etag) => answer.header("ETag", etag),
        None => answer,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_does_not_hold_where_a_weak_tag_says_otherwise() {
    let old = FileThere::new(4 * SLICE);
    let new = FileThere { bytes: bytes(4 * SLICE, 7), ..old.clone() };
    let turns = [(Some("W/\"1\""), Some("W/\"2\"")), (Some("W/\"1\""), None), (None, Some("W/\"2\""))];
    for ((before, after), by_question) in turns.into_iter().flat_map(|turn| [(turn, false), (turn, true)]) {
        let dir = tempfile::tempdir().unwrap();
        let served = old.clone();
        let origin = Origin::with(move |asked, _| dated(&served, asked, before)).await;
        let (cache, resource) = (Cache::open(config(Some((dir.path(), 1 << 20))), client()), origin.resource("/f"));
        let found = find(&cache, &resource, Start::Whole).await.unwrap();
        assert_eq!(found.outcome, Outcome::Miss);
        let mut early = found.read(0..4 * SLICE as u64);
        let mut got = Vec::new();
        while got.len() < SLICE {
            got.extend_from_slice(&early.next().await.unwrap().unwrap());
        }
        written(&cache).await;
        let renewed = new.clone();
        origin.turn_to(move |asked, _| dated(&renewed, asked, after));
        if by_question {
            cache.clock.advance(Duration::from_secs(200));
            assert_eq!(whole(&cache, &resource).await, (Outcome::Miss, new.bytes.clone()));
        }
        let (rest, failure) = drain(early).await;
        got.extend_from_slice(&rest);
        assert!(old.bytes.starts_with(&got) && matches!(failure, Some(Failure::Changed)), "{before:?} {after:?}");
        assert!(whole(&cache, &resource).await.1 == new.bytes, "{before:?} {after:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_tags_tell_nothing() {
    let file = FileThere::new(4 * SLICE);
    let served = file.clone();
    let origin = Origin::with(move |asked, _| {
        let mut answer = dated(&served, asked, Some("\"a\""));
        answer.headers.push(("ETag", "\"b\"".into()));
        answer
    });
    let origin = origin.await;
    assert_eq!(whole(&cache(), &origin.resource("/film.mp4")).await, (Outcome::Bypass, file.bytes));
}
