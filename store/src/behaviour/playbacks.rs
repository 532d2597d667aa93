//! Playback states: what is read, and compare-and-set. An item whose anchor lies in the past is due at once, so nothing here waits.

use std::time::Duration;

use super::stage::{
    DAY, by_command, delayed, ended, hash, media, new_media, onward, play, playing, playlist, room, snapshot, target,
    together, write,
};
use crate::{Cause, Change, Error, EventKind, Length, Place, Playback, Store};

const SECOND: Duration = Duration::from_secs(1);
const LONG_AGO: Duration = Duration::from_secs(3600);

fn rooms(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

/// Ids of the rooms that are due, the longest overdue first.
async fn due(store: &dyn Store, active: &[&str]) -> Vec<String> {
    let due = store.due(&rooms(active), 100).await.expect("due");
    due.into_iter().map(|snapshot| snapshot.room_id).collect()
}

/// Version 0, nothing selected, by the database's clock.
pub async fn a_room_begins_with_nothing_selected(store: &dyn Store) {
    room(store, "a", &[Some(DAY)]).await;
    let seen = snapshot(store, "a").await;
    assert_eq!((seen.playback.version, seen.playback.target, seen.place), (0, None, None));
    assert!(!seen.playback.playing && !seen.playback.ended && seen.now_ms > 1_700_000_000_000);
    assert_eq!(store.snapshot("x").await.expect_err("no room"), Error::no("room", "x"));
}

/// Media are found by id and by their place, in their own room only.
pub async fn items_are_found_by_id_and_by_place(store: &dyn Store) {
    room(store, "a", &[Some(SECOND), None]).await;
    room(store, "b", &[None]).await;
    let first = store.item("a", &media("a", 0)).await.expect("item");
    assert_eq!((first.target.clone(), first.length), (target("a", 0), Length::Known(1000)));
    assert_eq!(store.item_at("a", &playlist("a"), 0).await.expect("at"), Some(first));
    let second = store.item_at("a", &playlist("a"), 1).await.expect("at").expect("there");
    assert_eq!((second.target, second.length), (target("a", 1), Length::Pending));
    assert_eq!(store.item_at("a", &playlist("a"), 2).await.expect("at"), None);
    assert_eq!(store.item_at("b", &playlist("a"), 0).await.expect("at"), None);
    let err = store.item("b", &media("a", 0)).await.expect_err("another room's");
    assert_eq!(err, Error::no("media", &media("a", 0)));
}

/// What is written is read back, with place, length and head, and its event says so.
pub async fn a_swap_is_read_back_with_its_event(store: &dyn Store) {
    room(store, "a", &[Some(SECOND), Some(DAY), None]).await;
    let before = snapshot(store, "a").await;
    let next = Playback { anchor_ms: 17, speed: 1.25, ..playing(&before, 1, SECOND) };
    assert!(store.swap("a", 0, &by_command(next.clone())).await.expect("swap"));
    let seen = snapshot(store, "a").await;
    assert_eq!(seen.playback, next);
    assert_eq!(seen.length, Length::Known(24 * 3600 * 1000));
    assert_eq!(seen.place.map(|place| (place.index, place.total)), Some((1, 3)));
    assert_eq!(seen.head, before.head + 1);
    let events = store.last_events("a", EventKind::Playback, 10).await.expect("events");
    assert_eq!(events.iter().map(|e| (e.seq, e.body.as_str())).collect::<Vec<_>>(), [(seen.head, "version 1")]);
}

/// An older version, and a version that does not follow, write nothing.
pub async fn a_swap_on_another_version_writes_nothing(store: &dyn Store) {
    room(store, "a", &[Some(DAY), Some(DAY)]).await;
    let old = snapshot(store, "a").await;
    let seen = play(store, "a", 0, Duration::ZERO).await;
    let late = by_command(playing(&old, 1, Duration::ZERO));
    assert!(!store.swap("a", old.playback.version, &late).await.expect("swap"));
    let after = snapshot(store, "a").await;
    assert_eq!((after.playback, after.head), (seen.playback.clone(), seen.head));
    let err = store.swap("x", 0, &late).await.expect_err("no room");
    assert_eq!(err, Error::no("room", "x"));
}

/// A target whose media is gone meanwhile is a lost race, no error.
pub async fn a_swap_to_a_deleted_media_writes_nothing(store: &dyn Store) {
    room(store, "a", &[Some(DAY), Some(DAY)]).await;
    let seen = snapshot(store, "a").await;
    store.remove_media("a", &media("a", 1)).await.expect("remove");
    let change = by_command(playing(&seen, 1, Duration::ZERO));
    assert!(!store.swap("a", 0, &change).await.expect("swap"));
    assert_eq!(snapshot(store, "a").await.playback.version, 0);
}

/// Only a room that is active, plays and whose known end has come is due; the longest overdue comes first.
pub async fn due_is_what_has_come_to_its_end(store: &dyn Store) {
    for id in ["a", "b", "c", "d", "e", "f"] {
        room(store, id, &[Some(SECOND), Some(DAY), None]).await;
    }
    play(store, "a", 0, LONG_AGO).await;
    play(store, "b", 0, LONG_AGO * 2).await;
    play(store, "c", 1, LONG_AGO).await;
    play(store, "d", 2, LONG_AGO).await;
    let paused = |seen: &_| Playback { playing: false, ..playing(seen, 0, LONG_AGO) };
    write(store, "e", paused).await;
    assert_eq!(due(store, &["a", "b", "c", "d", "e", "f", "x"]).await, ["b", "a"]);
    assert_eq!(due(store, &["a"]).await, ["a"]);
    assert_eq!(due(store, &[]).await, [""; 0]);
    assert_eq!(store.due(&rooms(&["a", "b"]), 1).await.expect("due").len(), 1);
    let judged = store.due(&rooms(&["a"]), 1).await.expect("due").remove(0);
    let seen = snapshot(store, "a").await;
    assert_eq!((judged.playback, judged.place, judged.length), (seen.playback, seen.place, seen.length));
}

/// Position, speed and delay all count.
pub async fn due_counts_position_speed_and_delay(store: &dyn Store) {
    room(store, "a", &[Some(Duration::from_secs(100))]).await;
    let at = |anchor_ms: i64, speed: f64, since: u64| {
        move |seen: &_| Playback { anchor_ms, speed, ..playing(seen, 0, Duration::from_secs(since)) }
    };
    for (anchor_ms, speed, since, is_due) in [
        (0, 1.0, 99, false),
        (0, 1.0, 101, true),
        (50_000, 1.0, 49, false),
        (50_000, 1.0, 51, true),
        (0, 2.0, 49, false),
        (0, 2.0, 51, true),
        (0, 0.5, 199, false),
        (0, 0.5, 201, true),
        (i64::MAX, 0.25, 1, true),
    ] {
        write(store, "a", at(anchor_ms, speed, since)).await;
        assert_eq!(!due(store, &["a"]).await.is_empty(), is_due, "{anchor_ms} ms, x{speed}, since {since} s");
    }
    write(store, "a", at(0, 1.0, 110)).await;
    store.change_room("a", &delayed(Duration::from_secs(20))).await.expect("change");
    assert_eq!(due(store, &["a"]).await, [""; 0], "the delay is not over");
    store.change_room("a", &delayed(Duration::from_secs(5))).await.expect("change");
    assert_eq!(due(store, &["a"]).await, ["a"]);
    // A seek beyond an end that is found out only later.
    write(store, "a", at(110_000, 1.0, 1)).await;
    assert_eq!(due(store, &["a"]).await, [""; 0], "the delay begins with the state, not before it");
    assert!(store.next_due(&rooms(&["a"])).await.expect("next") > Some(SECOND));
}

/// When to look again.
pub async fn the_next_due_time_is_told(store: &dyn Store) {
    room(store, "a", &[Some(Duration::from_secs(600)), Some(DAY), None]).await;
    room(store, "b", &[Some(DAY)]).await;
    let both = rooms(&["a", "b"]);
    assert_eq!(store.next_due(&both).await.expect("next"), None);
    play(store, "b", 0, Duration::ZERO).await;
    play(store, "a", 0, Duration::from_secs(540)).await;
    let next = store.next_due(&both).await.expect("next").expect("some");
    assert!(next <= SECOND * 60 && next > SECOND * 30, "{next:?}");
    let next = store.next_due(&both[1..]).await.expect("next").expect("some");
    assert!(next <= DAY && next > DAY - SECOND * 30, "{next:?}");
    play(store, "a", 0, LONG_AGO).await;
    assert_eq!(store.next_due(&both).await.expect("next"), Some(Duration::ZERO));
    assert_eq!(store.next_due(&[]).await.expect("next"), None);
    play(store, "a", 2, LONG_AGO).await;
    assert_eq!(store.next_due(&both[..1]).await.expect("next"), None, "an unknown end never comes");
}

/// One step on, with its event and its one row of history.
pub async fn an_advance_is_written_once_with_its_history(store: &dyn Store) {
    room(store, "a", &[Some(SECOND), Some(DAY)]).await;
    let judged = play(store, "a", 0, LONG_AGO).await;
    let change = onward(&judged, 1);
    assert!(store.advance(&judged, &change).await.expect("advance"));
    assert!(!store.advance(&judged, &change).await.expect("advance again"));
    let seen = snapshot(store, "a").await;
    assert_eq!((seen.playback.clone(), seen.head), (change.next.clone(), judged.head + 1));
    assert_eq!(due(store, &["a"]).await, [""; 0]);
    let history = store.history("a", 10).await.expect("history");
    let turns: Vec<_> = history.iter().map(|turn| (turn.from_version, turn.cause)).collect();
    assert_eq!(turns, [(1, Cause::Advance), (0, Cause::Command)], "newest first");
    assert_eq!(history[0].from_media, Some(media("a", 0)));
    assert_eq!(history[0].to_media, Some(media("a", 1)));
    assert_eq!((history[1].from_media.clone(), history[1].to_media.clone()), (None, Some(media("a", 0))));
    assert!(history[0].at_ms >= history[1].at_ms && history[1].at_ms <= seen.now_ms);
    assert_eq!(store.history("a", 1).await.expect("history").len(), 1);
}

/// Beginning anew by an advance is a turn; pausing and seeking are none.
pub async fn history_has_what_began_anew(store: &dyn Store) {
    room(store, "a", &[Some(SECOND)]).await;
    play(store, "a", 0, LONG_AGO).await;
    let judged = write(store, "a", |seen| Playback { anchor_ms: 5, ..playing(seen, 0, LONG_AGO) }).await;
    assert_eq!(store.history("a", 10).await.expect("history").len(), 1, "a seek is no turn");
    assert!(store.advance(&judged, &onward(&judged, 0)).await.expect("advance"));
    assert_eq!(store.history("a", 10).await.expect("history")[0].cause, Cause::Advance);
    write(store, "a", |seen| Playback { target: None, playing: false, ..playing(seen, 0, SECOND) }).await;
    let history = store.history("a", 10).await.expect("history");
    assert_eq!((history.len(), history[0].to_media.clone()), (3, None), "selecting nothing is a turn");
}

/// Each guard by itself: what was judged must still be so.
pub async fn an_advance_needs_what_was_judged(store: &dyn Store) {
    room(store, "a", &[Some(SECOND), Some(DAY), Some(DAY)]).await;
    let refused = async |why: &str, judged: &crate::Snapshot, change: &Change| {
        let before = snapshot(store, "a").await;
        assert!(!store.advance(judged, change).await.expect("advance"), "{why}");
        let after = snapshot(store, "a").await;
        assert_eq!((after.playback, after.head), (before.playback, before.head), "{why}");
    };
    let judged = play(store, "a", 0, LONG_AGO).await;
    let stale = crate::Snapshot { playback: Playback { version: 0, ..judged.playback.clone() }, ..judged.clone() };
    refused("version", &stale, &onward(&stale, 1)).await;
    let mut other = judged.clone();
    other.playback.target = Some(target("a", 1));
    refused("target", &other, &onward(&judged, 1)).await;
    let mut revised = judged.clone();
    revised.place = judged.place.map(|place| Place { revision: place.revision + 1, ..place });
    refused("revision", &revised, &onward(&judged, 1)).await;
    let mut nothing = judged.clone();
    nothing.playback.target = None;
    refused("no target", &nothing, &onward(&judged, 1)).await;
    store.change_room("a", &delayed(LONG_AGO)).await.expect("change");
    refused("delay", &judged, &onward(&judged, 1)).await;
    store.change_room("a", &delayed(Duration::ZERO)).await.expect("change");
    let paused = write(store, "a", |seen| Playback { playing: false, ..playing(seen, 0, LONG_AGO) }).await;
    refused("paused", &paused, &onward(&paused, 1)).await;
    let early = play(store, "a", 1, SECOND).await;
    refused("not due", &early, &onward(&early, 2)).await;
    let gone = crate::Snapshot { room_id: "x".into(), ..judged.clone() };
    assert!(!store.advance(&gone, &onward(&judged, 1)).await.expect("a deleted room is no error"));
    let judged = play(store, "a", 0, LONG_AGO).await;
    assert!(store.advance(&judged, &onward(&judged, 1)).await.expect("advance"), "the control");
}

/// The playlist changed after judging: another node decides anew.
pub async fn an_advance_is_refused_after_the_playlist_changed(store: &dyn Store) {
    room(store, "a", &[Some(SECOND), Some(DAY), Some(DAY)]).await;
    let judged = play(store, "a", 0, LONG_AGO).await;
    store.remove_media("a", &media("a", 1)).await.expect("remove");
    assert!(!store.advance(&judged, &onward(&judged, 1)).await.expect("advance"), "its media is deleted");
    let judged = snapshot(store, "a").await;
    store.add_media("a", &playlist("a"), &[new_media("a", 3, None)]).await.expect("add");
    assert!(!store.advance(&judged, &onward(&judged, 2)).await.expect("advance"));
    let judged = snapshot(store, "a").await;
    assert!(store.advance(&judged, &onward(&judged, 2)).await.expect("advance"));
}

/// The end is stored once and not found again.
pub async fn the_end_is_stored_once(store: &dyn Store) {
    room(store, "a", &[Some(SECOND)]).await;
    let judged = play(store, "a", 0, LONG_AGO).await;
    let change = ended(&judged);
    assert!(store.advance(&judged, &change).await.expect("advance"));
    assert!(!store.advance(&judged, &change).await.expect("again"));
    let seen = snapshot(store, "a").await;
    assert!(seen.playback.ended && !seen.playback.playing);
    assert_eq!(due(store, &["a"]).await, [""; 0]);
    assert_eq!(store.next_due(&rooms(&["a"])).await.expect("next"), None);
    assert!(!store.advance(&seen, &ended(&seen)).await.expect("an end has no end"));
    let history = store.history("a", 10).await.expect("history");
    assert_eq!((history[0].cause, history.len()), (Cause::End, 2));
}

/// Many nodes find the same room due; one of them goes on.
pub async fn of_many_advances_one_is_true(store: &dyn Store) {
    room(store, "a", &[Some(SECOND), Some(DAY)]).await;
    let judged = play(store, "a", 0, LONG_AGO).await;
    let change = onward(&judged, 1);
    let all = together((0..16).map(|_| store.advance(&judged, &change))).await;
    let won = all.into_iter().filter(|one| *one.as_ref().expect("a lost race is no error")).count();
    assert_eq!(won, 1);
    let seen = snapshot(store, "a").await;
    assert_eq!((seen.playback.version, seen.head), (2, judged.head + 1));
    assert_eq!(store.history("a", 10).await.expect("history").len(), 2);
}

/// A person and a worker at the same moment: one of them.
pub async fn of_swap_and_advance_one_is_true(store: &dyn Store) {
    room(store, "a", &[Some(SECOND), Some(DAY), Some(DAY)]).await;
    for _ in 0..10 {
        let judged = play(store, "a", 0, LONG_AGO).await;
        let (advance, command) = (onward(&judged, 1), by_command(playing(&judged, 2, Duration::ZERO)));
        let (advanced, swapped) =
            tokio::join!(store.advance(&judged, &advance), store.swap("a", judged.playback.version, &command));
        assert!(advanced.expect("advance") != swapped.expect("swap"), "exactly one");
        let seen = snapshot(store, "a").await;
        assert_eq!(seen.playback.version, judged.playback.version + 1);
    }
}

/// Two targets of the same room do not share their durations.
pub async fn a_duration_belongs_to_its_target(store: &dyn Store) {
    room(store, "a", &[Some(SECOND), None]).await;
    play(store, "a", 0, LONG_AGO).await;
    let seen = play(store, "a", 1, LONG_AGO).await;
    assert_eq!(seen.playback.target.map(|target| target.hash), Some(hash("a", 1)));
    assert_eq!(seen.length, Length::Pending);
    assert_eq!(due(store, &["a"]).await, [""; 0]);
}
