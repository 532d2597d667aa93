//! What plays next, and what a target is.

use sha2::{Digest, Sha256};
use synctv_store::{Mode, Place, TargetHash};

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The current item came to its end.
    Over,
    /// A person asked for the next one.
    Next,
    /// A person asked for the one before.
    Previous,
}

/// What is to be selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// The current item, from its start.
    Same,
    /// The item with this many others before it.
    At(u64),
    /// Nothing: the playlist has ended.
    End,
}

/// Chooses by mode. A person who asks for the next item gets another one also in [`Mode::RepeatOne`]. Shuffle derives from the room and the version that is
/// left, and never picks the current item when there is another one; so all nodes choose the same.
#[must_use]
pub fn pick(mode: Mode, step: Step, place: Place, room_id: &str, version: i64) -> Pick {
    let Place { index, total, .. } = place;
    match (mode, step) {
        (Mode::RepeatOne, Step::Over) => Pick::Same,
        (Mode::Shuffle, Step::Over | Step::Next) => shuffled(place, room_id, version),
        (Mode::RepeatAll, Step::Over | Step::Next) if index + 1 >= total => at(0, index),
        (_, Step::Over | Step::Next) if index + 1 < total => Pick::At(index + 1),
        (_, Step::Over | Step::Next) => Pick::End,
        (Mode::RepeatAll, Step::Previous) if index == 0 => at(total.saturating_sub(1), index),
        (_, Step::Previous) => at(index.saturating_sub(1), index),
    }
}

fn at(wanted: u64, current: u64) -> Pick {
    if wanted == current { Pick::Same } else { Pick::At(wanted) }
}

fn shuffled(place: Place, room_id: &str, version: i64) -> Pick {
    let others = place.total.saturating_sub(1);
    if others == 0 {
        return Pick::Same;
    }
    let digest = Sha256::new().chain_update(room_id.as_bytes()).chain_update(version.to_be_bytes()).finalize();
    let mut seed = [0; 8];
    seed.copy_from_slice(&digest[..8]);
    // The bias of a 64-bit remainder over a playlist is far below what anyone could notice.
    let nth = u64::from_be_bytes(seed) % others;
    Pick::At(if nth >= place.index { nth + 1 } else { nth })
}

/// Identifies what plays. Each part is preceded by its length, so that no two different targets encode alike; `item` names the item inside a
/// dynamic playlist.
#[must_use]
pub fn target_hash(playlist_id: &str, media_id: &str, item: Option<&str>) -> TargetHash {
    let mut hash = Sha256::new();
    for part in [Some("synctv target 1"), Some(playlist_id), Some(media_id), item].into_iter().flatten() {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
#[path = "playlist_tests.rs"]
mod tests;
