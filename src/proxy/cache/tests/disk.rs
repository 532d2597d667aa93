//! What outlives the process.

use std::fs;
use std::path::PathBuf;

use super::*;

fn files(dir: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(dir).unwrap().flatten().filter(|entry| entry.path().is_dir());
    folders.flat_map(|folder| fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.path())).collect()
}

fn slices(dir: &Path) -> Vec<PathBuf> {
    files(dir).into_iter().filter(|path| path.extension().is_some_and(|nth| nth != "head")).collect()
}

async fn filled(dir: &Path, quota: u64, len: usize) -> (Origin, FileThere) {
    let file = FileThere::new(len);
    let origin = Origin::serving(file.clone()).await;
    let cache = Cache::open(config(Some((dir, quota))), client());
    assert!(whole(&cache, &origin.resource("/film.mp4")).await.1 == file.bytes);
    written(&cache).await;
    (origin, file)
}

#[tokio::test(flavor = "multi_thread")]
async fn slices_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (origin, file) = filled(dir.path(), 1 << 20, 3 * SLICE + 5).await;
    let requests = origin.requests();
    let cache = Cache::open(config(Some((dir.path(), 1 << 20))), client());
    let resource = origin.resource("/film.mp4");
    let found = find(&cache, &resource, Start::Whole).await.unwrap();
    assert_eq!((found.outcome, found.head.etag.as_deref()), (Outcome::Hit, Some("\"v1\"")));
    assert_eq!(found.head.content_type.as_deref(), Some("video/mp4"));
    assert!(whole(&cache, &resource).await.1 == file.bytes);
    assert_eq!(origin.requests(), requests);
    assert_eq!(cache.stats().bytes.disk, 3 * SLICE as u64 + 5);
    cache.purge(&Purge::All);
    until(|| files(dir.path()).is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_noticed_and_fetched_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (origin, file) = filled(dir.path(), 1 << 20, 3 * SLICE).await;
    let requests = origin.requests();
    let paths = slices(dir.path());
    assert_eq!(paths.len(), 3);
    for (path, nth) in paths.iter().zip(0..) {
        let mut bytes = fs::read(path).unwrap();
        match nth {
            0 => bytes[500] ^= 1,
            1 => bytes.truncate(100),
            _ => bytes.clear(),
        }
        fs::write(path, bytes).unwrap();
    }
    let cache = Cache::open(config(Some((dir.path(), 1 << 20))), client());
    assert!(whole(&cache, &origin.resource("/film.mp4")).await.1 == file.bytes);
    assert_eq!((origin.requests(), cache.stats().fills.damaged), (requests + 3, 3));
    written(&cache).await;
    let cache = Cache::open(config(Some((dir.path(), 1 << 20))), client());
    assert!(whole(&cache, &origin.resource("/film.mp4")).await.1 == file.bytes);
    assert_eq!(origin.requests(), requests + 3, "it was written well");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_description_takes_its_slices_along() {
    let dir = tempfile::tempdir().unwrap();
    let (origin, file) = filled(dir.path(), 1 << 20, 2 * SLICE).await;
    let head = files(dir.path()).into_iter().find(|path| path.extension().is_some_and(|kind| kind == "head")).unwrap();
    let mut text = fs::read(&head).unwrap();
    *text.last_mut().unwrap() ^= 1;
    fs::write(&head, text).unwrap();
    fs::write(head.with_extension("tmp"), "unfinished").unwrap();
    let cache = Cache::open(config(Some((dir.path(), 1 << 20))), client());
    written(&cache).await;
    assert_eq!(files(dir.path()), Vec::<PathBuf>::new());
    assert_eq!(whole(&cache, &origin.resource("/film.mp4")).await, (Outcome::Miss, file.bytes));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quota_holds() {
    let dir = tempfile::tempdir().unwrap();
    let quota = 5 * SLICE as u64;
    let (origin, _) = filled(dir.path(), quota, 20 * SLICE).await;
    let used = |dir: &Path| files(dir).iter().map(|path| fs::metadata(path).unwrap().len()).sum::<u64>();
    assert!(used(dir.path()) <= quota && slices(dir.path()).len() >= 3, "{}", used(dir.path()));
    // A smaller one holds from the start.
    let cache = Cache::open(config(Some((dir.path(), quota / 2))), client());
    written(&cache).await;
    assert!(used(dir.path()) <= quota / 2, "{}", used(dir.path()));
    let held = cache.stats().held;
    assert_eq!(held.disk_slices as usize, slices(dir.path()).len());
    whole(&cache, &origin.resource("/film.mp4")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_slice_length_starts_clean() {
    let dir = tempfile::tempdir().unwrap();
    let (origin, file) = filled(dir.path(), 1 << 20, 3 * SLICE).await;
    let other = CacheConfig { slice_bytes: 700, ..config(Some((dir.path(), 1 << 20))) };
    let cache = Cache::open(other, client());
    assert_eq!(whole(&cache, &origin.resource("/film.mp4")).await, (Outcome::Miss, file.bytes));
    written(&cache).await;
    assert_eq!(slices(dir.path()).len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_version_leaves_nothing_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let (origin, file) = filled(dir.path(), 1 << 20, 3 * SLICE).await;
    let new = FileThere { bytes: bytes(SLICE, 3), etag: "\"v2\"".into(), ..file };
    let renewed = new.clone();
    origin.turn_to(move |asked, _| renewed.serve(asked));
    let cache = Cache::open(config(Some((dir.path(), 1 << 20))), client());
    written(&cache).await;
    cache.clock.advance(Duration::from_secs(1000));
    assert_eq!(whole(&cache, &origin.resource("/film.mp4")).await, (Outcome::Miss, new.bytes));
    written(&cache).await;
    until(|| files(dir.path()).len() == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_nothing_disturbs_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cache");
    fs::write(&path, "a file is in the way").unwrap();
    let file = FileThere::new(3 * SLICE);
    let origin = Origin::serving(file.clone()).await;
    let cache = Cache::open(config(Some((&path, 1 << 20))), client());
    let resource = origin.resource("/film.mp4");
    assert!(whole(&cache, &resource).await.1 == file.bytes);
    assert_eq!(whole(&cache, &resource).await, (Outcome::Hit, file.bytes.clone()));
    // The directory goes while it is in use, and something else takes its place.
    fs::remove_file(&path).unwrap();
    let cache = Cache::open(config(Some((&path, 1 << 20))), client());
    written(&cache).await;
    fs::remove_dir_all(&path).unwrap();
    fs::write(&path, "a file is in the way").unwrap();
    assert!(whole(&cache, &resource).await.1 == file.bytes);
    written(&cache).await;
    assert_eq!(whole(&cache, &resource).await, (Outcome::Hit, file.bytes));
    assert_eq!((cache.stats().fills.not_written, cache.stats().held.disk_slices), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_query_and_no_credential_is_written_down() {
    let dir = tempfile::tempdir().unwrap();
    let origin = Origin::serving(FileThere::new(SLICE)).await;
    let cache = Cache::open(config(Some((dir.path(), 1 << 20))), client());
    whole(&cache, &origin.resource_with("/film.mp4?token=s3cret&X-Amz-Signature=s3cret", "Bearer s3cret")).await;
    written(&cache).await;
    let texts: Vec<_> = files(dir.path()).iter().map(|path| fs::read(path).unwrap()).collect();
    assert_eq!(texts.len(), 2);
    assert!(!texts.iter().any(|text| String::from_utf8_lossy(text).contains("s3cret")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_read_hides_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let (origin, file) = filled(dir.path(), 1 << 20, 3 * SLICE).await;
    let requests = origin.requests();
    // All that can have such a name and come before or after the others.
    for name in ["00", "ff", "0a", "f0"] {
        if !dir.path().join(name).exists() {
            fs::write(dir.path().join(name), "no folder").unwrap();
        }
    }
    let cache = Cache::open(config(Some((dir.path(), 1 << 20))), client());
    written(&cache).await;
    assert_eq!(cache.stats().held.disk_slices, 3);
    assert_eq!(whole(&cache, &origin.resource("/film.mp4")).await, (Outcome::Hit, file.bytes));
    assert_eq!(origin.requests(), requests);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_down_goes_when_its_slice_cannot_be_written() {
    let dir = tempfile::tempdir().unwrap();
    let (origin, file) = filled(dir.path(), 1 << 20, SLICE).await;
    let slice = slices(dir.path()).remove(0);
    files(dir.path()).iter().for_each(|path| fs::remove_file(path).unwrap());
    fs::create_dir(&slice).unwrap();
    let cache = Cache::open(config(Some((dir.path(), 1 << 20))), client());
    assert_eq!(whole(&cache, &origin.resource("/film.mp4")).await, (Outcome::Miss, file.bytes));
    written(&cache).await;
    assert_eq!((cache.stats().fills.not_written, cache.stats().held.disk_bytes), (1, 0));
    assert_eq!(files(dir.path()), vec![slice], "nothing else is left");
}
