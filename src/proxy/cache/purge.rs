//! Taking things out on an operator's word.

use std::sync::Arc;

use url::Url;

use super::Cache;
use super::identity::place;
use super::shelf::Entry;
use super::version::Version;

/// What is taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purge {
    /// Everything.
    All,
    /// What has a URL that begins so; queries do not count.
    Prefix(String),
    /// What comes from this host, on any port when none is named.
    Host(String),
}

impl Purge {
    /// What begins with this URL.
    #[must_use]
    pub fn prefix(url: &str) -> Self {
        // A host is written in one way alone once it is read.
        Self::Prefix(Url::parse(url).map_or_else(|_| url.to_owned(), |url| place(&url).to_owned()))
    }

    fn takes(&self, version: &Version) -> bool {
        match self {
            Self::All => true,
            Self::Prefix(prefix) => version.place.starts_with(prefix),
            Self::Host(host) => Url::parse(&version.place).is_ok_and(|url| {
                let name = url.host_str().unwrap_or_default();
                let port = url.port_or_known_default().unwrap_or_default();
                name.eq_ignore_ascii_case(host) || format!("{name}:{port}").eq_ignore_ascii_case(host)
            }),
        }
    }
}

impl Cache {
    /// Takes resources out of memory and disk, and forgets all refusals; answers how many they were. Whoever reads one of them goes on.
    pub fn purge(&self, what: &Purge) -> usize {
        let versions: Vec<Arc<Version>> = {
            let mut shelf = self.shelf.lock();
            let mut versions = Vec::new();
            for (_, entry) in &shelf.resources {
                if let Entry::Known(version) = entry
                    && what.takes(version)
                {
                    version.retire();
                    versions.push(version.clone());
                }
            }
            // What is passed through may be kept when it is asked for again.
            let gone: Vec<_> = (&shelf.resources)
                .into_iter()
                .filter(|(_, entry)| match entry {
                    Entry::Known(version) => what.takes(version),
                    Entry::Passing(_) => true,
                })
                .map(|(key, _)| *key)
                .collect();
            for key in gone {
                shelf.resources.pop(&key);
            }
            let numbers: Vec<_> = versions.iter().map(|version| version.number).collect();
            shelf.memory.drop_versions(&numbers);
            versions
        };
        self.negatives.clear();
        if let Some(disk) = &self.disk {
            match what {
                Purge::All => disk.clear(),
                _ => disk.forget(&versions.iter().map(|version| version.key).collect::<Vec<_>>()),
            }
        }
        versions.len()
    }
}
