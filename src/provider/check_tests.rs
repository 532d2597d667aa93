use std::collections::BTreeMap;

use super::*;

fn headers(list: &[(&str, &str)]) -> BTreeMap<String, String> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn track(url: &str, list: &[(&str, &str)]) -> Track {
    Track { headers: headers(list), ..Track::at(url) }
}

fn refused(mut source: Source) -> String {
    match check_source(&mut source) {
        Err(Error::Invalid(text)) => text,
        other => panic!("{other:?} of {source:?}"),
    }
}

fn of(medias: Vec<Track>) -> Source {
    Source::DirectUrl(DirectUrl { medias, ..DirectUrl::default() })
}

#[test]
fn headers_of_the_connection_are_refused_and_others_are_not() {
    for name in [
        "Host",
        "Transfer-Encoding",
        "content-length",
        "Connection",
        "Upgrade",
        "TE",
        "trailer",
        "Proxy-Authorization",
        "proxy-connection",
        "X-Forwarded-For",
        "x-forwarded-host",
        "X-Real-IP",
        "Sec-Fetch-Site",
        "sec-websocket-key",
        "Range",
        "Accept-Encoding",
        "If-Range",
        "bad name",
        "",
        "x\u{e9}",
    ] {
        let text = refused(of(vec![track("http://h/a.mp4", &[(name, "hush-value")])]));
        assert!(!text.contains("hush-value"), "{text}");
    }
    for name in ["Referer", "User-Agent", "Cookie", "Authorization", "X-Token", "Origin"] {
        assert_eq!(check_source(&mut of(vec![track("http://h/a.mp4", &[(name, "x")])])), Ok(()), "{name}");
    }
    assert!(refused(of(vec![track("http://h/a.mp4", &[("X-A", "line\r\nbreak")])])).contains("value"));
    assert!(refused(of(vec![track("http://h/a.mp4", &[("X-A", "1"), ("x-a", "2")])])).contains("twice"));
}

#[test]
fn sources_are_bounded() {
    let many = |n: usize| vec![Track::at("http://h/a.mp4"); n];
    assert_eq!(check_source(&mut of(many(MEDIAS_MAX))), Ok(()));
    assert!(refused(of(many(MEDIAS_MAX + 1))).contains("at most 32"));
    assert!(refused(of(Vec::new())).contains("at least one"));
    let with = |subtitles: usize, danmakus: usize| {
        let (subtitles, danmakus) = (many(subtitles), many(danmakus));
        Source::DirectUrl(DirectUrl { medias: many(1), subtitles, danmakus, ..DirectUrl::default() })
    };
    assert_eq!(check_source(&mut with(SUBTITLES_MAX, DANMAKUS_MAX)), Ok(()));
    refused(with(SUBTITLES_MAX + 1, 0));
    refused(with(0, DANMAKUS_MAX + 1));
    let named: Vec<_> = (0..=HEADERS_MAX).map(|n| (format!("x-{n}"), "1".to_owned())).collect();
    let mut one = Track::at("http://h/a.mp4");
    one.headers = named.iter().cloned().collect();
    refused(of(vec![one.clone()]));
    one.headers = named.into_iter().take(HEADERS_MAX).collect();
    assert_eq!(check_source(&mut of(vec![one])), Ok(()));
    refused(of(vec![track("http://h/a.mp4", &[("x-long", &"x".repeat(HEADER_BYTES_MAX))])]));
    refused(of(vec![Track { format: Some("a/b".into()), ..Track::at("http://h/a") }]));
    refused(of(vec![Track { name: Some("a\nb".into()), ..Track::at("http://h/a") }]));
}

#[test]
fn a_user_name_in_a_url_becomes_a_header() {
    let mut source = of(vec![Track::at("https://us%40er:p%3Ass@h/film.mp4?x=1")]);
    assert_eq!(check_source(&mut source), Ok(()));
    let Source::DirectUrl(direct) = source else { panic!() };
    assert_eq!(direct.medias[0].url, "https://h/film.mp4?x=1");
    assert_eq!(direct.medias[0].headers["Authorization"], format!("Basic {}", STANDARD.encode("us@er:p:ss")));
    refused(of(vec![track("https://a:b@h/film.mp4", &[("authorization", "x")])]));
}

#[test]
fn pull_streams_come_from_rtmp_and_the_web() {
    let pull = |url: &str| Source::LiveProxy { stream: "pull-1".into(), upstream: Track::at(url) };
    for url in ["rtmp://h/live/a?key=b", "rtmp://h:1936/a/b", "http://h/a.flv", "HTTPS://u:p@h/a.m3u8"] {
        assert_eq!(check_source(&mut pull(url)), Ok(()), "{url}");
    }
    for url in ["rtmps://h/a", "rtmp://u:p@h/live/a", "file:///etc/passwd", "rtmp:///a", "rtmp://h/a b", "", "srt://h"]
    {
        refused(pull(url));
    }
    for url in
        ["rtmp://h/app", "rtmp://h/app/", "rtmp://h", "rtmp://h/app/?key=b", "rtmp://h:0/app/a", "rtmp://h/app/."]
    {
        refused(pull(url));
    }
    let long = format!("rtmp://h/live/{}", "a".repeat(4096));
    assert!(refused(pull(&long)).contains("4096"));
    refused(Source::Rtmp { stream: "../x".into() });
}
