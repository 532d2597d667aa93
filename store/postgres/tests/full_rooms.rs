//! A room's tokens are bounded; those that no longer work make place.

mod cluster;

use std::time::Duration;

use cluster::Database;
use synctv_store::{Error, NewRoom, NewToken, Role, Rooms, Settings, TOKENS_MAX};
use synctv_store_postgres::PostgresStore;

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
    let database = Database::new();
    let store = PostgresStore::connect(&database.url, 4).await.expect("a store");
    store.create_room(&room()).await.expect("a room");
    // The owner's token is one of them.
    let more = TOKENS_MAX - 1;
    database.psql(&format!(
        "INSERT INTO room_tokens (id, room_id, role, hash)
         SELECT 't' || n, 'r', 'viewer', sha256(n::text::bytea) FROM generate_series(1, {more}) n"
    ));
    let refused = store.create_token("r", &token("new", 2, None)).await.expect_err("the room is full");
    assert!(matches!(&refused, Error::Conflict(text) if text.contains("revoke some")), "{refused:?}");
    store.revoke_token("r", "t7").await.expect("it is there");
    store.create_token("r", &token("new", 2, None)).await.expect("there is place");
    let tokens = store.tokens("r").await.expect("tokens");
    assert_eq!(tokens.len() as u64, TOKENS_MAX);
    assert!(tokens.iter().all(synctv_store::RoomToken::usable));
}
