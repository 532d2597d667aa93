//! JSON that manifests refer to, with other URLs in it: lists of assets (RFC 8216bis appendix D.2) and steering (7.2; that of DASH, ETSI
//! TS 103 998, has the same members).

use serde_json::Value;
use url::Url;

use super::refused::{Refused, Uri, Why, resolve};
use super::resource::{Kind, Links};

/// The longest, in bytes: what it is read into is many times as long.
pub const JSON_MAX: usize = 1 << 20;

/// Replaces the URLs of a document that came from `base`, the URL after redirects: those of assets and of the next steering. Clones of
/// pathways are left out: their URLs are made from other hosts' names by the player, and would lead past us. What is not known here survives.
///
/// # Errors
/// [`Refused`]: nothing of the document is to be given out.
pub fn rewrite(text: &[u8], base: &Url, links: &mut dyn Links) -> Result<String, Refused> {
    if text.len() > JSON_MAX {
        return Err(Why::TooLong.at(1));
    }
    let mut document: Value = serde_json::from_slice(text).map_err(|err| Why::Json.at(err.line()))?;
    let members = document.as_object_mut().ok_or(Why::Json.at(1))?;
    members.remove("PATHWAY-CLONES");
    let mut link = |kind: Kind, uri: Option<&mut Value>| {
        let Some(uri) = uri else { return Ok(()) };
        let text = uri.as_str().ok_or(Why::Json.at(1))?;
        if let Uri::Leads(url) = resolve(text, base).map_err(|why| why.at(1))? {
            *uri = links.link(kind, &url).into();
        }
        Ok::<_, Refused>(())
    };
    link(Kind::Json, members.get_mut("RELOAD-URI"))?;
    for asset in members.get_mut("ASSETS").and_then(Value::as_array_mut).into_iter().flatten() {
        link(Kind::Hls, asset.get_mut("URI"))?;
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::proxy::recording::Recording;

    fn made(text: &str) -> Result<(Value, Vec<(Kind, String)>), Why> {
        let mut links = Recording::default();
        let base = "http://o/a/list.json?x=1".parse().unwrap();
        let made = rewrite(text.as_bytes(), &base, &mut links).map_err(|refused| refused.why)?;
        Ok((serde_json::from_str(&made).unwrap(), links.given))
    }

    #[test]
    fn assets_lead_to_us_and_what_else_is_said_stays() {
        let list = json!({
            "ASSETS": [{"URI": "https://ads.example/1.m3u8", "DURATION": 15.0, "X-A": 1}, {"URI": "2.m3u8"}, {"DURATION": 1}],
            "SKIP-CONTROL": {"OFFSET": 5},
        });
        let (made, links) = made(&list.to_string()).unwrap();
        let expected = json!({
            "ASSETS": [{"URI": "p/@0@", "DURATION": 15.0, "X-A": 1}, {"URI": "p/@1@"}, {"DURATION": 1}],
            "SKIP-CONTROL": {"OFFSET": 5},
        });
        assert_eq!(made, expected);
        let urls = ["https://ads.example/1.m3u8", "http://o/a/2.m3u8"];
        assert_eq!(links, urls.map(|url| (Kind::Hls, url.to_owned())));
    }

    #[test]
    fn steering_goes_on_through_us_and_names_no_other_hosts() {
        let clones = json!([{"BASE-ID": "a", "ID": "c", "URI-REPLACEMENT": {"HOST": "cdn.example"}}]);
        let steering = json!({
            "VERSION": 1, "TTL": 300, "RELOAD-URI": "https://steer.example/s?session=1",
            "PATHWAY-PRIORITY": ["a", "c"], "PATHWAY-CLONES": clones,
        });
        let (made, links) = made(&steering.to_string()).unwrap();
        let expected = json!({"VERSION": 1, "TTL": 300, "RELOAD-URI": "p/@0@", "PATHWAY-PRIORITY": ["a", "c"]});
        assert_eq!(made, expected);
        assert_eq!(links, [(Kind::Json, "https://steer.example/s?session=1".to_owned())]);
    }

    #[test]
    fn what_is_something_else_is_refused() {
        for (text, why) in [
            ("", Why::Json),
            ("[]", Why::Json),
            ("{\"ASSETS\": [}", Why::Json),
            ("{\"RELOAD-URI\": 1}", Why::Json),
            ("{\"ASSETS\": [{\"URI\": \"file:///etc/passwd\"}]}", Why::Scheme),
            (&"[".repeat(100_000), Why::Json),
            (&format!("{{}}{}", " ".repeat(JSON_MAX - 1)), Why::TooLong),
        ] {
            assert_eq!(made(text).unwrap_err(), why, "{}", &text[..text.len().min(60)]);
        }
        assert!(made(&format!("{{}}{}", " ".repeat(JSON_MAX - 2))).is_ok());
    }
}
