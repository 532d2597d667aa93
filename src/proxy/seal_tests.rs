use std::time::{Duration, Instant};

use super::super::reference::Track;
use super::super::refused::URL_MAX;
use super::super::resource::Kind;
use super::*;

const NOW: u64 = 1_800_000_000;
const TRACK: Track = Track { mode: 0, group: 0, index: 0 };

fn ring() -> KeyRing {
    KeyRing::new([(1, [1; 32]), (2, [2; 32])])
}

fn pass() -> Pass {
    Pass {
        room_id: "r_0123456789".into(),
        media_id: "m_0123456789".into(),
        generation: 3,
        seq: 40,
        holder: Some("t_0123456789".into()),
        expires_unix: NOW + 100,
        key_id: 2,
    }
}

fn track(kind: Kind) -> Reference {
    Reference { kind, track: TRACK, target: Target::Track }
}

fn child(url: &str) -> Reference {
    Reference {
        kind: Kind::Segment,
        track: TRACK,
        target: Target::Child { url: url.parse().unwrap(), stripped: false },
    }
}

fn scope(template: &str) -> Reference {
    let target = Target::Template { template: template.into(), stripped: true };
    Reference { kind: Kind::Segment, track: TRACK, target }
}

fn path(reference: &Reference, name: &str) -> String {
    ring().seals(pass()).unwrap().path(reference, name)
}

#[test]
fn what_was_sealed_is_opened_until_it_expires() {
    for reference in [track(Kind::Media), child("https://origin.example/secret/seg-1.ts?token=hush")] {
        let path = path(&reference, "seg-1.ts");
        assert!(path.ends_with("/seg-1.ts") && !path.contains("origin") && !path.contains("hush"), "{path}");
        assert_eq!(ring().open(&path, NOW), Ok((pass(), reference)));
        assert_eq!(ring().open(&path, NOW + 100), Err(Denied::Expired));
    }
}

#[test]
fn the_same_is_sealed_alike() {
    assert_eq!(path(&track(Kind::Media), "a.mp4"), path(&track(Kind::Media), "a.mp4"));
    assert_ne!(path(&track(Kind::Media), "a.mp4"), path(&track(Kind::Thumbnail), "a.mp4"));
}

#[test]
fn names_are_made_plain() {
    for (name, shown) in
        [("a b.ts", "ab.ts"), ("", "file"), ("..", "file"), ("../x", "x"), ("ü.vtt", "vtt"), (".x", "x")]
    {
        assert!(path(&track(Kind::Media), name).ends_with(&format!("/{shown}")), "{name}");
    }
    let long = path(&track(Kind::Media), &("x".repeat(500) + ".mp4"));
    assert!(long.ends_with("x.mp4") && ring().open(&long, NOW).is_ok());
}

#[test]
fn keys_follow_each_other() {
    let old = KeyRing::new([(1, [1; 32])]).seals(Pass { key_id: 1, ..pass() }).unwrap().path(&track(Kind::Media), "a");
    assert!(ring().open(&old, NOW).is_ok(), "the key before goes on opening");
    assert_eq!(KeyRing::new([(2, [2; 32])]).open(&old, NOW), Err(Denied::UnknownKey));
    assert_eq!(KeyRing::new([(1, [9; 32])]).open(&old, NOW), Err(Denied::Forged));
    assert_eq!(ring().newest(), 2);
    let renewed = ring();
    renewed.renew([(3, [3; 32])]);
    assert_eq!((renewed.newest(), renewed.open(&old, NOW)), (3, Err(Denied::UnknownKey)));
    assert!(!format!("{renewed:?}").contains('9'));
}

#[test]
fn a_scope_opens_what_its_template_stands_for_and_nothing_else() {
    let seals = ring().seals(pass()).unwrap();
    let below = seals.template_below(&scope("https://o.example/v/$SubNumber$/$Number%03d$.m4s?sig=a")).unwrap();
    let base = format!("{}/{}", pass(), below.rsplit_once('/').unwrap().0);
    let opened = |end: &str| ring().open(&format!("{base}/{end}"), NOW);
    let (_, reference) = opened("4~007.m4s").unwrap();
    let url = "https://o.example/v/4/007.m4s?sig=a".parse().unwrap();
    assert_eq!(reference.target, Target::Child { url, stripped: true });
    for end in ["..~007.m4s", "hd~007.m4s", "4~x.m4s", "4~007.mp4", "4~007", "4~007.m4s/x", "", "4%2f..~1.m4s"] {
        assert_eq!(opened(end), Err(Denied::Forged), "{end}");
    }
    assert!(below.ends_with("/$SubNumber$~$Number%03d$.m4s"), "{below}");
    assert_eq!(seals.template_below(&scope("https://o.example/plain.m4s")), None);
    assert_eq!(seals.template_below(&child("https://o.example/")), None);
}

#[test]
fn the_longest_urls_that_are_given_out_are_opened() {
    // The longest head of a request (`http/accept.rs`), with room for the rest of it.
    const HEAD_BYTES: usize = 16 << 10;
    const REST: usize = 4 << 10;
    let long = format!("https://origin.example/{}", "x".repeat(URL_MAX));
    let path = path(&child(&long[..URL_MAX]), "segment.ts");
    assert!(path.len() + REST < HEAD_BYTES, "{}", path.len());
    assert_eq!(ring().open(&path, NOW), Ok((pass(), child(&long[..URL_MAX]))));

    let identifiers = "$Number%020d$".repeat(8);
    let template = format!("{}{identifiers}", &long[..URL_MAX - identifiers.len()]);
    let below = ring().seals(pass()).unwrap().template_below(&scope(&template)).unwrap();
    let filled = below.replace("$Number%020d$", &"1".repeat(64));
    let opened = ring().open(&format!("{}/{filled}", pass()), NOW);
    assert!(matches!(opened, Ok((_, Reference { target: Target::Child { .. }, .. }))), "{opened:?}");
}

/// Mutations of every byte, truncations, repetitions, swaps of parts, other cases, escapes: tens of thousands, none opens anything.
#[test]
fn no_mutation_of_a_path_is_opened() {
    let good = [
        path(&track(Kind::Media), "media.mp4"),
        path(&child("https://origin.example/seg-1.ts"), "seg-1.ts"),
        ring().seals(Pass { generation: 4, ..pass() }).unwrap().path(&track(Kind::Media), "media.mp4"),
        ring().seals(Pass { holder: None, ..pass() }).unwrap().path(&track(Kind::Subtitle), "media.mp4"),
    ];
    let ring = ring();
    let mut tried = 0;
    let mut refused = |mutated: String| {
        tried += 1;
        assert!(good.contains(&mutated) || ring.open(&mutated, NOW).is_err(), "{mutated}");
    };
    for path in &good {
        for at in 0..path.len() {
            for other in "0aZ9-_./%=+~ o".chars() {
                let mut changed = path.clone();
                changed.replace_range(at..=at, &other.to_string());
                refused(changed);
                let mut longer = path.clone();
                longer.insert(at, other);
                refused(longer);
            }
            refused(path[..at].to_owned());
            refused(path[at..].to_owned());
            refused(format!("{}{}", &path[..at], &path[at + 1..]));
            refused(format!("{}%{:02X}{}", &path[..at], path.as_bytes()[at], &path[at + 1..]));
            let (head, tail) = path.split_at(at);
            refused(head.to_owned() + &tail.to_ascii_uppercase());
        }
        for other in &good {
            let parts: Vec<_> = path.split('/').collect();
            for (at, part) in other.split('/').enumerate() {
                let mut swapped = parts.clone();
                swapped[at] = part;
                refused(swapped.join("/"));
            }
        }
        refused(format!("{path}/"));
        refused(format!("/{path}"));
        refused(format!("{path}{path}"));
        refused("a".repeat(100_000));
    }
    assert!(tried > 5000, "{tried}");
}

#[test]
fn a_live_query_opens_its_stream_alone() {
    let query = ring().live(&pass(), "cam").unwrap();
    let (given, signature) = query.strip_prefix("pass=").unwrap().split_once("&sig=").unwrap();
    assert_eq!(ring().open_live("cam", given, signature, NOW), Ok(pass()));
    assert_eq!(ring().open_live("cam", given, signature, NOW + 100), Err(Denied::Expired));
    assert_eq!(ring().open_live("cam2", given, signature, NOW), Err(Denied::Forged));
    let other = given.replace(".3.", ".4.");
    assert_eq!(ring().open_live("cam", &other, signature, NOW), Err(Denied::Forged));
    let proxied = path(&track(Kind::Media), "cam");
    let foreign = proxied.split('/').nth(1).unwrap();
    assert_eq!(ring().open_live("cam", given, foreign, NOW), Err(Denied::Forged), "each has its purpose");
    for at in 0..signature.len() {
        let mut changed = signature.to_owned();
        changed.replace_range(at..=at, if &signature[at..=at] == "A" { "B" } else { "A" });
        assert!(ring().open_live("cam", given, &changed, NOW).is_err());
    }
}

/// A manifest of 100 000 segments must be rewritten within a second; sealing is what that costs most. The bound is for builds without
/// optimisation on a busy machine.
#[test]
fn many_children_are_sealed_quickly() {
    let seals = ring().seals(pass()).unwrap();
    let begun = Instant::now();
    let reference = child("https://origin.example/video/segment-000001.ts");
    let length: usize = (0..10_000).map(|_| seals.below(&reference, "segment-000001.ts").len()).sum();
    assert!(length < 10_000 * 200, "{length}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}
