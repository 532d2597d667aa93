//! Rooms through the command line, on either database.

use super::{Ended, Gateway, Member, cluster, eventually, s};
use serde_json::{Value, json};
use std::time::Duration;

/// Makes one test of each database from a function that takes a [`Database`].
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[test] fn $name() { super::$name(&$crate::harness::Database::Sqlite); })+
        }
        mod on_postgres {
            $(#[test] fn $name() { super::$name(&$crate::harness::Database::postgres()); })+
        }
    };
}
pub(crate) use on_both_databases;

/// What a server keeps its rooms in.
pub enum Database {
    /// Embedded, in the data dir.
    Sqlite,
    /// A fresh database of its own.
    Postgres(cluster::Database),
    /// The database of this URL.
    At(String),
}

impl Database {
    /// A fresh one.
    pub fn postgres() -> Self {
        Self::Postgres(cluster::Database::new())
    }

    /// A server on it that may fetch from this host.
    #[track_caller]
    pub fn node(&self) -> Gateway {
        self.node_with("")
    }

    /// With more configuration.
    #[track_caller]
    pub fn node_with(&self, config: &str) -> Gateway {
        self.node_as(&format!("{config}\n[proxy]\nallow_private = [\"127.0.0.0/8\"]\n"))
    }

    /// With this configuration alone.
    #[track_caller]
    pub fn node_as(&self, config: &str) -> Gateway {
        match self {
            Self::Sqlite => Gateway::start_with(&[], config),
            Self::Postgres(database) => Gateway::start_with(&["--database-url", &database.url], config),
            Self::At(url) => Gateway::start_with(&["--database-url", url], config),
        }
    }
}

/// A room, as its owner knows it.
#[derive(Debug, Clone)]
pub struct Room {
    pub id: String,
    pub owner_token: String,
}

impl Room {
    /// A member with the owner's token, on this node; the state it got first is in `state`.
    #[track_caller]
    pub fn join(&self, node: &Gateway) -> Member {
        Member::join(node.http, &format!("/api/v1/rooms/{}/ws?token={}", self.id, self.owner_token))
    }
}

impl Member {
    /// The next `playback` that passes the test.
    #[track_caller]
    pub fn await_playback(&mut self, what: &str, test: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        loop {
            match self.hear(s(20)) {
                Ok(said) if said["type"] == "playback" && test(&said) => return said,
                Ok(said) => last = said,
                Err(Ended::Silent) => panic!("nothing came while waiting for {what}; the last was {last}"),
                Err(ended) => panic!("{ended:?} while waiting for {what}; the last was {last}"),
            }
        }
    }

    /// Asks for the time; the pong.
    #[track_caller]
    pub fn ping(&mut self) -> Value {
        self.say(&json!({ "type": "ping", "t1": 12345.5 }));
        self.hear_type("pong", s(10))
    }
}

impl Gateway {
    /// `room create NAME` with more flags.
    #[track_caller]
    pub fn room(&self, name: &str, flags: &[&str]) -> Room {
        let args: Vec<_> = ["room", "create", name].iter().chain(flags).copied().collect();
        let made = self.json(&args);
        let text = |field: &str| made[field].as_str().unwrap_or_else(|| panic!("no {field} in {made}")).to_owned();
        Room { id: text("id"), owner_token: text("owner_token") }
    }

    /// `media add`; its id.
    #[track_caller]
    pub fn media(&self, room: &Room, url: &str, flags: &[&str]) -> String {
        let args: Vec<_> = ["media", "add", &room.id, "--url", url].iter().chain(flags).copied().collect();
        let made = self.json(&args);
        made["id"].as_str().unwrap_or_else(|| panic!("no id in {made}")).to_owned()
    }

    /// A media of a known duration that nobody has to fetch.
    #[track_caller]
    pub fn timed(&self, room: &Room, duration: &str) -> String {
        self.media(room, "http://192.0.2.1/clip.mp4", &["--duration", duration])
    }

    /// `playback ...`; the state it answers.
    #[track_caller]
    pub fn playback(&self, words: &[&str]) -> Value {
        self.json(&[&["playback"], words].concat())
    }

    /// `playback get`.
    #[track_caller]
    pub fn state(&self, room: &Room) -> Value {
        self.playback(&["get", &room.id])
    }

    #[track_caller]
    pub fn wait_state(&self, room: &Room, what: &str, within: Duration, test: impl Fn(&Value) -> bool) -> Value {
        eventually(what, within, || Some(self.state(room)).filter(&test))
    }

    /// The turns of a room, oldest first.
    #[track_caller]
    pub fn turns(&self, room: &Room) -> Vec<Value> {
        let history = self.json(&["room", "history", &room.id]);
        let mut turns = history["history"].as_array().unwrap_or_else(|| panic!("no history in {history}")).clone();
        turns.reverse();
        turns
    }
}
