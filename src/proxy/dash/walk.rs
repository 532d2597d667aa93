//! One pass over a manifest: its events, each with the bytes it stands for.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};

use super::{DEPTH_MAX, attributes};
use crate::proxy::refused::{Refused, Why};

/// The manifest as text, without a byte order mark.
pub(super) fn text(text: &[u8]) -> Result<&str, Refused> {
    let text = std::str::from_utf8(text).map_err(|_| Why::Charset.at(1))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The `type` of the root; `static` when it has none.
pub(super) fn root_type(text: &str) -> Option<String> {
    let mut walk = Walk::new(text, Roots::Manifest);
    while let Some(step) = walk.step().ok()? {
        if let Event::Start(element) | Event::Empty(element) = &step.event {
            let found = attributes::value(element, "type").ok()?;
            return Some(found.unwrap_or_else(|| "static".to_owned()));
        }
    }
    None
}

/// An event.
pub(super) struct Step<'a> {
    pub event: Event<'a>,
    /// Where it stands.
    pub span: Range<usize>,
    /// The element's name when it is one of the manifest's own namespace; for what stands inside events, and other namespaces, nothing.
    pub name: Option<&'a str>,
}

/// What stands at the outside.
#[derive(Debug, Clone, Copy)]
pub(super) enum Roots {
    /// One `MPD`.
    Manifest,
    /// Elements that a manifest takes in, one or several (ISO 23009-1 5.5.3).
    Remote,
}

/// Whether such an element may stand elsewhere and be rewritten there.
pub(super) fn is_remote(name: &str) -> bool {
    matches!(name, "Period" | "AdaptationSet" | "Representation" | "EventStream")
}

/// Reads a manifest, and refuses what no manifest has.
pub(super) struct Walk<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    roots: Roots,
    depth: usize,
    /// What stands before the names of the manifest's elements.
    prefix: Option<&'a str>,
    rooted: bool,
    /// The depth of the event stream that is being passed over.
    foreign: Option<usize>,
}

impl<'a> Walk<'a> {
    pub fn new(text: &'a str, roots: Roots) -> Self {
        Self { text, reader: Reader::from_str(text), roots, depth: 0, prefix: None, rooted: false, foreign: None }
    }

    /// The line that is being read, counted from 1.
    pub fn line(&self) -> usize {
        let end = self.at().min(self.text.len());
        self.text.as_bytes()[..end].iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// What stands before the names of the manifest's elements, with its colon.
    pub fn prefix(&self) -> String {
        self.prefix.map(|prefix| format!("{prefix}:")).unwrap_or_default()
    }

    /// The next event; `None` at the end.
    pub fn step(&mut self) -> Result<Option<Step<'a>>, Why> {
        let start = self.at();
        let event = self.reader.read_event().map_err(|_| Why::Xml)?;
        let span = start..self.at();
        let name = match &event {
            Event::DocType(_) => return Err(Why::Doctype),
            Event::Eof if self.depth > 0 || !self.rooted => return Err(Why::Xml),
            Event::Eof => return Ok(None),
            Event::Start(element) => {
                let name = self.enter(self.name_in(&span, element.name().as_ref().len(), 1))?;
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return Err(Why::Depth);
                }
                if name == Some("EventStream") {
                    self.foreign = self.foreign.or(Some(self.depth));
                }
                name
            }
            Event::Empty(element) => self.enter(self.name_in(&span, element.name().as_ref().len(), 1))?,
            Event::End(element) => {
                if self.foreign == Some(self.depth) {
                    self.foreign = None;
                }
                self.depth = self.depth.saturating_sub(1);
                self.own(self.name_in(&span, element.name().as_ref().len(), 2))
            }
            _ => None,
        };
        Ok(Some(Step { event, span, name }))
    }

    /// The text inside the element that has just started, and where its end tag stands.
    pub fn content(&mut self) -> Result<(String, Range<usize>), Why> {
        let (mut content, depth) = (String::new(), self.depth);
        loop {
            let step = self.step()?.ok_or(Why::Xml)?;
            match &step.event {
                Event::Text(text) => content.push_str(text),
                Event::CData(text) => content.push_str(text),
                Event::GeneralRef(reference) => content.push_str(&resolved(reference)?),
                Event::Comment(_) | Event::PI(_) => {}
                Event::End(_) if self.depth < depth => {
                    return Ok((content.trim().to_owned(), step.span));
                }
                _ => return Err(Why::Xml),
            }
            if content.len() > crate::proxy::refused::URL_MAX {
                return Err(Why::Uri);
            }
        }
    }

    fn at(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    /// The name in the text itself, so that it lives as long; `skip` bytes of markup come before it.
    fn name_in(&self, span: &Range<usize>, len: usize, skip: usize) -> &'a str {
        let start = span.start + skip;
        self.text.get(start..start + len).unwrap_or_default()
    }

    fn enter(&mut self, name: &'a str) -> Result<Option<&'a str>, Why> {
        if self.depth == 0 {
            let (prefix, local) = name.split_once(':').map_or((None, name), |(prefix, local)| (Some(prefix), local));
            let fits = match self.roots {
                Roots::Manifest => local == "MPD" && !self.rooted,
                Roots::Remote => is_remote(local),
            };
            if !fits {
                return Err(Why::Beginning);
            }
            (self.rooted, self.prefix) = (true, prefix);
        }
        Ok(self.own(name))
    }

    fn own(&self, name: &'a str) -> Option<&'a str> {
        if self.foreign.is_some() {
            return None;
        }
        match (self.prefix, name.split_once(':')) {
            (None, None) => Some(name),
            (Some(prefix), Some((given, local))) if given == prefix => Some(local),
            _ => None,
        }
    }
}

/// Characters by number, and the five that XML knows by name: others would have to be declared.
fn resolved(reference: &BytesRef<'_>) -> Result<String, Why> {
    if let Some(character) = reference.resolve_char_ref().map_err(|_| Why::Xml)? {
        return Ok(character.to_string());
    }
    resolve_predefined_entity(reference).map(str::to_owned).ok_or(Why::Xml)
}
