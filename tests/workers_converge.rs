//! A model of the advance and probe workers of four nodes on one database, searched exhaustively: every order of judging, writing, skipping by
//! people, crashing and running out of leases. Two mutants show that the search would notice: a worker that takes its guard after it has judged, and
//! a result that is written without a fence.
//!
//! What the model's [`Db::advance`], [`Db::claim`] and [`Db::finish`] do in one step is one statement (and its transaction) in the stores.

use stateright::{Checker, Model, Property};

const WORKERS: usize = 4;
/// Items of the playlist; after the last one the room has ended.
const ITEMS: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mutant {
    None,
    /// The version that guards the write is read after judging.
    GuardReadLate,
    /// A result is written whoever holds the claim.
    NoFence,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Db {
    version: u8,
    item: u8,
    playing: bool,
    /// The item's time is over, by the database's clock.
    due: bool,
    /// Versions left by an advance: unique in the history.
    history: Vec<u8>,
    fence: u8,
    leased: bool,
    /// The fence under which the duration was written.
    result: Option<u8>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Worker {
    crashed: bool,
    /// Version and item that were found due.
    judged: Option<(u8, u8)>,
    /// The fence of a claim.
    claim: Option<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    db: Db,
    workers: [Worker; WORKERS],
    skips: u8,
    crashes: u8,
    /// Seen by nobody but the properties: an item was left that was not over, or left twice.
    wrong_advance: bool,
    /// A holder that had lost its claim wrote.
    stale_result: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Action {
    TimePasses,
    Skip,
    Judge(usize),
    Advance(usize),
    Claim(usize),
    LeaseRunsOut,
    Finish(usize),
    Crash(usize),
}

struct Cluster {
    mutant: Mutant,
}

impl Db {
    /// Leaves `item` for the next one.
    fn go_on(&mut self, item: u8) {
        self.version += 1;
        self.due = false;
        if item + 1 < ITEMS {
            self.item = item + 1;
        } else {
            self.playing = false;
        }
    }

    fn advance(&mut self, guard: (u8, u8), judged: (u8, u8), due_in_statement: bool) -> bool {
        if guard != (self.version, self.item) || !self.playing || (due_in_statement && !self.due) {
            return false;
        }
        self.history.push(self.version);
        self.go_on(judged.1);
        true
    }

    fn claim(&mut self) -> Option<u8> {
        if self.result.is_some() || self.leased {
            return None;
        }
        self.fence += 1;
        self.leased = true;
        Some(self.fence)
    }

    fn finish(&mut self, fence: u8, fenced: bool) -> bool {
        if fenced && fence != self.fence {
            return false;
        }
        self.result = Some(fence);
        self.leased = false;
        true
    }
}

impl Model for Cluster {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let db = Db {
            version: 1,
            item: 0,
            playing: true,
            due: false,
            history: Vec::new(),
            fence: 0,
            leased: false,
            result: None,
        };
        vec![State { db, workers: Default::default(), skips: 0, crashes: 0, wrong_advance: false, stale_result: false }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let db = &state.db;
        if db.playing && !db.due {
            actions.push(Action::TimePasses);
        }
        if db.playing && state.skips < 1 {
            actions.push(Action::Skip);
        }
        if db.leased && db.fence < 3 {
            actions.push(Action::LeaseRunsOut);
        }
        for (n, worker) in state.workers.iter().enumerate().filter(|(_, worker)| !worker.crashed) {
            if worker.judged.is_some() {
                actions.push(Action::Advance(n));
            } else if db.playing && db.due {
                actions.push(Action::Judge(n));
            }
            if worker.claim.is_some() {
                actions.push(Action::Finish(n));
            } else if db.result.is_none() && !db.leased && db.fence < 3 {
                actions.push(Action::Claim(n));
            }
            if state.crashes < 2 {
                actions.push(Action::Crash(n));
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::TimePasses => state.db.due = true,
            Action::Skip => {
                state.skips += 1;
                let item = state.db.item;
                state.db.go_on(item);
            }
            Action::Judge(n) => state.workers[n].judged = Some((state.db.version, state.db.item)),
            Action::Advance(n) => {
                let judged = state.workers[n].judged.take()?;
                let late = self.mutant == Mutant::GuardReadLate;
                let guard = if late { (state.db.version, state.db.item) } else { judged };
                let over = state.db.due && judged == (state.db.version, state.db.item);
                if state.db.advance(guard, judged, !late) && !over {
                    state.wrong_advance = true;
                }
            }
            Action::Claim(n) => state.workers[n].claim = Some(state.db.claim()?),
            Action::LeaseRunsOut => state.db.leased = false,
            Action::Finish(n) => {
                let fence = state.workers[n].claim.take()?;
                let current = fence == state.db.fence;
                if state.db.finish(fence, self.mutant != Mutant::NoFence) && !current {
                    state.stale_result = true;
                }
            }
            Action::Crash(n) => {
                state.crashes += 1;
                state.workers[n] = Worker { crashed: true, ..Worker::default() };
            }
        }
        // Workers are alike: which of them it is does not matter, and the search is shorter for it.
        state.workers.sort_by_key(|worker| (worker.crashed, worker.judged, worker.claim));
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("an item is left once, and only when it is over", |_, state: &State| {
                let mut left = state.db.history.clone();
                left.dedup();
                !state.wrong_advance && left.len() == state.db.history.len()
            }),
            Property::always("only the newest holder of a claim writes", |_, state: &State| !state.stale_result),
            Property::always("every version is an advance or a skip", |_, state: &State| {
                usize::from(state.db.version) == 1 + state.db.history.len() + usize::from(state.skips)
            }),
            Property::sometimes("the playlist comes to its end by itself", |_, state: &State| {
                !state.db.playing && state.skips == 0
            }),
            Property::sometimes("a result is written after a crash of its first prober", |_, state: &State| {
                state.crashes > 0 && state.db.result > Some(1)
            }),
        ]
    }
}

fn search(mutant: Mutant) -> impl Checker<Cluster> {
    Cluster { mutant }.checker().spawn_bfs().join()
}

#[test]
fn no_order_of_events_advances_twice_or_writes_a_stale_result() {
    let checked = search(Mutant::None);
    checked.assert_properties();
    assert!(checked.unique_state_count() > 1000, "only {} states were searched", checked.unique_state_count());
}

#[test]
fn a_guard_that_is_read_after_judging_is_caught() {
    let found = search(Mutant::GuardReadLate).assert_any_discovery("an item is left once, and only when it is over");
    assert!(found.into_actions().iter().any(|action| matches!(action, Action::Advance(_))));
}

#[test]
fn a_result_without_a_fence_is_caught() {
    let found = search(Mutant::NoFence).assert_any_discovery("only the newest holder of a claim writes");
    assert!(found.into_actions().contains(&Action::LeaseRunsOut));
}
