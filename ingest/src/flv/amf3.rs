//! The AMF3 values an AMF0 message may switch to (marker 0x11; Adobe AMF3 specification, January 2013).
//!
//! Flash-born encoders use it for command objects. Read under the same bounds as AMF0 and turned into the same
//! [`Value`]s; dictionaries and vectors end the message, nobody publishes with them.

use super::amf0::{Reader, Value};
use crate::error::Error;

const WHAT: &str = "AMF3 value";

/// The reference tables of one AMF3 context. Objects are counted, not kept: a reference to one reads as null.
#[derive(Debug, Default)]
pub(super) struct Tables {
    strings: Vec<String>,
    traits: Vec<Traits>,
}

#[derive(Debug, Clone, Default)]
struct Traits {
    members: Vec<String>,
    dynamic: bool,
}

/// One value.
pub(super) fn value(reader: &mut Reader<'_>, tables: &mut Tables, depth: usize) -> Result<Value, Error> {
    reader.enter(depth)?;
    Ok(match reader.u8()? {
        0x00 | 0x01 => Value::Null,
        0x02 => Value::Boolean(false),
        0x03 => Value::Boolean(true),
        0x04 => {
            // 29-bit two's complement (1.3.1).
            let raw = u29(reader)?;
            Value::Number(f64::from((raw << 3).cast_signed() >> 3))
        }
        0x05 => Value::Number(reader.f64()?),
        0x06 => Value::String(string(reader, tables)?),
        0x07 | 0x0b => match length(reader)? {
            Some(len) => Value::String(String::from_utf8_lossy(reader.take(len)?).into_owned()),
            None => Value::Null,
        },
        0x08 => match length(reader)? {
            Some(_) => Value::Date(reader.f64()?),
            None => Value::Null,
        },
        0x09 => array(reader, tables, depth)?,
        0x0a => object(reader, tables, depth)?,
        0x0c => match length(reader)? {
            Some(len) => {
                reader.take(len)?;
                Value::Null
            }
            None => Value::Null,
        },
        marker => return Err(Error::Unsupported { what: "AMF3 marker", value: marker.to_string() }),
    })
}

/// U29: one to four bytes, seven bits each, eight in the fourth (1.3.1).
fn u29(reader: &mut Reader<'_>) -> Result<u32, Error> {
    let mut out = 0_u32;
    for i in 0..4 {
        let byte = u32::from(reader.u8()?);
        if i == 3 {
            return Ok((out << 8) | byte);
        }
        out = (out << 7) | (byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Ok(out)
}

/// The length of an inline value, or `None` for a reference.
fn length(reader: &mut Reader<'_>) -> Result<Option<usize>, Error> {
    let raw = u29(reader)?;
    Ok((raw & 1 == 1).then_some((raw >> 1) as usize))
}

fn string(reader: &mut Reader<'_>, tables: &mut Tables) -> Result<String, Error> {
    let raw = u29(reader)?;
    let index = (raw >> 1) as usize;
    if raw & 1 == 0 {
        let Some(found) = tables.strings.get(index) else {
            return Err(Error::malformed(WHAT, "reference to a string that was not sent"));
        };
        reader.repeat(found.len())?;
        return Ok(found.clone());
    }
    let text = String::from_utf8_lossy(reader.take(index)?).into_owned();
    if !text.is_empty() {
        tables.strings.push(text.clone());
    }
    Ok(text)
}

fn array(reader: &mut Reader<'_>, tables: &mut Tables, depth: usize) -> Result<Value, Error> {
    let Some(count) = length(reader)? else { return Ok(Value::Null) };
    let members = dynamic_members(reader, tables, depth)?;
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(value(reader, tables, depth + 1)?);
    }
    Ok(if members.is_empty() { Value::Array(items) } else { Value::Object(members) })
}

fn object(reader: &mut Reader<'_>, tables: &mut Tables, depth: usize) -> Result<Value, Error> {
    let raw = u29(reader)?;
    if raw & 1 == 0 {
        return Ok(Value::Null);
    }
    let traits = if raw & 2 == 0 {
        let Some(found) = tables.traits.get((raw >> 2) as usize) else {
            return Err(Error::malformed(WHAT, "reference to traits that were not sent"));
        };
        reader.repeat(found.members.iter().map(String::len).sum())?;
        found.clone()
    } else if raw & 4 != 0 {
        return Err(Error::Unsupported { what: "AMF3 value", value: "externalizable object".into() });
    } else {
        string(reader, tables)?; // Class name.
        let mut members = Vec::new();
        for _ in 0..raw >> 4 {
            reader.enter(depth)?;
            members.push(string(reader, tables)?);
        }
        let traits = Traits { members, dynamic: raw & 8 != 0 };
        tables.traits.push(traits.clone());
        traits
    };
    let mut members = Vec::new();
    for name in traits.members {
        members.push((name, value(reader, tables, depth + 1)?));
    }
    if traits.dynamic {
        members.extend(dynamic_members(reader, tables, depth)?);
    }
    Ok(Value::Object(members))
}

/// Name and value pairs up to the empty name.
fn dynamic_members(reader: &mut Reader<'_>, tables: &mut Tables, depth: usize) -> Result<Vec<(String, Value)>, Error> {
    let mut members = Vec::new();
    loop {
        let name = string(reader, tables)?;
        if name.is_empty() {
            return Ok(members);
        }
        members.push((name, value(reader, tables, depth + 1)?));
    }
}
