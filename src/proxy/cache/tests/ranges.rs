//! Whatever is asked in whatever order: the file's bytes.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_ranges_in_any_order_and_together_are_the_files_bytes(
        len in 1_usize..6 * SLICE,
        memory in prop_oneof![Just(1_usize << 20), Just(2 * SLICE), Just(1)],
        on_disk in any::<bool>(),
        steps in proptest::collection::vec(proptest::collection::vec((0.0..1.0_f64, 0.0..1.0_f64), 1..6), 1..8),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let file = FileThere::new(len);
            let origin = Origin::serving(file.clone()).await;
            let disk = on_disk.then_some((dir.path(), 4 * SLICE as u64));
            let cache = Cache::open(CacheConfig { memory_bytes: memory, ..config(disk) }, client());
            let resource = origin.resource("/film.mp4");
            for step in steps {
                // Each step's ranges are read at the same time.
                let reads = step.into_iter().map(|(first, span)| {
                    let first = (first * len as f64) as usize;
                    let end = (first + 1 + (span * len as f64) as usize).min(len);
                    let (cache, resource, file) = (cache.clone(), resource.clone(), &file);
                    async move {
                        let (_, got) = part(&cache, &resource, first as u64..end as u64).await;
                        assert!(got == file.bytes[first..end], "{first}..{end} of {len}");
                    }
                });
                futures_util::future::join_all(reads).await;
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_is_found_without_its_length_being_known() {
    let file = FileThere::new(3 * SLICE + 5);
    let origin = Origin::serving(file.clone()).await;
    let (cache, resource) = (cache(), origin.resource("/film.mp4"));
    let found = find(&cache, &resource, Start::Suffix(10)).await.unwrap();
    assert_eq!(found.head.total, Some(3005));
    assert_eq!(drain(found.read(2995..3005)).await.0, file.bytes[2995..]);
    let longer = find(&cache, &resource, Start::Suffix(1 << 40)).await.unwrap();
    assert_eq!(drain(longer.read(0..10)).await.0, file.bytes[..10]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_beyond_the_end_is_not_there() {
    let origin = Origin::serving(FileThere::new(100)).await;
    let (cache, resource) = (cache(), origin.resource("/film.mp4"));
    let cold = find(&cache, &resource, Start::From(5_000)).await;
    assert!(matches!(cold, Err(Failure::Status(416))), "{cold:?}");
    whole(&cache, &resource).await;
    assert_eq!(find(&cache, &resource, Start::From(u64::MAX)).await.unwrap().head.total, Some(100));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_file_is_empty() {
    let origin = Origin::serving(FileThere::new(0)).await;
    let found = find(&cache(), &origin.resource("/empty"), Start::Whole).await.unwrap();
    assert_eq!((found.head.total, found.outcome), (Some(0), Outcome::Bypass));
    assert!(drain(found.read(0..0)).await.0.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_ranges_or_a_strong_validator_bytes_are_right_and_not_kept() {
    let file = FileThere::new(5 * SLICE);
    let (plain, weak, open) = (file.clone(), file.clone(), file.clone());
    let ignores = Origin::with(move |asked, _| {
        let asked = origin::Asked { lines: Vec::new(), ..asked.clone() };
        plain.serve(&asked)
    });
    let unversioned = Origin::with(move |asked, _| weak.serve(asked).header("ETag", "W/\"v1\""));
    let unbounded =
        Origin::with(move |_, _| Answer { status: "200 OK", body: open.bytes.clone(), ..Answer::default() });
    for origin in [ignores.await, unversioned.await] {
        let (cache, resource) = (cache(), origin.resource("/film.mp4"));
        for range in [0..10, 4_321..4_900, 999..1_001, 0..5_000] {
            let (outcome, got) = part(&cache, &resource, range.clone()).await;
            assert_eq!(outcome, Outcome::Bypass);
            assert!(got == file.bytes[range.start as usize..range.end as usize], "{range:?}");
        }
        assert_eq!(cache.stats().held.memory_slices, 0);
    }
    let origin = unbounded.await;
    let found = find(&cache(), &origin.resource("/radio"), Start::Whole).await.unwrap();
    assert_eq!(found.head.total, None);
    assert!(drain(found.read(0..u64::MAX)).await.0 == file.bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_file_is_kept_though_its_origin_ignores_ranges() {
    let file = FileThere::new(SLICE - 1);
    let served = file.clone();
    let origin =
        Origin::with(move |asked, _| served.serve(&origin::Asked { lines: Vec::new(), ..asked.clone() })).await;
    let (cache, resource) = (cache(), origin.resource("/subtitle.vtt"));
    assert_eq!(whole(&cache, &resource).await, (Outcome::Miss, file.bytes.clone()));
    assert_eq!(part(&cache, &resource, 5..10).await, (Outcome::Hit, file.bytes[5..10].to_vec()));
    assert_eq!(origin.requests(), 1);
}
