//! Two nodes on one database: hints from one to the other, also after the listening connection is cut.

mod cluster;

use std::time::{Duration, Instant};

use cluster::Database;
use synctv_store::{EventKind, Events, Hint, Mark, NewRoom, NewToken, Nodes, Presence, Role, Rooms, Settings};
use synctv_store_postgres::PostgresStore;
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(5);

async fn node(database: &Database) -> PostgresStore {
    PostgresStore::connect(&database.url, 4).await.expect("connect")
}

async fn make_room(store: &PostgresStore, id: &str) {
    let owner = NewToken { id: format!("t_{id}"), role: Role::Owner, label: None, hash: [1; 32], lifetime: None };
    let room = NewRoom {
        id: id.into(),
        name: format!("room {id}"),
        password_hash: None,
        settings: Settings::default(),
        playlist_id: format!("p_{id}"),
        owner,
    };
    store.create_room(&room).await.expect("create room");
}

/// Waits until this hint comes; how long it took.
async fn hear(hints: &mut Receiver<Hint>, wanted: &Hint) -> Duration {
    let begun = Instant::now();
    let heard = async { while hints.recv().await.expect("hints go on") != *wanted {} };
    timeout(SOON, heard).await.unwrap_or_else(|_| panic!("not within {SOON:?}: {wanted:?}"));
    begun.elapsed()
}

/// Waits until so many connections listen.
async fn until_listening(database: &Database, nodes: u32) {
    let begun = Instant::now();
    let count = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    while database.psql(count) != nodes.to_string() {
        assert!(begun.elapsed() < SOON, "{nodes} listen");
        // Lets the nodes' tasks run, which share this thread.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The listening connection is up: the first resync has come.
async fn listening(store: &PostgresStore) -> Receiver<Hint> {
    let mut hints = store.hints();
    hear(&mut hints, &Hint::Resync).await;
    hints
}

#[tokio::test]
async fn what_happens_on_one_node_is_hinted_on_the_other() {
    let database = Database::new();
    let (one, two) = (node(&database).await, node(&database).await);
    make_room(&one, "r").await;
    let mut hints = listening(&two).await;
    let seq = one.post("r", EventKind::Chat, "hello").await.expect("post");
    hear(&mut hints, &Hint::Events(Mark { room_id: "r".into(), seq })).await;
    let said = Presence { room_id: "r".into(), connections: 1, members: "[]".into() };
    one.put_presence("n", &[said]).await.expect("presence");
    hear(&mut hints, &Hint::Presence("r".into())).await;
    one.delete_room("r").await.expect("delete");
    hear(&mut hints, &Hint::Gone("r".into())).await;
}

#[tokio::test]
async fn nodes_agree_again_after_the_listening_connections_are_cut() {
    let database = Database::new();
    let (one, two) = (node(&database).await, node(&database).await);
    make_room(&one, "r").await;
    let mut hints = listening(&two).await;
    until_listening(&database, 2).await;
    for _ in 0..3 {
        let cut = database.psql(
            "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
             WHERE datname = current_database() AND query LIKE 'LISTEN%'",
        );
        assert_eq!(cut, "2", "both nodes listen");
        let seq = one.post("r", EventKind::Chat, "into the gap").await.expect("post");
        hear(&mut hints, &Hint::Resync).await;
        assert_eq!(two.heads(&["r".into()]).await.expect("heads"), [Mark { room_id: "r".into(), seq }]);
        // Both listen again; hints come by themselves.
        until_listening(&database, 2).await;
        let seq = one.post("r", EventKind::Chat, "after").await.expect("post");
        hear(&mut hints, &Hint::Events(Mark { room_id: "r".into(), seq })).await;
    }
}

#[tokio::test]
async fn a_node_that_is_dropped_listens_no_more() {
    let database = Database::new();
    let store = node(&database).await;
    listening(&store).await;
    let clone = store.clone();
    drop(store);
    clone.heartbeat("n").await.expect("the clone goes on");
    drop(clone);
    until_listening(&database, 0).await;
}

/// Numbers follow the order of commits: whoever reads after a mark never misses one below it.
#[tokio::test]
async fn a_reader_that_follows_the_numbers_misses_nothing() {
    let database = Database::new();
    let (one, two) = (node(&database).await, node(&database).await);
    make_room(&one, "r").await;
    let post = async |store: &PostgresStore| {
        for _ in 0..100 {
            store.post("r", EventKind::Chat, "x").await.expect("post");
        }
    };
    let read = async {
        let mut seen: Vec<i64> = Vec::new();
        while seen.len() < 200 {
            let mark = Mark { room_id: "r".into(), seq: seen.last().copied().unwrap_or(0) };
            let events = two.events_after(&[mark], 50).await.expect("read");
            seen.extend(events.into_iter().map(|event| event.seq));
        }
        seen
    };
    let (_, _, seen) = tokio::join!(post(&one), post(&two), read);
    assert_eq!(seen, (1..=200).collect::<Vec<i64>>());
}

#[tokio::test]
async fn events_of_a_newer_node_are_passed_over() {
    let database = Database::new();
    let store = node(&database).await;
    make_room(&store, "a").await;
    store.post("a", EventKind::Chat, "one").await.expect("post");
    database.psql("INSERT INTO room_events (room_id, seq, kind, body) VALUES ('a', 2, 'poll', '')");
    database.psql("UPDATE rooms SET head = 2 WHERE id = 'a'");
    store.post("a", EventKind::Chat, "three").await.expect("post");
    let events = store.events_after(&[Mark { room_id: "a".into(), seq: 0 }], 10).await.expect("events");
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 3]);
}
