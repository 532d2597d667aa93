//! From what somebody gave to a source, and the streams that come with it.

use axum::http::uri::Authority;
use synctv_store::{DirectUrl, NewMedia, Source, Store, Stream, StreamKind, Track};

use super::access::Caller;
use super::tokens::fresh_id;
use super::wire::{MediaAbout, MediaFrom, NewSource, StreamKey};
use crate::error::Error;
use crate::http::admin::AdminState;
use crate::http::admin::keys;
use crate::http::admin::problem::Answer;
use crate::provider::check_source;

/// What a source may be given as.
pub(super) const SOURCES: &str = "`url`, `rtmp`, `live_proxy` or `source`";

/// The source that is meant, checked.
///
/// # Errors
/// `Invalid`, which says what is wrong.
pub(super) fn source_of(from: MediaFrom, about: MediaAbout) -> Result<Source, Error> {
    let invalid = |text: &str| Err(Error::Invalid(text.to_owned()));
    let MediaFrom { url, rtmp, new_key, live_proxy, source } = from;
    let is_rtmp = rtmp.is_some() || matches!(source, Some(NewSource::Rtmp { .. }));
    if new_key && !is_rtmp {
        return invalid("`new_key` is for an `rtmp` media");
    }
    let of_a_url =
        "headers, format, expires_at, subtitles, danmakus, thumbnail, playback_kind and proxy_mode are for a `url`";
    let mut source = match (url, rtmp, live_proxy, source) {
        (Some(url), None, None, None) => Source::DirectUrl(direct(url, about)),
        (None, None, Some(url), None) => {
            let MediaAbout { headers, format, .. } = about.clone();
            if about != (MediaAbout { headers: headers.clone(), format: format.clone(), ..MediaAbout::default() }) {
                return invalid(of_a_url);
            }
            pull(None, Track { headers, format, ..Track::at(url) })?
        }
        (None, Some(_), None, None) | (None, None, None, Some(_)) if about != MediaAbout::default() => {
            return invalid(of_a_url);
        }
        (None, Some(stream), None, None) => Source::Rtmp { stream },
        (None, None, None, Some(source)) => match source {
            NewSource::DirectUrl(direct) => Source::DirectUrl(direct.direct),
            NewSource::Rtmp { stream } => Source::Rtmp { stream },
            NewSource::LiveProxy { stream, upstream } => pull(stream, upstream)?,
        },
        _ => return Err(Error::Invalid(format!("give one of {SOURCES}"))),
    };
    check_source(&mut source)?;
    Ok(source)
}

fn direct(url: String, about: MediaAbout) -> DirectUrl {
    let MediaAbout { headers, format, expires_at, subtitles, danmakus, thumbnail, playback_kind, proxy_mode } = about;
    DirectUrl {
        medias: vec![Track { headers, format, expires_at, ..Track::at(url) }],
        subtitles,
        danmakus,
        thumbnail,
        playback_kind,
        proxy_mode: proxy_mode.unwrap_or_default(),
    }
}

/// A pull stream has a name that nobody chose, unless somebody did.
fn pull(stream: Option<String>, upstream: Track) -> Result<Source, Error> {
    let stream = stream.map_or_else(|| fresh_id("pull-"), Ok)?;
    Ok(Source::LiveProxy { stream, upstream })
}

/// Names of streams are the operator's to give: a member's pull stream gets a fresh one.
///
/// # Errors
/// `Forbidden`.
pub(super) fn may_name(caller: &Caller, from: &MediaFrom) -> Result<(), Error> {
    if caller.token.is_some() && matches!(from.source, Some(NewSource::LiveProxy { stream: Some(_), .. })) {
        return Err(Error::Forbidden("only the operator names a pull stream: leave `stream` out".into()));
    }
    Ok(())
}

/// The stream that a live source plays.
pub(super) fn stream_of(source: &Source) -> Option<&str> {
    match source {
        Source::DirectUrl(_) => None,
        Source::Rtmp { stream } | Source::LiveProxy { stream, .. } => Some(stream),
    }
}

/// The push streams of media that are to be added. A pull stream is made by the store, with its media.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// Those that were missing.
    made: Vec<Stream>,
    /// The one that needs a key.
    keyless: Option<Stream>,
}

impl Streams {
    /// Makes those that are missing. That and keys are the operator's to make; others may name a public stream that exists.
    ///
    /// # Errors
    /// `Forbidden`; `Conflict` for a pull stream; those of the store.
    pub(super) async fn ready(state: &AdminState, caller: &Caller, media: &[NewMedia], new_key: bool) -> Answer<Self> {
        let mut streams = Self::default();
        match streams.make_ready(state, caller, media, new_key).await {
            Ok(()) => Ok(streams),
            Err(problem) => {
                streams.give_up(state).await;
                Err(problem)
            }
        }
    }

    async fn make_ready(
        &mut self,
        state: &AdminState,
        caller: &Caller,
        media: &[NewMedia],
        new_key: bool,
    ) -> Answer<()> {
        let is_operator = caller.token.is_none();
        for media in media {
            let Source::Rtmp { stream: name } = &media.source else { continue };
            let found = match state.store.stream(name).await {
                Err(synctv_store::Error::NotFound { .. }) => None,
                found => Some(found?),
            };
            let stream = match found {
                // The same answer for what is private and what is not there: neither is a member's to know.
                None | Some(Stream { private: true, .. }) if !is_operator => {
                    let text = format!(
                        "there is no public stream `{name}`: only the operator makes streams and adds private ones"
                    );
                    return Err(Error::Forbidden(text).into());
                }
                Some(stream) if stream.kind == StreamKind::Pull => {
                    return Err(Error::Conflict(format!("stream `{name}` is the pull stream of another media")).into());
                }
                Some(stream) => stream,
                None => {
                    let stream = state.store.create_stream(name, false).await?.stream;
                    self.made.push(stream.clone());
                    stream
                }
            };
            if is_operator && (new_key || !has_key(state.store.as_ref(), name).await?) {
                self.keyless = Some(stream);
            } else if new_key {
                return Err(Error::Forbidden("only the operator makes publish keys".into()).into());
            }
        }
        Ok(())
    }

    /// The key for the stream that needs one.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn key(self, state: &AdminState, reached: Option<&Authority>) -> Answer<Option<Box<StreamKey>>> {
        let Some(stream) = self.keyless else { return Ok(None) };
        let key = keys::made(state, reached, stream, None, None).await?;
        Ok(Some(Box::new(StreamKey {
            key_id: key.key_id,
            secret: key.secret,
            server_url: key.server_url,
            stream_key: key.stream_key,
            publish_url: key.publish_url,
            play: key.play,
            private: key.private,
        })))
    }

    /// Leaves nothing behind of media that were not added after all.
    pub(super) async fn give_up(self, state: &AdminState) {
        for stream in self.made {
            let gone = state.store.delete_stream(&stream.name).await;
            if let Err(error) = gone {
                tracing::warn!(stream = stream.name, %error, "a stream made for a media that was not added stays");
            }
        }
    }
}

/// Whether a publisher can come in.
async fn has_key(store: &dyn Store, stream: &str) -> synctv_store::Result<bool> {
    Ok(store.keys(Some(stream)).await?.iter().any(synctv_store::PublishKey::usable))
}
