//! The database stops and comes back. Each test has a cluster of its own.

mod cluster;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use cluster::Cluster;
use synctv_store::{Error, Events, Hint, Streams};
use synctv_store_postgres::PostgresStore;

/// Within this time a caller hears that the database is away.
const ANSWER: Duration = Duration::from_secs(3);
/// Within this time everything works again.
const RECOVERY: Duration = Duration::from_secs(5);

async fn node(cluster: &Cluster) -> PostgresStore {
    PostgresStore::connect(&cluster.database(), 4).await.expect("connect")
}

/// Every call fails in time and says that the database is away.
async fn away(store: &PostgresStore) {
    for _ in 0..2 {
        let begun = Instant::now();
        let err = store.create_stream("lost", false).await.expect_err("stopped");
        assert!(matches!(err, Error::Unavailable(_)), "{err:?}");
        assert!(begun.elapsed() < ANSWER, "{:?}", begun.elapsed());
    }
}

async fn recovers(store: &PostgresStore) {
    let mut hints = store.hints();
    let begun = Instant::now();
    while store.ping().await.is_err() {
        assert!(begun.elapsed() < RECOVERY, "the store works again");
    }
    let resync = async { while hints.recv().await.expect("hints go on") != Hint::Resync {} };
    tokio::time::timeout(RECOVERY, resync).await.expect("everything is compared");
}

#[tokio::test]
async fn a_stopped_database_is_unavailable_in_time_and_recovers() {
    let cluster = Cluster::new();
    let store = node(&cluster).await;
    store.create_stream("kept", false).await.expect("create");
    for stop in [Cluster::stop_fast, Cluster::stop_immediate] {
        stop(&cluster);
        away(&store).await;
        cluster.start();
        recovers(&store).await;
        assert_eq!(store.stream("kept").await.expect("kept").name, "kept");
    }
}

/// Frozen, it accepts connections and never answers; no server-side timeout helps then.
#[tokio::test]
async fn a_frozen_database_is_unavailable_in_time_and_recovers() {
    let cluster = Cluster::new();
    let store = node(&cluster).await;
    store.ping().await.expect("ping");
    cluster.freeze();
    away(&store).await;
    cluster.thaw();
    recovers(&store).await;
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_in_a_crash() {
    let cluster = Cluster::new();
    let store = node(&cluster).await;
    let writer = {
        let store = store.clone();
        tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            for n in 0.. {
                let name = format!("s{n}");
                match store.create_stream(&name, false).await {
                    Ok(_) => acknowledged.push(name),
                    Err(_) => return acknowledged,
                }
            }
            acknowledged
        })
    };
    let begun = Instant::now();
    while store.streams().await.expect("list").len() < 50 {
        assert!(begun.elapsed() < RECOVERY * 4, "the writer writes");
    }
    cluster.stop_immediate();
    let acknowledged = writer.await.expect("the writer ends");
    cluster.start();
    recovers(&store).await;
    let kept: BTreeSet<String> = store.streams().await.expect("list").into_iter().map(|one| one.name).collect();
    assert!(acknowledged.len() >= 50);
    for name in &acknowledged {
        assert!(kept.contains(name), "{name} was acknowledged");
    }
}
