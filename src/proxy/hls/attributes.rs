//! Attribute lists (RFC 8216bis 4.2), read for where values stand.

use std::ops::Range;

use super::Why;

/// One attribute of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Attribute<'a> {
    pub name: &'a str,
    /// Without its quotes.
    pub value: &'a str,
    /// Where the value stands in the list, with its quotes.
    pub span: Range<usize>,
}

/// The attributes of a list in order. White space around names and unquoted values is passed over; what has no `=` is no attribute.
pub(super) fn read(list: &str) -> impl Iterator<Item = Result<Attribute<'_>, Why>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < list.len() {
            let name_end = list[at..].find(['=', ',']).map_or(list.len(), |end| at + end);
            let name = list[at..name_end].trim();
            if !list[name_end..].starts_with('=') {
                at = (name_end + 1).min(list.len());
                continue;
            }
            let rest = &list[name_end + 1..];
            let start = name_end + 1 + (rest.len() - rest.trim_start().len());
            if let Some(quoted) = list[start..].strip_prefix('"') {
                let Some(len) = quoted.find('"') else {
                    at = list.len();
                    return Some(Err(Why::Quote));
                };
                let end = start + len + 2;
                at = list[end..].find(',').map_or(list.len(), |comma| end + comma + 1);
                return Some(Ok(Attribute { name, value: &quoted[..len], span: start..end }));
            }
            let value = list[start..].split(',').next().unwrap_or_default().trim_end();
            let end = start + value.len();
            at = list[end..].find(',').map_or(list.len(), |comma| end + comma + 1);
            return Some(Ok(Attribute { name, value, span: start..end }));
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &str) -> Result<Vec<(&str, &str)>, Why> {
        let mut pairs = Vec::new();
        for attribute in read(list) {
            let attribute = attribute?;
            let spanned = &list[attribute.span.clone()];
            assert_eq!(spanned.trim_matches('"'), attribute.value, "{list}");
            pairs.push((attribute.name, spanned));
        }
        Ok(pairs)
    }

    #[test]
    fn commas_and_equal_signs_may_stand_in_quotes() {
        let read = pairs(r#"TYPE=AUDIO,NAME="a,b=c",URI="x?y=z,1", LANG = "de" ,N=1x2 ,M="#).unwrap();
        let expected = [
            ("TYPE", "AUDIO"),
            ("NAME", "\"a,b=c\""),
            ("URI", "\"x?y=z,1\""),
            ("LANG", "\"de\""),
            ("N", "1x2"),
            ("M", ""),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_no_list_has_no_attributes_and_no_end_is_an_error() {
        assert_eq!(pairs("").unwrap(), []);
        assert_eq!(pairs(",,x,,").unwrap(), []);
        assert_eq!(pairs("x,A=1,,B=ü").unwrap(), [("A", "1"), ("B", "ü")]);
        assert_eq!(pairs("A=1,URI=\"x,B=2"), Err(Why::Quote));
        assert_eq!(pairs("URI=\""), Err(Why::Quote));
    }
}
