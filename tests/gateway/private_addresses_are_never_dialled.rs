//! However a URL spells a private address, and wherever a room's media names it, nothing of this machine or its network is dialled.

use std::{
    collections::HashSet,
    net::{SocketAddr, TcpStream, UdpSocket},
    time::Instant,
};

use serde_json::{Value, json};

use crate::harness::*;

struct Stage {
    gateway: Gateway,
    room: Room,
    sentinel: Sentinel,
}

impl Stage {
    fn set() -> Self {
        let gateway = Gateway::start_with(&[], &format!("[proxy]\nallow_private = [\"{NEIGHBOUR}/32\"]\n"));
        let room = gateway.room("hostile", &[]);
        Self { gateway, room, sentinel: Sentinel::start() }
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let path = format!("/rooms/{}{path}", self.room.id);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let called = call(self.gateway.http, Some(&self.room.owner_token), method, &path, Some(&body));
        (called.status, called.body)
    }

    /// Adds a media and selects it; `None` when it is refused as it is.
    fn play(&self, media: &Value) -> Option<String> {
        let (status, added) = self.call("POST", "/media", media);
        if status == 422 || status == 400 {
            return None;
        }
        assert!(status < 300, "{status} {added} for {media}");
        let id = added["id"].as_str().unwrap().to_owned();
        let (status, state) = self.call("POST", "/playback", &json!({ "command": "start", "media_id": id }));
        assert_eq!(status, 200, "{state}");
        Some(id)
    }

    fn remove(&self, id: &str) {
        let (status, body) = self.call("DELETE", &format!("/media/{id}"), &Value::Null);
        assert!(status < 300, "{status} {body}");
    }

    #[track_caller]
    fn nobody_came(&self, form: &str) {
        assert_eq!(self.sentinel.callers(), [], "the sentinel was reached by {form}");
    }
}

/// All URLs of this gateway in a result.
fn proxied(result: &Value) -> Vec<String> {
    let modes = result["modes"].as_object().into_iter().flatten();
    let tracks = modes.flat_map(|(_, mode)| {
        let lists = ["medias", "subtitles", "danmakus"].into_iter().flat_map(|list| mode[list].as_array().into_iter());
        let urls = lists.flatten().map(|track| track["url"].clone()).chain([mode["thumbnail"].clone()]);
        urls.filter_map(|url| url.as_str().map(str::to_owned)).collect::<Vec<_>>()
    });
    tracks.filter_map(|url| url.find("/p/").map(|at| url[at..].to_owned())).collect()
}

#[test]
fn the_sentinel_can_be_reached() {
    let sentinel = Sentinel::start();
    for address in ["127.0.0.1", "127.0.0.2", "[::1]"] {
        if let Ok(to) = format!("{address}:{}", sentinel.port()).parse::<SocketAddr>() {
            let reached = TcpStream::connect(to).is_ok();
            assert!(reached || to.is_ipv6(), "{to}");
            assert_eq!(sentinel.callers().len(), usize::from(reached), "{to}");
        }
    }
}

#[test]
fn what_tells_a_format_or_a_duration_dials_none() {
    let stage = Stage::set();
    let mut member = stage.room.join(&stage.gateway);
    let (mut refused, mut told, mut said) = (0, HashSet::new(), Instant::now());
    for form in hostile_urls(stage.sentinel.port()) {
        // No extension tells its format: both the result and the probe must ask the origin.
        match stage.play(&json!({ "url": form, "name": "x" })) {
            None => refused += 1,
            Some(id) => {
                let (status, result) = stage.call("GET", "/playback", &Value::Null);
                assert!(status >= 400, "{form}: {status} {result}");
                told.insert(result["detail"].as_str().unwrap_or_default().to_owned());
                stage.remove(&id);
            }
        }
        // Whoever says nothing for long is taken for dead, and whoever says much is not heard.
        if said.elapsed() > s(3) {
            (said, _) = (Instant::now(), member.ping());
        }
        stage.nobody_came(&form);
    }
    assert!(refused >= 20, "{refused} URLs were refused as URLs");
    // Nor does the answer tell one from another, or from a host that is not there.
    stage.play(&json!({ "url": "http://nowhere.invalid/", "name": "x" })).unwrap();
    let (_, result) = stage.call("GET", "/playback", &Value::Null);
    told.insert(result["detail"].as_str().unwrap_or_default().to_owned());
    stage.play(&json!({ "url": format!("http://{NEIGHBOUR}:1/"), "name": "x" })).unwrap();
    let (_, result) = stage.call("GET", "/playback", &Value::Null);
    told.insert(result["detail"].as_str().unwrap_or_default().to_owned());
    told.retain(|text| !text.contains("in time"));
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn the_proxy_dials_none_for_media_subtitles_danmaku_and_thumbnails() {
    let stage = Stage::set();
    let mut asked = 0;
    for form in hostile_urls(stage.sentinel.port()) {
        let track = |format: &str| json!({ "url": form, "format": format });
        let media = json!({
            "url": form, "format": "mp4", "name": "x", "proxy_mode": "only", "playback_kind": "regular",
            "subtitles": [track("srt")], "danmakus": [track("xml")], "thumbnail": track("jpg"),
        });
        let Some(id) = stage.play(&media) else { continue };
        let (status, result) = stage.call("GET", "/playback", &Value::Null);
        assert_eq!(status, 200, "{form}: {result}");
        assert!(!result.to_string().contains(&form), "{result}");
        for url in proxied(&result) {
            asked += 1;
            let reply = get(stage.gateway.http, &url);
            assert!(reply.status >= 400, "{form}: {}", reply.status);
            assert!(!reply.text().contains(&form), "{}", reply.text());
        }
        stage.remove(&id);
        stage.nobody_came(&form);
    }
    assert!(asked >= 4 * 190, "{asked}");
}

#[test]
fn no_redirect_is_followed_there() {
    let stage = Stage::set();
    let origin = Origin::start_on(&format!("{NEIGHBOUR}:0"));
    for (nth, form) in hostile_urls(stage.sentinel.port()).into_iter().enumerate() {
        // What cannot stand in a header cannot come in one.
        if form.contains(['\r', '\n']) {
            continue;
        }
        let url = origin.put_as(&format!("{nth}"), Answer::redirect(302, &form));
        let id = stage.play(&json!({ "url": url, "name": "x" })).expect("the origin's URL is sound");
        let (status, result) = stage.call("GET", "/playback", &Value::Null);
        assert!(status >= 400, "{form}: {status} {result}");
        stage.remove(&id);
        stage.nobody_came(&form);
        assert!(origin.requests_for(&nth.to_string()) >= 1, "the origin was never asked: this proves nothing");
    }
}

#[test]
fn nothing_that_a_proxied_playlist_names_there_is_dialled() {
    let (stage, origin) = (Stage::set(), Origin::start_on(&format!("{NEIGHBOUR}:0")));
    let mut playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n".to_owned();
    // A playlist that names what cannot be fetched over HTTP is refused whole.
    let http = |form: &String| url::Url::parse(form).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    for (nth, form) in hostile_urls(stage.sentinel.port()).into_iter().filter(http).enumerate() {
        let hop = origin.put_as(&format!("{nth}.ts"), Answer::redirect(302, &form));
        playlist += &format!("#EXT-X-KEY:METHOD=AES-128,URI=\"{form}\"\n#EXTINF:2,\n{form}\n#EXTINF:2,\n{hop}\n");
    }
    playlist += "#EXT-X-ENDLIST\n";
    let url = origin.put_as("all.m3u8", Answer::new(playlist).content_type("application/vnd.apple.mpegurl"));
    let media = json!({ "url": url, "name": "x", "proxy_mode": "only", "playback_kind": "regular" });
    stage.play(&media).expect("the origin's URL is sound");
    let (status, result) = stage.call("GET", "/playback", &Value::Null);
    assert_eq!(status, 200, "{result}");
    let base = proxied(&result).remove(0);
    let rewritten = get(stage.gateway.http, &base);
    assert_eq!(rewritten.status, 200, "{}", rewritten.text());
    let base = url::Url::parse(&format!("http://{}{base}", stage.gateway.http)).unwrap();
    let text = rewritten.text();
    let segments = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let keys = text.split("URI=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let mut asked = 0;
    for child in segments.chain(keys) {
        let child = base.join(child).unwrap();
        assert_eq!(child.host_str(), base.host_str(), "{child} is not ours");
        let reply = get(stage.gateway.http, child.path());
        assert!(reply.status >= 400, "{child}: {}", reply.status);
        asked += 1;
    }
    stage.nobody_came("a playlist");
    assert!(asked >= 500, "{asked}");
}

#[test]
fn our_own_listeners_are_never_dialled_even_when_all_is_allowed() {
    let gateway = Gateway::start_with(&[], "[proxy]\nallow_private = true\n");
    let room = gateway.room("mirror", &[]);
    let stage = Stage { gateway, room, sentinel: Sentinel::start() };
    let own = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("192.0.2.1:9")?;
        Ok(socket.local_addr()?.ip().to_string())
    });
    let hosts = ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "0", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]"];
    for host in hosts.into_iter().map(str::to_owned).chain(own) {
        for port in [stage.gateway.http.port(), stage.gateway.rtmp.port()] {
            let id = stage.play(&json!({ "url": format!("http://{host}:{port}/healthz"), "name": "x" })).unwrap();
            let (status, result) = stage.call("GET", "/playback", &Value::Null);
            assert!(status >= 500, "{host}:{port}: {status} {result}");
            stage.remove(&id);
        }
    }
    // What is not ours is reached: the setting is in force.
    stage.play(&json!({ "url": format!("http://127.0.0.1:{}/", stage.sentinel.port()), "name": "x" })).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| stage.call("GET", "/playback", &Value::Null));
        eventually("the sentinel is reached", s(10), || (!stage.sentinel.callers().is_empty()).then_some(()));
    });
}
