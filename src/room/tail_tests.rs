//! Hints, lost hints, and what is read because of them, with the embedded database.

use super::*;
use crate::room::connection::{Connection, Heard};
use crate::room::control;
use crate::room::playback::Command;
use crate::room::runtime::{Member, RoomLimits};
use serde_json::Value;
use synctv_store::{NewRoom, NewToken, Retention, Role, RoomChange, Settings};
use synctv_store_sqlite::SqliteStore;
use tempfile::TempDir;

struct Stage {
    _dir: TempDir,
    plane: Arc<RoomPlane>,
    tail: Tail,
}

async fn stage() -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&dir.path().join("synctv.db")).await.unwrap();
    let plane = RoomPlane::new(Arc::new(store), RoomLimits::default(), "n_test".into());
    for id in ["r_0000000001", "r_0000000002"] {
        let owner = NewToken { id: format!("t_{id}"), role: Role::Owner, label: None, hash: hash(id), lifetime: None };
        let room = NewRoom {
            id: id.into(),
            name: format!("room {id}"),
            password_hash: None,
            settings: Settings::default(),
            playlist_id: format!("p_{}", &id[2..]),
            owner,
        };
        plane.store.create_room(&room).await.unwrap();
    }
    Stage { _dir: dir, tail: Tail::new(Arc::clone(&plane)), plane }
}

fn hash(id: &str) -> synctv_store::KeyHash {
    let mut hash = [0; 32];
    hash[..id.len()].copy_from_slice(id.as_bytes());
    hash
}

const ROOM: &str = "r_0000000001";
const OTHER: &str = "r_0000000002";

impl Stage {
    async fn join(&self, room: &str) -> Connection {
        let member = Member { id: "c_1".into(), name: "Ann".into(), role: Role::Viewer, token_id: None };
        let mut connection = self.plane.runtime.join(room, member).unwrap();
        assert!(connection.read_at(self.plane.store.snapshot(room).await.unwrap().head));
        connection
    }

    async fn post(&self, room: &str, kind: EventKind, body: &str) -> Hint {
        let seq = self.plane.store.post(room, kind, body).await.unwrap();
        Hint::Events(Mark { room_id: room.into(), seq })
    }

    async fn say(&self, text: &str) -> Hint {
        self.post(ROOM, EventKind::Chat, &serde_json::json!({"type": "chat", "text": text}).to_string()).await
    }
}

/// What has been announced to a connection.
fn heard(connection: &mut Connection) -> Vec<Value> {
    std::iter::from_fn(|| connection.hear_now()).map(|said| serde_json::from_slice(&said.text).unwrap()).collect()
}

fn texts(heard: &[Value]) -> Vec<&str> {
    heard.iter().map(|said| said["text"].as_str().or(said["type"].as_str()).unwrap()).collect()
}

#[tokio::test]
async fn one_hint_announces_everything_up_to_it_in_order() {
    let mut stage = stage().await;
    stage.say("before").await;
    let mut member = stage.join(ROOM).await;
    stage.say("one").await;
    let hint = stage.say("two").await;
    stage.tail.note(hint.clone());
    stage.tail.round().await.unwrap();
    assert_eq!(texts(&heard(&mut member)), ["one", "two"]);
    stage.tail.note(hint);
    assert!(!stage.tail.has_work(), "a hint of what is announced already asks nothing");
}

#[tokio::test]
async fn rooms_without_connections_ask_nothing() {
    let mut stage = stage().await;
    let _member = stage.join(OTHER).await;
    let hint = stage.say("nobody hears").await;
    stage.tail.note(hint);
    assert!(!stage.tail.has_work());
}

#[tokio::test]
async fn what_happens_while_the_first_member_joins_is_announced() {
    let mut stage = stage().await;
    let member = Member { id: "c_1".into(), name: "Ann".into(), role: Role::Viewer, token_id: None };
    let mut connection = stage.plane.runtime.join(ROOM, member).unwrap();
    let head = stage.plane.store.snapshot(ROOM).await.unwrap().head;
    let hint = stage.say("in between").await;
    stage.tail.note(hint);
    assert!(!stage.tail.has_work(), "where to begin is not known yet");
    assert!(connection.read_at(head));
    assert!(stage.tail.has_work());
    stage.tail.round().await.unwrap();
    assert_eq!(texts(&heard(&mut connection)), ["in between"]);
}

#[tokio::test]
async fn after_lost_hints_heads_are_compared() {
    let mut stage = stage().await;
    let mut member = stage.join(ROOM).await;
    let mut gone = stage.join(OTHER).await;
    stage.say("unhinted").await;
    stage.plane.store.delete_room(OTHER).await.unwrap();
    stage.tail.note(Hint::Resync);
    stage.tail.round().await.unwrap();
    assert_eq!(texts(&heard(&mut member)), ["unhinted"]);
    let closed = tokio::time::timeout(Duration::from_secs(5), gone.hear()).await;
    assert!(matches!(closed, Ok(Heard::Close(Closing::GONE))), "{closed:?}");
}

#[tokio::test]
async fn a_gap_in_the_events_is_filled_with_the_state() {
    let mut stage = stage().await;
    let mut member = stage.join(ROOM).await;
    for n in 0..5 {
        stage.say(&n.to_string()).await;
    }
    let zero = Duration::ZERO;
    let day = Duration::from_secs(86_400);
    tokio::time::sleep(Duration::from_millis(5)).await;
    let keep = Retention { events: zero, history: day, tokens: day, node: day };
    stage.plane.store.housekeep(&keep).await.unwrap();
    stage.tail.note(Hint::Resync);
    stage.tail.round().await.unwrap();
    let heard = heard(&mut member);
    assert_eq!(texts(&heard), ["4", "settings", "playback"], "{heard:?}");
}

#[tokio::test]
async fn settings_and_lengths_are_read_and_the_workers_nudged() {
    let mut stage = stage().await;
    let mut member = stage.join(ROOM).await;
    let mut nudges = stage.plane.runtime.nudges();
    nudges.mark_unchanged();
    let change = RoomChange { name: Some("<b>الغرفة".into()), ..RoomChange::default() };
    let head = stage.plane.store.change_room(ROOM, &change).await.unwrap().head;
    stage.tail.note(Hint::Events(Mark { room_id: ROOM.into(), seq: head }));
    stage.tail.round().await.unwrap();
    assert!(nudges.has_changed().unwrap());
    let told = heard(&mut member);
    assert_eq!((&told[0]["type"], &told[0]["name"]), (&"settings".into(), &"<b>الغرفة".into()));
    let hint = stage.post(ROOM, EventKind::Length, "").await;
    stage.tail.note(hint);
    stage.tail.round().await.unwrap();
    assert_eq!(heard(&mut member)[0]["type"], "playback");
    nudges.mark_unchanged();
    let hint = stage.say("no nudge").await;
    stage.tail.note(hint);
    stage.tail.round().await.unwrap();
    assert!(!nudges.has_changed().unwrap());
}

/// The state that was read for a length is newer than events that come after it: versions never go backwards.
#[tokio::test]
async fn versions_never_go_backwards() {
    let mut stage = stage().await;
    let mut member = stage.join(ROOM).await;
    let hint = stage.post(ROOM, EventKind::Length, "").await;
    stage.tail.note(hint);
    let marks = stage.tail.marks();
    let length = stage.plane.store.events_after(&marks, BATCH).await.unwrap();
    for _ in 0..2 {
        control::command(stage.plane.store.as_ref(), ROOM, &Command::Stop, None).await.unwrap();
    }
    length.into_iter().for_each(|event| stage.tail.announce(event));
    stage.tail.read_stale().await.unwrap();
    stage.tail.note(Hint::Resync);
    stage.tail.round().await.unwrap();
    let versions: Vec<_> = heard(&mut member).iter().map(|said| said["version"].as_i64().unwrap()).collect();
    assert_eq!(versions, [2]);
}

/// A length is announced with the state as it is read then, which may contain changes after the length. Who joined in between knows the
/// length but not the changes, whose own events say nothing new to the others.
#[tokio::test]
async fn a_joiner_hears_a_change_that_was_read_together_with_a_length() {
    let mut stage = stage().await;
    let _first = stage.join(ROOM).await;
    let hint = stage.post(ROOM, EventKind::Length, "").await;
    stage.tail.note(hint);
    let marks = stage.tail.marks();
    let length = stage.plane.store.events_after(&marks, BATCH).await.unwrap();
    let mut joiner = stage.join(ROOM).await;
    control::command(stage.plane.store.as_ref(), ROOM, &Command::Stop, None).await.unwrap();
    length.into_iter().for_each(|event| stage.tail.announce(event));
    stage.tail.read_stale().await.unwrap();
    stage.tail.note(Hint::Resync);
    stage.tail.round().await.unwrap();
    let versions: Vec<_> = heard(&mut joiner).iter().map(|said| said["version"].as_i64().unwrap()).collect();
    assert_eq!(versions, [1]);
}

#[tokio::test]
async fn the_tail_follows_by_itself() {
    let stage = stage().await;
    let mut member = stage.join(ROOM).await;
    let stop = CancellationToken::new();
    let following = tokio::spawn(run(Arc::clone(&stage.plane), stop.clone()));
    let within = Duration::from_secs(5);
    // Posted again until the task has begun to listen.
    let said = tokio::time::timeout(within, async {
        loop {
            stage.say("hello").await;
            if let Ok(heard) = tokio::time::timeout(Duration::from_millis(100), member.hear()).await {
                return heard;
            }
        }
    });
    assert!(matches!(said.await.unwrap(), Heard::Said(_)));
    stop.cancel();
    tokio::time::timeout(within, following).await.unwrap().unwrap();
}
