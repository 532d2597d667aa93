//! `cargo fuzz run signed_url`: a proxied URL opens as it was given out, or not at all.
#![no_main]

use libfuzzer_sys::{arbitrary, fuzz_target};
use synctv::proxy::pass::Pass;
use synctv::proxy::reference::{Reference, Target, Track};
use synctv::proxy::refused::URL_MAX;
use synctv::proxy::resource::Kind;
use synctv::proxy::seal::KeyRing;
use synctv::proxy::template;

const NOW: u64 = 1_000;

#[derive(Debug, arbitrary::Arbitrary)]
struct Input<'a> {
    kind: u8,
    track: (u8, u8, u16),
    url: &'a str,
    is_template: bool,
    /// What stands in the place of a part of the path.
    other: &'a str,
    at: u16,
    taken: u16,
}

fn given_out() -> Pass {
    let (room_id, media_id) = ("r_0123456789".into(), "m_0123456789".into());
    Pass { room_id, media_id, generation: 3, seq: 7, holder: None, expires_unix: NOW + 1, key_id: 1 }
}

fn target(input: &Input<'_>) -> Target {
    let text = format!("https://origin.example/{}", input.url);
    match synctv::fetch::parse_url(&text) {
        // A rewriter hands out no longer ones; escapes can make three times as much of a URL.
        Ok(url) if url.as_str().len() > URL_MAX => Target::Track,
        Ok(_) if input.is_template => Target::Template { template: text, stripped: false },
        Ok(url) => Target::Child { url, stripped: true },
        Err(_) => Target::Track,
    }
}

fuzz_target!(|input: Input<'_>| {
    let ring = KeyRing::new([(1, [7; 32])]);
    let (mode, group, index) = input.track;
    let kind = Kind::ALL[usize::from(input.kind) % Kind::ALL.len()];
    let reference = Reference { kind, track: Track { mode, group, index }, target: target(&input) };
    let seals = ring.seals(given_out()).expect("the key is there");
    let path = match &reference.target {
        Target::Template { template, .. } => {
            let _ = template::expand(template, input.other);
            let Some(below) = seals.template_below(&reference) else { return };
            // Its end is not signed, but holds values of its identifiers only.
            let scope = &below[..=below.rfind('/').expect("it has parts")];
            if let Ok((_, opened)) = ring.open(&format!("{}/{scope}{}", given_out(), input.other), NOW) {
                let Target::Child { url, .. } = opened.target else { panic!("a filled template is a URL") };
                assert_eq!(url.host_str(), Some("origin.example"));
            }
            return;
        }
        _ => seals.path(&reference, input.url),
    };
    assert_eq!(ring.open(&path, NOW), Ok((given_out(), reference)));
    assert!(ring.open(&path, NOW + 1).is_err(), "it has expired");
    let first = usize::from(input.at).min(path.len());
    let last = (first + usize::from(input.taken)).min(path.len());
    let changed = format!("{}{}{}", &path[..first], input.other, &path[last..]);
    assert!(changed == path || ring.open(&changed, NOW).is_err(), "{changed}");
    assert!(ring.open(input.other, NOW).is_err() && ring.open_live("s", input.other, input.url, NOW).is_err());
    if let Some(pass) = Pass::parse(input.other) {
        assert_eq!(pass.to_string(), input.other);
    }
});
