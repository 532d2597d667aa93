//! `EXT-X-DEFINE` (RFC 8216bis 4.3, 4.4.2.3): names that stand for text.

use std::borrow::Cow;
use std::collections::BTreeMap;

use url::{Url, form_urlencoded};

use super::{Why, attributes};

/// Variables that one playlist may define.
pub const VARIABLES_MAX: usize = 64;
/// Bytes of the names and values of a playlist's variables together: they travel in the URLs of its media playlists.
pub const VARIABLES_LEN_MAX: usize = 2 << 10;
/// What text may become when its variables are expanded, in bytes.
pub const EXPANDED_MAX: usize = 64 << 10;

/// The longest name, in bytes: looking further for the end of every reference would take quadratic time.
pub const NAME_MAX: usize = 256;

/// Before what a fragment hands on, so that no other fragment is taken for it.
const FRAGMENT: &str = "ext-x-define?";

/// The variables of a playlist.
#[derive(Debug, Default)]
pub(super) struct Variables {
    defined: BTreeMap<String, String>,
    /// Those of the multivariant playlist that this one was had from.
    importable: BTreeMap<String, String>,
    len: usize,
}

impl Variables {
    /// None yet, but for what the multivariant playlist handed on in the fragment of a URL.
    pub fn of(url: &Url) -> Result<Self, Why> {
        let mut importable = BTreeMap::new();
        if let Some(handed_on) = url.fragment().and_then(|fragment| fragment.strip_prefix(FRAGMENT)) {
            if handed_on.len() > 4 * VARIABLES_LEN_MAX {
                return Err(Why::Variable);
            }
            importable.extend(form_urlencoded::parse(handed_on.as_bytes()).into_owned().take(VARIABLES_MAX));
        }
        Ok(Self { importable, ..Self::default() })
    }

    /// Reads the attributes of one `EXT-X-DEFINE` in a playlist that came from `url`.
    pub fn define(&mut self, list: &str, url: &Url) -> Result<(), Why> {
        let (mut name, mut value) = (None, None);
        for attribute in attributes::read(list) {
            let attribute = attribute?;
            match attribute.name {
                "NAME" => name = Some(attribute.value),
                "VALUE" => value = Some(self.expand(attribute.value)?.into_owned()),
                "IMPORT" => {
                    value = Some(self.importable.get(attribute.value).cloned().ok_or(Why::Undefined)?);
                    name = Some(attribute.value);
                }
                "QUERYPARAM" => {
                    let found = url.query_pairs().find(|(key, _)| key == attribute.value);
                    value = Some(found.ok_or(Why::Undefined)?.1.into_owned());
                    name = Some(attribute.value);
                }
                _ => {}
            }
        }
        let (Some(name), Some(value)) = (name, value) else { return Err(Why::Variable) };
        // Neither can stand in a quoted string, and a line must stay one.
        let legal = is_name(name) && !value.contains(['"', '\n', '\r']);
        self.len = self.len.saturating_add(name.len() + value.len());
        if !legal || self.len > VARIABLES_LEN_MAX || self.defined.len() == VARIABLES_MAX {
            return Err(Why::Variable);
        }
        // A name may be defined once (RFC 8216bis 4.4.2.3).
        if self.defined.insert(name.to_owned(), value).is_some() { Err(Why::Variable) } else { Ok(()) }
    }

    /// Expands all references; one to nothing is an error, as it is for a player.
    pub fn expand<'a>(&self, text: &'a str) -> Result<Cow<'a, str>, Why> {
        self.expanded(text, true)
    }

    /// Expands references to what is defined; other text in braces stays.
    pub fn expand_known<'a>(&self, text: &'a str) -> Result<Cow<'a, str>, Why> {
        if self.defined.is_empty() { Ok(Cow::Borrowed(text)) } else { self.expanded(text, false) }
    }

    /// Has the variables travel to a media playlist, so that it can import them; a media playlist passes on what it was handed.
    pub fn hand_on(&self, url: &mut Url) -> Result<(), Why> {
        let variables = if self.importable.is_empty() { &self.defined } else { &self.importable };
        if variables.is_empty() {
            return Ok(());
        }
        let pairs = form_urlencoded::Serializer::new(FRAGMENT.to_owned()).extend_pairs(variables).finish();
        // The serializer sets its pairs apart from what it is given to go on with.
        url.set_fragment(Some(&pairs.replacen("?&", "?", 1)));
        if url.as_str().len() > crate::proxy::refused::URL_MAX { Err(Why::Variable) } else { Ok(()) }
    }

    fn expanded<'a>(&self, text: &'a str, all: bool) -> Result<Cow<'a, str>, Why> {
        if !text.contains("{$") {
            return Ok(Cow::Borrowed(text));
        }
        let (mut out, mut rest) = (String::new(), text);
        while let Some(start) = rest.find("{$") {
            out.push_str(&rest[..start]);
            let (reference, after) = match rest[start..].bytes().take(NAME_MAX + 3).position(|byte| byte == b'}') {
                Some(end) => rest[start..].split_at(end + 1),
                None => ("{$", ""),
            };
            let name = reference[2..].strip_suffix('}').filter(|name| is_name(name));
            match (name, name.and_then(|name| self.defined.get(name))) {
                (_, Some(value)) => {
                    out.push_str(value);
                    rest = after;
                }
                (Some(_), None) if all => return Err(Why::Undefined),
                // No reference by its form.
                _ => {
                    out.push_str("{$");
                    rest = &rest[start + 2..];
                }
            }
            if out.len() > EXPANDED_MAX {
                return Err(Why::Variable);
            }
        }
        out.push_str(rest);
        Ok(Cow::Owned(out))
    }
}

/// RFC 8216bis 4.4.2.3.
fn is_name(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
#[path = "variables_tests.rs"]
mod tests;
