//! Templates of manifests, from what is written there to what is opened.

use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::Event;

use super::*;
use crate::proxy::dash;

const NOW: u64 = 1_800_000_000;
const BASE: &str = "https://origin.example/show/live.mpd?token=s";
/// Where the manifest is had, without its own place below its pass.
const OURS: &str = "https://tv.example/prefix/p/";

fn ring() -> KeyRing {
    KeyRing::new([(1, [1; 32])])
}

fn pass() -> Pass {
    let (room_id, media_id) = ("r_0123456789".into(), "m_0123456789".into());
    Pass { room_id, media_id, generation: 3, seq: 40, holder: None, expires_unix: NOW + 100, key_id: 1 }
}

/// Rewrites a manifest whose one representation inherits its template from the set it is in, or has it itself.
fn rewritten(id: &str, template: &str, is_inherited: bool) -> String {
    let under = Under { seals: ring().seals(pass()).unwrap(), track: Track { mode: 0, group: 0, index: 0 } };
    let template = format!("<SegmentTemplate media=\"{}\"/>", escape(template));
    let (above, inside) = if is_inherited { (template, String::new()) } else { (String::new(), template) };
    let text = format!(
        "<MPD><Period><AdaptationSet>{above}<Representation id=\"{}\" bandwidth=\"77\">{inside}</Representation></AdaptationSet></Period></MPD>",
        escape(id)
    );
    dash::rewrite(text.as_bytes(), &BASE.parse().unwrap(), &mut *under.links(false)).unwrap()
}

/// The one `media` of a manifest.
fn media(manifest: &str) -> String {
    let mut reader = Reader::from_str(manifest);
    let mut found = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => break,
            Event::Start(element) | Event::Empty(element) => {
                let media = element.try_get_attribute("media").unwrap();
                found.extend(media.map(|media| quick_xml::escape::unescape(&media.value).unwrap().into_owned()));
            }
            _ => {}
        }
    }
    assert_eq!(found.len(), 1, "{manifest}");
    found.remove(0)
}

/// As dash.js does it: identifiers are replaced in the text, and a URL is made of that.
fn filled(template: &str, id: &str) -> String {
    let number = template.replace("$Number$", "7").replace("$Number%05d$", "00007").replace("$Bandwidth$", "77");
    number.replace("$RepresentationID$", &id.replace('$', "$$")).replace("$$", "$")
}

/// Where a player's request for a URL in the manifest leads.
fn opened(media: &str, id: &str) -> Url {
    let manifest: Url = format!("{OURS}{}/SIGNATURE/REFERENCE/live.mpd", pass()).parse().unwrap();
    let asked = manifest.join(&filled(media, id)).unwrap();
    let path = asked.as_str().strip_prefix(OURS).expect("it is below us").to_owned();
    let (_, reference) = ring().open(&path, NOW).unwrap_or_else(|denied| panic!("{denied}: {path}"));
    match reference.target {
        Target::Child { url, .. } => url,
        other => panic!("{other:?}"),
    }
}

fn leads_where_it_would(id: &str, template: &str, is_inherited: bool) {
    let expected = Url::parse(BASE).unwrap().join(&filled(template, id)).unwrap();
    let media = media(&rewritten(id, template, is_inherited));
    assert_eq!(opened(&media, id).as_str(), expected.as_str(), "{id} in {template}");
}

#[test]
fn a_representation_may_be_called_anything() {
    let long = "x".repeat(500);
    for id in
        ["video/avc1/1", "a~b", "(a|b)!", "vidéo-ж", "..", "100%", "a&b<c>\"d'", "$1$", "a\\b", "?a=b", "%2e%2e", &long]
    {
        for template in [
            "$RepresentationID$/seg-$Number%05d$.m4s",
            "v/$RepresentationID$-$Bandwidth$.mp4",
            "/a?id=$RepresentationID$&n=$Number$",
        ] {
            for is_inherited in [true, false] {
                leads_where_it_would(id, template, is_inherited);
            }
        }
    }
}

proptest! {
    /// A template that begins with an id could become a URL with another scheme, and what stands behind a `#` is sent to nobody.
    #[test]
    fn a_template_leads_where_it_would_without_us(
        id in "[^\\p{Cc}\\s#]{1,100}",
        before in "[a-z]{1,5}/",
        identifier in prop::sample::select(vec!["$Number$", "$Number%05d$", "1"]),
        is_inherited in prop::bool::ANY,
    ) {
        leads_where_it_would(&id, &format!("{before}$RepresentationID$/{identifier}.m4s"), is_inherited);
    }
}
