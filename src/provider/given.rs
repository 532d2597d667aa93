//! Results that were given out, and when those who have them are to fetch them again.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use parking_lot::Mutex;
use time::OffsetDateTime;
use tokio::sync::Notify;

/// Rooms that are remembered; beyond that those whose results end last are forgotten.
pub const GIVEN_MAX: usize = 100_000;
/// Members are told so long before a result ends, or a quarter of its time when that is less.
const LEAD: Duration = Duration::from_secs(30);
/// What cannot be had for longer is told once more when it is over.
const AFTER_END: Duration = Duration::from_secs(1);

/// A result that somebody has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The room.
    pub room_id: String,
    /// What it plays.
    pub media_id: String,
    /// Under which generation.
    pub generation: i64,
    /// When the first thing in it stops working.
    pub expires_at: OffsetDateTime,
}

/// What was given out by this process: of each room the result that ends first.
#[derive(Debug, Default)]
pub struct GivenOut {
    book: Mutex<Book>,
    sooner: Notify,
}

#[derive(Debug, Default)]
struct Book {
    rooms: HashMap<String, Entry>,
    due: BTreeSet<(OffsetDateTime, String)>,
}

#[derive(Debug)]
struct Entry {
    given: Given,
    /// When its members are to be told.
    at: OffsetDateTime,
    /// They were told that it will end; next, that it has.
    told: bool,
}

impl GivenOut {
    /// Notes that somebody was given this.
    pub fn note(&self, given: Given, now: OffsetDateTime) {
        let sooner = self.book.lock().note(given, now);
        if sooner {
            self.sooner.notify_one();
        }
    }

    /// Takes what is to be told at this moment, and says when to look again.
    pub fn take_due(&self, now: OffsetDateTime) -> (Vec<Given>, Option<OffsetDateTime>) {
        self.book.lock().take_due(now)
    }

    /// Waits until something is to be told sooner than what was known.
    pub async fn sooner(&self) {
        self.sooner.notified().await;
    }
}

impl Book {
    /// Whether the next moment to look came closer.
    fn note(&mut self, given: Given, now: OffsetDateTime) -> bool {
        let ends = given.expires_at;
        if ends <= now {
            return false;
        }
        let same = self.rooms.get(&given.room_id).filter(|entry| entry.given.generation == given.generation);
        let known = same.is_some_and(|entry| match entry.told {
            // Somebody has one that ends no later.
            false => entry.given.expires_at <= ends,
            // They fetched it again and gained nothing: its end is still to be told.
            true => entry.given.expires_at >= ends,
        });
        if known {
            return false;
        }
        let left = Duration::try_from(ends - now).unwrap_or_default();
        let next = self.due.first().map(|(at, _)| *at);
        let at = ends - LEAD.min(left / 4);
        self.forget(&given.room_id);
        self.due.insert((at, given.room_id.clone()));
        self.rooms.insert(given.room_id.clone(), Entry { given, at, told: false });
        if self.rooms.len() > GIVEN_MAX
            && let Some((_, last)) = self.due.pop_last()
        {
            self.rooms.remove(&last);
        }
        next.is_none_or(|next| at < next)
    }

    fn take_due(&mut self, now: OffsetDateTime) -> (Vec<Given>, Option<OffsetDateTime>) {
        let mut taken = Vec::new();
        while self.due.first().is_some_and(|(at, _)| *at <= now)
            && let Some((_, room)) = self.due.pop_first()
        {
            let Some(mut entry) = self.rooms.remove(&room) else { continue };
            taken.push(entry.given.clone());
            if !entry.told {
                (entry.at, entry.told) = (entry.given.expires_at + AFTER_END, true);
                self.due.insert((entry.at, room.clone()));
                self.rooms.insert(room, entry);
            }
        }
        (taken, self.due.first().map(|(at, _)| *at))
    }

    fn forget(&mut self, room_id: &str) {
        if let Some(entry) = self.rooms.remove(room_id) {
            self.due.remove(&(entry.at, room_id.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn at(seconds: i64) -> OffsetDateTime {
        START + time::Duration::seconds(seconds)
    }

    fn given(room: &str, generation: i64, ends: i64) -> Given {
        Given { room_id: room.into(), media_id: "m".into(), generation, expires_at: at(ends) }
    }

    #[test]
    fn members_are_told_before_a_result_ends_and_when_it_has() {
        let mut book = Book::default();
        assert!(book.note(given("a", 1, 600), START));
        assert_eq!(book.take_due(at(569)), (Vec::new(), Some(at(570))));
        assert_eq!(book.take_due(at(570)), (vec![given("a", 1, 600)], Some(at(601))));
        // The same again: nothing was gained, so its end is told.
        assert!(!book.note(given("a", 1, 600), at(571)));
        assert_eq!(book.take_due(at(601)), (vec![given("a", 1, 600)], None));
        assert!(book.rooms.is_empty() && book.due.is_empty());
    }

    #[test]
    fn a_longer_one_takes_over_once_they_were_told() {
        let mut book = Book::default();
        book.note(given("a", 1, 600), START);
        assert!(!book.note(given("a", 1, 900), at(300)), "somebody still has the one that ends first");
        book.take_due(at(570));
        book.note(given("a", 1, 1170), at(571));
        assert_eq!(book.take_due(at(601)), (Vec::new(), Some(at(1140))));
    }

    #[test]
    fn what_ends_soon_is_told_after_three_quarters_of_its_time() {
        let mut book = Book::default();
        book.note(given("a", 1, 8), START);
        assert!(book.note(given("b", 1, 4), START), "it is due sooner");
        assert_eq!(book.take_due(at(3)), (vec![given("b", 1, 4)], Some(at(5))));
        assert!(!book.note(given("c", 1, 3), at(3)), "it is over");
    }

    #[test]
    fn another_generation_replaces_what_was_given() {
        let mut book = Book::default();
        book.note(given("a", 1, 600), START);
        book.note(given("a", 2, 900), at(1));
        assert_eq!(book.take_due(at(600)).0, []);
        assert_eq!(book.rooms.len(), 1);
    }

    #[test]
    fn rooms_are_bounded() {
        let mut book = Book::default();
        for n in 0..GIVEN_MAX as i64 + 10 {
            book.note(given(&n.to_string(), 1, 1000 + n), START);
        }
        assert_eq!((book.rooms.len(), book.due.len()), (GIVEN_MAX, GIVEN_MAX));
        assert!(book.rooms.contains_key("0"));
    }
}
