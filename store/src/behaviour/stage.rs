//! A room with media to play, for the behaviours of playback.

use std::future::{Future, poll_fn};
use std::task::Poll;
use std::time::Duration;

use crate::{
    Cause, Change, Mode, NewMedia, NewRoom, NewToken, Playback, Role, RoomChange, Settings, Snapshot, Source, Store,
    Target, TargetHash,
};

/// A duration of a day, so that nothing made with it comes to its end during a test.
pub(super) const DAY: Duration = Duration::from_secs(24 * 3600);

/// Id of the only playlist of a room.
pub(super) fn playlist(room: &str) -> String {
    format!("p_{room}")
}

/// Id of the media with this index, from 0.
pub(super) fn media(room: &str, index: usize) -> String {
    format!("m_{room}{index}")
}

/// A hash that no other media of a test has.
pub(super) fn hash(room: &str, index: usize) -> TargetHash {
    let mut hash = [u8::try_from(index + 1).expect("few media"); 32];
    hash[..room.len()].copy_from_slice(room.as_bytes());
    hash
}

/// The media with this index as something to select.
pub(super) fn target(room: &str, index: usize) -> Target {
    Target { playlist_id: playlist(room), media_id: media(room, index), hash: hash(room, index) }
}

/// A room whose playlist has a media for each of these durations; `None` is one that has to be found out.
pub(super) async fn room(store: &dyn Store, id: &str, durations: &[Option<Duration>]) {
    let mut secret = [0xee; 32];
    secret[..id.len()].copy_from_slice(id.as_bytes());
    let owner = NewToken { id: format!("t_{id}"), role: Role::Owner, label: None, hash: secret, lifetime: None };
    let room = NewRoom {
        id: id.into(),
        name: format!("room {id}"),
        password_hash: None,
        settings: Settings { mode: Mode::Sequential, ..Settings::default() },
        playlist_id: playlist(id),
        owner,
    };
    store.create_room(&room).await.expect("create room");
    let media: Vec<NewMedia> =
        durations.iter().enumerate().map(|(index, duration)| new_media(id, index, *duration)).collect();
    store.add_media(id, &playlist(id), &media).await.expect("add media");
}

/// A media to be added to the room's playlist.
pub(super) fn new_media(room: &str, index: usize, duration: Option<Duration>) -> NewMedia {
    NewMedia {
        id: media(room, index),
        name: format!("media {index}"),
        source: Source::direct(format!("https://example.org/{index}.mp4")),
        target_hash: hash(room, index),
        duration,
    }
}

/// Where the room is.
pub(super) async fn snapshot(store: &dyn Store, room: &str) -> Snapshot {
    store.snapshot(room).await.expect("snapshot")
}

/// What a person's command writes.
pub(super) fn by_command(next: Playback) -> Change {
    Change { event: format!("version {}", next.version), next, cause: Cause::Command }
}

/// The state that plays this media since `since` ago.
pub(super) fn playing(seen: &Snapshot, index: usize, since: Duration) -> Playback {
    let target = target(&seen.room_id, index);
    let another = seen.playback.target.as_ref() != Some(&target);
    Playback {
        version: seen.playback.version + 1,
        generation: seen.playback.generation + i64::from(another),
        target: Some(target),
        playing: true,
        ended: false,
        anchor_ms: 0,
        anchored_at_ms: seen.now_ms - i64::try_from(since.as_millis()).expect("a short time"),
        speed: seen.playback.speed,
    }
}

/// Plays this media since `since` ago; the state after that.
pub(super) async fn play(store: &dyn Store, room: &str, index: usize, since: Duration) -> Snapshot {
    write(store, room, |seen| playing(seen, index, since)).await
}

/// Writes the state that is made of the one before; the state after that.
pub(super) async fn write(store: &dyn Store, room: &str, make: impl Fn(&Snapshot) -> Playback) -> Snapshot {
    let seen = snapshot(store, room).await;
    let change = by_command(make(&seen));
    assert!(store.swap(room, seen.playback.version, &change).await.expect("swap"), "nobody else writes");
    snapshot(store, room).await
}

/// What follows when the item has come to its end and this one is next.
pub(super) fn onward(judged: &Snapshot, index: usize) -> Change {
    let next = playing(judged, index, Duration::ZERO);
    Change { event: format!("version {}", next.version), next, cause: Cause::Advance }
}

/// What follows when the last item has come to its end.
pub(super) fn ended(judged: &Snapshot) -> Change {
    let next = Playback {
        version: judged.playback.version + 1,
        playing: false,
        ended: true,
        anchor_ms: judged.length.known_ms().unwrap_or(0),
        anchored_at_ms: judged.now_ms,
        ..judged.playback.clone()
    };
    Change { event: "ended".into(), next, cause: Cause::End }
}

/// A change of the advance delay alone.
pub(super) fn delayed(advance_delay: Duration) -> RoomChange {
    RoomChange { advance_delay: Some(advance_delay), ..RoomChange::default() }
}

/// Runs all of these at the same time; their answers in order.
pub(super) async fn together<F: Future>(work: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = work.into_iter().map(|one| (Box::pin(one), None)).collect();
    poll_fn(|context| {
        for (one, answer) in running.iter_mut().filter(|(_, answer)| answer.is_none()) {
            if let Poll::Ready(ready) = one.as_mut().poll(context) {
                *answer = Some(ready);
            }
        }
        if running.iter().all(|(_, answer)| answer.is_some()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(|(_, answer)| answer).collect()
}
