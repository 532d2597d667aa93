//! Which stream names are allowed.

/// The longest stream name, in bytes: what a publish URL may name too.
pub const NAME_MAX: usize = 64;

/// Why a stream name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stream name is 1 to {NAME_MAX} letters, digits, `-`, `_` or `.`, and does not begin with a `.`")]
pub struct NameError;

/// Checks a stream name. It goes into URLs, playlists, logs and tables unescaped, so only characters that mean nothing
/// in any of them are let through.
///
/// # Errors
/// [`NameError`], which says what is allowed.
pub fn check_name(name: &str) -> Result<(), NameError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if name.is_empty() || name.len() > NAME_MAX || name.starts_with('.') || !name.bytes().all(allowed) {
        return Err(NameError);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_pass() {
        for name in ["demo", "a", "Studio-1_b.c", &"x".repeat(NAME_MAX)] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn traversal_control_characters_markup_and_long_names_are_refused() {
        let long = "x".repeat(NAME_MAX + 1);
        let bad =
            ["", ".", "..", "../etc", "a/b", "a\\b", "a\0", "a\n", "<b>", "a b", "a?b", "a%2e", "é", &long, ".hidden"];
        for name in bad {
            assert_eq!(check_name(name), Err(NameError), "{name:?}");
        }
    }
}
