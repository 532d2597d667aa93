//! Keeps the streams pulled that active rooms play, whether anybody watches them or not.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use synctv_store::Store;
use tokio::time::Instant;

use super::schedule::{Rest, Schedule};
use crate::live::{Pulls, pull::Hold};

/// After a pull could not be held: others must end first.
const AGAIN: Duration = Duration::from_secs(5);

/// Holds what active rooms play, until the schedule stops. A room that turned inactive keeps its stream for a grace; one that plays something
/// else lets go at once. Each node holds for its own active rooms: nothing is agreed upon between nodes, so there is no lease.
pub async fn run(store: Arc<dyn Store>, pulls: Arc<Pulls>, mut schedule: Schedule, grace: Duration) {
    let mut rooms = Rooms::default();
    loop {
        let active = schedule.active();
        let rest = match playing(store.as_ref(), &active).await {
            Ok(playing) => {
                let full = rooms.look(&active, playing, Instant::now(), grace, |stream| pulls.hold(stream).ok());
                let next = rooms.next(Instant::now(), grace);
                Rest::until(if full { Some(next.map_or(AGAIN, |next| next.min(AGAIN))) } else { next })
            }
            Err(error) => {
                tracing::warn!(%error, "which streams the active rooms play cannot be said");
                Rest::Failed
            }
        };
        if !schedule.rest(rest).await {
            return;
        }
    }
}

/// Active rooms and the pull streams they play.
async fn playing(store: &dyn Store, active: &[String]) -> synctv_store::Result<Vec<(String, String)>> {
    if active.is_empty() {
        return Ok(Vec::new());
    }
    let playing = store.playing_pulls(active).await?;
    Ok(playing.into_iter().map(|played| (played.room_id, played.stream)).collect())
}

/// What rooms hold.
#[derive(Debug)]
struct Rooms<H> {
    held: HashMap<String, Held<H>>,
}

#[derive(Debug)]
struct Held<H> {
    stream: String,
    hold: H,
    /// Since when the room is inactive.
    since: Option<Instant>,
}

/// A hold, as far as this worker cares.
trait Holding {
    /// Gives it up for good.
    fn release(self);
    /// Whether it holds nothing any more.
    fn is_over(&self) -> bool;
}

impl Holding for Hold {
    fn release(self) {
        Hold::release(self);
    }

    fn is_over(&self) -> bool {
        Hold::is_over(self)
    }
}

impl<H> Default for Rooms<H> {
    fn default() -> Self {
        Self { held: HashMap::new() }
    }
}

impl<H: Holding> Rooms<H> {
    /// Compares what is held with what is played; true when something could not be held.
    fn look(
        &mut self,
        active: &[String],
        playing: Vec<(String, String)>,
        now: Instant,
        grace: Duration,
        hold: impl Fn(&str) -> Option<H>,
    ) -> bool {
        let active: HashSet<&String> = active.iter().collect();
        let mut playing: HashMap<String, String> = playing.into_iter().collect();
        let mut over = Vec::new();
        for (room, held) in &mut self.held {
            if !active.contains(room) {
                let since = *held.since.get_or_insert(now);
                if since + grace <= now {
                    over.push(room.clone());
                }
                continue;
            }
            held.since = None;
            if playing.get(room) == Some(&held.stream) && !held.hold.is_over() {
                playing.remove(room);
            } else {
                over.push(room.clone());
            }
        }
        // The next stream is held before the former one goes: it may be the same, started anew.
        let mut full = false;
        let mut former = Vec::new();
        for room in over {
            former.extend(self.held.remove(&room));
        }
        for (room, stream) in playing {
            match hold(&stream) {
                Some(hold) => {
                    self.held.insert(room, Held { stream, hold, since: None });
                }
                None => full = true,
            }
        }
        for held in former {
            held.hold.release();
        }
        full
    }

    /// How long until the next grace is over.
    fn next(&self, now: Instant, grace: Duration) -> Option<Duration> {
        let ends = self.held.values().filter_map(|held| held.since);
        ends.min().map(|since| (since + grace).saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::RefCell, rc::Rc};

    const GRACE: Duration = Duration::from_secs(30);

    type Log = Rc<RefCell<Vec<String>>>;

    struct Fake(String, Log, Rc<RefCell<bool>>);

    impl Holding for Fake {
        fn release(self) {
            self.1.borrow_mut().push(format!("-{}", self.0));
        }

        fn is_over(&self) -> bool {
            *self.2.borrow()
        }
    }

    struct Desk {
        rooms: Rooms<Fake>,
        log: Log,
        over: Rc<RefCell<bool>>,
        start: Instant,
    }

    impl Desk {
        fn new() -> Self {
            Self { rooms: Rooms::default(), log: Log::default(), over: Rc::default(), start: Instant::now() }
        }

        /// What is held and let go in a look, `at` seconds from the start.
        fn look(&mut self, at: u64, active: &[&str], playing: &[(&str, &str)]) -> Vec<String> {
            let active: Vec<_> = active.iter().map(|room| (*room).to_owned()).collect();
            let playing = playing.iter().map(|(room, stream)| ((*room).to_owned(), (*stream).to_owned())).collect();
            let now = self.start + Duration::from_secs(at);
            let (log, over) = (self.log.clone(), self.over.clone());
            self.rooms.look(&active, playing, now, GRACE, |stream| {
                log.borrow_mut().push(format!("+{stream}"));
                Some(Fake(stream.to_owned(), log.clone(), over.clone()))
            });
            std::mem::take(&mut *self.log.borrow_mut())
        }
    }

    #[tokio::test]
    async fn what_an_active_room_plays_is_held_once_and_let_go_when_it_plays_something_else() {
        let mut desk = Desk::new();
        assert_eq!(desk.look(0, &["r"], &[("r", "a")]), ["+a"]);
        assert!(desk.look(1, &["r"], &[("r", "a")]).is_empty());
        assert_eq!(desk.look(2, &["r"], &[("r", "b")]), ["+b", "-a"]);
        assert_eq!(desk.look(3, &["r"], &[]), ["-b"]);
    }

    #[tokio::test]
    async fn an_inactive_room_holds_for_its_grace() {
        let mut desk = Desk::new();
        desk.look(0, &["r"], &[("r", "a")]);
        assert!(desk.look(10, &[], &[]).is_empty());
        assert_eq!(desk.rooms.next(desk.start + Duration::from_secs(10), GRACE), Some(GRACE));
        assert!(desk.look(20, &["r"], &[("r", "a")]).is_empty(), "who comes back finds it as it was");
        assert_eq!(desk.rooms.next(desk.start, GRACE), None);
        assert!(desk.look(30, &[], &[]).is_empty(), "the grace begins anew");
        assert!(desk.look(59, &[], &[]).is_empty());
        assert_eq!(desk.look(60, &[], &[]), ["-a"]);
    }

    #[tokio::test]
    async fn what_ended_is_held_anew() {
        let mut desk = Desk::new();
        desk.look(0, &["r"], &[("r", "a")]);
        *desk.over.borrow_mut() = true;
        assert_eq!(desk.look(1, &["r"], &[("r", "a")]), ["+a", "-a"]);
    }

    #[tokio::test]
    async fn what_cannot_be_held_is_tried_again() {
        let mut rooms: Rooms<Fake> = Rooms::default();
        let (active, playing) = (["r".to_owned()], vec![("r".to_owned(), "a".to_owned())]);
        assert!(rooms.look(&active, playing, Instant::now(), GRACE, |_| None));
        assert!(rooms.held.is_empty());
    }
}
