//! Rooms and their tokens.
//!
//! A token made with a lifetime of zero is expired at once by the database's clock, so nothing here waits.

use std::time::Duration;

use super::sample::{add, hinted, new_room, new_token, room};
use crate::{Error, EventKind, Hint, Mark, Mode, Presence, Role, RoomChange, Settings, Store};

const HOUR: Duration = Duration::from_secs(3600);

fn owned(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|&id| id.to_owned()).collect()
}

/// Room, playlist, playback state and owner token.
pub async fn a_room_is_made_whole(store: &dyn Store) {
    let settings = Settings { mode: Mode::Shuffle, advance_delay: Duration::from_millis(1500), control: Role::Viewer };
    let wanted = crate::NewRoom { password_hash: Some("$phc$".into()), settings, ..new_room("demo", 1) };
    let made = store.create_room(&wanted).await.expect("create");
    assert_eq!((made.id.as_str(), made.name.as_str(), made.settings), ("r_demo", "demo", settings));
    assert!(made.has_password && made.head == 0);
    assert_eq!(store.room("r_demo").await.expect("read"), made);
    assert_eq!(store.room_password("r_demo").await.expect("password").as_deref(), Some("$phc$"));
    let lists = store.playlists("r_demo").await.expect("playlists");
    assert_eq!(
        lists.iter().map(|l| (l.id.as_str(), l.name.as_str(), l.media)).collect::<Vec<_>>(),
        [("p_demo", "main", 0)]
    );
    let state = store.snapshot("r_demo").await.expect("snapshot");
    assert_eq!((state.playback.version, state.playback.target, state.playback.playing), (0, None, false));
    let token = store.token_by_hash(&[1; 32]).await.expect("find").expect("owner token");
    assert_eq!((token.room_id.as_str(), token.role, token.usable()), ("r_demo", Role::Owner, true));
}

/// The owner token's hash exists, which is found out last.
pub async fn a_room_that_cannot_be_made_leaves_nothing(store: &dyn Store) {
    room(store, "first", 1).await;
    let err = store.create_room(&new_room("second", 1)).await.expect_err("the hash exists");
    assert!(matches!(err, Error::Conflict(_)), "{err:?}");
    assert_eq!(store.room("r_second").await.expect_err("gone"), Error::no("room", "r_second"));
    assert_eq!(store.playlists("r_second").await.expect("playlists"), []);
    assert_eq!(store.count_rooms().await.expect("count"), 1);
    room(store, "second", 2).await;
}

/// Markup and right-to-left text are names like others; control characters and ids are not.
pub async fn a_room_has_a_name_of_its_own_in_any_script(store: &dyn Store) {
    for (byte, name) in
        (1..).zip(["<b>bold</b> & \"quoted\" 'x'; DROP TABLE rooms", "غرفة الأفلام", "映画 🎬", "Demo", "demo"])
    {
        let wanted = crate::NewRoom { name: name.into(), ..new_room(&byte.to_string(), byte) };
        store.create_room(&wanted).await.expect(name);
        assert_eq!(store.room(name).await.expect("by name").id, wanted.id);
    }
    let taken = crate::NewRoom { name: "demo".into(), ..new_room("other", 90) };
    let err = store.create_room(&taken).await.expect_err("taken");
    assert!(matches!(&err, Error::Conflict(text) if text.contains("demo")), "{err:?}");
    for name in ["", " x", "a\nb", "r_abcdefghij", &"x".repeat(201)] {
        let bad = crate::NewRoom { name: name.into(), ..new_room("bad", 91) };
        let err = store.create_room(&bad).await.expect_err("refused");
        assert!(matches!(err, Error::Invalid(_)), "{name:?}: {err:?}");
    }
}

/// An id comes before a name.
pub async fn a_room_is_found_by_id_or_name(store: &dyn Store) {
    room(store, "demo", 1).await;
    let shadow = crate::NewRoom { name: "r_demo".into(), ..new_room("shadow", 2) };
    store.create_room(&shadow).await.expect("create");
    assert_eq!(store.room("demo").await.expect("name").id, "r_demo");
    assert_eq!(store.room("r_demo").await.expect("id").id, "r_demo");
    assert_eq!(store.room("r_shadow").await.expect("id").name, "r_demo");
    assert_eq!(store.room("Demo").await.expect_err("other case"), Error::no("room", "Demo"));
}

/// Page by page, with the connections that nodes say.
pub async fn rooms_are_listed_by_name_in_pages_with_counts(store: &dyn Store) {
    for (byte, name) in (1..).zip(["c", "a", "e", "b", "d"]) {
        room(store, name, byte).await;
    }
    let said = |room: &str, connections| Presence { room_id: room.into(), connections, members: "[]".into() };
    for node in ["n_1", "n_2"] {
        store.heartbeat(node).await.expect("heartbeat");
        store.put_presence(node, &[said("r_b", 3)]).await.expect("presence");
    }
    let first = store.rooms(None, 2).await.expect("page");
    let second = store.rooms(Some("b"), 2).await.expect("page");
    let last = store.rooms(Some("d"), 2).await.expect("page");
    let names: Vec<_> = [&first, &second, &last].into_iter().flatten().map(|one| one.room.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
    assert_eq!((first[0].connections, first[1].connections, first[1].playing), (0, 6, false));
    assert_eq!(store.count_rooms().await.expect("count"), 5);
}

/// Only what is given changes.
pub async fn a_change_is_stored_and_told(store: &dyn Store) {
    let before = room(store, "demo", 1).await;
    let change =
        RoomChange { mode: Some(Mode::RepeatAll), password_hash: Some(Some("hash".into())), ..RoomChange::default() };
    let changed = store.change_room("r_demo", &change).await.expect("change");
    let settings = Settings { mode: Mode::RepeatAll, ..before.settings };
    assert_eq!((changed.name.as_str(), changed.settings, changed.has_password), ("demo", settings, true));
    let change = RoomChange {
        name: Some("other".into()),
        advance_delay: Some(Duration::from_secs(2)),
        control: Some(Role::Owner),
        password_hash: Some(None),
        ..RoomChange::default()
    };
    let changed = store.change_room("r_demo", &change).await.expect("change");
    let settings = Settings { mode: Mode::RepeatAll, advance_delay: Duration::from_secs(2), control: Role::Owner };
    assert_eq!((changed.name.as_str(), changed.settings, changed.has_password), ("other", settings, false));
    assert_eq!(store.room("other").await.expect("read"), changed);
    let told = store.last_events("r_demo", EventKind::Settings, 10).await.expect("events");
    assert_eq!(told.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(changed.head, 2);
}

/// A taken or impossible name, no such room.
pub async fn a_bad_change_changes_nothing(store: &dyn Store) {
    let before = room(store, "demo", 1).await;
    room(store, "taken", 2).await;
    let named = |name: &str| RoomChange { name: Some(name.into()), mode: Some(Mode::Shuffle), ..RoomChange::default() };
    let err = store.change_room("r_demo", &named("taken")).await.expect_err("taken");
    assert!(matches!(err, Error::Conflict(_)), "{err:?}");
    let err = store.change_room("r_demo", &named("a\0")).await.expect_err("invalid");
    assert!(matches!(err, Error::Invalid(_)), "{err:?}");
    assert_eq!(store.room("r_demo").await.expect("read"), before);
    store
        .change_room("r_demo", &RoomChange { name: Some("demo".into()), ..RoomChange::default() })
        .await
        .expect("own name");
    let err = store.change_room("r_x", &RoomChange::default()).await.expect_err("no room");
    assert_eq!(err, Error::no("room", "r_x"));
}

/// Cascade, and the hint.
pub async fn a_deleted_room_takes_everything_and_is_gone(store: &dyn Store) {
    room(store, "demo", 1).await;
    room(store, "kept", 2).await;
    add(store, "demo", &["m_1", "m_2"]).await;
    let item = store.item("r_demo", "m_1").await.expect("item");
    let next = crate::Playback {
        version: 1,
        target: Some(item.target),
        playing: true,
        ..store.snapshot("r_demo").await.expect("snapshot").playback
    };
    let change = crate::Change { next, cause: crate::Cause::Command, event: "{}".into() };
    assert!(store.swap("r_demo", 0, &change).await.expect("swap"));
    let said = Presence { room_id: "r_demo".into(), connections: 1, members: "[]".into() };
    store.heartbeat("n_1").await.expect("heartbeat");
    store.put_presence("n_1", &[said]).await.expect("presence");
    let mut hints = store.hints();
    store.delete_room("r_demo").await.expect("delete");
    hinted(&mut hints, |hint| *hint == Hint::Gone("r_demo".into())).await;
    let missing = Error::no("room", "r_demo");
    assert_eq!(store.room("r_demo").await.expect_err("room"), missing);
    assert_eq!(store.snapshot("r_demo").await.expect_err("snapshot"), missing);
    assert_eq!(store.delete_room("r_demo").await.expect_err("again"), missing);
    assert_eq!(store.token_by_hash(&[1; 32]).await.expect("token"), None);
    assert_eq!(store.item("r_demo", "m_1").await.expect_err("item"), Error::no("media", "m_1"));
    let mark = Mark { room_id: "r_demo".into(), seq: 0 };
    assert_eq!(store.events_after(&[mark], 10).await.expect("events"), []);
    assert_eq!(store.presence(&owned(&["r_demo"])).await.expect("presence"), []);
    assert_eq!(store.history("r_demo", 10).await.expect("history"), []);
    assert_eq!(store.rooms(None, 10).await.expect("rooms").len(), 1);
    // The name and the ids are free again, and nothing of before is left.
    room(store, "demo", 1).await;
    assert_eq!(store.playlist("r_demo", None).await.expect("playlist").media, 0);
}

/// Every method that names a room says so when it is missing.
pub async fn what_is_in_no_room_is_not_found(store: &dyn Store) {
    let missing = Error::no("room", "r_x");
    assert_eq!(store.room("r_x").await.expect_err("room"), missing);
    assert_eq!(store.delete_room("r_x").await.expect_err("delete"), missing);
    assert_eq!(store.room_password("r_x").await.expect_err("password"), missing);
    let token = new_token("t_1", Role::Viewer, 1, None);
    assert_eq!(store.create_token("r_x", &token).await.expect_err("token"), missing);
    assert_eq!(store.create_playlist("r_x", "p_1", "one").await.expect_err("playlist"), missing);
    assert_eq!(store.snapshot("r_x").await.expect_err("snapshot"), missing);
    assert_eq!(store.tokens("r_x").await.expect("tokens"), []);
    assert_eq!(store.token_by_hash(&[9; 32]).await.expect("hash"), None);
}

/// Expiry is judged by the database's clock when the row is read.
pub async fn a_token_is_found_by_its_hash_until_its_time_comes(store: &dyn Store) {
    room(store, "demo", 1).await;
    let made = store.create_token("r_demo", &new_token("t_hour", Role::Viewer, 2, Some(HOUR))).await.expect("create");
    assert!(made.usable() && made.role == Role::Viewer && made.label.as_deref() == Some("label t_hour"));
    let remaining = made.remaining.expect("a lifetime");
    assert!(remaining <= HOUR && remaining > HOUR - Duration::from_secs(60), "{remaining:?}");
    store
        .create_token("r_demo", &new_token("t_over", Role::Controller, 3, Some(Duration::ZERO)))
        .await
        .expect("create");
    let over = store.token_by_hash(&[3; 32]).await.expect("find").expect("is there");
    assert_eq!((over.remaining, over.usable()), (Some(Duration::ZERO), false));
    let ids: Vec<_> = store.tokens("r_demo").await.expect("list").into_iter().map(|token| token.id).collect();
    assert_eq!(ids, ["t_demo", "t_hour", "t_over"]);
    let again = new_token("t_other", Role::Viewer, 2, None);
    let err = store.create_token("r_demo", &again).await.expect_err("the hash exists");
    assert!(matches!(err, Error::Conflict(_)), "{err:?}");
}

/// A second time changes nothing and tells nothing.
pub async fn a_revoked_token_stays_revoked_and_is_told_once(store: &dyn Store) {
    room(store, "demo", 1).await;
    store.create_token("r_demo", &new_token("t_1", Role::Viewer, 2, None)).await.expect("create");
    let revoked = store.revoke_token("r_demo", "t_1").await.expect("revoke");
    assert!(revoked.revoked_at.is_some() && !revoked.usable());
    assert_eq!(store.revoke_token("r_demo", "t_1").await.expect("again").revoked_at, revoked.revoked_at);
    assert!(!store.token_by_hash(&[2; 32]).await.expect("find").expect("is there").usable());
    let told = store.last_events("r_demo", EventKind::Revoked, 10).await.expect("events");
    assert_eq!(told.iter().map(|event| event.body.as_str()).collect::<Vec<_>>(), ["t_1"]);
}

/// Nor can it be revoked from there.
pub async fn a_token_of_another_room_is_not_found(store: &dyn Store) {
    room(store, "demo", 1).await;
    room(store, "other", 2).await;
    let missing = Error::no("token", "t_other");
    assert_eq!(store.revoke_token("r_demo", "t_other").await.expect_err("foreign"), missing);
    assert!(store.token_by_hash(&[2; 32]).await.expect("find").expect("is there").usable());
    assert_eq!(store.revoke_token("r_demo", "t_x").await.expect_err("unknown"), Error::no("token", "t_x"));
    assert_eq!(store.room("r_demo").await.expect("room").head, 0);
}
