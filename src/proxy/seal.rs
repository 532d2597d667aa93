//! Proxied URLs: `PASS/SIGNATURE/REFERENCE/NAME` behind `/p/`.
//!
//! The reference is encrypted, so that a URL does not show where a media comes from; its nonce is the signature, which covers it and all
//! the rest (the construction of RFC 5297, with HMAC-SHA256 and XChaCha20). So a URL has one spelling, is the same whenever it is given out
//! for the same, and is opened by one HMAC. Keys follow each other: the newest signs, and those before it open.

use std::sync::Arc;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20::XChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::pass::Pass;
use super::reference::{REFERENCE_MAX, Reference, Target};
use super::template;

/// Bytes of a signature: the nonce of XChaCha20.
const SIGNATURE: usize = 24;
/// The longest path behind `/p/`, in bytes: base64 makes four of three.
const PATH_MAX: usize = REFERENCE_MAX / 3 * 4 + 1024;
/// The longest name at the end of a path, in bytes.
const NAME_MAX: usize = 96;

/// Why a URL opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It was not given out by this server.
    #[error("this URL was not given out by this server")]
    Forged,
    /// It was, with a key that this node does not have: it may have to look for new ones.
    #[error("this URL was not given out by this server, or too long ago")]
    UnknownKey,
    /// It was good once.
    #[error("this URL has expired: fetch the playback result again")]
    Expired,
}

type Signer = Hmac<Sha256>;

#[derive(Clone)]
struct Key {
    id: i64,
    signer: Signer,
    cipher: [u8; 32],
}

impl Key {
    fn new(id: i64, secret: &[u8; 32]) -> Self {
        let derived = |purpose: &[u8]| -> [u8; 32] {
            let mut mac = Signer::new_from_slice(secret).expect("HMAC takes a key of any length");
            mac.update(purpose);
            mac.finalize().into_bytes().into()
        };
        let signer = Signer::new_from_slice(&derived(b"synctv proxy sign 1")).expect("HMAC takes a key of any length");
        Self { id, signer, cipher: derived(b"synctv proxy seal 1") }
    }

    /// Everything that the URLs under one pass have in common.
    fn under(&self, purpose: &[u8], pass: &Pass) -> Signer {
        let mut mac = self.signer.clone();
        let numbers = [pass.generation.to_be_bytes(), pass.seq.to_be_bytes(), pass.expires_unix.to_be_bytes()];
        let holder = pass.holder.as_deref().unwrap_or_default();
        for field in [purpose, pass.room_id.as_bytes(), pass.media_id.as_bytes(), holder.as_bytes()] {
            add(&mut mac, field);
        }
        numbers.iter().for_each(|number| add(&mut mac, number));
        mac
    }
}

/// A field with its length before it: no two different messages are the same bytes.
fn add(mac: &mut Signer, field: &[u8]) {
    mac.update(&(field.len() as u64).to_be_bytes());
    mac.update(field);
}

const PROXIED: &[u8] = b"synctv proxied 1";
const LIVE: &[u8] = b"synctv live 1";

/// The keys of this moment.
pub struct KeyRing {
    /// The newest last, at least one.
    keys: ArcSwap<Vec<Key>>,
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRing").field("keys", &self.keys.load().len()).finish()
    }
}

impl KeyRing {
    /// With these keys, the newest last; without any nothing is opened, and what is signed nobody opens.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = (i64, [u8; 32])>) -> Self {
        let ring = Self { keys: ArcSwap::default() };
        ring.renew(keys);
        ring
    }

    /// Takes other keys in the place of those before.
    pub fn renew(&self, keys: impl IntoIterator<Item = (i64, [u8; 32])>) {
        self.keys.store(Arc::new(keys.into_iter().map(|(id, secret)| Key::new(id, &secret)).collect()));
    }

    /// The key that signs, by its id.
    #[must_use]
    pub fn newest(&self) -> i64 {
        self.keys.load().last().map_or(0, |key| key.id)
    }

    fn key(&self, id: i64) -> Option<Key> {
        self.keys.load().iter().find(|key| key.id == id).cloned()
    }

    /// Seals URLs under one pass, whose `key_id` must be of this ring.
    #[must_use]
    pub fn seals(&self, pass: Pass) -> Option<Seals> {
        let key = self.key(pass.key_id)?;
        Some(Seals { common: key.under(PROXIED, &pass), cipher: key.cipher, pass })
    }

    /// Opens a path behind `/p/` at `now_unix`.
    ///
    /// # Errors
    /// [`Denied`]. What is forged is never told to be merely expired.
    pub fn open(&self, path: &str, now_unix: u64) -> Result<(Pass, Reference), Denied> {
        if path.len() > PATH_MAX {
            return Err(Denied::Forged);
        }
        let mut parts = path.split('/');
        let (Some(pass), Some(signature), Some(sealed), Some(name), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Denied::Forged);
        };
        let pass = Pass::parse(pass).ok_or(Denied::Forged)?;
        let signature = decoded(signature).filter(|bytes| bytes.len() == SIGNATURE).ok_or(Denied::Forged)?;
        let mut bytes = decoded(sealed).filter(|bytes| bytes.len() <= REFERENCE_MAX).ok_or(Denied::Forged)?;
        let key = self.key(pass.key_id).ok_or(Denied::UnknownKey)?;
        apply(&key.cipher, &signature, &mut bytes);
        let mut mac = key.under(PROXIED, &pass);
        add(&mut mac, &bytes);
        let is_scope = |reference: &Reference| matches!(reference.target, Target::Template { .. });
        // What is not authentic is not acted upon: it is read only to find out which name was signed.
        let reference = Reference::decode(&bytes).ok_or(Denied::Forged)?;
        add(&mut mac, if is_scope(&reference) { b"" } else { name.as_bytes() });
        // `verify_truncated_left` compares in constant time.
        mac.verify_truncated_left(&signature).map_err(|_| Denied::Forged)?;
        let reference = filled(reference, name).ok_or(Denied::Forged)?;
        if now_unix >= pass.expires_unix { Err(Denied::Expired) } else { Ok((pass, reference)) }
    }

    /// The query that opens a private stream under a pass: `pass=..&sig=..`. `None` when its key is not of this ring.
    #[must_use]
    pub fn live(&self, pass: &Pass, stream: &str) -> Option<String> {
        let mut mac = self.key(pass.key_id)?.under(LIVE, pass);
        add(&mut mac, stream.as_bytes());
        let signature = mac.finalize().into_bytes();
        Some(format!("pass={pass}&sig={}", URL_SAFE_NO_PAD.encode(&signature[..SIGNATURE])))
    }

    /// Opens a stream by the values of `pass` and `sig`.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn open_live(&self, stream: &str, pass: &str, signature: &str, now_unix: u64) -> Result<Pass, Denied> {
        let pass = Pass::parse(pass).ok_or(Denied::Forged)?;
        let signature = decoded(signature).filter(|bytes| bytes.len() == SIGNATURE).ok_or(Denied::Forged)?;
        let mut mac = self.key(pass.key_id).ok_or(Denied::UnknownKey)?.under(LIVE, &pass);
        add(&mut mac, stream.as_bytes());
        mac.verify_truncated_left(&signature).map_err(|_| Denied::Forged)?;
        if now_unix >= pass.expires_unix { Err(Denied::Expired) } else { Ok(pass) }
    }
}

/// With the values of a path's end in the place of a template.
fn filled(reference: Reference, name: &str) -> Option<Reference> {
    let Target::Template { template, stripped } = &reference.target else { return Some(reference) };
    // Digits alone were put in: it is as long as it is because its template was.
    let url = template::expand(template, name)?.parse().ok()?;
    let url = crate::fetch::checked(url).ok()?;
    Some(Reference { target: Target::Child { url, stripped: *stripped }, ..reference })
}

/// Bytes in their one spelling.
fn decoded(text: &str) -> Option<Vec<u8>> {
    // The engine refuses padding and trailing bits that are not zero.
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn apply(key: &[u8; 32], nonce: &[u8], bytes: &mut [u8]) {
    if let Ok(mut cipher) = XChaCha20::new_from_slices(key, nonce) {
        cipher.apply_keystream(bytes);
    }
}

/// Seals URLs under one pass.
pub struct Seals {
    common: Signer,
    cipher: [u8; 32],
    pass: Pass,
}

impl Seals {
    /// The path behind `/p/` under which something is had. `name` is what it ends with, for players that look at extensions; what is not a
    /// plain character in it is left out.
    #[must_use]
    pub fn path(&self, reference: &Reference, name: &str) -> String {
        format!("{}/{}", self.pass, self.below(reference, name))
    }

    /// The same without the pass: how it stands in a manifest that is had under the same pass, behind `../../`.
    #[must_use]
    pub fn below(&self, reference: &Reference, name: &str) -> String {
        let name = plain(name);
        let (signature, sealed) = self.sealed(reference, &name);
        let mut out = String::with_capacity(34 + sealed.len() * 4 / 3 + name.len() + 4);
        URL_SAFE_NO_PAD.encode_string(signature, &mut out);
        out.push('/');
        URL_SAFE_NO_PAD.encode_string(&sealed, &mut out);
        out.push('/');
        out.push_str(&name);
        out
    }

    /// The same for a template: it ends with its identifiers. `None` for what is no template.
    #[must_use]
    pub fn template_below(&self, reference: &Reference) -> Option<String> {
        let Target::Template { template, .. } = &reference.target else { return None };
        let tail = template::tail(template)?;
        let (signature, sealed) = self.sealed(reference, "");
        Some(format!("{}/{}/{tail}", URL_SAFE_NO_PAD.encode(signature), URL_SAFE_NO_PAD.encode(sealed)))
    }

    fn sealed(&self, reference: &Reference, name: &str) -> ([u8; SIGNATURE], Vec<u8>) {
        let mut bytes = reference.encode();
        let mut mac = self.common.clone();
        add(&mut mac, &bytes);
        add(&mut mac, name.as_bytes());
        let mut signature = [0; SIGNATURE];
        signature.copy_from_slice(&mac.finalize().into_bytes()[..SIGNATURE]);
        apply(&self.cipher, &signature, &mut bytes);
        (signature, bytes)
    }
}

/// A name that needs no escapes, with its end, where the extension is.
fn plain(name: &str) -> String {
    let kept: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).collect();
    let short = kept[kept.len().saturating_sub(NAME_MAX)..].trim_start_matches('.');
    if short.is_empty() { "file".to_owned() } else { short.to_owned() }
}

#[cfg(test)]
#[path = "seal_tests.rs"]
mod tests;
