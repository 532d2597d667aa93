//! A pull over HLS: a playlist is followed as a player would (RFC 8216bis 6.3), and what its segments hold becomes frames.
//!
//! A multivariant playlist is a [`variant`] choice; each media playlist is a [`rendition`] that fetches ([`fetcher`]), decrypts
//! ([`cipher`]) and demuxes ([`container`]) one segment ahead of what [`pace`] lets out in real time.

mod cipher;
mod container;
mod fetcher;
mod lines;
mod media;
mod multivariant;
mod pace;
mod playlist;
mod rendition;
mod variant;

use super::{PullError, PullFrom, Sink};
use crate::fetch::Client;
use fetcher::{Fetcher, Place};
use playlist::Playlist;
use rendition::{PLAYLIST_PATIENCE, Rendition};
use tokio::sync::mpsc;

/// Segments that wait for the clock, a rendition, besides the one that is fetched and the one that is played.
const SEGMENTS_AHEAD: usize = 1;

/// Follows a playlist until it ends, or something is wrong. Dropping the future ends all of it.
///
/// # Errors
/// [`PullError`]; [`PullError::Ended`] behind `EXT-X-ENDLIST`.
pub async fn follow(client: &Client, from: &PullFrom, sink: &Sink) -> Result<(), PullError> {
    let fetcher = Fetcher::new(client, from);
    let source = fetcher.source();
    let (text, base) = fetcher.playlist(&source, PLAYLIST_PATIENCE).await?;
    let (main, first, audio) = match playlist::read(&text, &base)? {
        Playlist::Media(media) => (source, Some((media, base)), None),
        Playlist::Multivariant(multivariant) => {
            let choice = variant::choose(&multivariant, &base.url)?;
            let place = |url| Place { url, stripped: base.stripped };
            (place(choice.main), None, choice.audio.map(place))
        }
    };
    drop(text);
    let (main_out, main_in) = mpsc::channel(SEGMENTS_AHEAD);
    let mut renditions = vec![main_in];
    let audio = audio.map(|place| {
        let (out, audio_in) = mpsc::channel(SEGMENTS_AHEAD);
        renditions.push(audio_in);
        Rendition::new(fetcher, place).follow(None, out)
    });
    let audio = async {
        match audio {
            Some(following) => following.await,
            None => Ok(()),
        }
    };
    let main = Rendition::new(fetcher, main).follow(first, main_out);
    tokio::try_join!(main, audio, pace::deliver(renditions, sink))?;
    Err(PullError::Ended)
}

#[cfg(test)]
mod follow_tests;
#[cfg(test)]
mod origin_tests;
#[cfg(test)]
mod playlist_tests;
