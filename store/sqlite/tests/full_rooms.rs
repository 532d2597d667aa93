//! A room's tokens are bounded; those that no longer work make place.

use std::time::Duration;

use sqlx::{Connection, SqliteConnection};
use synctv_store::{Error, NewRoom, NewToken, Role, Rooms, Settings, TOKENS_MAX};
use synctv_store_sqlite::SqliteStore;

fn token(id: &str, byte: u8, lifetime: Option<Duration>) -> NewToken {
    NewToken { id: id.into(), role: Role::Viewer, label: None, hash: [byte; 32], lifetime }
}

fn room() -> NewRoom {
    NewRoom {
        id: "r".into(),
        name: "full".into(),
        password_hash: None,
        settings: Settings::default(),
        playlist_id: "p".into(),
        owner: token("owner", 1, None),
    }
}

#[tokio::test]
async fn a_full_room_takes_another_token_only_for_one_that_no_longer_works() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("synctv.db");
    let store = SqliteStore::open(&path).await.expect("a store");
    store.create_room(&room()).await.expect("a room");
    // The owner's token is one of them.
    let more = TOKENS_MAX - 1;
    let mut raw = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.expect("a connection");
    let fill = format!(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {more})
         INSERT INTO room_tokens (id, room_id, role, hash)
         SELECT 't' || n, 'r', 'viewer', CAST(printf('%032d', n) AS BLOB) FROM n"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(fill)).execute(&mut raw).await.expect("tokens");
    let refused = store.create_token("r", &token("new", 2, None)).await.expect_err("the room is full");
    assert!(matches!(&refused, Error::Conflict(text) if text.contains("revoke some")), "{refused:?}");
    store.revoke_token("r", "t7").await.expect("it is there");
    store.create_token("r", &token("new", 2, None)).await.expect("there is place");
    let tokens = store.tokens("r").await.expect("tokens");
    assert_eq!(tokens.len() as u64, TOKENS_MAX);
    assert!(tokens.iter().all(synctv_store::RoomToken::usable));
}
