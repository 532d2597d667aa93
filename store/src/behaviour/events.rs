//! Events of rooms, and hints.

use super::sample::{all_at_once, hinted, room};
use crate::{Error, EventKind, Hint, Mark, Store};

fn mark(room: &str, seq: i64) -> Mark {
    Mark { room_id: room.into(), seq }
}

/// 20 at a time.
pub async fn events_are_numbered_without_gaps_under_many_posters(store: &dyn Store) {
    room(store, "demo", 1).await;
    let poster = async |poster: usize| {
        let mut numbers = Vec::new();
        for n in 0..10 {
            let body = format!("{poster} {n}");
            numbers.push((store.post("r_demo", EventKind::Chat, &body).await.expect("post"), body));
        }
        // One after the other, as they were posted.
        assert!(numbers.is_sorted(), "{numbers:?}");
        numbers
    };
    let mut posted: Vec<_> = all_at_once((0..20).map(poster)).await.into_iter().flatten().collect();
    posted.sort();
    assert!(posted.iter().map(|(seq, _)| *seq).eq(1..=200), "{posted:?}");
    let read = store.events_after(&[mark("r_demo", 0)], 1000).await.expect("read");
    assert!(read.into_iter().map(|event| (event.seq, event.body)).eq(posted));
    assert_eq!(store.heads(&["r_demo".into()]).await.expect("heads"), [mark("r_demo", 200)]);
}

/// Nothing is kept for one that is gone.
pub async fn an_event_needs_its_room(store: &dyn Store) {
    let err = store.post("r_x", EventKind::Chat, "hello").await.expect_err("no room");
    assert_eq!(err, Error::no("room", "r_x"));
    assert_eq!(store.events_after(&[mark("r_x", 0)], 10).await.expect("none"), []);
}

/// Over several rooms, with a limit that cuts within one.
pub async fn events_after_marks_come_by_room_and_number(store: &dyn Store) {
    for (byte, name) in (1..).zip(["b", "a", "c"]) {
        room(store, name, byte).await;
        for n in 1..=4 {
            let body = format!("{name}{n} \"\\ ✓");
            store.post(&format!("r_{name}"), EventKind::Chat, &body).await.expect("post");
        }
    }
    let marks = [mark("r_b", 2), mark("r_a", 1), mark("r_gone", 0)];
    let read = store.events_after(&marks, 100).await.expect("read");
    let found: Vec<_> = read.iter().map(|event| (event.room_id.as_str(), event.seq)).collect();
    assert_eq!(found, [("r_a", 2), ("r_a", 3), ("r_a", 4), ("r_b", 3), ("r_b", 4)]);
    assert_eq!((read[0].body.as_str(), read[0].kind), ("a2 \"\\ ✓", EventKind::Chat));
    assert_eq!(store.events_after(&marks, 4).await.expect("read"), read[..4]);
    assert_eq!(store.events_after(&[mark("r_c", 4)], 4).await.expect("read"), []);
    assert_eq!(store.events_after(&[], 4).await.expect("read"), []);
}

/// Other kinds between them are passed over.
pub async fn the_newest_events_of_a_kind_come_oldest_first(store: &dyn Store) {
    room(store, "demo", 1).await;
    for n in 1..=5 {
        store.post("r_demo", EventKind::Chat, &n.to_string()).await.expect("post");
        store.post("r_demo", EventKind::Kick, "c_1").await.expect("post");
    }
    let said = store.last_events("r_demo", EventKind::Chat, 3).await.expect("read");
    let said: Vec<_> = said.iter().map(|event| (event.seq, event.body.as_str())).collect();
    assert_eq!(said, [(5, "3"), (7, "4"), (9, "5")]);
    assert_eq!(store.last_events("r_demo", EventKind::Length, 3).await.expect("read"), []);
}

/// A room without events has 0.
pub async fn heads_leave_out_rooms_that_are_gone(store: &dyn Store) {
    room(store, "a", 1).await;
    room(store, "b", 2).await;
    store.post("r_b", EventKind::Chat, "x").await.expect("post");
    let asked = ["r_b".to_owned(), "r_gone".to_owned(), "r_a".to_owned()];
    let mut heads = store.heads(&asked).await.expect("heads");
    heads.sort_by(|a, b| a.room_id.cmp(&b.room_id));
    assert_eq!(heads, [mark("r_a", 0), mark("r_b", 1)]);
}

/// The hint comes after the commit: what it tells of is there.
pub async fn every_event_is_hinted_when_it_can_be_read(store: &dyn Store) {
    room(store, "demo", 1).await;
    let mut hints = store.hints();
    for n in 1..=20 {
        store.post("r_demo", EventKind::Chat, "x").await.expect("post");
        // A hint of a later event tells of this one too.
        let told = |hint: &Hint| matches!(hint, Hint::Events(at) if at.room_id == "r_demo" && at.seq >= n);
        hinted(&mut hints, told).await;
        let read = store.events_after(&[mark("r_demo", n - 1)], 10).await.expect("read");
        assert_eq!(read.first().map(|event| event.seq), Some(n));
    }
}
