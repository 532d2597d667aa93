//! What a proxied URL says in the clear: who was given it, in which room, for what, until when. [`super::seal`] proves it.

use std::fmt;

/// The longest id in a pass, in bytes.
const ID_MAX: usize = 32;
/// The longest pass, in bytes.
pub const PASS_MAX: usize = 192;

/// Whom and what a URL was given out for. Its text is one part of a path or a query's value: letters, digits, `_` and dots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// The room.
    pub room_id: String,
    /// What it plays.
    pub media_id: String,
    /// The room's generation when the URL was given out.
    pub generation: i64,
    /// Number of the room's newest event when the URL was given out.
    pub seq: i64,
    /// Public id of the room's token; `None` for the operator.
    pub holder: Option<String>,
    /// When the URL stops working: seconds since 1970.
    pub expires_unix: u64,
    /// Which key signs it.
    pub key_id: i64,
}

/// How the operator stands in a pass: no token's id is a single letter.
const OPERATOR: &str = "o";

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { room_id, media_id, generation, seq, expires_unix, key_id, .. } = self;
        let holder = self.holder.as_deref().unwrap_or(OPERATOR);
        write!(f, "{room_id}.{media_id}.{generation}.{seq}.{holder}.{expires_unix}.{key_id}")
    }
}

impl Pass {
    /// Reads a pass. What has another spelling than [`fmt::Display`] gives it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > PASS_MAX {
            return None;
        }
        let mut parts = text.split('.');
        let mut next = || parts.next();
        let pass = Self {
            room_id: id(next()?)?,
            media_id: id(next()?)?,
            generation: number(next()?)?,
            seq: number(next()?)?,
            holder: Some(id(next()?)?).filter(|holder| holder != OPERATOR),
            expires_unix: number(next()?)?,
            key_id: number(next()?)?,
        };
        (parts.next().is_none() && pass.to_string() == text).then_some(pass)
    }
}

fn id(text: &str) -> Option<String> {
    let fits = !text.is_empty() && text.len() <= ID_MAX;
    (fits && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')).then(|| text.to_owned())
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_has_one_spelling() {
        for holder in [None, Some("t_0123456789".to_owned())] {
            let pass = Pass {
                room_id: "r_abc".into(),
                media_id: "m_abc".into(),
                generation: 3,
                seq: 41,
                holder,
                expires_unix: 2_000_000_000,
                key_id: 2,
            };
            let text = pass.to_string();
            assert_eq!(Pass::parse(&text), Some(pass));
            for odd in
                [text.replace(".3.", ".03."), text.replace(".3.", ".+3."), format!("{text}."), format!(".{text}")]
            {
                assert_eq!(Pass::parse(&odd), None, "{odd}");
            }
        }
        for odd in [
            "",
            ".",
            "r_a.m_a.1.1.o.1",
            "r_a.m_a.1.1.o.1.1.1",
            "r-a.m_a.1.1.o.1.1",
            "r_a..1.1.o.1.1",
            "r_a.m_a.1.1.o.-1.1",
        ] {
            assert_eq!(Pass::parse(odd), None, "{odd}");
        }
        assert_eq!(Pass::parse(&format!("r_{}.m_a.1.1.o.1.1", "a".repeat(40))), None);
    }
}
