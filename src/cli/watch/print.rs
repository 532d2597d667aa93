//! What a watcher sees: one line an event, for people or as JSON.

use std::io::{ErrorKind, Write};

use serde_json::{Value, json};

use super::super::{playback, shown};
use super::offset::Estimate;
use crate::http::rooms::wire::State;

/// Members that are named in a line.
const NAMED: usize = 10;

/// Where events are printed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Printer {
    /// One JSON object a line instead of words.
    pub json: bool,
}

impl Printer {
    /// Prints what the server said.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub(super) fn message(self, message: &Value) -> std::io::Result<()> {
        if self.json { line(&message.to_string()) } else { line(&words(message)) }
    }

    /// Prints where the room is at this moment.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub(super) fn position(self, state: &State, local_ms: i64, clock: Estimate) -> std::io::Result<()> {
        let at_ms = local_ms.saturating_add(clock.offset_ms);
        let position_ms = state.position_when(at_ms);
        if !self.json {
            return line(&format!("at {}", shown::clock(position_ms, true)));
        }
        let position = json!({
            "type": "position",
            "position_ms": position_ms,
            "at_ms": at_ms,
            "local_ms": local_ms,
            "offset_ms": clock.offset_ms,
            "rtt_ms": clock.rtt_ms,
            "version": state.version,
            "playing": state.playing,
        });
        line(&position.to_string())
    }

    /// Tells something about the connection; not an event, so it goes to stderr.
    pub(super) fn aside(self, text: &str) {
        let _ = writeln!(std::io::stderr(), "synctv: {}", shown::text(text));
    }
}

/// Whether printing failed only because nobody reads any more (`synctv room watch R | head`).
pub(super) fn is_closed(err: &std::io::Error) -> bool {
    err.kind() == ErrorKind::BrokenPipe
}

fn line(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// An event in words.
fn words(message: &Value) -> String {
    let text = |name: &str| message[name].as_str().map(shown::text);
    match message["type"].as_str() {
        Some("state" | "playback") => match serde_json::from_value::<State>(message.clone()) {
            Ok(state) => playing(&state),
            Err(_) => shown::text(&message.to_string()),
        },
        Some("chat") => {
            let name = message["from"]["name"].as_str().map(shown::text).unwrap_or_default();
            format!("<{name}> {}", text("text").unwrap_or_default())
        }
        Some("members") => format!("in the room: {}", members(message)),
        Some("settings") => {
            let [name, mode] = ["name", "mode"].map(|field| text(field).unwrap_or_default());
            format!("settings: {name}, {mode}")
        }
        Some("playlist") => format!("playlist {} changed", text("playlist_id").unwrap_or_default()),
        Some("result") => {
            format!("the playback result of {} is to be fetched again", text("media_id").unwrap_or_default())
        }
        Some("error") => format!("refused: {}", text("detail").unwrap_or_default()),
        _ => shown::text(&message.to_string()),
    }
}

/// Who is there; only the first of many are named.
fn members(message: &Value) -> String {
    let named = message["members"].as_array().map(Vec::as_slice).unwrap_or_default();
    let count = message["count"].as_u64().unwrap_or(named.len() as u64);
    let names: Vec<_> = named.iter().take(NAMED).filter_map(|one| one["name"].as_str()).map(shown::text).collect();
    let more = count.saturating_sub(names.len() as u64);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", names.join(", "))
}

fn playing(state: &State) -> String {
    let Some(media) = &state.media_id else { return format!("{} (version {})", playback::word(state), state.version) };
    let of = match (state.duration_ms, state.duration_status.as_deref()) {
        (Some(ms), _) => format!(" of {}", shown::clock(ms, false)),
        (None, Some("live")) => ", live".to_owned(),
        (None, Some("failed")) => " (its duration cannot be found out: the server's log says why)".to_owned(),
        (None, _) => String::new(),
    };
    let speed = if state.speed == 1.0 { String::new() } else { format!(" at {}x", state.speed) };
    let at = shown::clock(state.position_ms, false);
    format!("{} {media} at {at}{of}{speed} (version {})", playback::word(state), state.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_in_one_line_each() {
        let mut state = json!({
            "type": "playback", "version": 3, "generation": 1, "media_id": "m_1", "playlist_id": "p_1",
            "target_hash": "00", "playing": true, "ended": false, "position_ms": 61_000, "duration_ms": 125_000,
            "duration_status": "known", "speed": 1.5, "at_ms": 0,
        });
        assert_eq!(words(&state), "playing m_1 at 1:01 of 2:05 at 1.5x (version 3)");
        (state["duration_ms"], state["duration_status"]) = (Value::Null, json!("live"));
        assert_eq!(words(&state), "playing m_1 at 1:01, live at 1.5x (version 3)");
        state["duration_status"] = json!("failed");
        assert!(words(&state).contains("cannot be found out"), "{}", words(&state));
        state["media_id"] = Value::Null;
        assert_eq!(words(&state), "nothing is selected (version 3)");
        let chat = json!({"type": "chat", "from": {"name": "A\u{1b}[31m"}, "text": "two\nlines"});
        assert_eq!(words(&chat), "<A [31m> two lines");
        let members = json!({"type": "members", "members": [{"name": "Ann"}, {"name": "Bob"}], "count": 5});
        assert_eq!(words(&members), "in the room: Ann, Bob and 3 more");
        assert_eq!(words(&json!({"type": "other"})), "{\"type\":\"other\"}");
    }
}
