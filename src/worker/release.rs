//! Gives up what a room held on this node, once it has been inactive for a grace.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use synctv_store::Store;
use tokio::time::Instant;

use super::schedule::{Rest, Schedule};

/// Releases rooms that turned inactive, until the schedule stops. Somebody who comes back within the grace finds everything as it was.
pub async fn run(store: Arc<dyn Store>, mut schedule: Schedule, node: String, grace: Duration) {
    let mut leaving = Leaving::default();
    loop {
        let active = schedule.active();
        let now = Instant::now();
        for room in leaving.look(&active, now, grace) {
            match store.release_probes(&node, &room).await {
                Ok(()) => tracing::debug!(room, "released: nobody is connected"),
                Err(error) => {
                    tracing::warn!(room, %error, "the room could not be released yet");
                    leaving.again(room, now, grace);
                }
            }
        }
        if !schedule.rest(Rest::until(leaving.next(now, grace))).await {
            return;
        }
    }
}

/// Rooms that were active, and since when they are not.
#[derive(Debug, Default)]
struct Leaving {
    held: HashSet<String>,
    since: HashMap<String, Instant>,
}

/// After a failed release.
const AGAIN: Duration = Duration::from_secs(2);

impl Leaving {
    /// Compares with the active rooms; answers the rooms whose grace is over, each once.
    fn look(&mut self, active: &[String], now: Instant, grace: Duration) -> Vec<String> {
        let active: HashSet<&String> = active.iter().collect();
        self.since.retain(|room, _| !active.contains(room));
        for room in self.held.iter().filter(|room| !active.contains(room)) {
            self.since.entry(room.clone()).or_insert(now);
        }
        self.held = active.into_iter().cloned().collect();
        let over: Vec<_> =
            self.since.iter().filter(|(_, since)| **since + grace <= now).map(|(room, _)| room.clone()).collect();
        for room in &over {
            self.since.remove(room);
        }
        over
    }

    /// Tries a room again a little later.
    fn again(&mut self, room: String, now: Instant, grace: Duration) {
        self.since.insert(room, (now + AGAIN).checked_sub(grace).unwrap_or(now));
    }

    /// How long until the next grace is over.
    fn next(&self, now: Instant, grace: Duration) -> Option<Duration> {
        self.since.values().min().map(|since| (*since + grace).saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn a_room_is_released_once_after_its_grace() {
        let mut leaving = Leaving::default();
        let start = Instant::now();
        let rooms = ["a".to_owned(), "b".to_owned()];
        assert!(leaving.look(&rooms, start, GRACE).is_empty());
        assert_eq!(leaving.next(start, GRACE), None);
        assert!(leaving.look(&rooms[..1], start + GRACE, GRACE).is_empty(), "its grace begins when it leaves");
        assert_eq!(leaving.next(start + GRACE, GRACE), Some(GRACE));
        assert_eq!(leaving.look(&rooms[..1], start + GRACE * 2, GRACE), ["b"]);
        assert!(leaving.look(&rooms[..1], start + GRACE * 3, GRACE).is_empty());
    }

    #[tokio::test]
    async fn coming_back_within_the_grace_keeps_the_room() {
        let mut leaving = Leaving::default();
        let start = Instant::now();
        let rooms = ["a".to_owned()];
        leaving.look(&rooms, start, GRACE);
        leaving.look(&[], start, GRACE);
        leaving.look(&rooms, start + GRACE / 2, GRACE);
        assert!(leaving.look(&[], start + GRACE * 2, GRACE).is_empty(), "the grace begins anew");
        assert_eq!(leaving.look(&[], start + GRACE * 3, GRACE), ["a"]);
    }

    #[tokio::test]
    async fn a_failed_release_is_tried_again() {
        let mut leaving = Leaving::default();
        let start = Instant::now();
        leaving.look(&["a".to_owned()], start, GRACE);
        leaving.look(&[], start, GRACE);
        let over = start + GRACE;
        assert_eq!(leaving.look(&[], over, GRACE), ["a"]);
        leaving.again("a".to_owned(), over, GRACE);
        assert!(leaving.look(&[], over, GRACE).is_empty());
        assert_eq!(leaving.look(&[], over + AGAIN, GRACE), ["a"]);
    }
}
