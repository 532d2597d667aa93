//! Origins that do not keep to what they say: right bytes or a visible failure, and nothing wrong is kept.

use super::origin::Asked;
use super::*;

type Lie = fn(&FileThere, &Asked) -> Answer;

const LEN: usize = 4 * SLICE + 10;

fn body_of(answer: Answer, body: Vec<u8>) -> Answer {
    Answer { body, ..answer }
}

/// What a lying origin answers instead of [`FileThere::serve`].
const LIES: [(&str, Lie); 30] = [
    ("another first position", |f, a| f.serve(a).header("Content-Range", "bytes 1-1000/4010")),
    ("an earlier last position", |f, a| f.serve(a).header("Content-Range", "bytes 0-998/4010")),
    ("a later last position", |f, a| f.serve(a).header("Content-Range", "bytes 0-1001/4010")),
    ("no Content-Range", |f, a| f.serve(a).without("Content-Range")),
    ("a malformed Content-Range", |f, a| f.serve(a).header("Content-Range", "bytes=0-999/4010")),
    ("a Content-Range of another unit", |f, a| f.serve(a).header("Content-Range", "slices 0-999/4010")),
    ("a turned Content-Range", |f, a| f.serve(a).header("Content-Range", "bytes 999-0/4010")),
    ("a whole smaller than the part", |f, a| f.serve(a).header("Content-Range", "bytes 0-999/500")),
    ("the largest number", |f, a| {
        f.serve(a).header("Content-Range", "bytes 0-18446744073709551615/18446744073709551615")
    }),
    ("numbers that cannot be counted with", |f, a| {
        f.serve(a).header("Content-Range", "bytes 0-999/99999999999999999999999")
    }),
    ("several Content-Ranges", |f, a| {
        let mut answer = f.serve(a);
        answer.headers.push(("Content-Range", "bytes 5-9/10".into()));
        answer
    }),
    ("a shorter Content-Length", |f, a| f.serve(a).header("Content-Length", "10")),
    ("a longer Content-Length", |f, a| f.serve(a).header("Content-Length", "5000")),
    ("a malformed Content-Length", |f, a| f.serve(a).header("Content-Length", "many")),
    ("a body that stops short", |f, a| {
        let answer = f.serve(a);
        let short = answer.body[..answer.body.len() / 2].to_vec();
        body_of(answer, short)
    }),
    ("no body at all", |f, a| body_of(f.serve(a), Vec::new())),
    ("a short body without a length", |f, a| {
        let answer = f.serve(a).without("Content-Length");
        let short = answer.body[..answer.body.len() / 2].to_vec();
        body_of(answer, short)
    }),
    ("a long body without a length", |f, a| {
        let answer = f.serve(a).without("Content-Length");
        let mut long = answer.body.clone();
        long.extend_from_slice(b"more");
        body_of(answer, long)
    }),
    ("a chunked body that is too long", |f, a| {
        let answer = f.serve(a).without("Content-Length").header("Transfer-Encoding", "chunked");
        let mut chunks = format!("{:x}\r\n", answer.body.len() + 1).into_bytes();
        chunks.extend_from_slice(&answer.body);
        chunks.extend_from_slice(b"!\r\n0\r\n\r\n");
        body_of(answer, chunks)
    }),
    ("a chunked body that never ends well", |f, a| {
        let answer = f.serve(a).without("Content-Length").header("Transfer-Encoding", "chunked");
        let mut chunks = format!("{:x}\r\n", answer.body.len()).into_bytes();
        chunks.extend_from_slice(&answer.body[..answer.body.len() - 1]);
        body_of(answer, chunks)
    }),
    ("both lengths", |f, a| f.serve(a).header("Transfer-Encoding", "chunked")),
    ("compression that was refused", |f, a| f.serve(a).header("Content-Encoding", "gzip")),
    ("multipart", |f, a| {
        f.serve(a).without("Content-Range").header("Content-Type", "multipart/byteranges; boundary=x")
    }),
    ("a part to whoever asks for all", |f, a| {
        let asked = Asked { lines: vec!["Range: bytes=0-9".into()], ..a.clone() };
        f.serve(&asked)
    }),
    ("416 to everybody", |_, _| Answer::status("416 Range Not Satisfiable").header("Content-Range", "bytes */0")),
    ("304 to whoever has nothing", |f, _| {
        Answer { status: "304 Not Modified", ..Answer::default() }.header("ETag", f.etag.clone())
    }),
    ("204", |_, _| Answer::status("204 No Content")),
    ("a redirect to nowhere", |_, _| Answer::status("302 Found")),
    ("a redirect to itself", |_, a| Answer::status("302 Found").header("Location", a.target.clone())),
    ("no HTTP", |_, _| Answer { status: "\0\0\0", ..Answer::default() }),
];

/// Whatever came is the file's, as far as it came.
async fn reads_no_wrong_byte(cache: &Arc<Cache>, resource: &Resource, file: &FileThere, name: &str) -> bool {
    let mut well = true;
    for range in [0..LEN as u64, 500..1_500, 3_990..4_010] {
        match find(cache, resource, Start::From(range.start)).await {
            Err(_) => well = false,
            Ok(found) => {
                if let Some(total) = found.head.total {
                    assert!(total == LEN as u64 || total == 0, "{name}: a length of {total}");
                    if total == 0 {
                        well = false;
                        continue;
                    }
                }
                let (got, failure) = drain(found.read(range.clone())).await;
                let want = &file.bytes[range.start as usize..range.end as usize];
                assert!(want.starts_with(&got), "{name}: wrong bytes in {range:?}");
                assert!(failure.is_some() || got.len() == want.len(), "{name}: an end that looks well in {range:?}");
                well &= failure.is_none();
            }
        }
    }
    well
}

#[tokio::test(flavor = "multi_thread")]
async fn no_lie_gives_a_wrong_byte_and_the_next_reader_starts_clean() {
    for (name, lie) in LIES {
        let file = FileThere::new(LEN);
        let lying = file.clone();
        let origin = Origin::with(move |asked, _| lie(&lying, asked)).await;
        let (cache, resource) = (cache(), origin.resource("/film.mp4"));
        reads_no_wrong_byte(&cache, &resource, &file, name).await;
        // Some of it was remembered for a moment.
        cache.clock.advance(Duration::from_secs(60));
        let honest = file.clone();
        origin.turn_to(move |asked, _| honest.serve(asked));
        assert!(reads_no_wrong_byte(&cache, &resource, &file, name).await, "{name}: not clean");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_lie_in_the_middle_gives_a_wrong_byte_and_the_next_reader_starts_clean() {
    for (name, lie) in LIES {
        let file = FileThere::new(LEN);
        let lying = file.clone();
        // The first slice is served well: the version is known by then.
        let script = move |asked: &Asked, before| if before == 0 { lying.serve(asked) } else { lie(&lying, asked) };
        let origin = Origin::with(script).await;
        let (cache, resource) = (cache(), origin.resource("/film.mp4"));
        assert_eq!(part(&cache, &resource, 0..10).await.1, file.bytes[..10], "{name}");
        reads_no_wrong_byte(&cache, &resource, &file, name).await;
        cache.clock.advance(Duration::from_secs(60));
        let honest = file.clone();
        origin.turn_to(move |asked, _| honest.serve(asked));
        assert!(reads_no_wrong_byte(&cache, &resource, &file, name).await, "{name}: not clean");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_of_two_versions_never_mix() {
    let old = FileThere::new(LEN);
    let new = FileThere { bytes: bytes(LEN, 2), etag: "\"v2\"".into(), ..old.clone() };
    for ignores_if_range in [false, true] {
        let origin = Origin::serving(old.clone()).await;
        let (cache, resource) = (cache(), origin.resource("/film.mp4"));
        let found = find(&cache, &resource, Start::Whole).await.unwrap();
        let mut early = found.clone().read(0..LEN as u64);
        let mut got = early.next().await.unwrap().unwrap().to_vec();
        let renewed = new.clone();
        origin.turn_to(move |asked, _| {
            let mut asked = asked.clone();
            if ignores_if_range {
                asked.lines.retain(|line| !line.to_ascii_lowercase().starts_with("if-range"));
            }
            renewed.serve(&asked)
        });
        let (rest, failure) = drain(early).await;
        got.extend_from_slice(&rest);
        assert!(matches!(failure, Some(Failure::Changed)), "{failure:?}");
        assert!(old.bytes.starts_with(&got));
        let (got, failure) = drain(found.read(0..10)).await;
        assert!(got.is_empty() && matches!(failure, Some(Failure::Changed)), "nobody goes on in the old one");
        assert_eq!(whole(&cache, &resource).await, (Outcome::Miss, new.bytes.clone()));
        until(|| cache.stats().fills.running == 0).await;
        assert_eq!(cache.stats().held.memory_slices, 5, "nothing of the old one is left");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_begins_where_the_version_has_changed_gets_the_new_one() {
    let old = FileThere::new(LEN);
    let new = FileThere { bytes: bytes(LEN + 7, 2), etag: "\"v2\"".into(), ..old.clone() };
    let origin = Origin::serving(old.clone()).await;
    let (cache, resource) = (cache(), origin.resource("/film.mp4"));
    part(&cache, &resource, 0..10).await;
    let renewed = new.clone();
    origin.turn_to(move |asked, _| renewed.serve(asked));
    let found = find(&cache, &resource, Start::From(3_000)).await.unwrap();
    assert_eq!((found.head.total, found.head.etag.as_deref()), (Some(LEN as u64 + 7), Some("\"v2\"")));
    assert!(drain(found.read(3_000..4_017)).await.0 == new.bytes[3_000..]);
    assert!(whole(&cache, &resource).await.1 == new.bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_tells_versions_apart_when_it_lies_long_enough_in_the_past() {
    let file = FileThere::new(LEN);
    for (changed, outcome) in
        [("Sun, 06 Nov 1994 08:48:37 GMT", Outcome::Hit), ("Sun, 06 Nov 1994 08:48:38 GMT", Outcome::Bypass)]
    {
        let served = file.clone();
        let origin = Origin::with(move |asked, _| {
            let answer = served.serve(asked).without("ETag").header("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
            answer.header("Last-Modified", changed)
        });
        let origin = origin.await;
        let (cache, resource) = (cache(), origin.resource("/film.mp4"));
        assert!(whole(&cache, &resource).await.1 == file.bytes);
        assert_eq!(part(&cache, &resource, 0..10).await.0, outcome);
        let moved = file.clone();
        origin.turn_to(move |asked, _| {
            let answer = moved.serve(asked).without("ETag").header("Date", "Sun, 06 Nov 1994 08:59:37 GMT");
            answer.header("Last-Modified", "Sun, 06 Nov 1994 08:50:00 GMT")
        });
        cache.clock.advance(Duration::from_secs(300));
        assert_eq!(part(&cache, &resource, 0..10).await.0, Outcome::Miss);
    }
}
