//! Tells members that the playback result they have ends, so that they fetch it again before their player meets a closed URL.
//!
//! What a node gave out it also watches. A message goes to a room's members on all nodes, as an event; nobody is told of a result whose source the room
//! has left.

use std::{sync::Arc, time::Duration};

use synctv_store::{EventKind, Store};
use time::OffsetDateTime;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    provider::{Given, GivenOut},
    room::message::Said,
};

/// Nobody sleeps longer, should the clock be set.
const LONGEST: Duration = Duration::from_secs(30);
/// Between two looks at least: results that end every few ms do not keep a core busy.
const PACE: Duration = Duration::from_millis(100);

/// Tells until `stop`.
pub async fn run(store: Arc<dyn Store>, given: Arc<GivenOut>, stop: CancellationToken) {
    loop {
        let now = OffsetDateTime::now_utc();
        let (due, next) = given.take_due(now);
        for one in due {
            let room = one.room_id.clone();
            match tell(store.as_ref(), &one).await {
                Ok(()) | Err(synctv_store::Error::NotFound { .. }) => {}
                Err(error) => tracing::warn!(room, %error, "members cannot be told to fetch the playback result again"),
            }
        }
        let rest = next.map_or(LONGEST, |next| Duration::try_from(next - now).unwrap_or_default());
        tokio::select! {
            () = async { sleep(PACE).await; tokio::select! {
                () = sleep(rest.min(LONGEST)) => {}
                () = given.sooner() => {}
            } } => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Tells a room's members, unless it has left what was given out.
///
/// # Errors
/// Those of the store.
async fn tell(store: &dyn Store, given: &Given) -> synctv_store::Result<()> {
    let playback = store.snapshot(&given.room_id).await?.playback;
    let Given { room_id, media_id, generation, expires_at } = given;
    if playback.generation != *generation || playback.target.is_none_or(|target| target.media_id != *media_id) {
        return Ok(());
    }
    let said = Said::Result { media_id, generation: *generation, expires_at: Some(*expires_at) };
    let body = String::from_utf8_lossy(&said.encoded()).into_owned();
    store.post(room_id, EventKind::Result, &body).await.map(|_| ())
}
