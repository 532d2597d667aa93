//! Pull streams go with their media.

use std::time::Duration;

use super::stage::{DAY, media, new_media, play, playlist, room, write};
use crate::{Error, NewKey, NewMedia, Playback, PlayedPull, Source, Store, StreamKind, Track};

fn pull(id: &str, index: usize, stream: &str) -> NewMedia {
    let source = Source::LiveProxy { stream: stream.into(), upstream: Track::at("rtmp://origin.example/live/a") };
    NewMedia { source, ..new_media(id, index, None) }
}

async fn with_pull(store: &dyn Store, id: &str, stream: &str) {
    room(store, id, &[Some(DAY)]).await;
    store.add_media(id, &playlist(id), &[pull(id, 1, stream)]).await.expect("add media");
}

/// A pull stream is made with its media, private, and is found by its name.
pub async fn a_pull_stream_is_made_with_its_media(store: &dyn Store) {
    with_pull(store, "a", "pulled").await;
    let stream = store.stream("pulled").await.expect("stream");
    assert_eq!((stream.kind, stream.private), (StreamKind::Pull, true));
    let source = store.pull_source("pulled").await.expect("source");
    assert_eq!(source, Some(pull("a", 1, "pulled").source));
    store.create_stream("pushed", false).await.expect("stream");
    assert_eq!(store.pull_source("pushed").await, Ok(None));
    assert_eq!(store.pull_source("nothing").await, Ok(None));
}

/// A name that is taken refuses all that was to be added with it.
pub async fn a_taken_name_adds_nothing(store: &dyn Store) {
    store.create_stream("taken", false).await.expect("stream");
    room(store, "a", &[]).await;
    let media = [new_media("a", 0, None), pull("a", 1, "taken")];
    assert!(matches!(store.add_media("a", &playlist("a"), &media).await, Err(Error::Conflict(_))));
    assert_eq!(store.media_page("a", &playlist("a"), 0, 10).await.expect("page"), []);
    assert!(matches!(store.add_media("a", &playlist("a"), &[pull("a", 1, "no name")]).await, Err(Error::Invalid(_))));
}

/// It goes with its media, its playlist or its room, and not by itself; nobody publishes to it.
pub async fn a_pull_stream_goes_with_its_media(store: &dyn Store) {
    with_pull(store, "a", "pulled").await;
    assert!(matches!(store.delete_stream("pulled").await, Err(Error::Conflict(_))));
    let key = NewKey { id: "k".into(), stream: "pulled".into(), label: None, hash: [1; 32], lifetime: None };
    assert!(matches!(store.create_key(&key).await, Err(Error::Conflict(_))));
    store.remove_media("a", &media("a", 1)).await.expect("remove");
    assert!(matches!(store.stream("pulled").await, Err(Error::NotFound { .. })));
    with_pull(store, "b", "pulled").await;
    store.delete_room("b").await.expect("delete");
    assert!(matches!(store.stream("pulled").await, Err(Error::NotFound { .. })));
}

/// Only what is selected and plays in an active room counts.
pub async fn playing_pulls_are_those_of_active_rooms_that_play(store: &dyn Store) {
    for (id, stream) in [("a", "one"), ("b", "two"), ("c", "three")] {
        with_pull(store, id, stream).await;
    }
    play(store, "a", 1, Duration::ZERO).await;
    play(store, "b", 0, Duration::ZERO).await;
    play(store, "c", 1, Duration::ZERO).await;
    let active = ["a".to_owned(), "b".to_owned()];
    let played = || async { store.playing_pulls(&active).await.expect("playing") };
    assert_eq!(played().await, [PlayedPull { room_id: "a".into(), stream: "one".into() }]);
    write(store, "a", |seen| Playback { playing: false, version: seen.playback.version + 1, ..seen.playback.clone() })
        .await;
    assert_eq!(played().await, []);
    assert_eq!(store.playing_pulls(&[]).await, Ok(vec![]));
}
