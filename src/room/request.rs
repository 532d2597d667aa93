//! What members say to the server: JSON objects with a `type`. Unknown fields are passed over.

use serde::Deserialize;
use serde_json::Number;

use super::playback::Command;

/// The longest `id` that a member may give a command, in characters.
pub const ID_MAX: usize = 64;
/// The longest chat message, in characters.
pub const CHAT_MAX: usize = 2000;

/// What a member asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// What time is it?
    Ping {
        /// The member's own time, given back as it is.
        t1: Number,
    },
    /// Control playback.
    Command {
        /// How.
        command: Command,
        /// Only at this version.
        version: Option<i64>,
        /// To find the answer by.
        id: Option<String>,
    },
    /// Say something to all.
    Chat {
        /// What; 1 to [`CHAT_MAX`] characters.
        text: String,
        /// To find the answer by.
        id: Option<String>,
    },
}

/// Why a message is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misread {
    /// That of the message, when it can be told.
    pub id: Option<String>,
    /// `malformed` (no JSON object), `unknown_type` or `invalid`.
    pub code: &'static str,
    /// For people.
    pub detail: String,
}

/// No JSON object: nothing can be told about it.
pub const MALFORMED: &str = "malformed";

#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<String>,
    version: Option<i64>,
    t1: Option<Number>,
    media_id: Option<String>,
    position_ms: Option<i64>,
    speed: Option<f64>,
    text: Option<String>,
}

/// Reads a message.
///
/// # Errors
/// [`Misread`], which says what is wrong.
pub fn read(text: &str) -> Result<Request, Misread> {
    let misread = |id: Option<String>, code, detail: String| Misread { id, code, detail };
    if !text.trim_start().starts_with('{') {
        return Err(misread(None, MALFORMED, "a message is a JSON object with a `type`".into()));
    }
    let mut fields: Fields = serde_json::from_str(text).map_err(|err| match err.classify() {
        serde_json::error::Category::Data => misread(id_of(text), "invalid", err.to_string()),
        _ => misread(None, MALFORMED, format!("the message is not JSON: {err}")),
    })?;
    let id = fields.id.take();
    if id.as_ref().is_some_and(|id| id.chars().count() > ID_MAX) {
        return Err(misread(None, "invalid", format!("an `id` has at most {ID_MAX} characters")));
    }
    let Some(kind) = fields.kind.take() else {
        return Err(misread(id, "invalid", "`type` is missing".into()));
    };
    let invalid = |detail: &str| misread(id.clone(), "invalid", detail.to_owned());
    let version = fields.version;
    let command = match kind.as_str() {
        "ping" => {
            let t1 = fields.t1.ok_or_else(|| invalid("a ping needs the number `t1`"))?;
            return Ok(Request::Ping { t1 });
        }
        "chat" => {
            let text = fields.text.filter(|text| (1..=CHAT_MAX).contains(&text.chars().count()));
            let text = text.ok_or_else(|| invalid("a chat needs a `text` of 1 to 2000 characters"))?;
            return Ok(Request::Chat { text, id });
        }
        "play" => Command::Play,
        "pause" => Command::Pause,
        "next" => Command::Next,
        "prev" => Command::Previous,
        "stop" => Command::Stop,
        "seek" => {
            Command::Seek { position_ms: fields.position_ms.ok_or_else(|| invalid("a seek needs `position_ms`"))? }
        }
        "speed" => Command::Speed { speed: fields.speed.ok_or_else(|| invalid("this needs the number `speed`"))? },
        "start" => Command::Start { media_id: fields.media_id.ok_or_else(|| invalid("a start needs `media_id`"))? },
        _ => return Err(misread(id, "unknown_type", "this `type` is not known".into())),
    };
    Ok(Request::Command { command, version, id })
}

/// The id of a message whose other fields cannot be read.
fn id_of(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Only {
        id: Option<String>,
    }
    let only: Only = serde_json::from_str(text).ok()?;
    only.id.filter(|id| id.chars().count() <= ID_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(text: &str) -> &'static str {
        read(text).unwrap_err().code
    }

    #[test]
    fn commands_are_read_with_version_and_id() {
        let read = read(r#"{"type":"seek","position_ms":1500,"version":7,"id":"a1","more":[1,{}]}"#).unwrap();
        let command = Command::Seek { position_ms: 1500 };
        assert_eq!(read, Request::Command { command, version: Some(7), id: Some("a1".into()) });
    }

    #[test]
    fn every_command_has_its_word() {
        for (word, command) in [
            ("play", Command::Play),
            ("pause", Command::Pause),
            ("next", Command::Next),
            ("prev", Command::Previous),
            ("stop", Command::Stop),
        ] {
            let read = read(&format!(r#"{{"type":"{word}"}}"#)).unwrap();
            assert_eq!(read, Request::Command { command, version: None, id: None });
        }
        assert!(matches!(
            read(r#"{"type":"start","media_id":"m_1"}"#),
            Ok(Request::Command { command: Command::Start { .. }, .. })
        ));
        assert!(matches!(
            read(r#"{"type":"speed","speed":2}"#),
            Ok(Request::Command { command: Command::Speed { .. }, .. })
        ));
    }

    #[test]
    fn a_pings_time_is_kept_as_it_was_written() {
        for t1 in ["0", "1763840000123", "12.25", "-3"] {
            let Ok(Request::Ping { t1: kept }) = read(&format!(r#"{{"type":"ping","t1":{t1}}}"#)) else {
                panic!("{t1}")
            };
            assert_eq!(kept.to_string(), t1);
        }
        assert_eq!(code(r#"{"type":"ping","t1":"5"}"#), "invalid");
    }

    #[test]
    fn what_is_no_object_is_malformed_and_the_rest_is_named() {
        for text in ["", "x", "[]", "\"ping\"", "[\"ping\"]", "{", "{\"type\":}", "null", "{}}"] {
            assert_eq!(code(text), MALFORMED, "{text}");
        }
        assert_eq!(code("{}"), "invalid");
        assert_eq!(code(r#"{"type":"dance"}"#), "unknown_type");
        assert_eq!(code(r#"{"type":"seek"}"#), "invalid");
        assert_eq!(code(r#"{"type":"chat","text":""}"#), "invalid");
        let wrong = read(r#"{"type":"seek","position_ms":"far","id":"x"}"#).unwrap_err();
        assert_eq!((wrong.id.as_deref(), wrong.code), (Some("x"), "invalid"));
    }

    #[test]
    fn long_ids_and_chats_are_refused() {
        let long = "ü".repeat(65);
        assert_eq!(code(&format!(r#"{{"type":"play","id":"{long}"}}"#)), "invalid");
        let chat = |n: usize| read(&format!(r#"{{"type":"chat","text":"{}"}}"#, "ü".repeat(n)));
        assert!(chat(2000).is_ok());
        assert!(chat(2001).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = read(&text);
        }

        #[test]
        fn no_object_makes_it_panic(
            kind in "(ping|seek|chat|speed|start|play|x)", field in "(t1|text|speed|version|id|position_ms)", value in ".*"
        ) {
            let _ = read(&format!(r#"{{"type":"{kind}","{field}":{value}}}"#));
            let _ = read(&serde_json::json!({ "type": kind, field: value }).to_string());
        }
    }
}
