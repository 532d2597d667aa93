//! With the embedded database and its hints.

use synctv_store::{EventKind, NewRoom, NewToken, Role, Settings};
use synctv_store_sqlite::SqliteStore;
use tempfile::TempDir;

use super::*;
use crate::room::claim::EVENTS_MAX;

const ROOM: &str = "r_0000000001";

struct Stage {
    _dir: TempDir,
    store: Arc<dyn Store>,
    standings: Arc<Standings>,
}

async fn stage() -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&dir.path().join("synctv.db")).await.unwrap());
    let owner = NewToken { id: "t_owner".into(), role: Role::Owner, label: None, hash: [7; 32], lifetime: None };
    let room = NewRoom {
        id: ROOM.into(),
        name: "room".into(),
        password_hash: None,
        settings: Settings::default(),
        playlist_id: "p_1".into(),
        owner,
    };
    store.create_room(&room).await.unwrap();
    let standings = Standings::new(Arc::clone(&store));
    Stage { _dir: dir, store, standings }
}

impl Stage {
    async fn head(&self) -> i64 {
        self.store.snapshot(ROOM).await.unwrap().head
    }

    async fn post(&self, kind: EventKind, body: &str) -> i64 {
        self.store.post(ROOM, kind, body).await.unwrap()
    }

    async fn check(&self, generation: i64, seq: i64, holder: Option<&str>) -> std::result::Result<(), Void> {
        self.standings.check(Claim { room_id: ROOM, generation, seq, holder }).await
    }
}

#[tokio::test]
async fn only_the_generation_that_plays_counts() {
    let stage = stage().await;
    let seq = stage.head().await;
    assert_eq!(stage.check(0, seq, None).await, Ok(()));
    assert_eq!(stage.check(1, seq, None).await, Err(Void::Over));
    stage.post(EventKind::Playback, r#"{"type":"playback","version":1,"generation":1}"#).await;
    assert_eq!(stage.check(0, seq, None).await, Err(Void::Over), "counted as soon as it is committed");
    assert_eq!(stage.check(1, seq, None).await, Ok(()));
    stage.post(EventKind::Chat, "{}").await;
    assert_eq!(stage.check(1, seq, None).await, Ok(()));
}

#[tokio::test]
async fn a_kick_ends_what_the_kicked_and_the_operator_were_given() {
    let stage = stage().await;
    let before = stage.head().await;
    stage.post(EventKind::Kick, "c_ann t_ann").await;
    let after = stage.head().await;
    for (holder, seq, counts) in [
        (Some("t_ann"), before, false),
        (None, before, false),
        (Some("t_bob"), before, true),
        (Some("t_ann"), after, true),
        (None, after, true),
    ] {
        assert_eq!(stage.check(0, seq, holder).await.is_ok(), counts, "{holder:?} {seq}");
    }
    stage.post(EventKind::Kick, "c_eve").await;
    assert_eq!(stage.check(0, after, Some("t_bob")).await, Err(Void::Over), "nobody knows whose token it was");
}

#[tokio::test]
async fn a_revoked_token_is_no_good_at_all() {
    let stage = stage().await;
    stage.post(EventKind::Revoked, "t_ann").await;
    let after = stage.head().await;
    assert_eq!(stage.check(0, after, Some("t_ann")).await, Err(Void::Over));
    assert_eq!(stage.check(0, after, Some("t_bob")).await, Ok(()));
    assert_eq!(stage.check(0, after, None).await, Ok(()));
}

#[tokio::test]
async fn what_happened_before_anybody_asked_counts_too() {
    let stage = stage().await;
    let before = stage.head().await;
    stage.post(EventKind::Kick, "c_ann t_ann").await;
    stage.post(EventKind::Revoked, "t_bob").await;
    let fresh = Standings::new(Arc::clone(&stage.store));
    let check = async |holder| fresh.check(Claim { room_id: ROOM, generation: 0, seq: before, holder }).await;
    assert_eq!(check(Some("t_ann")).await, Err(Void::Over));
    assert_eq!(check(Some("t_bob")).await, Err(Void::Over));
    assert_eq!(check(Some("t_eve")).await, Ok(()));
}

#[tokio::test]
async fn a_deleted_room_counts_no_more() {
    let stage = stage().await;
    assert_eq!(stage.check(0, 1, None).await, Ok(()));
    stage.store.delete_room(ROOM).await.unwrap();
    assert_eq!(stage.check(0, 1, None).await, Err(Void::Over));
    assert!(stage.standings.known.lock().rooms.is_empty(), "nothing is kept of it");
}

#[tokio::test]
async fn more_events_than_are_read_at_once_are_counted() {
    let stage = stage().await;
    let seq = stage.head().await;
    assert_eq!(stage.check(0, seq, None).await, Ok(()));
    for _ in 0..EVENTS_MAX {
        stage.post(EventKind::Chat, "{}").await;
    }
    stage.post(EventKind::Kick, "c_ann t_ann").await;
    assert_eq!(stage.check(0, seq, Some("t_ann")).await, Err(Void::Over));
    assert_eq!(stage.check(0, seq, Some("t_bob")).await, Ok(()));
}

#[tokio::test]
async fn rooms_are_remembered_within_bounds() {
    let stage = stage().await;
    for n in 0..ROOMS_MAX + 5 {
        stage.standings.room(&format!("r_{n}"));
    }
    let known = stage.standings.known.lock();
    assert!(known.rooms.len() <= ROOMS_MAX && known.rooms.contains_key(&format!("r_{}", ROOMS_MAX + 4)));
    assert!(!known.rooms.contains_key("r_0"), "those that nobody asked about go first");
}
