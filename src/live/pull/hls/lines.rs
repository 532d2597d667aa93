//! The lines of a playlist and the attribute lists of its tags (RFC 8216bis 4.1, 4.2): nothing reaches beyond its line.

use crate::live::pull::PullError;
use synctv_ingest::Error;

/// A line that says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line<'a> {
    /// `#EXT...`: the name without `#`, and what stands behind its colon.
    Tag(&'a str, &'a str),
    /// What names a resource.
    Uri(&'a str),
}

/// The lines of a playlist without comments and empty ones.
pub fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).filter_map(|line| {
        let Some(tag) = line.strip_prefix('#') else { return Some(Line::Uri(line)) };
        let (name, value) = tag.split_once(':').unwrap_or((tag, ""));
        name.starts_with("EXT").then(|| Line::Tag(name.trim_end(), value.trim()))
    })
}

/// The attributes of a list in order, without quotes. What has no `=` is no attribute and passed over, an error ends the list.
pub fn attributes(list: &str) -> impl Iterator<Item = Result<(&str, &str), PullError>> {
    let mut rest = list;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let name_end = rest.find(['=', ',']).unwrap_or(rest.len());
            let (name, behind) = rest.split_at(name_end);
            let Some(value) = behind.strip_prefix('=') else {
                rest = behind.get(1..).unwrap_or_default();
                continue;
            };
            let value = value.trim_start();
            let (value, behind) = match value.strip_prefix('"').map(|quoted| quoted.split_once('"')) {
                Some(None) => {
                    rest = "";
                    return Some(Err(malformed("a quotation mark without its other one")));
                }
                Some(Some((value, behind))) => (value, behind.split_once(',').map_or("", |(_, behind)| behind)),
                None => {
                    value.split_once(',').map_or((value.trim_end(), ""), |(value, behind)| (value.trim_end(), behind))
                }
            };
            rest = behind;
            return Some(Ok((name.trim(), value)));
        }
        None
    })
}

/// What stands for nothing of this playlist.
pub fn malformed(why: &'static str) -> PullError {
    Error::malformed("HLS playlist", why).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &str) -> Result<Vec<(&str, &str)>, PullError> {
        attributes(list).collect()
    }

    #[test]
    fn comments_and_empty_lines_say_nothing() {
        let text = "#EXTM3U\r\n\r\n# a comment: x\n  #EXTINF:4, a: b, c \n a b.ts\r\n#EXT-X-ENDLIST";
        let expected = [
            Line::Tag("EXTM3U", ""),
            Line::Tag("EXTINF", "4, a: b, c"),
            Line::Uri("a b.ts"),
            Line::Tag("EXT-X-ENDLIST", ""),
        ];
        assert_eq!(lines(text).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn commas_and_equal_signs_may_stand_in_quotes() {
        let read = pairs(r#"TYPE=AUDIO,NAME="a,b=c",URI="x?y=z,1", LANG = "de" ,N=1x2 ,M="#).unwrap();
        let expected =
            [("TYPE", "AUDIO"), ("NAME", "a,b=c"), ("URI", "x?y=z,1"), ("LANG", "de"), ("N", "1x2"), ("M", "")];
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_no_list_has_no_attributes_and_no_end_is_an_error() {
        for list in ["", "a", ",,x,,", "\"", "\u{fc}"] {
            assert_eq!(pairs(list).unwrap(), [], "{list}");
        }
        assert_eq!(pairs("x,A=1,,B=\u{fc},FOO").unwrap(), [("A", "1"), ("B", "\u{fc}")]);
        assert!(pairs("A=1,URI=\"x,B=2").is_err() && pairs("URI=\"").is_err());
    }
}
