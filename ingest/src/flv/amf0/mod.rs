//! AMF0 values (Adobe AMF0 specification, December 2007): what RTMP commands and FLV script tags are written in.
//!
//! The reader is bounded in depth, in values and in bytes, never recurses deeper than [`Bounds::depth`], understands every
//! marker and reads text lossily, because the bytes come from whoever connects.

mod write;

pub use write::{Writer, object};

use crate::error::Error;

const WHAT: &str = "AMF0 value";

/// What a reader of untrusted AMF accepts.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Nested containers.
    pub depth: usize,
    /// Values in one message, those inside containers included.
    pub elements: usize,
    /// Bytes of one message.
    pub bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { depth: 16, elements: 1024, bytes: 64 * 1024 }
    }
}

/// One AMF0 value. Names and text are read lossily from UTF-8.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Marker 0x00.
    Number(f64),
    /// Marker 0x01.
    Boolean(bool),
    /// Markers 0x02 (string), 0x0c (long string) and 0x0f (XML document).
    String(String),
    /// Markers 0x03 (object), 0x08 (ECMA array) and 0x10 (typed object, whose class name is dropped), in wire order.
    Object(Vec<(String, Value)>),
    /// Marker 0x0a.
    Array(Vec<Value>),
    /// Marker 0x0b: ms since 1970-01-01 UTC.
    Date(f64),
    /// Markers 0x05 (null), 0x06 (undefined), 0x07 (reference), 0x0d (unsupported).
    Null,
}

impl Value {
    /// The number, where it is one.
    #[must_use]
    pub const fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(n) => Some(*n),
            _ => None,
        }
    }

    /// The text, where it is some.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(s) => Some(s),
            _ => None,
        }
    }

    /// A member of an object or ECMA array.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(n, _)| n == name).map(|(_, v)| v),
            _ => None,
        }
    }
}

/// Reads all values of a message body.
///
/// A last value that is cut short is an error; an unknown marker ends the list, because nothing after it can be found.
///
/// # Errors
/// When a bound is passed or a value is cut short.
pub fn read_all(body: &[u8], bounds: &Bounds) -> Result<Vec<Value>, Error> {
    if body.len() > bounds.bytes {
        return Err(Error::Limit { what: "AMF0 bytes", value: body.len() as u64, max: bounds.bytes as u64 });
    }
    let mut reader = Reader::new(body, bounds);
    let mut values = Vec::new();
    while !reader.is_empty() {
        match reader.value(0)? {
            Some(value) => values.push(value),
            None => break,
        }
    }
    Ok(values)
}

/// A cursor over untrusted AMF bytes; shared with the AMF3 reader.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    bounds: &'a Bounds,
    elements: usize,
    copied: usize,
}

impl<'a> Reader<'a> {
    const fn new(rest: &'a [u8], bounds: &'a Bounds) -> Self {
        Self { rest, bounds, elements: 0, copied: 0 }
    }

    const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn take(&mut self, n: usize) -> Result<&'a [u8], Error> {
        let Some((head, tail)) = self.rest.split_at_checked(n) else {
            return Err(Error::Truncated { what: WHAT, needed: n, got: self.rest.len() });
        };
        self.rest = tail;
        Ok(head)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Error> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn f64(&mut self) -> Result<f64, Error> {
        Ok(f64::from_be_bytes(self.array()?))
    }

    /// Counts one value at `depth` against the bounds.
    pub(super) fn enter(&mut self, depth: usize) -> Result<(), Error> {
        self.elements += 1;
        if self.elements > self.bounds.elements {
            return Err(Error::Limit {
                what: "AMF0 elements",
                value: self.elements as u64,
                max: self.bounds.elements as u64,
            });
        }
        if depth > self.bounds.depth {
            return Err(Error::Limit { what: "AMF0 depth", value: depth as u64, max: self.bounds.depth as u64 });
        }
        Ok(())
    }

    /// Counts bytes that a reference repeats without being on the wire again.
    pub(super) fn repeat(&mut self, bytes: usize) -> Result<(), Error> {
        self.copied = self.copied.saturating_add(bytes);
        if self.copied > self.bounds.bytes {
            let (value, max) = (self.copied as u64, self.bounds.bytes as u64);
            return Err(Error::Limit { what: "AMF3 referenced bytes", value, max });
        }
        Ok(())
    }

    fn short_string(&mut self) -> Result<String, Error> {
        let len = u16::from_be_bytes(self.array()?);
        Ok(String::from_utf8_lossy(self.take(usize::from(len))?).into_owned())
    }

    fn long_string(&mut self) -> Result<String, Error> {
        let len = u32::from_be_bytes(self.array()?);
        let len = usize::try_from(len).map_err(|_| Error::malformed(WHAT, "string length does not fit"))?;
        Ok(String::from_utf8_lossy(self.take(len)?).into_owned())
    }

    /// One value, or `None` at a marker nobody knows: the rest of the message has no meaning then.
    fn value(&mut self, depth: usize) -> Result<Option<Value>, Error> {
        self.enter(depth)?;
        Ok(Some(match self.u8()? {
            0x00 => Value::Number(self.f64()?),
            0x01 => Value::Boolean(self.u8()? != 0),
            0x02 => Value::String(self.short_string()?),
            0x03 => Value::Object(self.members(depth)?),
            0x05 | 0x06 | 0x0d => Value::Null,
            0x07 => {
                self.take(2)?;
                Value::Null
            }
            0x08 => {
                // The count is a hint that encoders get wrong; the end marker rules.
                self.take(4)?;
                Value::Object(self.members(depth)?)
            }
            0x0a => self.strict_array(depth)?,
            0x0b => {
                let date = self.f64()?;
                self.take(2)?; // Time zone, reserved.
                Value::Date(date)
            }
            0x0c | 0x0f => Value::String(self.long_string()?),
            0x10 => {
                self.short_string()?;
                Value::Object(self.members(depth)?)
            }
            0x11 => super::amf3::value(self, &mut super::amf3::Tables::default(), depth + 1)?,
            _ => {
                self.rest = &[];
                return Ok(None);
            }
        }))
    }

    fn strict_array(&mut self, depth: usize) -> Result<Value, Error> {
        let count = u32::from_be_bytes(self.array()?);
        // No allocation by the declared count: it grows as values are really there.
        let mut items = Vec::new();
        for _ in 0..count {
            match self.value(depth + 1)? {
                Some(value) => items.push(value),
                None => break,
            }
        }
        Ok(Value::Array(items))
    }

    fn members(&mut self, depth: usize) -> Result<Vec<(String, Value)>, Error> {
        let mut members = Vec::new();
        // Encoders leave the end marker out at the end of a message: what was read until there stands.
        while !self.is_empty() {
            let name = self.short_string()?;
            if name.is_empty() && self.rest.first().is_none_or(|marker| *marker == 0x09) {
                self.rest = self.rest.get(1..).unwrap_or_default();
                break;
            }
            match self.value(depth + 1)? {
                Some(value) => members.push((name, value)),
                None => break,
            }
        }
        Ok(members)
    }
}
