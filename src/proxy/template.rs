//! URLs of a DASH template under one signature (ISO 23009-1 5.3.9.4.4). The path ends with the template's identifiers alone, for which a
//! player puts its values; they must be digits, and are put into the template that the signature covers. What a representation says of
//! itself (`$RepresentationID$`, `$Bandwidth$`) was put in before: an id may be any text.

/// The longest value of an identifier.
const VALUE_MAX: usize = 64;
/// Identifiers in one template.
const IDENTIFIERS_MAX: usize = 8;
/// Between two identifiers; no value contains it.
const BETWEEN: char = '~';

/// What stands for a template in a path: its identifiers as they are, and the extension. `None`: the template is malformed, or has too many
/// identifiers, or none.
#[must_use]
pub fn tail(template: &str) -> Option<String> {
    let mut tail = String::new();
    let mut count = 0;
    for piece in pieces(template) {
        if let Piece::Identifier(whole) = piece? {
            count += 1;
            if count > 1 {
                tail.push(BETWEEN);
            }
            tail.push_str(whole);
        }
    }
    let path = template.split(['?', '#']).next().unwrap_or_default();
    let extension = path.rsplit_once('.').map(|(_, end)| end).filter(|end| is_extension(end)).unwrap_or("bin");
    ((1..=IDENTIFIERS_MAX).contains(&count)).then(|| format!("{tail}.{extension}"))
}

/// The template with the values of a path's end; `None` when they are none of this template.
#[must_use]
pub fn expand(template: &str, filled: &str) -> Option<String> {
    let pattern = tail(template)?;
    let (values, extension) = filled.rsplit_once('.')?;
    if pattern.rsplit_once('.')?.1 != extension {
        return None;
    }
    let mut values = values.split(BETWEEN);
    let mut out = String::with_capacity(template.len() + 16);
    for piece in pieces(template) {
        match piece? {
            Piece::Text(text) => out.push_str(text),
            Piece::Dollar => out.push('$'),
            Piece::Identifier(_) => {
                let value = values.next().filter(|value| fits(value))?;
                out.push_str(value);
            }
        }
    }
    values.next().is_none().then_some(out)
}

enum Piece<'a> {
    Text(&'a str),
    /// `$$`
    Dollar,
    /// With its dollar signs and format.
    Identifier(&'a str),
}

/// The pieces of a template in order; `None` for what is no template.
fn pieces(template: &str) -> impl Iterator<Item = Option<Piece<'_>>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(at) = rest.find('$') else { return Some(Some(Piece::Text(std::mem::take(&mut rest)))) };
        if at > 0 {
            let (text, after) = rest.split_at(at);
            rest = after;
            return Some(Some(Piece::Text(text)));
        }
        let Some(end) = rest[1..].find('$') else {
            rest = "";
            return Some(None);
        };
        let (whole, after) = rest.split_at(end + 2);
        rest = after;
        let inner = &whole[1..=end];
        if inner.is_empty() {
            return Some(Some(Piece::Dollar));
        }
        let (name, format) = inner.split_once('%').map_or((inner, None), |(name, format)| (name, Some(format)));
        let known = matches!(name, "Number" | "Time" | "SubNumber");
        Some((known && format.is_none_or(is_format)).then_some(Piece::Identifier(whole)))
    })
}

/// `0[width]d`
fn is_format(format: &str) -> bool {
    let width = format.strip_prefix('0').and_then(|rest| rest.strip_suffix('d'));
    width.is_some_and(|width| width.len() <= 2 && width.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_extension(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Whether a value may stand for an identifier: nothing that could lead elsewhere.
fn fits(value: &str) -> bool {
    (1..=VALUE_MAX).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_with_what_fits() {
        let template = "https://o/v/$SubNumber$/seg-$Number%05d$.m4s?k=$$1";
        assert_eq!(tail(template).as_deref(), Some("$SubNumber$~$Number%05d$.m4s"));
        assert_eq!(expand(template, "1~00007.m4s").as_deref(), Some("https://o/v/1/seg-00007.m4s?k=$1"));
        for odd in [
            "1~7.ts",
            "1~.m4s",
            "1~-7.m4s",
            "1~7~8.m4s",
            "1.m4s",
            "..~7.m4s",
            "a/b~7.m4s",
            "%2e~7.m4s",
            "a\\b~7.m4s",
            "1~7x.m4s",
            "v1~7.m4s",
            "",
            ".m4s",
            "a?b~7.m4s",
        ] {
            assert_eq!(expand(template, odd), None, "{odd}");
        }
        assert_eq!(expand(template, &format!("1~{}.m4s", "1".repeat(65))), None);
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for odd in [
            "https://o/a.m4s",
            "https://o/$Number",
            "https://o/$Nope$.m4s",
            "https://o/$RepresentationID$.m4s",
            "https://o/$Bandwidth$.m4s",
            "https://o/$Number%5x$.m4s",
            "https://o/$$.m4s",
        ] {
            assert_eq!(tail(odd), None, "{odd}");
        }
        assert_eq!(tail(&"$Time$".repeat(9)), None);
        assert_eq!(tail("https://o/$Time$").as_deref(), Some("$Time$.bin"));
    }
}
