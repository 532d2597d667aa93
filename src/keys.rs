//! Publish keys and tokens of rooms: how a secret is made, and what is kept of it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use synctv_store::KeyHash;

use crate::secret::Secret;

/// What the token of a room begins with.
pub const ROOM_TOKEN: &str = "rt_";

/// A fresh key: the id may be shown for ever, the secret once.
#[derive(Debug)]
pub struct FreshKey {
    /// Public id, `k_` (of a publish key) and 10 characters.
    pub id: String,
    /// `sk_` (of a publish key) and 32 random bytes in URL-safe base64, so that it stands in a URL and a shell word as it is.
    pub secret: Secret,
}

impl FreshKey {
    /// Makes a publish key from the system's random bytes.
    ///
    /// # Errors
    /// When the system has none to give.
    pub fn generate() -> Result<Self, getrandom::Error> {
        Self::with_prefixes("k_", "sk_")
    }

    /// Makes a token of a room: the id begins with `t_`, the secret with [`ROOM_TOKEN`].
    ///
    /// # Errors
    /// When the system has no random bytes to give.
    pub fn for_room() -> Result<Self, getrandom::Error> {
        Self::with_prefixes("t_", ROOM_TOKEN)
    }

    fn with_prefixes(id: &str, secret: &str) -> Result<Self, getrandom::Error> {
        let mut random = [0u8; 32];
        getrandom::fill(&mut random)?;
        let secret = Secret::new(format!("{secret}{}", URL_SAFE_NO_PAD.encode(random)));
        Ok(Self { id: fresh_id(id)?, secret })
    }
}

/// A fresh public id: the prefix (`r_`, `p_`, `m_`, ...) and 10 letters.
///
/// # Errors
/// When the system has no random bytes to give.
pub fn fresh_id(prefix: &str) -> Result<String, getrandom::Error> {
    let mut random = [0u8; 8];
    getrandom::fill(&mut random)?;
    Ok(lettered(prefix, u64::from_le_bytes(random)))
}

/// Ten letters of 5 bits each, without those that look alike when read aloud or copied by hand.
fn lettered(prefix: &str, random: u64) -> String {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let letter = |n: u32| char::from(LETTERS[usize::from((random >> (5 * n)) as u8 & 31)]);
    (0..10).map(letter).fold(prefix.to_owned(), |id, letter| id + letter.encode_utf8(&mut [0; 4]))
}

/// What is stored of a secret. It holds 256 random bits, so a plain SHA-256 cannot be searched for it.
#[must_use]
pub fn hash(secret: &str) -> KeyHash {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_url_safe_long_and_different() {
        let (a, b) = (FreshKey::generate().unwrap(), FreshKey::generate().unwrap());
        assert_ne!(a.secret.reveal(), b.secret.reveal());
        assert_ne!(a.id, b.id);
        let text = a.secret.reveal().strip_prefix("sk_").unwrap();
        assert_eq!(text.len(), 43);
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{text}");
        assert_eq!(a.id.len(), 12);
    }

    #[test]
    fn a_fresh_key_does_not_print_its_secret() {
        let key = FreshKey::generate().unwrap();
        assert!(!format!("{key:?}").contains(key.secret.reveal()));
    }

    #[test]
    fn the_hash_is_sha_256_of_the_whole_text() {
        // printf sk_abc | sha256sum
        let hex: String = hash("sk_abc").iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "7c8d93f8ffb4cdb85b2a4b0c10886a66959da2eb67707b1c54718850a56d158c");
    }
}
