//! What a proxied URL leads to: a track, or something that its manifest refers to. In the URL it is encrypted by [`super::seal`].

use url::Url;

use super::refused::URL_MAX;
use super::resource::Kind;

/// The longest reference, in bytes: the longest URL that a manifest is given another for, and what stands before it.
pub const REFERENCE_MAX: usize = URL_MAX + 8;

/// Where a track stands in its playable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Track {
    /// Number of its mode.
    pub mode: u8,
    /// Number of its group: media, subtitles, danmakus, thumbnail.
    pub group: u8,
    /// Its number in the group.
    pub index: u16,
}

/// What is to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// What it is.
    pub kind: Kind,
    /// The track, or the one whose manifest refers to it.
    pub track: Track,
    /// Which of what the track leads to.
    pub target: Target,
}

/// Which of what a track leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The track itself.
    Track,
    /// A URL that its manifest names.
    Child {
        /// Where it is.
        url: Url,
        /// It is had without credentials.
        stripped: bool,
    },
    /// All URLs that a template of its manifest stands for.
    Template {
        /// An absolute URL with identifiers of DASH in it.
        template: String,
        /// They are had without credentials.
        stripped: bool,
    },
}

const STRIPPED: u8 = 1;
const CHILD: u8 = 2;
const TEMPLATE: u8 = 4;

impl Reference {
    /// As bytes: kind, mode, group, index, flags, URL.
    pub(super) fn encode(&self) -> Vec<u8> {
        encode(self.kind, self.track, &self.target)
    }

    /// Reads what [`encode`](Self::encode) wrote.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (&[kind, mode, group, high, low, flags], rest) = bytes.split_first_chunk::<6>()?;
        let stripped = flags & STRIPPED != 0;
        let text = std::str::from_utf8(rest).ok()?;
        let target = match flags & !STRIPPED {
            0 if flags == 0 && rest.is_empty() => Target::Track,
            CHILD => Target::Child { url: Url::parse(text).ok()?, stripped },
            TEMPLATE => Target::Template { template: text.to_owned(), stripped },
            _ => return None,
        };
        let track = Track { mode, group, index: u16::from_be_bytes([high, low]) };
        Some(Self { kind: *Kind::ALL.get(usize::from(kind))?, track, target })
    }
}

fn encode(kind: Kind, track: Track, target: &Target) -> Vec<u8> {
    let (flags, text) = match target {
        Target::Track => (0, ""),
        Target::Child { url, stripped } => (CHILD | u8::from(*stripped), url.as_str()),
        Target::Template { template, stripped } => (TEMPLATE | u8::from(*stripped), template.as_str()),
    };
    let number = Kind::ALL.iter().position(|one| *one == kind).unwrap_or_default() as u8;
    let [high, low] = track.index.to_be_bytes();
    let mut bytes = Vec::with_capacity(6 + text.len());
    bytes.extend([number, track.mode, track.group, high, low, flags]);
    bytes.extend(text.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_read_as_it_was_written() {
        let track = Track { mode: 1, group: 2, index: 300 };
        let url: Url = "https://origin.example/a/b.ts?x=1".parse().unwrap();
        for target in [
            Target::Track,
            Target::Child { url: url.clone(), stripped: false },
            Target::Child { url, stripped: true },
            Target::Template { template: "https://o/$Number$.m4s".into(), stripped: true },
        ] {
            for kind in Kind::ALL {
                let reference = Reference { kind, track, target: target.clone() };
                assert_eq!(Reference::decode(&reference.encode()), Some(reference));
            }
        }
    }

    #[test]
    fn what_was_not_written_is_not_read() {
        for odd in [
            &[][..],
            &[0; 5],
            &[Kind::ALL.len() as u8, 0, 0, 0, 0, 0],
            &[0, 0, 0, 0, 0, 1],
            &[0, 0, 0, 0, 0, 0, b'x'],
            &[0, 0, 0, 0, 0, 2, b'x'],
        ] {
            assert_eq!(Reference::decode(odd), None, "{odd:?}");
        }
    }
}
