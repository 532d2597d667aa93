//! Rooms and media that behaviours are told with, and waiting for many things at once.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::broadcast;

use crate::{Hint, NewMedia, NewRoom, NewToken, Role, Room, Settings, Source, Store, TargetHash};

/// How long a hint may take before it counts as lost.
const DEADLINE: Duration = Duration::from_secs(10);

/// A token of a room whose hash is this byte 32 times.
#[must_use]
pub fn new_token(id: &str, role: Role, byte: u8, lifetime: Option<Duration>) -> NewToken {
    NewToken { id: id.into(), role, label: Some(format!("label {id}")), hash: [byte; 32], lifetime }
}

/// The room `r_{name}` called `name`, with the playlist `p_{name}` and the owner token `t_{name}`, whose hash is `byte` 32 times.
#[must_use]
pub fn new_room(name: &str, byte: u8) -> NewRoom {
    NewRoom {
        id: format!("r_{name}"),
        name: name.into(),
        password_hash: None,
        settings: Settings::default(),
        playlist_id: format!("p_{name}"),
        owner: new_token(&format!("t_{name}"), Role::Owner, byte, None),
    }
}

/// Makes [`new_room`].
pub async fn room(store: &dyn Store, name: &str, byte: u8) -> Room {
    store.create_room(&new_room(name, byte)).await.expect("create room")
}

/// A target hash that belongs to an id.
#[must_use]
pub fn target_hash(id: &str) -> TargetHash {
    let mut hash = [0; 32];
    for (n, byte) in id.bytes().enumerate() {
        hash[n % 32] ^= byte;
    }
    hash
}

/// A media with this id, of unknown duration.
#[must_use]
pub fn new_media(id: &str) -> NewMedia {
    NewMedia {
        id: id.into(),
        name: format!("media {id}"),
        source: Source::direct(format!("https://media.example/{id}.mp4")),
        target_hash: target_hash(id),
        duration: None,
    }
}

/// Appends media with these ids to the first playlist of the room `name`.
pub async fn add(store: &dyn Store, name: &str, ids: &[&str]) {
    let media: Vec<_> = ids.iter().map(|id| new_media(id)).collect();
    store.add_media(&format!("r_{name}"), &format!("p_{name}"), &media).await.expect("add media");
}

/// The ids in the first playlist of the room `name`, in order; every position must be the one that follows.
pub async fn order(store: &dyn Store, name: &str) -> Vec<String> {
    let page = store.media_page(&format!("r_{name}"), &format!("p_{name}"), 0, u32::MAX).await.expect("page");
    for (media, position) in page.iter().zip(1..) {
        assert_eq!(media.position, position, "{}", media.id);
    }
    page.into_iter().map(|media| media.id).collect()
}

/// Waits until a hint is told that satisfies a test; others are passed over.
pub async fn hinted(hints: &mut broadcast::Receiver<Hint>, wanted: impl Fn(&Hint) -> bool) -> Hint {
    let waiting = async {
        loop {
            let hint = hints.recv().await.expect("hints");
            if wanted(&hint) {
                return hint;
            }
        }
    };
    tokio::time::timeout(DEADLINE, waiting).await.expect("a hint in time")
}

/// Runs all of these at the same time; what they gave, in their order.
pub async fn all_at_once<T>(runs: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut runs: Vec<_> = runs.into_iter().map(|run| (Box::pin(run), None)).collect();
    poll_fn(|cx| {
        let mut waiting = false;
        for (run, result) in runs.iter_mut().filter(|(_, result)| result.is_none()) {
            match Pin::new(run).poll(cx) {
                Poll::Ready(given) => *result = Some(given),
                Poll::Pending => waiting = true,
            }
        }
        if waiting { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    runs.into_iter().filter_map(|(_, result)| result).collect()
}
