//! Playlists and the order of their media.

use std::time::Duration;

use super::sample::{add, all_at_once, new_media, order, room};
use crate::{Cause, Change, Error, EventKind, Length, NewMedia, Playback, Store};

/// Selects a media in a room as a person would.
async fn start(store: &dyn Store, room_id: &str, media_id: &str) {
    let now = store.snapshot(room_id).await.expect("snapshot");
    let item = store.item(room_id, media_id).await.expect("item");
    let next = Playback {
        version: now.playback.version + 1,
        target: Some(item.target),
        playing: true,
        anchored_at_ms: now.now_ms,
        ..now.playback
    };
    let change = Change { next, cause: Cause::Command, event: "{}".into() };
    assert!(store.swap(room_id, now.playback.version, &change).await.expect("swap"));
}

/// Without a name or an id, and by name and id.
pub async fn the_first_playlist_is_the_oldest(store: &dyn Store) {
    room(store, "demo", 1).await;
    store.create_playlist("r_demo", "p_a", "a list").await.expect("create");
    store.create_playlist("r_demo", "p_b", "another").await.expect("create");
    let ids: Vec<_> = store.playlists("r_demo").await.expect("list").into_iter().map(|list| list.id).collect();
    assert_eq!(ids, ["p_demo", "p_a", "p_b"]);
    assert_eq!(store.playlist("r_demo", None).await.expect("oldest").id, "p_demo");
    assert_eq!(store.playlist("r_demo", Some("a list")).await.expect("name").id, "p_a");
    assert_eq!(store.playlist("r_demo", Some("p_b")).await.expect("id").name, "another");
    assert_eq!(store.playlist("r_demo", Some("x")).await.expect_err("none"), Error::no("playlist", "x"));
}

/// Two rooms may use the same name.
pub async fn a_playlist_has_a_name_of_its_own_in_its_room(store: &dyn Store) {
    room(store, "demo", 1).await;
    room(store, "other", 2).await;
    store.create_playlist("r_demo", "p_1", "قائمة <i>").await.expect("create");
    store.create_playlist("r_other", "p_2", "قائمة <i>").await.expect("another room");
    let err = store.create_playlist("r_demo", "p_3", "main").await.expect_err("taken");
    assert!(matches!(err, Error::Conflict(_)), "{err:?}");
    let err = store.rename_playlist("r_demo", "p_1", "main").await.expect_err("taken");
    assert!(matches!(err, Error::Conflict(_)), "{err:?}");
    let err = store.create_playlist("r_demo", "p_3", "a\tb").await.expect_err("invalid");
    assert!(matches!(err, Error::Invalid(_)), "{err:?}");
    assert_eq!(store.rename_playlist("r_demo", "p_1", "later").await.expect("rename").name, "later");
    let err = store.rename_playlist("r_demo", "p_2", "mine").await.expect_err("foreign");
    assert_eq!(err, Error::no("playlist", "p_2"));
    let err = store.delete_playlist("r_demo", "p_2").await.expect_err("foreign");
    assert_eq!(err, Error::no("playlist", "p_2"));
}

/// They can be deleted when that is over.
pub async fn the_last_and_the_selected_playlist_stay(store: &dyn Store) {
    room(store, "demo", 1).await;
    let err = store.delete_playlist("r_demo", "p_demo").await.expect_err("the last");
    assert!(matches!(err, Error::Conflict(_)), "{err:?}");
    store.create_playlist("r_demo", "p_1", "one").await.expect("create");
    store.add_media("r_demo", "p_1", &[new_media("m_1")]).await.expect("add");
    start(store, "r_demo", "m_1").await;
    let err = store.delete_playlist("r_demo", "p_1").await.expect_err("selected");
    assert!(matches!(&err, Error::Conflict(text) if text.contains("selected")), "{err:?}");
    add(store, "demo", &["m_2"]).await;
    start(store, "r_demo", "m_2").await;
    store.delete_playlist("r_demo", "p_1").await.expect("not selected any more");
}

/// Media go with it.
pub async fn a_deleted_playlist_takes_its_media(store: &dyn Store) {
    room(store, "demo", 1).await;
    add(store, "demo", &["m_1"]).await;
    store.create_playlist("r_demo", "p_1", "one").await.expect("create");
    store.delete_playlist("r_demo", "p_demo").await.expect("delete");
    assert_eq!(store.media("r_demo", "m_1").await.expect_err("gone"), Error::no("media", "m_1"));
    let err = store.media_page("r_demo", "p_demo", 0, 10).await.expect_err("gone");
    assert_eq!(err, Error::no("playlist", "p_demo"));
    assert_eq!(store.playlist("r_demo", None).await.expect("oldest").id, "p_1");
}

/// The position of the first is answered; one bad media keeps all out.
pub async fn media_are_appended_in_order_all_or_nothing(store: &dyn Store) {
    room(store, "demo", 1).await;
    let add_all = async |media: &[NewMedia]| store.add_media("r_demo", "p_demo", media).await;
    assert_eq!(add_all(&[new_media("m_1"), new_media("m_2")]).await.expect("add"), 1);
    let odd = NewMedia { name: "<script>\"'ליל".into(), ..new_media("m_3") };
    assert_eq!(add_all(std::slice::from_ref(&odd)).await.expect("add"), 3);
    let read = store.media("r_demo", "m_3").await.expect("read");
    assert_eq!((&read.name, &read.source, read.target_hash), (&odd.name, &odd.source, odd.target_hash));
    assert_eq!((read.position, read.length), (3, Length::Pending));
    let err = add_all(&[new_media("m_4"), new_media("m_1")]).await.expect_err("the id exists");
    assert!(matches!(err, Error::Conflict(_)), "{err:?}");
    let err = add_all(&[new_media("m_4"), NewMedia { name: " x".into(), ..new_media("m_5") }]).await.expect_err("name");
    assert!(matches!(err, Error::Invalid(_)), "{err:?}");
    assert_eq!(order(store, "demo").await, ["m_1", "m_2", "m_3"]);
    let err = store.add_media("r_demo", "p_x", &[new_media("m_6")]).await.expect_err("no playlist");
    assert_eq!(err, Error::no("playlist", "p_x"));
}

/// Add, move, remove.
pub async fn every_change_of_a_playlist_raises_its_revision_and_is_told(store: &dyn Store) {
    room(store, "demo", 1).await;
    let revision = async || store.playlist("r_demo", None).await.expect("playlist").revision;
    let mut seen = vec![revision().await];
    add(store, "demo", &["m_1", "m_2", "m_3"]).await;
    seen.push(revision().await);
    store.move_media("r_demo", "m_3", 1).await.expect("move");
    seen.push(revision().await);
    store.remove_media("r_demo", "m_1").await.expect("remove");
    seen.push(revision().await);
    assert!(seen.windows(2).all(|pair| pair[1] == pair[0] + 1), "{seen:?}");
    let told = store.last_events("r_demo", EventKind::Playlist, 10).await.expect("events");
    assert_eq!(told.iter().map(|event| event.body.as_str()).collect::<Vec<_>>(), ["p_demo"; 3]);
    assert_eq!(order(store, "demo").await, ["m_3", "m_2"]);
}

/// First, last, between; beyond the end is the end, and 0 is the first.
pub async fn a_move_puts_one_media_where_it_was_asked(store: &dyn Store) {
    room(store, "demo", 1).await;
    add(store, "demo", &["a", "b", "c", "d"]).await;
    let moves: [(&str, u64, [&str; 4]); 7] = [
        ("d", 1, ["d", "a", "b", "c"]),
        ("d", 3, ["a", "b", "d", "c"]),
        ("a", 4, ["b", "d", "c", "a"]),
        ("b", 99, ["d", "c", "a", "b"]),
        ("a", 2, ["d", "a", "c", "b"]),
        ("a", 2, ["d", "a", "c", "b"]),
        ("c", 0, ["c", "d", "a", "b"]),
    ];
    for (id, position, wanted) in moves {
        let moved = store.move_media("r_demo", id, position).await.expect("move");
        assert_eq!(moved.position, position.clamp(1, 4), "{id}");
        assert_eq!(order(store, "demo").await, wanted, "{id} to {position}");
        assert_eq!(store.media("r_demo", id).await.expect("read"), moved);
    }
    assert_eq!(store.move_media("r_demo", "x", 1).await.expect_err("none"), Error::no("media", "x"));
}

/// However sparse ranks are, halving a gap ends: then the playlist is numbered anew.
pub async fn moves_between_the_same_neighbours_never_run_out_of_places(store: &dyn Store) {
    room(store, "demo", 1).await;
    add(store, "demo", &["a", "b", "c", "d"]).await;
    let mut model = vec!["a", "b", "c", "d"];
    for _ in 0..100 {
        let last = model.remove(3);
        model.insert(1, last);
        store.move_media("r_demo", last, 2).await.expect("move");
        assert_eq!(order(store, "demo").await, model);
    }
}

/// Until something else is.
pub async fn the_selected_media_stays(store: &dyn Store) {
    room(store, "demo", 1).await;
    add(store, "demo", &["m_1", "m_2"]).await;
    start(store, "r_demo", "m_1").await;
    let err = store.remove_media("r_demo", "m_1").await.expect_err("selected");
    assert!(matches!(&err, Error::Conflict(text) if text.contains("selected")), "{err:?}");
    start(store, "r_demo", "m_2").await;
    store.remove_media("r_demo", "m_1").await.expect("remove");
    assert_eq!(store.remove_media("r_demo", "m_1").await.expect_err("gone"), Error::no("media", "m_1"));
}

/// Before it was ever selected.
pub async fn a_given_duration_is_known_at_once(store: &dyn Store) {
    room(store, "demo", 1).await;
    let given = NewMedia { duration: Some(Duration::from_millis(1234)), ..new_media("m_1") };
    store.add_media("r_demo", "p_demo", &[given]).await.expect("add");
    assert_eq!(store.media("r_demo", "m_1").await.expect("read").length, Length::Known(1234));
    assert_eq!(store.item("r_demo", "m_1").await.expect("item").length, Length::Known(1234));
    start(store, "r_demo", "m_1").await;
    assert_eq!(store.snapshot("r_demo").await.expect("snapshot").length, Length::Known(1234));
}

/// Nor moved, removed or paged.
pub async fn another_rooms_media_are_not_found(store: &dyn Store) {
    room(store, "demo", 1).await;
    room(store, "other", 2).await;
    add(store, "other", &["m_1", "m_2"]).await;
    let missing = Error::no("media", "m_1");
    assert_eq!(store.media("r_demo", "m_1").await.expect_err("read"), missing);
    assert_eq!(store.item("r_demo", "m_1").await.expect_err("item"), missing);
    assert_eq!(store.move_media("r_demo", "m_1", 2).await.expect_err("move"), missing);
    assert_eq!(store.remove_media("r_demo", "m_1").await.expect_err("remove"), missing);
    let no_list = Error::no("playlist", "p_other");
    assert_eq!(store.media_page("r_demo", "p_other", 0, 10).await.expect_err("page"), no_list);
    assert_eq!(store.add_media("r_demo", "p_other", &[new_media("m_3")]).await.expect_err("add"), no_list);
    assert_eq!(store.item_at("r_demo", "p_other", 0).await.expect("none there"), None);
    assert_eq!(order(store, "other").await, ["m_1", "m_2"]);
}

/// 8 at a time, all over the playlist.
pub async fn moves_at_the_same_time_keep_every_media_once(store: &dyn Store) {
    room(store, "demo", 1).await;
    let ids: Vec<String> = (0..30).map(|n| format!("m_{n:02}")).collect();
    add(store, "demo", &ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let mover = async |mover: u64| {
        for n in 0..25 {
            let (id, position) = ((mover * 7 + n * 11) % 30, (mover * 13 + n * 17) % 30 + 1);
            store.move_media("r_demo", &format!("m_{id:02}"), position).await.expect("move");
        }
    };
    all_at_once((0..8).map(mover)).await;
    let mut found = order(store, "demo").await;
    assert_ne!(found, ids, "nothing was moved");
    found.sort();
    assert_eq!(found, ids);
    for (index, media) in (0..).zip(order(store, "demo").await) {
        let item = store.item_at("r_demo", "p_demo", index).await.expect("item").expect("is there");
        assert_eq!(item.target.media_id, media);
    }
}

/// In pages, and by index.
pub async fn ten_thousand_media_are_paged_in_order(store: &dyn Store) {
    room(store, "demo", 1).await;
    let media: Vec<_> = (0..10_000).map(|n| new_media(&format!("m_{n:05}"))).collect();
    assert_eq!(store.add_media("r_demo", "p_demo", &media).await.expect("add"), 1);
    assert_eq!(store.playlist("r_demo", None).await.expect("playlist").media, 10_000);
    let mut found = Vec::new();
    for offset in (0..10_100).step_by(100) {
        let page = store.media_page("r_demo", "p_demo", offset, 100).await.expect("page");
        assert!(page.iter().zip(offset + 1..).all(|(media, position)| media.position == position), "{offset}");
        found.extend(page.into_iter().map(|media| media.id));
    }
    assert!(found.iter().eq(media.iter().map(|media| &media.id)), "{} found", found.len());
    let last = store.item_at("r_demo", "p_demo", 9_999).await.expect("item").expect("is there");
    assert_eq!(last.target.media_id, "m_09999");
    assert_eq!(store.item_at("r_demo", "p_demo", 10_000).await.expect("none"), None);
    store.move_media("r_demo", "m_09999", 1).await.expect("move");
    assert_eq!(store.media("r_demo", "m_00000").await.expect("read").position, 2);
}
