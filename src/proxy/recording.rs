//! Links that say what they stand for, for tests.

use url::Url;

use super::resource::{Kind, Links};

/// Gives out `p/N` and remembers what it was for.
#[derive(Debug, Default)]
pub struct Recording {
    /// What was asked for, in order.
    pub given: Vec<(Kind, String)>,
}

impl Recording {
    /// Puts URLs back in the place of links, marked with their kind: `<Segment http://o/1.ts>`.
    pub fn explain(&self, rewritten: &str) -> String {
        let mut explained = String::new();
        let mut rest = rewritten;
        while let Some((before, after)) = rest.split_once("p/@") {
            let (number, after) = after.split_once('@').expect("links end");
            let (kind, url) = &self.given[number.parse::<usize>().expect("a number")];
            // What follows the mark of a template is the template's.
            explained.push_str(&format!("{before}<{kind:?} {url}>"));
            rest = after;
        }
        explained + rest
    }
}

impl Links for Recording {
    fn link(&mut self, kind: Kind, url: &Url) -> String {
        self.given.push((kind, url.as_str().to_owned()));
        format!("p/@{}@", self.given.len() - 1)
    }

    fn template(&mut self, kind: Kind, template: &str) -> String {
        let first =
            template.find('$').map_or(template.len(), |at| template[..at].rfind('/').map_or(0, |slash| slash + 1));
        self.given.push((kind, template.to_owned()));
        format!("p/@{}@{}", self.given.len() - 1, &template[first..])
    }
}
