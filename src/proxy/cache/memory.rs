//! Slices in memory, the least recently used one first to go.

use bytes::Bytes;
use lru::LruCache;

/// A slice: the number of its version, and which slice of it.
pub(super) type SliceId = (u64, u64);

/// Slices in memory, however small they are.
pub(super) const MEMORY_SLICES_MAX: usize = 1 << 20;

/// What keeping a slice costs besides its bytes, about.
pub(super) const SLICE_COST: usize = 160;

#[derive(Debug)]
pub(super) struct Memory {
    slices: LruCache<SliceId, Bytes>,
    bytes: usize,
    bytes_max: usize,
}

impl Memory {
    pub fn new(bytes_max: usize) -> Self {
        Self { slices: LruCache::unbounded(), bytes: 0, bytes_max }
    }

    pub fn get(&mut self, id: SliceId) -> Option<Bytes> {
        self.slices.get(&id).cloned()
    }

    pub fn holds(&self, id: SliceId) -> bool {
        self.slices.contains(&id)
    }

    pub fn put(&mut self, id: SliceId, bytes: Bytes) {
        self.bytes += bytes.len();
        if let Some(before) = self.slices.put(id, bytes) {
            self.bytes -= before.len();
        }
        while self.is_full() {
            let Some((_, gone)) = self.slices.pop_lru() else { return };
            self.bytes -= gone.len();
        }
    }

    /// Small slices cost more than their bytes, which large ones may not.
    fn is_full(&self) -> bool {
        let costs = (self.slices.len() * SLICE_COST).saturating_sub(self.bytes_max / 16);
        self.bytes + costs > self.bytes_max || self.slices.len() > MEMORY_SLICES_MAX
    }

    /// Drops what belongs to these versions.
    pub fn drop_versions(&mut self, numbers: &[u64]) {
        let gone: Vec<_> =
            self.slices.iter().map(|(id, _)| *id).filter(|(number, _)| numbers.contains(number)).collect();
        for id in gone {
            if let Some(slice) = self.slices.pop(&id) {
                self.bytes -= slice.len();
            }
        }
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn len(&self) -> usize {
        self.slices.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(len: usize) -> Bytes {
        Bytes::from(vec![7; len])
    }

    #[test]
    fn the_least_recently_used_slice_makes_room() {
        let mut memory = Memory::new(30_000);
        for nth in 0..3 {
            memory.put((1, nth), slice(10_000));
        }
        assert!(memory.get((1, 0)).is_some());
        memory.put((1, 3), slice(10_000));
        assert!(memory.holds((1, 0)) && !memory.holds((1, 1)), "the first one was used since");
        assert_eq!((memory.bytes(), memory.len()), (30_000, 3));
        memory.put((1, 3), slice(1_000));
        assert_eq!(memory.bytes(), 21_000);
        memory.put((2, 0), slice(40_000));
        assert_eq!((memory.bytes(), memory.len()), (0, 0), "what is larger than all of it is not kept");
    }

    #[test]
    fn many_small_slices_cost_what_they_cost() {
        let mut memory = Memory::new(160_000);
        (0..10_000).for_each(|nth| memory.put((1, nth), slice(1)));
        assert!(memory.len() < 1_100, "{}", memory.len());
    }

    #[test]
    fn a_version_goes_whole() {
        let mut memory = Memory::new(1_000_000);
        (0..4).for_each(|nth| memory.put((nth % 2, nth), slice(10)));
        memory.drop_versions(&[1]);
        assert_eq!((memory.bytes(), memory.len()), (20, 2));
    }
}
