//! Text of cues: bold, italic and underlined stay, all else that is markup goes, and what is text is escaped.

/// Longer markup is text: looking for its end at every beginning would take quadratic time. In bytes.
pub(super) const MARKUP_MAX: usize = 1 << 10;

/// Where the markup ends that begins here, if some does.
pub(super) fn end(text: &str, begin: char, end: char) -> Option<usize> {
    if !text.starts_with(begin) {
        return None;
    }
    text[..text.floor_char_boundary(MARKUP_MAX)].find(end)
}

/// Escapes one character of plain text: with no `>` left there is no arrow that a player could take for a cue's.
pub(super) fn escape(out: &mut String, character: char) {
    match character {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        // They end lines for some players.
        '\0' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push(' '),
        other => out.push(other),
    }
}

/// Text of SRT: HTML's tags, and the override codes of ASS that many files carry.
pub(super) fn from_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let taken = match character {
            '<' => tag(&mut out, rest),
            '{' if rest.starts_with("{\\") => end(rest, '{', '}').map(|end| end + 1),
            '&' => entity(rest).inspect(|len| out.push_str(&rest[..*len])),
            _ => None,
        };
        let taken = taken.unwrap_or_else(|| {
            escape(&mut out, character);
            character.len_utf8()
        });
        rest = &rest[taken..];
    }
    out
}

/// How long the tag is that stands here, if one does.
fn tag(out: &mut String, text: &str) -> Option<usize> {
    const DROPPED: [&str; 9] = ["font", "span", "s", "strike", "em", "strong", "p", "div", "c"];
    let end = end(text, '<', '>')?;
    let inside = &text[1..end];
    let (slash, name) = inside.strip_prefix('/').map_or(("", inside), |name| ("/", name));
    let name = name.split([' ', '\t', '/', '=']).next().unwrap_or_default().to_ascii_lowercase();
    match name.as_str() {
        "b" | "i" | "u" => {
            out.push('<');
            out.push_str(slash);
            out.push_str(&name);
            out.push('>');
        }
        "br" => out.push('\n'),
        name if DROPPED.contains(&name) => {}
        // It is text: `<3`, `<Anna>`.
        _ => return None,
    }
    Some(end + 1)
}

/// How long the character reference is that stands here, if one does that WebVTT knows.
fn entity(text: &str) -> Option<usize> {
    let end = text.bytes().take(10).position(|byte| byte == b';')?;
    let name = &text[1..end];
    let is_number = name.strip_prefix('#').is_some_and(|digits| {
        let hex = digits.strip_prefix(['x', 'X']);
        let is_digit = |byte: u8| if hex.is_some() { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() };
        let digits = hex.unwrap_or(digits);
        !digits.is_empty() && digits.bytes().all(is_digit)
    });
    (is_number || matches!(name, "amp" | "lt" | "gt" | "quot" | "nbsp" | "lrm" | "rlm")).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_tags_stay_and_the_rest_goes() {
        for (text, vtt) in [
            ("<b>a</b> <I>b</I> <u class=x>c</u>", "<b>a</b> <i>b</i> <u>c</u>"),
            ("<font color=\"#ff0000\">red</font><br/>x", "red\nx"),
            ("{\\an8}{\\pos(1,2)}up {not a code} {\\open", "up {not a code} {\\open"),
            ("I <3 you > me & <Anna> <", "I &lt;3 you &gt; me &amp; &lt;Anna&gt; &lt;"),
            ("1 --> 2", "1 --&gt; 2"),
            (
                "&amp; &lt; &nbsp; &#8217; &#x2019; &unheard; &#; &",
                "&amp; &lt; &nbsp; &#8217; &#x2019; &amp;unheard; &amp;#; &amp;",
            ),
            ("ü<i>ü</i>ü&ü;", "ü<i>ü</i>ü&amp;ü;"),
        ] {
            assert_eq!(from_html(text), vtt, "{text}");
        }
    }

    #[test]
    fn beginnings_without_ends_take_no_time() {
        for begin in ["<", "{\\", "&"] {
            let text = begin.repeat(1 << 20);
            let started = std::time::Instant::now();
            assert!(from_html(&text).len() >= text.len());
            // Quadratic, it would be minutes.
            assert!(started.elapsed() < std::time::Duration::from_secs(20), "{begin}");
        }
        let long = |len: usize| format!("<b {}>", "x".repeat(len - 4));
        assert_eq!(from_html(&long(MARKUP_MAX)), "<b>");
        assert!(from_html(&long(MARKUP_MAX + 1)).starts_with("&lt;b x"));
    }
}
