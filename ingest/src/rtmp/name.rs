//! Which stream a publisher means, and with which key: encoders split one URL in many ways.

use std::fmt;

/// The application every publish URL names.
const APP: &str = "live";
/// Characters of a stream name.
const NAME_MAX: usize = 64;

/// A legal stream name: 1 to 64 characters of `A-Z a-z 0-9 . _ -`, the first not a dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamName(String);

impl StreamName {
    /// Checks a name.
    ///
    /// # Errors
    /// When it is not legal.
    pub fn parse(name: &str) -> Result<Self, BadName> {
        if name.is_empty() {
            return Err(BadName::Empty);
        }
        if name.len() > NAME_MAX {
            return Err(BadName::TooLong);
        }
        if name.starts_with('.') {
            return Err(BadName::LeadingDot);
        }
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')) {
            return Err(BadName::Character);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, owned.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for StreamName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for StreamName {
    type Err = BadName;

    fn from_str(name: &str) -> Result<Self, BadName> {
        Self::parse(name)
    }
}

/// Why a stream cannot be called that, or why a publish URL names none. Never repeats what the peer sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// No name at all.
    #[error("the stream name is empty; publish to rtmp://HOST/live/STREAM")]
    Empty,
    /// More than 64 characters.
    #[error("the stream name is longer than 64 characters")]
    TooLong,
    /// A leading dot.
    #[error("the stream name begins with a dot")]
    LeadingDot,
    /// A character outside the set.
    #[error("the stream name may hold letters, digits, '.', '_' and '-' only")]
    Character,
    /// The URL is not `/live/STREAM`.
    #[error("publish to rtmp://HOST/live/STREAM")]
    Path,
}

/// A publish key as the peer sent it. Printing it shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct PublishKey(String);

impl PublishKey {
    /// Wraps a secret.
    #[must_use]
    pub const fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret itself, to be hashed and compared.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PublishKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublishKey(..)")
    }
}

/// Rejoins the application and the name of a publish command, wherever the encoder split the URL, and finds the key in
/// the query of the name, of the application or of tcUrl.
///
/// # Errors
/// When what comes out is not `live/STREAM` with a legal name.
pub fn resolve(app: &str, name: &str, tc_url: &str) -> Result<(StreamName, Option<PublishKey>), BadName> {
    let (app_path, app_query) = split_query(app);
    let (name_path, name_query) = split_query(name);
    let key = [name_query, app_query, split_query(tc_url).1].into_iter().find_map(key_of);
    let mut segments = app_path.split('/').chain(name_path.split('/')).filter(|segment| !segment.is_empty());
    let (app, name, more) = (segments.next(), segments.next(), segments.next());
    match (app, name, more) {
        (Some(APP), Some(name), None) => Ok((StreamName::parse(name)?, key)),
        (Some(APP) | None, None, _) => Err(BadName::Empty),
        _ => Err(BadName::Path),
    }
}

fn split_query(text: &str) -> (&str, &str) {
    text.split_once('?').unwrap_or((text, ""))
}

fn key_of(query: &str) -> Option<PublishKey> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("key="))?;
    (!value.is_empty()).then(|| PublishKey(percent_decode(value)))
}

/// RFC 3986 2.1; a stray `%` stands for itself.
fn percent_decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escaped = match (*first, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        out.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
