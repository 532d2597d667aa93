//! What a media is called after its URL.

use percent_encoding::percent_decode_str;
use synctv_store::TITLE_MAX;
use url::Url;

/// The last part of the URL's path as people would write it, else its host.
pub(super) fn named_after(url: &str) -> String {
    let url = Url::parse(url).ok();
    let path = url.as_ref().map_or("", Url::path);
    let last = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
    // As it is when it makes no text without its percent signs.
    let title = title_of(&percent_decode_str(last).decode_utf8().unwrap_or(last.into()));
    if title.is_empty() { title_of(url.as_ref().and_then(Url::host_str).unwrap_or("media")) } else { title }
}

/// As much of a text as a name may be.
fn title_of(text: &str) -> String {
    let shown: String = text.chars().filter(|c| !c.is_control()).collect();
    let short: String = shown.trim().chars().take(TITLE_MAX).collect();
    short.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_is_called_after_its_url() {
        let long = format!("http://h/{}", "x".repeat(300));
        for (url, name) in [
            ("http://h/dir/film.mp4?x=1", "film.mp4"),
            ("http://h/a%20b%D7%A9.mp4", "a bש.mp4"),
            ("http://h/סרט.mp4", "סרט.mp4"),
            ("http://h/100%25", "100%"),
            ("http://h/%ff", "%ff"),
            ("http://h/%0a/", "h"),
            ("http://h", "h"),
            ("http://h/%", "%"),
        ] {
            assert_eq!(named_after(url), name, "{url}");
            assert!(synctv_store::check_title("x", &named_after(url)).is_ok());
        }
        assert_eq!(named_after(&long).len(), TITLE_MAX);
    }
}
