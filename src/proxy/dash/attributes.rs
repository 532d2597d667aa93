//! Attributes of an element, read and written.

use std::borrow::Cow;

use quick_xml::escape::escape;
use quick_xml::events::BytesStart;

use crate::proxy::refused::Why;

/// An attribute's value as it is meant; `None` without the attribute.
pub(super) fn value(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, Why> {
    let found = element.try_get_attribute(name).map_err(|_| Why::Xml)?;
    found.map(|attribute| unescaped(&attribute.value)).transpose()
}

/// What becomes of an attribute.
pub(super) enum Change {
    Stays,
    Becomes(String),
    Goes,
}

/// Writes a start or empty tag anew. `change` is told each attribute's name and value; `added` comes behind them. A link to a
/// remote element becomes `link`; without one it is left out.
pub(super) fn write(
    out: &mut String,
    element: &BytesStart<'_>,
    is_empty: bool,
    (added, link): (&[(&str, String)], Option<&str>),
    change: &mut dyn FnMut(&str, &str) -> Result<Change, Why>,
) -> Result<(), Why> {
    out.push('<');
    out.push_str(element.name().as_ref());
    let remote = remote(element)?;
    // Unchecked for duplicates: that takes quadratic time, and is for the player to complain about.
    let mut attributes = element.attributes();
    for attribute in attributes.with_checks(false) {
        let attribute = attribute.map_err(|_| Why::Xml)?;
        let (name, raw) = (attribute.key.as_ref(), &attribute.value);
        if let Some(local) = remote.as_deref().and_then(|prefix| of_link(name, prefix)) {
            match (link, local) {
                (Some(link), "href") => push(out, name, &escape(link)),
                (Some(_), _) => push(out, name, &raw.replace('"', "&quot;")),
                (None, _) => {}
            }
            continue;
        }
        match change(name, &unescaped(raw)?)? {
            Change::Becomes(value) => push(out, name, &escape(value.as_str())),
            // It may have stood in the other kind of quotes.
            Change::Stays => push(out, name, &raw.replace('"', "&quot;")),
            Change::Goes => {}
        }
    }
    for (name, value) in added {
        push(out, name, &escape(value.as_str()));
    }
    out.push_str(if is_empty { "/>" } else { ">" });
    Ok(())
}

fn push(out: &mut String, name: &str, escaped: &str) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    out.push_str(escaped);
    out.push('"');
}

fn unescaped(raw: &str) -> Result<String, Why> {
    quick_xml::escape::unescape(raw).map(Cow::into_owned).map_err(|_| Why::Xml)
}

/// The prefix of an `xlink:href` that leads to a remote element, by whatever name its namespace goes. One that is a `urn:` leads nowhere:
/// it says that the element is to be removed.
pub(super) fn remote(element: &BytesStart<'_>) -> Result<Option<String>, Why> {
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| Why::Xml)?;
        let prefix =
            attribute.key.as_ref().split_once(':').filter(|(prefix, local)| *local == "href" && *prefix != "xmlns");
        if let Some((prefix, _)) = prefix.filter(|_| !attribute.value.starts_with("urn:")) {
            return Ok(Some(prefix.to_owned()));
        }
    }
    Ok(None)
}

/// What an attribute says of a link with this prefix.
fn of_link<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let (_, local) = name.split_once(':').filter(|(given, _)| *given == prefix)?;
    matches!(local, "href" | "actuate" | "type" | "show").then_some(local)
}
