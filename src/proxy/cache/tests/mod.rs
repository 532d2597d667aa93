//! The cache against origins on real sockets.

mod ages;
mod confirmed;
mod disk;
mod lies;
mod limits;
mod negatives;
mod origin;
mod passing;
mod ranges;
mod sharing;
mod signatures;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::timeout;

use super::*;
use crate::proxy::resource::Resource;
use origin::{Answer, FileThere, Origin, bytes};

/// Length of a slice here.
const SLICE: usize = 1000;
/// Nothing here takes so long unless it never happens.
const SOON: Duration = Duration::from_secs(10);

fn config(disk: Option<(&Path, u64)>) -> CacheConfig {
    let disk = disk.map(|(path, bytes)| (path.to_owned(), bytes));
    CacheConfig { slice_bytes: SLICE, memory_bytes: 1 << 20, disk, negative: Duration::from_secs(10) }
}

fn client() -> Client {
    Client::new(vec!["127.0.0.0/8".parse().unwrap()])
}

fn cache() -> Arc<Cache> {
    Cache::open(config(None), client())
}

/// The bytes of a part, as far as they came, and what went wrong.
async fn drain(mut pieces: Pieces) -> (Vec<u8>, Option<Failure>) {
    let mut all = Vec::new();
    while let Some(piece) = timeout(SOON, pieces.next()).await.expect("the next piece or an end") {
        match piece {
            Ok(piece) => all.extend_from_slice(&piece),
            Err(failure) => return (all, Some(failure)),
        }
    }
    (all, None)
}

async fn find(cache: &Arc<Cache>, resource: &Resource, start: Start) -> Result<Found, Failure> {
    timeout(SOON, cache.find(resource, start)).await.expect("an answer in time")
}

/// A part, read well.
async fn part(cache: &Arc<Cache>, resource: &Resource, range: Range<u64>) -> (Outcome, Vec<u8>) {
    let found = find(cache, resource, Start::From(range.start)).await.unwrap();
    let outcome = found.outcome;
    let (bytes, failure) = drain(found.read(range)).await;
    assert!(failure.is_none(), "{failure:?}");
    (outcome, bytes)
}

/// All of a resource whose length is known, read well.
async fn whole(cache: &Arc<Cache>, resource: &Resource) -> (Outcome, Vec<u8>) {
    let found = find(cache, resource, Start::Whole).await.unwrap();
    let (outcome, total) = (found.outcome, found.head.total.expect("its length"));
    let (bytes, failure) = drain(found.read(0..total)).await;
    assert!(failure.is_none(), "{failure:?}");
    (outcome, bytes)
}

/// Waits for something that happens by itself.
async fn until(mut happened: impl FnMut() -> bool) {
    let polled = async {
        while !happened() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(SOON, polled).await.expect("it happens");
}

/// Waits until what has come is written to disk.
async fn written(cache: &Cache) {
    until(|| cache.stats().fills.running == 0).await;
    cache.flush().await;
}
