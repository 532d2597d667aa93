//! Templates of segment URLs (ISO 23009-1 5.3.9.4.4).

use url::Url;

use crate::proxy::refused::{Uri, Why, resolve};
use crate::proxy::resource::{Kind, Links};

const IDENTIFIERS: [&str; 5] = ["RepresentationID", "Number", "Bandwidth", "Time", "SubNumber"];

/// What stands in the place of a template that is written where `base` is in force.
pub(super) fn linked(template: &str, base: &Url, links: &mut dyn Links) -> Result<String, Why> {
    if identifiers(template)? == 0 {
        let uri = template.replace("$$", "$");
        return Ok(match resolve(&uri, base)? {
            Uri::Stays => template.to_owned(),
            Uri::Leads(url) => links.link(Kind::Segment, &url).replace('$', "$$"),
        });
    }
    // What stands in the base is no identifier.
    let plain = match base.as_str().contains('$') {
        true => base.as_str().replace('$', "%24").parse().map_err(|_| Why::Uri)?,
        false => base.clone(),
    };
    let Uri::Leads(url) = resolve(template, &plain)? else { return Ok(template.to_owned()) };
    let absolute = url.as_str();
    // An identifier in a place where it does not survive (the host, the fragment) is none that could be served.
    let survives = absolute.matches('$').count() == template.matches('$').count();
    if !survives || url.authority().contains('$') || identifiers(absolute)? == 0 {
        return Err(Why::Template);
    }
    Ok(links.template(Kind::Segment, absolute))
}

/// How many identifiers there are; what is between two `$` must be one.
fn identifiers(template: &str) -> Result<usize, Why> {
    let mut found = 0;
    let mut parts = template.split('$');
    parts.next();
    while let Some(identifier) = parts.next() {
        // The end of it, and what comes after.
        parts.next().ok_or(Why::Template)?;
        let (name, format) = identifier.split_once('%').unwrap_or((identifier, "01d"));
        let is_width = format
            .strip_prefix('0')
            .and_then(|rest| rest.strip_suffix('d'))
            .is_some_and(|width| (1..=2).contains(&width.len()) && width.bytes().all(|byte| byte.is_ascii_digit()));
        match (identifier, IDENTIFIERS.contains(&name) && is_width) {
            ("", _) => {}
            (_, true) => found += 1,
            _ => return Err(Why::Template),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::recording::Recording;

    fn given(template: &str, base: &str) -> Result<(String, Vec<(Kind, String)>), Why> {
        let mut links = Recording::default();
        let out = linked(template, &base.parse().unwrap(), &mut links)?;
        Ok((out, links.given))
    }

    #[test]
    fn a_template_keeps_its_identifiers() {
        for (template, absolute) in [
            ("$Number$.m4s", "http://o/a/$Number$.m4s"),
            (
                "../$RepresentationID$/$Bandwidth$-$Time%09d$.m4s?x=$$1",
                "http://o/$RepresentationID$/$Bandwidth$-$Time%09d$.m4s?x=$$1",
            ),
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
}
