//! The second pass: the manifest as it is given out.

use std::rc::Rc;

use quick_xml::escape::escape;
use quick_xml::events::{BytesStart, Event};
use url::Url;

use super::attributes::{self, Change};
use super::levels::{Level, TEMPLATES, Template, is_level};
use super::walk::{Roots, Step, Walk, is_remote};
use super::{EMBEDDED_AT, TIME, template};
use crate::proxy::refused::{OUTPUT_MAX, Refused, URL_MAX, Uri, Why, resolve};
use crate::proxy::resource::{Kind, Links};

/// How [`TIME`] is told (ISO 23009-1 5.8.4.11).
const ISO: &str = "urn:mpeg:dash:utc:http-iso:2014";
/// The one scheme that asks nobody.
const DIRECT: &str = "urn:mpeg:dash:utc:direct:";
/// A base that leads nowhere: the directory of the manifest itself. Its element stays for its attributes (`availabilityTimeOffset`).
const NOWHERE: &str = "./";

/// The manifest with links in it.
pub(super) fn rewritten(
    (text, roots): (&str, Roots),
    document: &Url,
    levels: &[Level],
    links: &mut dyn Links,
) -> Result<String, Refused> {
    let (mut walk, document) = (Walk::new(text, roots), Rc::new(document.clone()));
    let mut writer = Writer {
        text,
        document: &document,
        levels,
        links,
        out: String::with_capacity(text.len().saturating_mul(2).min(OUTPUT_MAX)),
        open: Vec::new(),
        started: 0,
        is_dynamic: false,
        has_clock: false,
    };
    writer.all(&mut walk).map_err(|why| why.at(walk.line()))?;
    Ok(writer.out)
}

struct Writer<'a> {
    text: &'a str,
    document: &'a Rc<Url>,
    levels: &'a [Level],
    links: &'a mut dyn Links,
    out: String,
    /// The levels that are open, by number.
    open: Vec<(usize, Owed)>,
    started: usize,
    is_dynamic: bool,
    has_clock: bool,
}

/// What a representation must be given because of where it inherits from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owed {
    Nothing,
    /// Its base is the media, and written further up.
    Base,
    /// Templates are written further up, where another base is in force, or for each representation another one.
    Template,
}

impl Writer<'_> {
    fn all(&mut self, walk: &mut Walk<'_>) -> Result<(), Why> {
        while let Some(step) = walk.step()? {
            match (&step.event, step.name) {
                (
                    Event::Start(_),
                    Some("BaseURL" | "Location" | "PatchLocation" | "ImportedMPD" | "ContentSteering"),
                ) => {
                    self.text_element(walk, &step)?;
                }
                (Event::Start(element), Some(name)) => self.element(walk, element, name, (&step, false))?,
                (Event::Empty(element), Some(name)) => self.element(walk, element, name, (&step, true))?,
                (Event::End(_), Some(name)) => {
                    self.end(walk, name)?;
                    self.copy(&step);
                }
                _ => self.copy(&step),
            }
            if self.out.len() > OUTPUT_MAX {
                return Err(Why::TooLong);
            }
        }
        Ok(())
    }

    fn copy(&mut self, step: &Step<'_>) {
        self.out.push_str(&self.text[step.span.clone()]);
    }

    /// The base in force.
    fn base(&self) -> Rc<Url> {
        self.open.last().map_or(self.document, |(number, _)| &self.levels[*number].base).clone()
    }

    fn linked(&mut self, kind: Kind, uri: &str, base: &Url) -> Result<String, Why> {
        Ok(match resolve(uri, base)? {
            Uri::Stays => uri.to_owned(),
            Uri::Leads(url) => self.links.link(kind, &url),
        })
    }

    /// An element whose text is a URL.
    fn text_element(&mut self, walk: &mut Walk<'_>, step: &Step<'_>) -> Result<(), Why> {
        let (content, end) = walk.content()?;
        let base = self.base();
        let linked = match step.name {
            Some("PatchLocation") => return Ok(()),
            Some("Location") => self.linked(Kind::Dash, &content, self.document)?,
            Some("ImportedMPD") => self.linked(Kind::Dash, &content, &base)?,
            Some("ContentSteering") => self.linked(Kind::Json, &content, &base)?,
            _ => self.base_url(&content)?,
        };
        self.copy(step);
        self.out.push_str(&escape(linked.as_str()));
        self.out.push_str(&self.text[end]);
        Ok(())
    }

    fn base_url(&mut self, content: &str) -> Result<String, Why> {
        let level = self.open.last().map(|(number, _)| &self.levels[*number]);
        match level.filter(|level| level.is_file()) {
            Some(level) => {
                let from = level.parent.map_or(self.document, |parent| &self.levels[parent].base);
                self.linked(Kind::Segment, content, from)
            }
            None => Ok(NOWHERE.to_owned()),
        }
    }

    fn element(
        &mut self,
        walk: &Walk<'_>,
        element: &BytesStart<'_>,
        name: &str,
        (step, is_empty): (&Step<'_>, bool),
    ) -> Result<(), Why> {
        match name {
            _ if is_level(name) => self.level(walk, element, name, (step, is_empty)),
            "PatchLocation" => Ok(()),
            "UTCTiming" => self.clock(element, is_empty),
            "SegmentTemplate" => self.template(element, is_empty),
            "SegmentURL" => {
                let base = self.base();
                // Without a URL it is a part of what the base leads to (ISO 23009-1 5.3.9.3.2).
                let added = match attributes::value(element, "media")? {
                    Some(_) => vec![],
                    None => vec![("media", self.linked(Kind::Segment, "", &base)?)],
                };
                self.urls(element, (step, is_empty), &["media", "index"], &added)
            }
            "SegmentBase" => {
                self.pay(walk, Owed::Base)?;
                self.urls(element, (step, is_empty), &[], &[])
            }
            "Initialization" | "RepresentationIndex" | "BitstreamSwitching" => {
                let added = self.source(element)?;
                self.urls(element, (step, is_empty), &["sourceURL"], &added)
            }
            "InitializationSet" => self.urls(element, (step, is_empty), &["initialization"], &[]),
            _ => self.urls(element, (step, is_empty), &[], &[]),
        }
    }

    /// The `sourceURL` that an element lacks because it is a part of what the base leads to (ISO 23009-1 5.3.9.2.2), where no base leads there.
    fn source(&mut self, element: &BytesStart<'_>) -> Result<Vec<(&'static str, String)>, Why> {
        let level = self.open.last().map(|(number, _)| &self.levels[*number]);
        let is_listed = level.is_some_and(|level| level.list.is_some() || level.template.is_some());
        if !is_listed || attributes::value(element, "sourceURL")?.is_some() {
            return Ok(vec![]);
        }
        let base = self.base();
        Ok(vec![("sourceURL", self.linked(Kind::Segment, "", &base)?)])
    }

    /// The link to what an element is to be replaced by, which is told where it will be embedded: what is relative in it refers to that.
    /// `None`: there is none, or it leads to what cannot be rewritten there.
    fn remote(&mut self, element: &BytesStart<'_>, name: Option<&str>, base: &Url) -> Result<Option<String>, Why> {
        let Some(prefix) = attributes::remote(element)?.filter(|_| name.is_some_and(is_remote)) else {
            return Ok(None);
        };
        let href = attributes::value(element, &format!("{prefix}:href"))?.unwrap_or_default();
        let Uri::Leads(mut url) = resolve(&href, base)? else { return Ok(None) };
        url.set_fragment(Some(&format!("{EMBEDDED_AT}{base}")));
        if url.as_str().len() > URL_MAX {
            return Err(Why::Uri);
        }
        Ok(Some(self.links.link(Kind::Remote, &url)))
    }

    /// Writes an element with links in these attributes and to what it is replaced by; one without any stays byte for byte.
    fn urls(
        &mut self,
        element: &BytesStart<'_>,
        (step, is_empty): (&Step<'_>, bool),
        names: &[&str],
        added: &[(&str, String)],
    ) -> Result<(), Why> {
        let base = self.base();
        let (mut out, mut touched) = (String::new(), !added.is_empty() || attributes::remote(element)?.is_some());
        let remote = self.remote(element, step.name, &base)?;
        attributes::write(&mut out, element, is_empty, (added, remote.as_deref()), &mut |name, value| {
            if !names.contains(&name) {
                return Ok(Change::Stays);
            }
            touched = true;
            self.linked(Kind::Segment, value, &base).map(Change::Becomes)
        })?;
        let was_empty = matches!(step.event, Event::Empty(_));
        if touched || is_empty != was_empty {
            self.out.push_str(&out);
        } else {
            self.copy(step);
        }
        Ok(())
    }

    fn clock(&mut self, element: &BytesStart<'_>, is_empty: bool) -> Result<(), Why> {
        self.has_clock = true;
        let is_direct = attributes::value(element, "schemeIdUri")?.is_some_and(|scheme| scheme.starts_with(DIRECT));
        attributes::write(&mut self.out, element, is_empty, (&[], None), &mut |name, _| {
            Ok(match name {
                "schemeIdUri" if !is_direct => Change::Becomes(ISO.to_owned()),
                "value" if !is_direct => Change::Becomes(TIME.to_owned()),
                _ => Change::Stays,
            })
        })
    }

    fn template(&mut self, element: &BytesStart<'_>, is_empty: bool) -> Result<(), Why> {
        let base = self.base();
        let number = self.open.last().map(|(number, _)| *number);
        let represented = number.and_then(|number| self.levels[number].represented.as_ref());
        let added = match number.filter(|_| represented.is_some()) {
            Some(number) => self.inherited(number)?,
            None => vec![],
        };
        let mut out = std::mem::take(&mut self.out);
        let written = attributes::write(&mut out, element, is_empty, (&added, None), &mut |name, value| {
            if !TEMPLATES.contains(&name) {
                return Ok(Change::Stays);
            }
            // Each representation is given its own.
            if represented.is_none() && template::is_of_representation(value)? {
                return Ok(Change::Goes);
            }
            template::linked(value, represented, &base, self.links).map(Change::Becomes)
        });
        self.out = out;
        written
    }

    /// The templates that are written further up but lead elsewhere from here.
    fn inherited(&mut self, number: usize) -> Result<Vec<(&'static str, String)>, Why> {
        let level = &self.levels[number];
        let mut inherited = Vec::new();
        for (name, template) in TEMPLATES.into_iter().zip(&level.templates) {
            let Some(template) = template.as_ref().filter(|template| self.is_another(template, number)) else {
                continue;
            };
            let linked = template::linked(&template.text, level.represented.as_ref(), &level.base, self.links)?;
            inherited.push((name, linked));
        }
        Ok(inherited)
    }

    /// Whether what is written of a template does not say where it leads to from this level.
    fn is_another(&self, template: &Template, number: usize) -> bool {
        let elsewhere = self.levels[template.at].base != self.levels[number].base;
        template.at != number && (elsewhere || template.is_of_representation)
    }

    fn level(
        &mut self,
        walk: &Walk<'_>,
        element: &BytesStart<'_>,
        name: &str,
        (step, is_empty): (&Step<'_>, bool),
    ) -> Result<(), Why> {
        let number = self.started;
        self.started += 1;
        let owed = self.owed(number);
        if name == "MPD" {
            self.is_dynamic = attributes::value(element, "type")?.as_deref() == Some("dynamic");
        }
        // What it is given stands inside it.
        let closes = is_empty && owed == Owed::Nothing;
        self.urls(element, (step, closes), &[], &[])?;
        if closes {
            return Ok(());
        }
        self.open.push((number, owed));
        if is_empty {
            self.end(walk, name)?;
            self.out.push_str(&format!("</{}>", element.name().as_ref()));
        }
        Ok(())
    }

    fn owed(&self, number: usize) -> Owed {
        let level = &self.levels[number];
        let another = |template: &Template| self.is_another(template, number);
        if level.is_file() && level.own_base.is_none() && level.base != *self.document {
            Owed::Base
        } else if level.represented.is_some() && !level.own_template && level.templates.iter().flatten().any(another) {
            Owed::Template
        } else {
            Owed::Nothing
        }
    }

    /// What comes before the end of an element.
    fn end(&mut self, walk: &Walk<'_>, name: &str) -> Result<(), Why> {
        if is_level(name) {
            self.pay(walk, Owed::Base)?;
            self.pay(walk, Owed::Template)?;
            self.open.pop();
        }
        if name == "MPD" && self.is_dynamic && !self.has_clock {
            let prefix = walk.prefix();
            self.out.push_str(&format!("<{prefix}UTCTiming schemeIdUri=\"{ISO}\" value=\"{TIME}\"/>"));
        }
        Ok(())
    }

    fn pay(&mut self, walk: &Walk<'_>, what: Owed) -> Result<(), Why> {
        let Some((number, owed)) = self.open.last_mut().filter(|(_, owed)| *owed == what) else { return Ok(()) };
        *owed = Owed::Nothing;
        let (number, prefix) = (*number, walk.prefix());
        match what {
            Owed::Nothing => {}
            Owed::Base => {
                let link = self.links.link(Kind::Segment, &self.levels[number].base);
                self.out.push_str(&format!("<{prefix}BaseURL>{}</{prefix}BaseURL>", escape(link.as_str())));
            }
            Owed::Template => {
                let element = BytesStart::new(format!("{prefix}SegmentTemplate"));
                let inherited = self.inherited(number)?;
                attributes::write(&mut self.out, &element, true, (&inherited, None), &mut |_, _| Ok(Change::Stays))?;
            }
        }
        Ok(())
    }
}
