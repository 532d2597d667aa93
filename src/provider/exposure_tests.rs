use std::sync::Arc;

use hyper::HeaderMap;
use time::Duration;

use super::super::result::Format;
use super::*;

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn medium(url: &str, header: Option<&'static str>) -> Medium {
    let mut headers = HeaderMap::new();
    if let Some(name) = header {
        headers.insert(name, "x".parse().unwrap());
    }
    let url = Url::parse(url).unwrap();
    let expires_at = expiry_of(&url);
    let place = Place::Remote { url, headers: Arc::new(headers) };
    Medium { name: "1".into(), format: Format::named("mp4"), language: None, place, expires_at }
}

fn playable(proxy_mode: ProxyMode, medias: Vec<Medium>) -> Playable {
    let mode = Mode { name: "direct".into(), medias, subtitles: Vec::new(), danmakus: Vec::new(), thumbnail: None };
    Playable { kind: PlaybackKind::Regular, modes: vec![mode], proxy_mode, expires_at: None }
}

fn names(playable: &Playable) -> Vec<String> {
    playable.shown(NOW).into_iter().map(|shown| shown.name).collect()
}

#[test]
fn the_policy_says_which_modes_there_are_and_which_is_first() {
    let public = || vec![medium("http://h/a.mp4?x=1", Some("referer"))];
    for (mode, want) in [
        (ProxyMode::Auto, &["direct", "proxy_direct"][..]),
        (ProxyMode::Prefer, &["proxy_direct", "direct"]),
        (ProxyMode::Only, &["proxy_direct"]),
        (ProxyMode::DirectPrefer, &["direct", "proxy_direct"]),
        (ProxyMode::DirectOnly, &["direct"]),
    ] {
        assert_eq!(names(&playable(mode, public())), want, "{mode:?}");
    }
}

#[test]
fn auto_shows_what_is_secret_through_the_gateway_only() {
    for (url, header) in [
        ("http://h/a.mp4", Some("authorization")),
        ("http://h/a.mp4", Some("cookie")),
        ("http://h/a.mp4", Some("x-token")),
        ("http://u@h/a.mp4", None),
        ("http://h/a.mp4?sig=x", None),
        ("http://h/a.mp4?expires=1769817600", None),
    ] {
        let one = playable(ProxyMode::Auto, vec![medium("http://h/b.mp4", None), medium(url, header)]);
        assert_eq!(names(&one), ["proxy_direct"], "{url} {header:?}");
    }
    let mut ends = medium("http://h/a.mp4", None);
    ends.expires_at = Some(NOW + Duration::HOUR);
    assert_eq!(names(&playable(ProxyMode::Auto, vec![ends])), ["proxy_direct"]);
}

#[test]
fn a_mode_whose_renditions_expired_disappears() {
    let mut ends = medium("http://h/a.mp4", None);
    ends.expires_at = Some(NOW + Duration::SECOND);
    let one = playable(ProxyMode::Auto, vec![ends]);
    assert_eq!(one.shown(NOW).len(), 1);
    assert!(one.shown(NOW + Duration::SECOND).is_empty());
}

#[test]
fn tracks_follow_the_same_rule() {
    let way = |policy, via, group, medium: &Medium| {
        playable(policy, Vec::new()).way(&Shown { name: String::new(), mode: 0, via }, group, medium)
    };
    let (open, signed) = (medium("http://h/a.srt", None), medium("http://h/a.srt?token=x", None));
    let with_referer = medium("http://h/a.srt", Some("referer"));
    use ProxyMode::{Auto, DirectOnly, DirectPrefer};
    assert_eq!(way(Auto, Via::Direct, Group::Subtitle, &open), Via::Direct);
    assert_eq!(way(Auto, Via::Direct, Group::Subtitle, &signed), Via::Proxy);
    assert_eq!(way(Auto, Via::Direct, Group::Danmaku, &with_referer), Via::Proxy);
    assert_eq!(way(Auto, Via::Direct, Group::Media, &with_referer), Via::Direct);
    assert_eq!(way(Auto, Via::Proxy, Group::Subtitle, &open), Via::Proxy);
    assert_eq!(way(DirectPrefer, Via::Direct, Group::Subtitle, &signed), Via::Direct);
    assert_eq!(way(DirectOnly, Via::Direct, Group::Thumbnail, &with_referer), Via::Direct);
}

#[test]
fn a_live_stream_is_had_as_it_is_whatever_the_policy() {
    let mut one = medium("http://h/x", None);
    one.place = Place::Stream { name: "s".into() };
    assert_eq!(names(&playable(ProxyMode::Only, vec![one])), ["direct"]);
}

#[test]
fn only_a_url_without_secrets_is_listed() {
    let of = |track: Track, proxy_mode| {
        Source::DirectUrl(DirectUrl { medias: vec![track], proxy_mode, ..DirectUrl::default() })
    };
    let url = "http://h/a.mp4?x=1";
    assert_eq!(public_url(&of(Track::at(url), ProxyMode::Auto)), Some(url));
    assert_eq!(public_url(&of(Track::at(url), ProxyMode::Only)), None);
    assert_eq!(public_url(&of(Track::at("http://h/a.mp4?sign=x:0"), ProxyMode::DirectOnly)), None);
    let header = |name: &str| Track { headers: [(name.to_owned(), "x".to_owned())].into(), ..Track::at(url) };
    assert_eq!(public_url(&of(header("Referer"), ProxyMode::Auto)), Some(url));
    assert_eq!(public_url(&of(header("Cookie"), ProxyMode::Auto)), None);
    assert_eq!(public_url(&Source::Rtmp { stream: "s".into() }), None);
    // A secret rendition makes the whole result go through the gateway, unless the policy says otherwise.
    for (proxy_mode, want) in [(ProxyMode::Auto, None), (ProxyMode::Prefer, Some(url))] {
        let medias = vec![Track::at(url), header("Cookie")];
        let source = Source::DirectUrl(DirectUrl { medias, proxy_mode, ..DirectUrl::default() });
        assert_eq!(public_url(&source), want);
    }
}
