//! Which stream a play URL means, for whoever may watch it. A pull stream that does not run is started here.

use super::{proxy::Refused, respond, route::Gateway};
use crate::{
    live::{
        Stream, StreamStatus,
        pull::{NotPlaying, PullStatus},
    },
    proxy::sign::{Denied, verify},
};
use axum::body::Body;
use hyper::{Response, StatusCode, header};
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// Why a stream is not given.
#[derive(Debug)]
pub enum NotGiven {
    /// It is private, and the query does not open it.
    Denied(Denied),
    /// The query was given out in a room, and does not open it any more, or nobody can say.
    Pass(Refused),
    /// There is nothing to watch.
    NotPlaying(NotPlaying),
}

/// What is told of a stream to whoever may watch it. Asking starts no pull, and keeps none going.
///
/// # Errors
/// [`NotGiven`].
pub async fn status(gateway: &Gateway, name: &str, query: &str) -> Result<StreamStatus, NotGiven> {
    let there = gateway.hub.get(name);
    let private = match &there {
        Some(stream) => stream.is_private(),
        None => gateway.pulls.is_private(name).await.map_err(NotGiven::NotPlaying)?,
    };
    if private {
        permit(gateway, name, query).await?;
    }
    let mut status = match &there {
        Some(stream) => stream.status(),
        None => StreamStatus::offline(name, private),
    };
    let idle = || there.is_none().then(|| PullStatus::idle(String::new()));
    status.pull = gateway.pulls.status(name).or_else(idle);
    Ok(status.public())
}

/// The stream, for who plays it. `starts`: the request is one that a player begins with, so a pull may be begun for it.
///
/// # Errors
/// [`NotGiven`].
pub async fn find(gateway: &Gateway, name: &str, starts: bool, query: &str) -> Result<Arc<Stream>, NotGiven> {
    let there = gateway.hub.get(name);
    if let Some(stream) = there.as_ref().filter(|stream| !starts || !stream.read(|core| core.is_ended())) {
        if stream.is_private() {
            permit(gateway, name, query).await?;
        }
        gateway.pulls.touch(name);
        return Ok(stream.clone());
    }
    if !starts {
        return Err(NotGiven::NotPlaying(NotPlaying::Unknown));
    }
    match (pulled(gateway, name, permit(gateway, name, query).await).await, there) {
        // What ended is told as such, also while nobody can say whether there is more of it.
        (Err(NotGiven::NotPlaying(NotPlaying::Unknown | NotPlaying::Unavailable)), Some(ended)) => {
            if ended.is_private() {
                permit(gateway, name, query).await?;
            }
            Ok(ended)
        }
        (pulled, _) => pulled,
    }
}

/// The stream from its upstream. The signature is looked at first: strangers must not have names looked up without bound, nor streams pulled.
async fn pulled(gateway: &Gateway, name: &str, permitted: Result<(), NotGiven>) -> Result<Arc<Stream>, NotGiven> {
    if let Err(denied) = permitted {
        match gateway.pulls.is_private(name).await {
            Ok(true) => return Err(denied),
            Ok(false) => {}
            Err(why) => return Err(NotGiven::NotPlaying(why)),
        }
    }
    gateway.pulls.watch(name).await.map_err(NotGiven::NotPlaying)
}

/// Whether the query opens a private stream: by a signature for the stream, or one that was given out in a room.
async fn permit(gateway: &Gateway, name: &str, query: &str) -> Result<(), NotGiven> {
    if let Some(opened) = gateway.sealed.open_live(name, query).await {
        return opened.map_err(NotGiven::Pass);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(u64::MAX, |d| d.as_secs());
    verify(&gateway.signing_key, name, query, now).map_err(NotGiven::Denied)
}

impl NotGiven {
    /// What the player is told.
    pub fn answer(&self) -> Response<Body> {
        let (status, why, again_s) = match self {
            Self::Denied(denied) => (StatusCode::FORBIDDEN, denied.to_string(), None),
            Self::Pass(refused @ Refused::Denied(_)) => (StatusCode::FORBIDDEN, refused.to_string(), None),
            Self::Pass(refused @ Refused::Unknown) => (StatusCode::SERVICE_UNAVAILABLE, refused.to_string(), None),
            Self::NotPlaying(why) => {
                let (status, again_s) = match why {
                    NotPlaying::Unknown => (StatusCode::NOT_FOUND, None),
                    NotPlaying::Full => (StatusCode::SERVICE_UNAVAILABLE, Some("10")),
                    NotPlaying::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, Some("2")),
                    NotPlaying::Failed => (StatusCode::SERVICE_UNAVAILABLE, Some("30")),
                    NotPlaying::Silent => (StatusCode::GATEWAY_TIMEOUT, Some("5")),
                };
                (status, why.to_string(), again_s)
            }
        };
        let mut refusal = respond::problem(status, &why);
        if let Some(again) = again_s {
            respond::set(refusal.headers_mut(), header::RETRY_AFTER, again);
        }
        refusal
    }
}
