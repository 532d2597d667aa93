//! AMF0 as this server sends it.

use super::Value;

/// Appends AMF0 values to a message body.
#[derive(Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// The bytes written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// Appends a value. Text beyond 64 KiB is cut on a character boundary.
    pub fn value(&mut self, value: &Value) -> &mut Self {
        match value {
            Value::Number(n) => return self.number(*n),
            Value::Boolean(b) => self.out.extend([0x01, u8::from(*b)]),
            Value::String(s) => return self.string(s),
            Value::Object(members) => {
                self.out.push(0x03);
                self.members(members);
            }
            Value::Array(items) => {
                self.out.push(0x0a);
                self.out.extend(u32::try_from(items.len()).unwrap_or(u32::MAX).to_be_bytes());
                for item in items {
                    self.value(item);
                }
            }
            Value::Date(ms) => {
                self.out.push(0x0b);
                self.out.extend(ms.to_be_bytes());
                self.out.extend([0, 0]);
            }
            Value::Null => self.out.push(0x05),
        }
        self
    }

    /// Appends an ECMA array, the form onMetaData takes.
    pub fn ecma_array(&mut self, members: &[(String, Value)]) -> &mut Self {
        self.out.push(0x08);
        self.out.extend(u32::try_from(members.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.members(members);
        self
    }

    /// Appends a string.
    pub fn string(&mut self, text: &str) -> &mut Self {
        self.out.push(0x02);
        self.name(text);
        self
    }

    /// Appends a number.
    pub fn number(&mut self, number: f64) -> &mut Self {
        self.out.push(0x00);
        self.out.extend(number.to_be_bytes());
        self
    }

    fn members(&mut self, members: &[(String, Value)]) {
        for (name, value) in members {
            self.name(name);
            self.value(value);
        }
        self.out.extend([0x00, 0x00, 0x09]);
    }

    fn name(&mut self, text: &str) {
        let cut = text.floor_char_boundary(usize::from(u16::MAX));
        let text = text.get(..cut).unwrap_or_default();
        self.out.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
        self.out.extend(text.as_bytes());
    }
}

/// An object literal, for the writer.
#[must_use]
pub fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Boolean(flag)
    }
}
