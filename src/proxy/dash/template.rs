//! Templates of segment URLs (ISO 23009-1 5.3.9.4.4). What a representation says of itself is put in here; numbers and times are the
//! player's to put in.

use url::Url;

use crate::proxy::refused::{Uri, Why, resolve};
use crate::proxy::resource::{Kind, Links};

const IDENTIFIERS: [&str; 5] = ["RepresentationID", "Number", "Bandwidth", "Time", "SubNumber"];

/// What a representation's templates are filled with.
#[derive(Debug)]
pub(super) struct Represented {
    /// `id`: any text without white space.
    pub id: Option<String>,
    pub bandwidth: Option<String>,
}

/// Whether a template stands for something else in each representation.
pub(super) fn is_of_representation(template: &str) -> Result<bool, Why> {
    let mut found = false;
    for piece in pieces(template) {
        found |= matches!(piece?, Piece::Identifier { name: "RepresentationID" | "Bandwidth", .. });
    }
    Ok(found)
}

/// What stands in the place of a template that is in force where `base` is, for this representation when it is in force in one.
pub(super) fn linked(
    template: &str,
    represented: Option<&Represented>,
    base: &Url,
    links: &mut dyn Links,
) -> Result<String, Why> {
    let template = filled(template, represented)?;
    if identifiers(&template)? == 0 {
        let uri = template.replace("$$", "$");
        return Ok(match resolve(&uri, base)? {
            Uri::Stays => template,
            Uri::Leads(url) => links.link(Kind::Segment, &url).replace('$', "$$"),
        });
    }
    // What stands in the base is no identifier.
    let plain = match base.as_str().contains('$') {
        true => base.as_str().replace('$', "%24").parse().map_err(|_| Why::Uri)?,
        false => base.clone(),
    };
    let Uri::Leads(url) = resolve(&template, &plain)? else { return Ok(template) };
    let absolute = url.as_str();
    // An identifier in a place where it does not survive (the host, the fragment) is none that could be served.
    let survives = absolute.matches('$').count() == template.matches('$').count();
    if !survives || url.authority().contains('$') || identifiers(absolute)? == 0 {
        return Err(Why::Template);
    }
    Ok(links.template(Kind::Segment, absolute))
}

/// With what the representation says of itself, literally, as a player does it: it is read as a part of the URL only then.
fn filled(template: &str, represented: Option<&Represented>) -> Result<String, Why> {
    let mut out = String::with_capacity(template.len());
    for piece in pieces(template) {
        match piece? {
            Piece::Text(text) => out.push_str(text),
            Piece::Identifier { name: "RepresentationID", .. } => {
                let id = represented.and_then(|represented| represented.id.as_ref()).ok_or(Why::Template)?;
                out.push_str(&id.replace('$', "$$"));
            }
            Piece::Identifier { name: "Bandwidth", width, .. } => {
                let bandwidth = represented.and_then(|represented| represented.bandwidth.as_ref());
                let bandwidth: u64 = bandwidth.and_then(|number| number.parse().ok()).ok_or(Why::Template)?;
                out.push_str(&format!("{bandwidth:0width$}"));
            }
            Piece::Identifier { whole, .. } => {
                out.push('$');
                out.push_str(whole);
                out.push('$');
            }
        }
    }
    Ok(out)
}

/// How many identifiers there are.
fn identifiers(template: &str) -> Result<usize, Why> {
    let mut found = 0;
    for piece in pieces(template) {
        found += usize::from(matches!(piece?, Piece::Identifier { name, .. } if !name.is_empty()));
    }
    Ok(found)
}

enum Piece<'a> {
    Text(&'a str),
    /// What stands between two `$`; its name is empty in `$$`.
    Identifier {
        whole: &'a str,
        name: &'a str,
        width: usize,
    },
}

/// The pieces of a template in order; what is between two `$` must be an identifier.
fn pieces(template: &str) -> impl Iterator<Item = Result<Piece<'_>, Why>> {
    let mut parts = template.split('$').enumerate().peekable();
    std::iter::from_fn(move || {
        let (number, part) = parts.next()?;
        if number % 2 == 0 {
            return Some(Ok(Piece::Text(part)));
        }
        // The end of it, and what comes after.
        let ends = parts.peek().is_some();
        Some(identifier(part).filter(|_| ends).ok_or(Why::Template))
    })
}

fn identifier(whole: &str) -> Option<Piece<'_>> {
    let (name, format) = whole.split_once('%').unwrap_or((whole, "01d"));
    let width = format.strip_prefix('0').and_then(|rest| rest.strip_suffix('d'))?;
    let legal = (1..=2).contains(&width.len()) && width.bytes().all(|byte| byte.is_ascii_digit());
    let known = whole.is_empty() || IDENTIFIERS.contains(&name);
    Some(Piece::Identifier { whole, name, width: width.parse().ok()? }).filter(|_| legal && known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::recording::Recording;

    fn given(template: &str, base: &str) -> Result<(String, Vec<(Kind, String)>), Why> {
        let mut links = Recording::default();
        let represented = Represented { id: Some("v/1$".to_owned()), bandwidth: Some("500".to_owned()) };
        let out = linked(template, Some(&represented), &base.parse().unwrap(), &mut links)?;
        Ok((out, links.given))
    }

    #[test]
    fn a_template_keeps_its_identifiers() {
        for (template, absolute) in [
            ("$Number$.m4s", "http://o/a/$Number$.m4s"),
            ("../$RepresentationID$/$Bandwidth%05d$-$Time%09d$.m4s?x=$$1", "http://o/v/1$$/00500-$Time%09d$.m4s?x=$$1"),
            ("https://p/$Number%5d$", ""),
            ("/s?n=$Number%05d$&m=$SubNumber$", "http://o/s?n=$Number%05d$&m=$SubNumber$"),
        ] {
            match given(template, "http://o/a/b.mpd?q=$Number$") {
                Ok((_, links)) => assert_eq!(links, [(Kind::Segment, absolute.to_owned())]),
                Err(why) => assert_eq!((why, absolute), (Why::Template, "")),
            }
        }
    }

    #[test]
    fn what_has_no_identifiers_is_a_url() {
        assert_eq!(given("init.mp4", "http://o/").unwrap().1, [(Kind::Segment, "http://o/init.mp4".to_owned())]);
        assert_eq!(given("in$$it.mp4", "http://o/").unwrap().1, [(Kind::Segment, "http://o/in$it.mp4".to_owned())]);
        assert_eq!(
            given("$RepresentationID$.mp4", "http://o/").unwrap().1,
            [(Kind::Segment, "http://o/v/1$.mp4".to_owned())]
        );
        assert_eq!(
            given("data:video/mp4;base64,AA", "http://o/").unwrap(),
            ("data:video/mp4;base64,AA".to_owned(), vec![])
        );
    }

    #[test]
    fn a_dollar_in_the_base_is_no_identifier() {
        let (_, links) = given("$Number$", "http://o/$Time$/").unwrap();
        assert_eq!(links, [(Kind::Segment, "http://o/%24Time%24/$Number$".to_owned())]);
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for template in [
            "$Number",
            "$Number$$",
            "$Unheard$",
            "$Number%x$",
            "$Number%0d$",
            "$Number%0999d$",
            "$ $",
            "http://$Number$/a",
            "a#$Time$",
        ] {
            assert_eq!(given(template, "http://o/").unwrap_err(), Why::Template, "{template}");
        }
        assert_eq!(given("file:///$Number$", "http://o/").unwrap_err(), Why::Scheme);
    }

    #[test]
    fn what_a_representation_does_not_say_of_itself_cannot_be_filled_in() {
        for (id, bandwidth, template) in [
            (None, Some("1"), "$RepresentationID$/$Number$"),
            (Some("1"), None, "$Bandwidth$/$Number$"),
            (Some("1"), Some("fast"), "$Bandwidth$/$Number$"),
        ] {
            let [id, bandwidth] = [id, bandwidth].map(|value: Option<&str>| value.map(str::to_owned));
            let represented = Represented { id, bandwidth };
            let base = "http://o/".parse().unwrap();
            let linked = linked(template, Some(&represented), &base, &mut Recording::default());
            assert_eq!(linked, Err(Why::Template), "{template}");
        }
    }
}
