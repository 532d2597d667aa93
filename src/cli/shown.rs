//! Texts of people and counts of time, as a terminal may show them.

/// A text that came from somebody, safe in a line of a table: right-to-left text is isolated, so that it does not turn its
/// neighbours around (Unicode TR9 2.4), and nothing in it can open or close such a span or move the cursor.
pub(super) fn text(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let clean: String = text.chars().filter(|c| !turns(*c)).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if clean.chars().any(is_right_to_left) { format!("\u{2068}{clean}\u{2069}") } else { clean }
}

/// Hebrew, Arabic and their neighbours, and the marks that make text run like them.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{0590}'..='\u{08FF}' | '\u{200F}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}'
        | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
}

/// `1:02:03`, `0:42`, with thousandths when they are wanted.
pub(super) fn clock(ms: i64, thousandths: bool) -> String {
    let whole = ms.max(0) / 1000;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    let mut text =
        if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") };
    if thousandths {
        text += &format!(".{:03}", ms.max(0) % 1000);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_to_left_text_is_isolated_and_cannot_break_out() {
        assert_eq!(text("<b>movie</b>"), "<b>movie</b>");
        assert_eq!(text("סרט"), "\u{2068}סרט\u{2069}");
        assert_eq!(text("a\u{202E}b\u{2069}"), "ab");
        assert_eq!(text("a\u{1b}[2J\nb"), "a [2J b");
    }

    #[test]
    fn positions_read_like_a_player() {
        assert_eq!(clock(42_500, false), "0:42");
        assert_eq!(clock(3_723_004, true), "1:02:03.004");
        assert_eq!(clock(-5, true), "0:00.000");
    }
}
