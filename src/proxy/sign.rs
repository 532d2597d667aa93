//! Signed play URLs of private streams.
//!
//! The signature covers the stream and the expiry and nothing else, so one query opens the FLV, the playlist and every
//! child URI of that stream. It is HMAC-SHA256 over length-prefixed fields: no two different pairs give the same message.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Says what a signature is for, so that one made for a stream opens nothing else.
const PURPOSE: &[u8] = b"synctv play 1";

/// Why a signed query does not open a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No signature in the query.
    #[error("this stream is private: its URL needs a signature (`synctv stream url NAME`)")]
    Unsigned,
    /// The signature was not made by this server for this stream and expiry.
    #[error("the signature of this URL is not valid for this stream")]
    Forged,
    /// It was good once.
    #[error("this URL has expired")]
    Expired,
}

/// The query that opens `stream` until `expires_unix` (seconds since the epoch): `expires=..&sig=..`.
#[must_use]
pub fn sign(key: &[u8; 32], stream: &str, expires_unix: u64) -> String {
    let sig = URL_SAFE_NO_PAD.encode(mac(key, stream, expires_unix).finalize().into_bytes());
    format!("expires={expires_unix}&sig={sig}")
}

/// Checks a URL's query (without `?`; parameters of others are passed over) for `stream` at `now_unix`.
///
/// # Errors
/// [`Denied`]. A forged URL is never told to be merely expired.
pub fn verify(key: &[u8; 32], stream: &str, query: &str, now_unix: u64) -> Result<(), Denied> {
    let (expires, sig) = (parameter(query, "expires")?, parameter(query, "sig")?);
    let (Some(expires), Some(sig)) = (expires, sig) else { return Err(Denied::Unsigned) };
    let expires_unix = canonical_number(expires).ok_or(Denied::Forged)?;
    let sig = URL_SAFE_NO_PAD.decode(sig).map_err(|_| Denied::Forged)?;
    // `verify_slice` compares in constant time.
    mac(key, stream, expires_unix).verify_slice(&sig).map_err(|_| Denied::Forged)?;
    if now_unix >= expires_unix { Err(Denied::Expired) } else { Ok(()) }
}

fn mac(key: &[u8; 32], stream: &str, expires_unix: u64) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for field in [PURPOSE, stream.as_bytes(), &expires_unix.to_be_bytes()] {
        mac.update(&(field.len() as u64).to_be_bytes());
        mac.update(field);
    }
    mac
}

/// A parameter's value. One that stands twice is refused: two readers could take different ones.
fn parameter<'q>(query: &'q str, name: &str) -> Result<Option<&'q str>, Denied> {
    let mut values = query.split('&').filter_map(|pair| pair.split_once('=')).filter(|(n, _)| *n == name);
    let first = values.next().map(|(_, value)| value);
    if values.next().is_some() { Err(Denied::Forged) } else { Ok(first) }
}

/// A number in its one decimal form, so that a signed URL has one spelling.
fn canonical_number(text: &str) -> Option<u64> {
    text.parse::<u64>().ok().filter(|n| n.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    #[test]
    fn a_signed_query_opens_its_stream_until_it_expires() {
        let query = sign(&KEY, "demo", 1000);
        assert_eq!(verify(&KEY, "demo", &query, 999), Ok(()));
        assert_eq!(verify(&KEY, "demo", &query, 1000), Err(Denied::Expired));
    }

    #[test]
    fn other_parameters_may_stand_around_it() {
        let query = format!("_HLS_msn=3&{}&x", sign(&KEY, "demo", 1000));
        assert_eq!(verify(&KEY, "demo", &query, 1), Ok(()));
    }

    #[test]
    fn a_url_without_signature_is_told_so() {
        for query in ["", "expires=1000", "sig=abc", "x=1&y"] {
            assert_eq!(verify(&KEY, "demo", query, 1), Err(Denied::Unsigned), "{query}");
        }
    }

    #[test]
    fn another_stream_expiry_or_key_is_forged_even_when_expired() {
        let query = sign(&KEY, "demo", 1000);
        assert_eq!(verify(&KEY, "demo2", &query, 1), Err(Denied::Forged));
        assert_eq!(verify(&KEY, "", &query, 1), Err(Denied::Forged));
        assert_eq!(verify(&[8; 32], "demo", &query, 2000), Err(Denied::Forged));
        let prolonged = query.replace("expires=1000", "expires=9000");
        assert_eq!(verify(&KEY, "demo", &prolonged, 1), Err(Denied::Forged));
    }

    #[test]
    fn every_single_character_changed_is_refused() {
        let query = sign(&KEY, "demo", 1000);
        for at in 0..query.len() {
            for other in "0aZ9-_&=%+".chars() {
                let mut changed = query.clone();
                changed.replace_range(at..=at, &other.to_string());
                if changed != query {
                    assert!(verify(&KEY, "demo", &changed, 1).is_err(), "{changed}");
                }
            }
        }
    }

    #[test]
    fn truncated_repeated_or_respelled_queries_are_refused() {
        let query = sign(&KEY, "demo", 1000);
        for end in 0..query.len() {
            assert!(verify(&KEY, "demo", &query[..end], 1).is_err(), "{}", &query[..end]);
        }
        for odd in [
            format!("{query}&expires=1000"),
            format!("sig=AAAA&{query}"),
            query.replace("expires=1000", "expires=01000"),
            query.replace("expires=1000", "expires=+1000"),
            query.replace("expires=1000", "expires=99999999999999999999999"),
            format!("{query}="),
        ] {
            assert!(verify(&KEY, "demo", &odd, 1).is_err(), "{odd}");
        }
    }
}
