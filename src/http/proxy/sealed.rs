//! Gives out proxied URLs, and opens them: the seal proves that they were given out, the room's standing that they still count.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use parking_lot::Mutex;
use synctv_store::Store;
use tokio::time::Instant;
use url::Url;

use super::plane::{Children, Opened, Opens, Proxied, Refused};
use crate::http::rooms::{Bearer, Seals, TrackPlace};
use crate::provider::result::Group;
use crate::proxy::pass::Pass;
use crate::proxy::reference::{Reference, Target, Track};
use crate::proxy::resource::{Kind, Links};
use crate::proxy::seal::{self, Denied, KeyRing};
use crate::room::standing::{Claim, Standings, Void};

/// A URL with a key that is not known makes this node look for new ones, at most so often.
const LOOKS_EVERY: Duration = Duration::from_secs(1);

/// Signs and judges URLs.
#[derive(Debug)]
pub struct Sealed {
    ring: KeyRing,
    standings: Arc<Standings>,
    store: Arc<dyn Store>,
    looked: Mutex<Option<Instant>>,
}

impl Sealed {
    /// With the store's keys.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn new(store: Arc<dyn Store>) -> synctv_store::Result<Arc<Self>> {
        let sealed = Self {
            ring: KeyRing::new([]),
            standings: Standings::new(Arc::clone(&store)),
            store,
            looked: Mutex::default(),
        };
        sealed.renew().await?;
        Ok(Arc::new(sealed))
    }

    /// Reads the keys anew.
    ///
    /// # Errors
    /// Those of the store; the keys stay as they are.
    pub async fn renew(&self) -> synctv_store::Result<()> {
        let keys = self.store.proxy_keys().await?;
        self.ring.renew(keys.into_iter().map(|key| (key.id, key.value)));
        Ok(())
    }

    /// Whether there may be keys that this node does not know: looked for at most once a second, whoever asks.
    async fn has_looked(&self) -> bool {
        {
            let mut looked = self.looked.lock();
            let now = Instant::now();
            if looked.is_some_and(|at| now < at + LOOKS_EVERY) {
                return false;
            }
            *looked = Some(now);
        }
        self.renew().await.is_ok()
    }

    /// Opens with the keys there are, and with new ones when there are any.
    async fn unsealed<T>(&self, open: impl Fn() -> Result<T, Denied>) -> Result<T, Denied> {
        match open() {
            Err(Denied::UnknownKey) if self.has_looked().await => open(),
            opened => opened,
        }
    }

    /// Whether what a pass was given out for is still so.
    async fn counts(&self, pass: &Pass) -> Result<(), Refused> {
        let Pass { room_id, generation, seq, holder, .. } = pass;
        let claim = Claim { room_id, generation: *generation, seq: *seq, holder: holder.as_deref() };
        self.standings.check(claim).await.map_err(|void| match void {
            Void::Over => Refused::Denied(void.to_string()),
            Void::Unknown => Refused::Unknown,
        })
    }

    /// Judges the query of a private stream's URL that was given out in a room; `None` when it is none of those.
    pub async fn open_live(&self, stream: &str, query: &str) -> Option<Result<(), Refused>> {
        let (pass, signature) = (value(query, "pass")?, value(query, "sig").unwrap_or_default());
        let opened = self.unsealed(|| self.ring.open_live(stream, pass, signature, now_unix())).await;
        Some(match opened {
            Ok(pass) => self.counts(&pass).await,
            Err(denied) => Err(Refused::Denied(denied.to_string())),
        })
    }

    fn pass(&self, bearer: &Bearer<'_>) -> Pass {
        Pass {
            room_id: bearer.room_id.to_owned(),
            media_id: bearer.media_id.to_owned(),
            generation: bearer.generation,
            seq: bearer.seq,
            holder: bearer.token_id.map(str::to_owned),
            expires_unix: bearer.expires_unix,
            key_id: self.ring.newest(),
        }
    }
}

/// A parameter's value, when it stands once.
fn value<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    let mut values = query.split('&').filter_map(|pair| pair.split_once('=')).filter(|(given, _)| *given == name);
    let (_, first) = values.next()?;
    values.next().is_none().then_some(first)
}

fn now_unix() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(u64::MAX, |since| since.as_secs())
}

impl Seals for Sealed {
    fn proxied(&self, bearer: &Bearer<'_>, place: TrackPlace, kind: Kind, file: &str) -> String {
        let reference = Reference { kind, track: track(place), target: Target::Track };
        let path = self.ring.seals(self.pass(bearer)).map(|seals| seals.path(&reference, file));
        // Without the key of its pass nothing can be sealed: it was renewed this moment, and the next result has another one.
        format!("/p/{}", path.unwrap_or_default())
    }

    fn live(&self, bearer: &Bearer<'_>, stream: &str) -> String {
        self.ring.live(&self.pass(bearer), stream).unwrap_or_default()
    }
}

#[async_trait]
impl Opens for Sealed {
    async fn open(&self, path: &str) -> Result<Opened, Refused> {
        let opened = self.unsealed(|| self.ring.open(path, now_unix())).await;
        let (pass, reference) = opened.map_err(|denied| Refused::Denied(denied.to_string()))?;
        let place = place(reference.track).ok_or_else(|| Refused::Denied(Denied::Forged.to_string()))?;
        self.counts(&pass).await?;
        let seals = self.ring.seals(pass.clone()).ok_or(Refused::Unknown)?;
        let proxied = match reference.target {
            Target::Child { url, stripped } => Some(Proxied { url, stripped }),
            Target::Track | Target::Template { .. } => None,
        };
        Ok(Opened {
            room_id: pass.room_id,
            media_id: pass.media_id,
            place,
            kind: reference.kind,
            proxied,
            expires_unix: pass.expires_unix,
            children: Arc::new(Under { seals, track: reference.track }),
        })
    }
}

/// URLs under the pass of a manifest.
struct Under {
    seals: seal::Seals,
    track: Track,
}

impl Children for Under {
    fn links(&self, stripped: bool) -> Box<dyn Links + '_> {
        Box::new(Sealing { under: self, stripped })
    }
}

struct Sealing<'a> {
    under: &'a Under,
    stripped: bool,
}

impl Sealing<'_> {
    fn reference(&self, kind: Kind, target: Target) -> Reference {
        Reference { kind, track: self.under.track, target }
    }
}

impl Links for Sealing<'_> {
    fn link(&mut self, kind: Kind, url: &Url) -> String {
        let name = url.path().rsplit('/').next().unwrap_or_default();
        let target = Target::Child { url: url.clone(), stripped: self.stripped };
        format!("../../{}", self.under.seals.below(&self.reference(kind, target), name))
    }

    fn template(&mut self, kind: Kind, template: &str) -> String {
        let target = Target::Template { template: template.to_owned(), stripped: self.stripped };
        let below = self.under.seals.template_below(&self.reference(kind, target));
        // A template without identifiers is one URL; what is no URL either opens nothing.
        below.map(|below| format!("../../{below}")).unwrap_or_else(|| match template.replace("$$", "$").parse() {
            Ok(url) => self.link(kind, &url),
            Err(_) => "../../none".to_owned(),
        })
    }
}

const GROUPS: [Group; 4] = [Group::Media, Group::Subtitle, Group::Danmaku, Group::Thumbnail];

/// Sources have few modes and tracks (`provider::check`): their numbers fit.
fn track(place: TrackPlace) -> Track {
    let group = GROUPS.iter().position(|group| *group == place.group).unwrap_or_default();
    let number = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    Track { mode: number(place.mode).min(255) as u8, group: group as u8, index: number(place.index) }
}

fn place(track: Track) -> Option<TrackPlace> {
    let group = *GROUPS.get(usize::from(track.group))?;
    Some(TrackPlace { mode: usize::from(track.mode), group, index: usize::from(track.index) })
}

#[cfg(test)]
#[path = "sealed_tests.rs"]
mod tests;
