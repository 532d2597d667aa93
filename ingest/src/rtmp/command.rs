//! Commands a publisher sends (RTMP 1.0, 7.2; Enhanced RTMP v2 "connect"), read without trusting their shape.

use crate::error::Error;
use crate::flv::amf0::{self, Bounds, Value};

/// One command message: name, transaction and the values after them, as many as came.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Command {
    pub name: String,
    /// 0 asks for no answer.
    pub transaction: f64,
    values: Vec<Value>,
}

impl Command {
    /// Reads the body of a message of type 20, or of type 17 with its leading format byte.
    pub fn read(body: &[u8], bounds: &Bounds) -> Result<Self, Error> {
        let mut values = amf0::read_all(body.strip_prefix(&[0]).unwrap_or(body), bounds)?.into_iter();
        let Some(Value::String(name)) = values.next() else {
            return Err(Error::malformed("RTMP command", "does not begin with a name"));
        };
        let transaction = values.next().and_then(|value| value.as_number()).filter(|n| n.is_finite()).unwrap_or(0.0);
        Ok(Self { name, transaction, values: values.collect() })
    }

    /// The command object.
    pub fn object(&self) -> Option<&Value> {
        self.values.first()
    }

    /// The nth argument after the command object.
    pub fn argument(&self, n: usize) -> Option<&Value> {
        self.values.get(n.checked_add(1)?)
    }
}

/// What the connect command says about the peer (7.2.1.1).
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Connect {
    pub app: String,
    pub tc_url: String,
    /// 0 or 3: the AMF the peer would like.
    pub object_encoding: f64,
    /// Any of fourCcList, videoFourCcInfoMap, audioFourCcInfoMap, capsEx was there: the peer knows Enhanced RTMP.
    pub enhanced: bool,
}

impl Connect {
    pub fn from_command(command: &Command) -> Self {
        let text = |name| {
            let member = command.object().and_then(|object| object.get(name));
            member.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let member = |name| command.object().and_then(|object| object.get(name));
        Self {
            app: text("app"),
            tc_url: text("tcUrl"),
            object_encoding: member("objectEncoding").and_then(Value::as_number).unwrap_or(0.0),
            enhanced: ["fourCcList", "videoFourCcInfoMap", "audioFourCcInfoMap", "capsEx"]
                .into_iter()
                .any(|name| member(name).is_some()),
        }
    }
}
