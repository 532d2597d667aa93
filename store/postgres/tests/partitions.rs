//! Partitions of the history: made ahead of time, dropped when they are too old.

mod cluster;

use std::time::Duration;

use cluster::Database;
use synctv_store::{NewRoom, NewToken, Nodes, Playbacks, Retention, Role, Rooms, Settings};
use synctv_store_postgres::PostgresStore;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn keep(history: Duration) -> Retention {
    Retention { events: DAY, history, tokens: DAY, node: DAY }
}

fn partitions(database: &Database) -> Vec<String> {
    let names = database.psql(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'history'::regclass
         AND c.relname <> 'history_default' ORDER BY 1",
    );
    names.lines().map(str::to_owned).collect()
}

/// A row of history so many days ago.
fn past(database: &Database, version: i64, days: i64) {
    database.psql(&format!(
        "INSERT INTO history (room_id, from_version, cause, at) VALUES ('r', {version}, 'command', now_ms() - {days} * 86400000::bigint)"
    ));
}

async fn with_room() -> (Database, PostgresStore) {
    let database = Database::new();
    let store = PostgresStore::connect(&database.url, 4).await.expect("connect");
    let owner = NewToken { id: "t".into(), role: Role::Owner, label: None, hash: [1; 32], lifetime: None };
    let room = NewRoom {
        id: "r".into(),
        name: "room".into(),
        password_hash: None,
        settings: Settings::default(),
        playlist_id: "p".into(),
        owner,
    };
    store.create_room(&room).await.expect("create room");
    (database, store)
}

#[tokio::test]
async fn partitions_are_made_three_days_ahead_and_take_what_lies_in_the_default_one() {
    let (database, store) = with_room().await;
    past(&database, 1, 0);
    past(&database, 2, -2);
    assert_eq!(database.psql("SELECT COUNT(*) FROM history_default"), "2");
    assert_eq!(store.housekeep(&keep(DAY * 30)).await.expect("housekeep").partitions, 4);
    let today = database.psql("SELECT 'history_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')");
    let made = partitions(&database);
    assert_eq!((made.len(), made[0].as_str()), (4, today.as_str()));
    assert_eq!(database.psql("SELECT COUNT(*) FROM history_default"), "0", "the rows moved");
    assert_eq!(database.psql(&format!("SELECT COUNT(*) FROM {today}")), "1");
    assert_eq!(store.history("r", 10).await.expect("history").len(), 2);
    assert_eq!(store.housekeep(&keep(DAY * 30)).await.expect("housekeep").partitions, 0);
    store.delete_room("r").await.expect("delete");
    assert_eq!(database.psql("SELECT COUNT(*) FROM history"), "0");
}

#[tokio::test]
async fn a_partition_is_dropped_when_all_of_its_day_is_too_old() {
    let (database, store) = with_room().await;
    for (version, days) in [(1, 40), (2, 10), (3, 5), (4, 0)] {
        past(&database, version, days);
    }
    let day = |days: i64| {
        let at = format!("(now_ms() / 86400000 - {days}) * 86400000");
        assert_eq!(database.psql(&format!("SELECT make_history_day({at})")), "t");
    };
    day(10);
    day(5);
    store.housekeep(&keep(DAY * 365)).await.expect("housekeep");
    assert_eq!(partitions(&database).len(), 6);
    // Ten days ago lies in a partition, forty in none.
    let round = store.housekeep(&keep(DAY * 7)).await.expect("housekeep");
    assert_eq!((round.partitions, round.history), (1, 1));
    assert_eq!(partitions(&database).len(), 5);
    let left: Vec<i64> =
        store.history("r", 10).await.expect("history").into_iter().map(|turn| turn.from_version).collect();
    assert_eq!(left, [4, 3]);
    assert_eq!(store.housekeep(&keep(DAY * 5)).await.expect("housekeep").partitions, 0, "not wholly too old");
    assert_eq!(store.housekeep(&keep(DAY * 4)).await.expect("housekeep").partitions, 1);
}

#[tokio::test]
async fn two_leaders_at_once_do_no_harm() {
    let (database, store) = with_room().await;
    past(&database, 1, 0);
    let (kept, other) = (keep(DAY * 30), store.clone());
    let (a, b) = tokio::join!(store.housekeep(&kept), other.housekeep(&kept));
    assert_eq!(a.expect("one").partitions + b.expect("other").partitions, 4);
}
