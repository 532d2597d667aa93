//! Advanced SubStation Alpha and SubStation Alpha: the text of the dialogue, without where and how it is drawn.

use super::cue::Cue;
use super::{Broken, add, markup, timestamp};

/// What the fields of a dialogue are when no `Format:` says so.
const FIELDS: [&str; 10] =
    ["layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text"];
/// A `Format:` with more fields is none.
const FIELDS_MAX: usize = 64;

/// Whether a line is the head of a section that only these files have.
pub(super) fn is_section(line: &str) -> bool {
    ["[script info]", "[events]", "[v4+ styles]", "[v4 styles]"].iter().any(|name| line.eq_ignore_ascii_case(name))
}

/// The dialogue; comments and lines that cannot be read are passed over.
pub(super) fn read(text: &str) -> Result<Vec<Cue>, Broken> {
    let mut cues = Vec::new();
    let mut format = Format::of(FIELDS.into_iter().map(str::to_owned).collect());
    let mut in_events = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            in_events = line.eq_ignore_ascii_case("[events]");
        }
        let Some((kind, rest)) = line.split_once(':').filter(|_| in_events) else { continue };
        match kind.trim().to_ascii_lowercase().as_str() {
            "format" => {
                let fields = rest.split(',').map(|field| field.trim().to_ascii_lowercase());
                format = Format::of(fields.take(FIELDS_MAX + 1).collect());
            }
            "dialogue" => {
                if let Some(cue) = format.as_ref().and_then(|format| format.cue(rest.trim_start())) {
                    add(&mut cues, cue)?;
                }
            }
            _ => {}
        }
    }
    Ok(cues)
}

/// Which field is what.
struct Format {
    fields: usize,
    start: usize,
    end: usize,
    text: usize,
}

impl Format {
    fn of(fields: Vec<String>) -> Option<Self> {
        let at = |name: &str| fields.iter().position(|field| field == name);
        let (start, end, text) = (at("start")?, at("end")?, at("text")?);
        (fields.len() <= FIELDS_MAX).then_some(Self { fields: fields.len(), start, end, text })
    }

    fn cue(&self, line: &str) -> Option<Cue> {
        // Commas in the last field are text.
        let fields: Vec<_> = line.splitn(self.fields, ',').collect();
        let time = |at: usize| timestamp::read(fields.get(at)?.trim());
        Some(Cue { start_ms: time(self.start)?, end_ms: time(self.end)?, text: plain(fields.get(self.text)?) })
    }
}

/// Bold, italic, underlined, in the order they are opened in.
const TAGS: [char; 3] = ['b', 'i', 'u'];

#[derive(Default)]
struct Writer {
    out: String,
    /// What the codes ask for.
    wanted: [bool; 3],
    /// What is open.
    open: [bool; 3],
    drawing: bool,
}

/// The text with its override codes as tags or not at all.
fn plain(text: &str) -> String {
    let mut writer = Writer::default();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if let Some(end) = markup::end(rest, '{', '}') {
            rest[1..end].split('\\').skip(1).for_each(|code| writer.code(code));
            rest = &rest[end + 1..];
            continue;
        }
        let escape = rest.get(..2).filter(|_| character == '\\');
        let (shown, len) = match escape {
            Some("\\N" | "\\n") => ('\n', 2),
            Some("\\h") => ('\u{a0}', 2),
            _ => (character, character.len_utf8()),
        };
        writer.show(shown);
        rest = &rest[len..];
    }
    writer.wanted = [false; 3];
    writer.settle();
    writer.out
}

impl Writer {
    fn code(&mut self, code: &str) {
        let code = code.trim();
        // A weight of 1 or of 100 and more is bold; what is no number (`\bord2`, `\iclip`, `\blur`) is another code.
        let number = |name: char| code.strip_prefix(name)?.parse::<u32>().ok();
        for (wanted, name) in self.wanted.iter_mut().zip(TAGS) {
            if let Some(number) = number(name) {
                *wanted = number == 1 || number > 400;
            }
        }
        if let Some(scale) = number('p') {
            self.drawing = scale > 0;
        }
        // Back to the style; with a style's name too, but `\rnd` is another code.
        if code.starts_with('r') && !code.starts_with("rnd") {
            self.wanted = [false; 3];
        }
    }

    fn show(&mut self, character: char) {
        if !self.drawing {
            self.settle();
            markup::escape(&mut self.out, character);
        }
    }

    /// Closes and opens tags so that they nest.
    fn settle(&mut self) {
        if self.open == self.wanted {
            return;
        }
        for (tag, _) in TAGS.iter().zip(self.open).rev().filter(|(_, open)| *open) {
            self.out.push_str(&format!("</{tag}>"));
        }
        for (tag, _) in TAGS.iter().zip(self.wanted).filter(|(_, wanted)| *wanted) {
            self.out.push_str(&format!("<{tag}>"));
        }
        self.open = self.wanted;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn override_codes_become_tags_or_nothing() {
        for (text, vtt) in [
            (r"{\i1}a{\i0} b", "<i>a</i> b"),
            (r"{\b700\i1}a{\b0}b", "<b><i>a</i></b><i>b</i>"),
            (r"{\an8\fs20\c&H00FF00&\bord2\blur3\iclip(0,0,1,1)}top", "top"),
            (r"one\Ntwo\nthree\hfour", "one\ntwo\nthree\u{a0}four"),
            (r"{\p1}m 0 0 l 100 0{\p0}seen{\p4}m 1 1", "seen"),
            (r"{\u1}a{\r}b{\u1}c{\rAlt}d", "<u>a</u>b<u>c</u>d"),
            (r"a < b & {comment}c --> d", "a &lt; b &amp; c --&gt; d"),
            (r"{open \ end\", r"{open \ end\"),
            ("\\ü{\\i1}", "\\ü"),
        ] {
            assert_eq!(plain(text), vtt, "{text}");
        }
    }
}
