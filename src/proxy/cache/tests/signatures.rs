//! URLs of one resource that differ in their signatures alone: none speaks for the others.

use super::origin::Asked;
use super::*;

const LEN: usize = 4 * SLICE;

fn signed(origin: &Origin, signature: &str) -> Resource {
    origin.resource(&format!("/film.mp4?X-Amz-Signature={signature}"))
}

fn page() -> FileThere {
    FileThere { bytes: b"log in again".to_vec(), etag: "\"page\"".into(), cache_control: "max-age=60" }
}

type Refusal = fn(&Asked) -> Answer;

/// What dead signatures are answered with.
const REFUSALS: [(&str, Refusal); 7] = [
    ("a page", |asked| page().serve(&Asked { lines: Vec::new(), ..asked.clone() })),
    ("a page without a validator", |asked| {
        page().serve(&Asked { lines: Vec::new(), ..asked.clone() }).without("ETag").without("Cache-Control")
    }),
    ("a part of a page", |asked| page().serve(asked)),
    ("404", |_| Answer::status("404 Not Found")),
    ("410", |_| Answer::status("410 Gone")),
    ("412", |_| Answer::status("412 Precondition Failed")),
    ("416", |_| Answer::status("416 Range Not Satisfiable").header("Content-Range", "bytes */0")),
];

async fn serving(file: &FileThere, refusal: Refusal) -> Origin {
    let file = file.clone();
    Origin::with(move |asked, _| if asked.target.contains("dead") { refusal(asked) } else { file.serve(asked) }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_signature_disturbs_nobody_with_a_good_one() {
    for (name, refusal) in REFUSALS {
        let file = FileThere::new(LEN);
        let origin = serving(&file, refusal).await;
        let cache = cache();
        let mut reader = find(&cache, &signed(&origin, "good"), Start::Whole).await.unwrap().read(0..LEN as u64);
        let first = reader.next().await.unwrap().unwrap();
        for start in [Start::Whole, Start::From(2_000), Start::Whole] {
            if let Ok(found) = find(&cache, &signed(&origin, "dead"), start).await {
                let got = drain(found.read(0..12)).await.0;
                assert!(page().bytes.starts_with(&got), "{name}: what the others read is not opened");
            }
        }
        let (rest, failure) = drain(reader).await;
        assert!(failure.is_none() && [&first[..], &rest].concat() == file.bytes, "{name}: {failure:?}");
        until(|| cache.stats().fills.running == 0).await;
        let sent = cache.stats().bytes.origins;
        for signature in ["good", "new"] {
            assert_eq!(whole(&cache, &signed(&origin, signature)).await, (Outcome::Hit, file.bytes.clone()), "{name}");
        }
        assert_eq!(cache.stats().bytes.origins, sent, "{name}: nothing was fetched again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_signature_that_comes_first_makes_nothing_of_the_others() {
    for (name, refusal) in REFUSALS {
        let file = FileThere::new(LEN);
        let origin = serving(&file, refusal).await;
        let cache = cache();
        for _ in 0..2 {
            drop(find(&cache, &signed(&origin, "dead"), Start::Whole).await);
        }
        for outcome in [Outcome::Miss, Outcome::Hit] {
            assert_eq!(whole(&cache, &signed(&origin, "good")).await, (outcome, file.bytes.clone()), "{name}");
            until(|| cache.stats().fills.running == 0).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_dies_while_it_is_read_ends_with_its_own_reader() {
    for (name, refusal) in REFUSALS {
        let file = FileThere::new(LEN);
        let origin = Origin::serving(file.clone()).await;
        let cache = cache();
        let dying = find(&cache, &signed(&origin, "dead"), Start::Whole).await.unwrap();
        let good = find(&cache, &signed(&origin, "good"), Start::Whole).await.unwrap();
        until(|| cache.stats().fills.running == 0).await;
        let served = file.clone();
        origin
            .turn_to(move |asked, _| if asked.target.contains("dead") { refusal(asked) } else { served.serve(asked) });
        let (dying, good) = tokio::join!(drain(dying.read(0..LEN as u64)), drain(good.read(0..LEN as u64)));
        assert!(file.bytes.starts_with(&dying.0), "{name}");
        assert!(good.1.is_none() && good.0 == file.bytes, "{name}: {:?}", good.1);
        assert_eq!(whole(&cache, &signed(&origin, "good")).await, (Outcome::Hit, file.bytes), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_changed_is_found_with_a_signature_of_today() {
    let old = FileThere::new(LEN);
    let new = FileThere { bytes: bytes(LEN, 4), etag: "\"v2\"".into(), ..old.clone() };
    for later in [0, 200] {
        let origin = Origin::serving(old.clone()).await;
        let cache = cache();
        assert!(whole(&cache, &signed(&origin, "yesterday")).await.1 == old.bytes);
        until(|| cache.stats().fills.running == 0).await;
        let renewed = new.clone();
        origin.turn_to(move |asked, _| match asked.target.contains("yesterday") {
            true => Answer::status("403 Forbidden"),
            false => renewed.serve(asked),
        });
        cache.clock.advance(Duration::from_secs(later));
        for outcome in [Outcome::Miss, Outcome::Hit] {
            assert_eq!(whole(&cache, &signed(&origin, "today")).await, (outcome, new.bytes.clone()));
        }
        // Where it was certain that the old one is over, the new one is everybody's.
        let tomorrow = whole(&cache, &signed(&origin, "tomorrow")).await;
        assert_eq!(tomorrow, (if later == 0 { Outcome::Miss } else { Outcome::Hit }, new.bytes.clone()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_that_another_file_is_not_newer_than_opens_nothing() {
    let (mine, theirs) = (FileThere::new(LEN), FileThere { bytes: bytes(LEN, 8), ..FileThere::new(LEN) });
    let (one, other) = (mine.clone(), theirs.clone());
    let dated = |answer: Answer, changed: &str| {
        answer.without("ETag").header("Date", "Sun, 06 Nov 1994 08:49:37 GMT").header("Last-Modified", changed)
    };
    let origin = Origin::with(move |asked, _| match asked.target.contains("other") {
        true if asked.header("if-modified-since").is_some() => {
            Answer { status: "304 Not Modified", ..Answer::default() }
        }
        true => dated(other.serve(asked), "Fri, 04 Nov 1994 08:49:37 GMT"),
        false => dated(one.serve(asked), "Sat, 05 Nov 1994 08:49:37 GMT"),
    });
    let origin = origin.await;
    let cache = cache();
    assert!(whole(&cache, &signed(&origin, "mine")).await.1 == mine.bytes);
    assert!(whole(&cache, &signed(&origin, "other")).await.1 == theirs.bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_open_different_files_share_nothing_and_those_that_open_one_do() {
    let (ann, bob) =
        (FileThere::new(LEN), FileThere { bytes: bytes(LEN, 6), etag: "\"b\"".into(), ..FileThere::new(LEN) });
    let (anns, bobs) = (ann.clone(), bob.clone());
    let origin = Origin::with(
        move |asked, _| {
            if asked.target.contains("token=ann") { anns.serve(asked) } else { bobs.serve(asked) }
        },
    );
    let origin = origin.await;
    let cache = cache();
    let film = |token: &str, expires: u64| origin.resource(&format!("/my.mp4?token={token}&expires={expires}"));
    for expires in [1_769_817_613, 1_769_817_614] {
        assert!(whole(&cache, &film("ann", expires)).await.1 == ann.bytes);
        assert!(whole(&cache, &film("bob", expires)).await.1 == bob.bytes);
    }
    until(|| cache.stats().fills.running == 0).await;
    let sent = cache.stats().bytes.origins;
    assert_eq!(whole(&cache, &film("ann", 1_769_817_615)).await, (Outcome::Hit, ann.bytes));
    assert_eq!(cache.stats().bytes.origins, sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_with_one_new_signature_ask_once_although_the_file_was_replaced() {
    let file = FileThere { cache_control: "max-age=3600", ..FileThere::new(LEN) };
    let origin = Origin::serving(file.clone()).await;
    let cache = cache();
    assert_eq!(whole(&cache, &signed(&origin, "old")).await.1, file.bytes);
    until(|| cache.stats().fills.running == 0).await;
    let new = FileThere { bytes: bytes(LEN, 9), etag: "\"v2\"".into(), ..file };
    let replaced = new.clone();
    origin.turn_to(move |asked, _| replaced.serve(asked));
    let resource = signed(&origin, "new");
    for (_, bytes) in futures_util::future::join_all((0..30).map(|_| whole(&cache, &resource))).await {
        assert!(bytes == new.bytes);
    }
    let asked = origin.asked.lock();
    let questions = asked.iter().filter(|asked| asked.range() == Some((0, 0))).count();
    assert!(questions <= 2, "{questions} questions");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_that_does_not_answer_a_question_is_waited_for_once() {
    let file = FileThere { cache_control: "no-cache", ..FileThere::new(LEN) };
    let origin = Origin::serving(file.clone()).await;
    let (cache, resource) = (cache(), origin.resource("/film.mp4"));
    assert_eq!(whole(&cache, &resource).await.1, file.bytes);
    until(|| cache.stats().fills.running == 0).await;
    let before = origin.requests();
    origin.turn_to(|_, _| Answer::status("400 Bad Request"));
    for found in futures_util::future::join_all((0..30).map(|_| find(&cache, &resource, Start::Whole))).await {
        assert!(matches!(found, Err(Failure::Status(400))), "{found:?}");
    }
    assert!(origin.requests() - before <= 2, "{} questions", origin.requests() - before);
}
