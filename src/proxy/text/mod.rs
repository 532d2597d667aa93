//! Manifests: fetched whole, by one request however many want the same at the same time.

mod held;
mod refusals;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use hyper::header::CONTENT_LENGTH;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, timeout};
use url::Url;

use super::cache::{Failure, Outcome};
use super::resource::Resource;
use crate::fetch::{self, Ask, Client};
pub use held::HELD_MAX;
use held::Held;
use refusals::Refusals;

/// The longest manifest, in bytes.
pub const MANIFEST_MAX: usize = 32 << 20;
/// Manifests that are fetched at the same time; a further one is refused.
pub const FLIGHTS_MAX: usize = 512;
/// The whole of a manifest comes within this time. A playlist that is asked for ahead of time is held back by its origin (RFC 8216bis 6.2.5.2):
/// its head may take as long.
const WHOLE_WITHIN: Duration = Duration::from_secs(30);
/// What has come to its end is not fetched again for so long.
const KEPT_FOR: Duration = Duration::from_secs(5);
/// Manifests that are kept.
pub const KEPT_MAX: usize = 64;

/// A manifest as it came.
#[derive(Debug)]
pub struct Text {
    /// Where it came from after redirects: what its URLs refer to.
    pub base: Url,
    /// What it refers to is had without credentials.
    pub stripped: bool,
    /// Its bytes.
    pub body: Bytes,
    _held: Held,
}

/// Why there is no text.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TextFailure {
    /// The origin does not give it.
    #[error(transparent)]
    Origin(#[from] Failure),
    /// [`HELD_MAX`] or [`FLIGHTS_MAX`].
    #[error("too many manifests are being fetched")]
    Busy,
}

type Answer = Result<Arc<Text>, TextFailure>;
type Flight = Shared<BoxFuture<'static, Answer>>;
type Key = [u8; 32];

/// Fetches manifests. Cheap to clone.
#[derive(Clone)]
pub struct Texts {
    client: Client,
    shelf: Arc<Shelf>,
}

#[derive(Default)]
struct Shelf {
    held: Arc<AtomicUsize>,
    flights: Mutex<HashMap<Key, WeakShared<BoxFuture<'static, Answer>>>>,
    kept: Mutex<HashMap<Key, (Instant, Arc<Text>)>>,
    refusals: Refusals,
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Texts").field("held", &self.shelf.held.load(Relaxed)).finish_non_exhaustive()
    }
}

impl Texts {
    /// Fetches with this client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, shelf: Arc::default() }
    }

    /// A manifest, at most [`MANIFEST_MAX`] long. One for which `is_over` says that it does not change any more is kept for a moment; any
    /// other is as its origin gives it; what an origin did instead is remembered for a moment. When nobody waits for it any more the request to
    /// the origin ends. `held_back`: the origin is asked to answer only when it has something new.
    ///
    /// # Errors
    /// [`TextFailure`].
    pub async fn get(
        &self,
        resource: &Resource,
        is_over: fn(&[u8]) -> bool,
        held_back: bool,
    ) -> Result<(Arc<Text>, Outcome), TextFailure> {
        let key = key(resource);
        if let Some(text) = self.shelf.kept(&key) {
            return Ok((text, Outcome::Hit));
        }
        if let Some(failure) = self.shelf.refusals.get(&key) {
            return Err(failure.into());
        }
        let (flight, outcome) = self.flight(key, resource, is_over, held_back)?;
        Ok((flight.await?, outcome))
    }

    /// Counts a text that is made of others and sent out, until the last of it is let go.
    ///
    /// # Errors
    /// [`TextFailure::Busy`].
    pub fn hold(&self, text: Bytes) -> Result<Bytes, TextFailure> {
        Held::none(self.shelf.held.clone()).with(text)
    }

    /// Bytes of texts in memory.
    #[must_use]
    pub fn held(&self) -> usize {
        self.shelf.held.load(Relaxed)
    }

    /// Requests that wait for a manifest.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let flights = self.shelf.flights.lock();
        flights.values().filter_map(WeakShared::upgrade).filter_map(|flight| flight.strong_count()).map(|n| n - 1).sum()
    }

    fn flight(
        &self,
        key: Key,
        resource: &Resource,
        is_over: fn(&[u8]) -> bool,
        held_back: bool,
    ) -> Result<(Flight, Outcome), TextFailure> {
        let mut flights = self.shelf.flights.lock();
        if let Some(flight) = flights.get(&key).and_then(WeakShared::upgrade)
            // One that has landed is an old answer.
            && flight.peek().is_none()
        {
            return Ok((flight, Outcome::Hit));
        }
        if flights.len() >= FLIGHTS_MAX {
            flights.retain(|_, flight| flight.upgrade().is_some_and(|flight| flight.peek().is_none()));
            if flights.len() >= FLIGHTS_MAX {
                return Err(TextFailure::Busy);
            }
        }
        let (client, shelf, resource) = (self.client.clone(), self.shelf.clone(), resource.clone());
        let flight = async move {
            let held = Held::none(shelf.held.clone());
            let ask = ask(&resource, held_back);
            let fetched = timeout(WHOLE_WITHIN, whole(&client, ask, held)).await;
            let fetched = fetched.unwrap_or(Err(Failure::from(fetch::Error::Timeout("send it all")).into()));
            if let Err(TextFailure::Origin(failure)) = &fetched {
                shelf.refusals.note(key, failure);
            }
            let text = Arc::new(fetched?);
            if is_over(&text.body) {
                shelf.keep(key, &text);
            }
            Ok(text)
        };
        let flight = flight.boxed().shared();
        if let Some(weak) = flight.downgrade() {
            flights.insert(key, weak);
        }
        Ok((flight, Outcome::Miss))
    }
}

impl Shelf {
    fn kept(&self, key: &Key) -> Option<Arc<Text>> {
        let mut kept = self.kept.lock();
        let now = Instant::now();
        kept.retain(|_, (until, _)| now < *until);
        kept.get(key).map(|(_, text)| text.clone())
    }

    fn keep(&self, key: Key, text: &Arc<Text>) {
        let mut kept = self.kept.lock();
        let now = Instant::now();
        kept.retain(|_, (until, _)| now < *until);
        // Half of what may be held is for those that are on their way.
        if kept.len() < KEPT_MAX && self.held.load(Relaxed) < HELD_MAX / 2 {
            kept.insert(key, (now + KEPT_FOR, text.clone()));
        }
    }
}

fn ask(resource: &Resource, held_back: bool) -> Ask {
    Ask {
        headers: (*resource.headers).clone(),
        stripped: resource.stripped,
        head_within: held_back.then_some(WHOLE_WITHIN),
        ..Ask::get(resource.url.clone())
    }
}

async fn whole(client: &Client, ask: Ask, mut held: Held) -> Result<Text, TextFailure> {
    let handed_on = ask.url.fragment().map(str::to_owned);
    let mut upstream = client.open(ask).await.map_err(Failure::from)?;
    if upstream.status != 200 {
        return Err(Failure::Status(upstream.status.as_u16()).into());
    }
    let promised = upstream.header(CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if promised.is_some_and(|promised| promised > MANIFEST_MAX) {
        return Err(Failure::from(fetch::Error::TooLarge).into());
    }
    let mut body = BytesMut::new();
    while let Some(piece) = upstream.next().await.map_err(Failure::from)? {
        if body.len() + piece.len() > MANIFEST_MAX {
            return Err(Failure::from(fetch::Error::TooLarge).into());
        }
        held.grow(piece.len())?;
        body.extend_from_slice(&piece);
    }
    let mut base = upstream.final_url.clone();
    // A fragment is not the origin's to say (RFC 9110 17.11): it holds what the manifest before this one handed on.
    base.set_fragment(handed_on.as_deref());
    Ok(Text { base, stripped: upstream.stripped, body: body.freeze(), _held: held })
}

/// Two requests with the same key have the same answer: the URL, and all that is sent along.
fn key(resource: &Resource) -> Key {
    let mut hash = Sha256::new();
    let mut add = |field: &[u8]| {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    };
    add(resource.url.as_str().as_bytes());
    add(&[u8::from(resource.stripped)]);
    let mut headers: Vec<_> = resource.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    headers.sort_unstable();
    for (name, value) in headers {
        add(name.as_bytes());
        add(value);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests;
