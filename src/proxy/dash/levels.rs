//! What is in force where: base URLs (ISO 23009-1 5.6.4) and templates (5.3.9.1: attributes are inherited one by one).

use std::rc::Rc;

use quick_xml::events::Event;
use url::Url;

use super::template::{self, Represented};
use super::walk::{Roots, Walk};
use super::{LEVELS_MAX, attributes};
use crate::proxy::refused::{Refused, URL_MAX, Uri, Why, resolve};

/// The attributes of `SegmentTemplate` that are URLs.
pub(super) const TEMPLATES: [&str; 4] = ["media", "initialization", "index", "bitstreamSwitching"];

/// An element that base URLs and templates may stand in.
#[derive(Debug)]
pub(super) struct Level {
    /// Which one it stands in, by number; `None` for the root.
    pub parent: Option<usize>,
    /// What relative URLs in it refer to.
    pub base: Rc<Url>,
    /// Its own first `BaseURL`, as written.
    pub own_base: Option<String>,
    /// Whether it has a `SegmentTemplate` of its own.
    pub own_template: bool,
    /// For each of [`TEMPLATES`], what is in force.
    pub templates: [Option<Template>; 4],
    /// Which level a `SegmentTemplate` in force is written at.
    pub template: Option<usize>,
    /// Which level a `SegmentList` in force is written at.
    pub list: Option<usize>,
    /// What a representation's templates are filled with; `None`: it is another level.
    pub represented: Option<Represented>,
}

/// A template in force.
#[derive(Debug, Clone)]
pub(super) struct Template {
    pub text: Rc<str>,
    /// Which level it is written at.
    pub at: usize,
    /// It stands for something else in each representation.
    pub is_of_representation: bool,
}

impl Level {
    /// Whether the segments are parts of what the base URL leads to.
    pub fn is_file(&self) -> bool {
        self.represented.is_some() && self.template.is_none() && self.list.is_none()
    }
}

/// Whether an element is a level.
pub(super) fn is_level(name: &str) -> bool {
    matches!(name, "MPD" | "Period" | "AdaptationSet" | "Representation")
}

/// All levels in the order they start in.
pub(super) fn read(text: &str, roots: Roots, document: &Url) -> Result<Vec<Level>, Refused> {
    let (mut walk, document) = (Walk::new(text, roots), Rc::new(document.clone()));
    let levels = collect(&mut walk, &document).map_err(|why| why.at(walk.line()))?;
    inherit(levels, &document).map_err(|why| why.at(1))
}

fn collect(walk: &mut Walk<'_>, document: &Rc<Url>) -> Result<Vec<Level>, Why> {
    let mut levels: Vec<Level> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    while let Some(step) = walk.step()? {
        let Some(name) = step.name else { continue };
        let current = open.last().copied();
        match &step.event {
            Event::Start(element) | Event::Empty(element) if is_level(name) => {
                if levels.len() == LEVELS_MAX {
                    return Err(Why::Depth);
                }
                if matches!(step.event, Event::Start(_)) {
                    open.push(levels.len());
                }
                let mut level = Level::new(current, document);
                if name == "Representation" {
                    let (id, bandwidth) = (attributes::value(element, "id")?, attributes::value(element, "bandwidth")?);
                    level.represented = Some(Represented { id, bandwidth });
                }
                levels.push(level);
            }
            Event::End(_) if is_level(name) => {
                open.pop();
            }
            Event::Start(_) if name == "BaseURL" => {
                let (content, _) = walk.content()?;
                let level = current.and_then(|current| levels.get_mut(current)).ok_or(Why::Xml)?;
                level.own_base.get_or_insert(content);
            }
            Event::Start(element) | Event::Empty(element) if name == "SegmentTemplate" => {
                let number = current.ok_or(Why::Xml)?;
                let level = &mut levels[number];
                (level.own_template, level.template) = (true, Some(number));
                for (place, name) in level.templates.iter_mut().zip(TEMPLATES) {
                    let Some(text) = attributes::value(element, name)? else { continue };
                    if text.len() > URL_MAX {
                        return Err(Why::Uri);
                    }
                    let is_of_representation = template::is_of_representation(&text)?;
                    *place = Some(Template { text: text.into(), at: number, is_of_representation });
                }
            }
            Event::Start(_) | Event::Empty(_) if name == "SegmentList" => {
                let number = current.ok_or(Why::Xml)?;
                levels[number].list = Some(number);
            }
            _ => {}
        }
    }
    Ok(levels)
}

impl Level {
    fn new(parent: Option<usize>, document: &Rc<Url>) -> Self {
        Self {
            parent,
            base: document.clone(),
            own_base: None,
            own_template: false,
            templates: [None, None, None, None],
            template: None,
            list: None,
            represented: None,
        }
    }
}

/// Base URLs may come behind what they are in force for: only when all are known is it known what they come to.
fn inherit(mut levels: Vec<Level>, document: &Rc<Url>) -> Result<Vec<Level>, Why> {
    for number in 0..levels.len() {
        // Parents start before what is in them.
        let (before, rest) = levels.split_at_mut(number);
        let level = &mut rest[0];
        let parent = level.parent.map(|parent| &before[parent]);
        let from = parent.map_or(document, |parent| &parent.base);
        level.base = match &level.own_base {
            Some(own) => match resolve(own, from)? {
                Uri::Leads(url) => url.into(),
                Uri::Stays => return Err(Why::Scheme),
            },
            None => from.clone(),
        };
        let Some(parent) = parent else { continue };
        for (own, inherited) in level.templates.iter_mut().zip(&parent.templates) {
            if own.is_none() {
                own.clone_from(inherited);
            }
        }
        level.template = level.template.or(parent.template);
        level.list = level.list.or(parent.list);
        // What is inherited of a list is written once, and would have to lead to several places.
        let listed_at = level.list.filter(|list| *list != number).map(|list| &before[list].base);
        if level.represented.is_some() && listed_at.is_some_and(|listed| *listed != level.base) {
            return Err(Why::List);
        }
    }
    Ok(levels)
}
