//! Which slices are on disk, and which go first when there is no room.

use std::collections::HashMap;

use lru::LruCache;

use super::super::identity::Key;

/// Slices on disk, whatever their size: each takes about 100 bytes of memory.
pub(super) const SLICES_MAX: usize = 262_144;

/// Something on disk: a slice of a version, or (`None`) what is written down about it.
pub(super) type FileId = (Key, Option<u64>);

#[derive(Debug)]
pub(super) struct Index {
    slices: LruCache<(Key, u64), u32>,
    /// Slices of each version, and the length of what is written down about it.
    versions: HashMap<Key, (usize, u64)>,
    bytes: u64,
    bytes_max: u64,
    slices_max: usize,
}

impl Index {
    pub fn new(bytes_max: u64) -> Self {
        let (slices, versions) = (LruCache::unbounded(), HashMap::new());
        Self { slices, versions, bytes: 0, bytes_max, slices_max: SLICES_MAX }
    }

    /// Whether the slice is there; it counts as used.
    pub fn uses(&mut self, id: (Key, u64)) -> bool {
        self.slices.get(&id).is_some()
    }

    /// Whether anything of the version is there.
    pub fn knows(&self, version: &Key) -> bool {
        self.versions.contains_key(version)
    }

    /// Whether this file belongs to it.
    pub fn has(&self, (version, nth): FileId) -> bool {
        match nth {
            Some(nth) => self.slices.contains(&(version, nth)),
            None => self.describes(&version),
        }
    }

    /// Whether something is written down about the version.
    pub fn describes(&self, version: &Key) -> bool {
        self.versions.get(version).is_some_and(|(_, head)| *head > 0)
    }

    /// Enters a slice; answers what must be deleted to make room.
    pub fn put(&mut self, id: (Key, u64), file_len: u32) -> Vec<FileId> {
        self.bytes += u64::from(file_len);
        match self.slices.put(id, file_len) {
            Some(before) => self.bytes -= u64::from(before),
            None => self.versions.entry(id.0).or_default().0 += 1,
        }
        self.make_room()
    }

    /// Enters what is written down about a version.
    pub fn describe(&mut self, version: Key, file_len: u64) -> Vec<FileId> {
        let (_, head) = self.versions.entry(version).or_default();
        self.bytes = self.bytes - *head + file_len;
        *head = file_len;
        self.make_room()
    }

    fn make_room(&mut self) -> Vec<FileId> {
        let mut gone = Vec::new();
        while self.bytes > self.bytes_max || self.slices.len() > self.slices_max {
            let Some((id, _)) = self.slices.peek_lru() else { break };
            let id = *id;
            gone.extend(self.remove(id));
        }
        gone
    }

    /// Takes a slice out; answers what must be deleted.
    pub fn remove(&mut self, id: (Key, u64)) -> Vec<FileId> {
        let Some(len) = self.slices.pop(&id) else { return Vec::new() };
        self.bytes -= u64::from(len);
        let mut gone = vec![(id.0, Some(id.1))];
        if let Some((slices, head)) = self.versions.get_mut(&id.0) {
            *slices -= 1;
            if *slices == 0 {
                self.bytes -= *head;
                self.versions.remove(&id.0);
                gone.push((id.0, None));
            }
        }
        gone
    }

    /// Takes out what is written down about a version that has no slice; answers what must be deleted.
    pub fn remove_empty(&mut self, version: Key) -> Vec<FileId> {
        match self.versions.get(&version) {
            Some((0, _)) => self.remove_versions(&[version]),
            _ => Vec::new(),
        }
    }

    /// Takes versions out; answers what must be deleted.
    pub fn remove_versions(&mut self, versions: &[Key]) -> Vec<FileId> {
        if !versions.iter().any(|version| self.versions.contains_key(version)) {
            return Vec::new();
        }
        let ids: Vec<_> = self.slices.iter().map(|(id, _)| *id).filter(|(key, _)| versions.contains(key)).collect();
        let mut gone: Vec<_> = ids.into_iter().flat_map(|id| self.remove(id)).collect();
        for version in versions {
            if let Some((_, head)) = self.versions.remove(version) {
                self.bytes -= head;
                gone.push((*version, None));
            }
        }
        gone
    }

    /// Takes everything out.
    pub fn clear(&mut self) -> Vec<FileId> {
        let versions: Vec<_> = self.versions.keys().copied().collect();
        self.remove_versions(&versions)
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn len(&self) -> usize {
        self.slices.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Key = [1; 32];
    const B: Key = [2; 32];

    #[test]
    fn the_quota_holds_and_what_was_used_stays() {
        let mut index = Index::new(100);
        index.describe(A, 10);
        assert!(index.put((A, 0), 40).is_empty());
        assert!(index.put((A, 1), 40).is_empty());
        assert!(index.uses((A, 0)));
        assert_eq!(index.put((A, 2), 40), vec![(A, Some(1))]);
        assert_eq!((index.bytes(), index.len()), (90, 2));
        assert_eq!(index.put((B, 0), 90), vec![(A, Some(0)), (A, Some(2)), (A, None)], "nothing is left of it");
        assert_eq!(index.bytes(), 90);
    }

    #[test]
    fn only_so_many_slices_are_kept_however_small() {
        let mut index = Index::new(u64::MAX);
        index.slices_max = 3;
        let gone: usize = (0..5).map(|nth| index.put((A, nth), 1).len()).sum();
        assert_eq!((gone, index.len()), (2, 3));
    }

    #[test]
    fn a_version_without_slices_goes() {
        let mut index = Index::new(1000);
        index.describe(A, 5);
        assert_eq!(index.remove_empty(A), vec![(A, None)]);
        assert_eq!((index.bytes(), index.knows(&A)), (0, false));
        index.describe(A, 5);
        index.put((A, 0), 10);
        assert!(index.remove_empty(A).is_empty() && index.remove_empty(B).is_empty());
        assert_eq!(index.bytes(), 15);
    }

    #[test]
    fn versions_go_whole() {
        let mut index = Index::new(1000);
        index.describe(A, 5);
        (0..3).for_each(|nth| drop(index.put((A, nth), 10)));
        index.put((B, 0), 10);
        let mut gone = index.remove_versions(&[A]);
        gone.sort_unstable();
        assert_eq!(gone, vec![(A, None), (A, Some(0)), (A, Some(1)), (A, Some(2))]);
        assert_eq!((index.bytes(), index.len()), (10, 1));
        assert_eq!(index.clear().len(), 2);
        assert_eq!(index.bytes(), 0);
    }
}
