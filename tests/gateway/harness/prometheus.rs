//! A strict reader of the Prometheus text format 0.0.4, written apart from the writer under test.

use std::collections::{BTreeMap, BTreeSet};

/// One family: everything between its HELP and the next one's.
#[derive(Debug, Default)]
pub struct Family {
    pub kind: String,
    /// Sorted labels and the value.
    pub samples: Vec<(BTreeMap<String, String>, f64)>,
}

/// A whole answer of `/metrics`.
#[derive(Debug, Default)]
pub struct Exposition(pub BTreeMap<String, Family>);

impl Exposition {
    /// The value of the one sample of `family` with this `stream` label.
    #[track_caller]
    pub fn of(&self, family: &str, stream: &str) -> f64 {
        let found = self.0.get(family).unwrap_or_else(|| panic!("no family {family}"));
        let mut own = found.samples.iter().filter(|(labels, _)| labels.get("stream").is_some_and(|s| s == stream));
        let (_, value) = own.next().unwrap_or_else(|| panic!("{family} has no sample of {stream}"));
        assert!(own.next().is_none(), "{family} has two samples of {stream}");
        *value
    }
}

/// Reads an exposition: HELP, then TYPE, then samples of that family only; no family or series twice.
pub fn parse_exposition(text: &str) -> Result<Exposition, String> {
    let mut out = Exposition::default();
    let mut seen = BTreeSet::new();
    let mut current: Option<String> = None;
    if !text.ends_with('\n') {
        return Err("the last line has no end".into());
    }
    for line in text.lines() {
        let wrong = |what: &str| Err(format!("{what}: {line:?}"));
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let Some((name, help)) = rest.split_once(' ') else { return wrong("HELP without a text") };
            if !is_name(name, true) || help.is_empty() {
                return wrong("a bad HELP");
            }
            if out.0.insert(name.to_owned(), Family::default()).is_some() {
                return wrong("a family twice");
            }
            current = Some(name.to_owned());
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let Some((name, kind)) = rest.split_once(' ') else { return wrong("TYPE without a type") };
            let Some(family) = out.0.get_mut(name).filter(|_| current.as_deref() == Some(name)) else {
                return wrong("TYPE of another family");
            };
            if !["counter", "gauge"].contains(&kind) || !family.kind.is_empty() || !family.samples.is_empty() {
                return wrong("a bad TYPE");
            }
            if kind == "counter" && !name.ends_with("_total") {
                return wrong("a counter is named _total");
            }
            kind.clone_into(&mut family.kind);
        } else {
            let Some((name, labels, value)) = sample(line) else { return wrong("not a sample") };
            let Some(family) = out.0.get_mut(name).filter(|f| current.as_deref() == Some(name) && !f.kind.is_empty())
            else {
                return wrong("a sample outside its family");
            };
            if !seen.insert((name.to_owned(), labels.clone())) {
                return wrong("a series twice");
            }
            if family.kind == "counter" && (value < 0.0 || value.is_nan()) {
                return wrong("a negative counter");
            }
            family.samples.push((labels, value));
        }
    }
    Ok(out)
}

fn is_name(name: &str, colon: bool) -> bool {
    let inside = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || (colon && b == b':');
    !name.is_empty() && name.bytes().all(inside) && !name.as_bytes()[0].is_ascii_digit()
}

/// `name{label="value",...} number`, one space, no timestamp.
fn sample(line: &str) -> Option<(&str, BTreeMap<String, String>, f64)> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, behind) = rest.split_once("=\"")?;
            let (value, behind) = quoted(behind)?;
            if !is_name(label, false) || labels.insert(label.to_owned(), value).is_some() {
                return None;
            }
            if let Some(behind) = behind.strip_prefix('}') {
                rest = behind;
                break;
            }
            rest = behind.strip_prefix(',')?;
        }
    }
    let number = rest.strip_prefix(' ')?;
    let plain = number.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    let value = number.parse().ok().filter(|_| plain || ["+Inf", "-Inf", "NaN"].contains(&number))?;
    is_name(name, true).then_some((name, labels, value))
}

/// The text up to the closing quote, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match letters.next()?.1 {
                'n' => '\n',
                same @ ('\\' | '"') => same,
                _ => return None,
            }),
            other => value.push(other),
        }
    }
    None
}
