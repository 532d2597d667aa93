//! Pull streams from end to end: from servers that are not ours into FLV and HLS, started by viewers and active rooms, and nothing left
//! when nobody wants them.

use crate::harness::*;
use serde_json::Value;
use std::{net::SocketAddr, process::Command, thread};

const CONFIG: &str = "[live]\npull_idle_s = 2\ngrace_s = 10\n[hls]\nidle_s = 1\n[worker]\nrelease_grace_s = 1\n\
                      [proxy]\nallow_private = [\"127.0.0.0/8\"]\n";

fn gateway() -> Gateway {
    Gateway::start_with(&[], CONFIG)
}

/// A pull stream, as its room's owner and its viewers know it.
struct Pull {
    room: Room,
    media: String,
    stream: String,
    flv: String,
    hls: String,
}

impl Pull {
    #[track_caller]
    fn add(gateway: &Gateway, url: &str) -> Self {
        let room = gateway.room("Pulled", &[]);
        let added = gateway.json(&["media", "add", &room.id, "--live-proxy", url]);
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("missing in {added}")).to_owned();
        let (media, stream) = (text(&added["id"]), text(&added["stream"]));
        let urls = gateway.json(&["stream", "url", &stream]);
        let (flv, hls) = (text(&urls["play"]["flv"]), text(&urls["play"]["hls"]));
        Self { room, media, stream, flv, hls }
    }

    fn state(&self, gateway: &Gateway) -> Value {
        gateway.show(&self.stream)["pull"]["state"].clone()
    }

    #[track_caller]
    fn wait_state(&self, gateway: &Gateway, state: &str) -> Value {
        gateway.wait_for(&self.stream, &format!("has a pull that is {state}"), s(20), |show| {
            show["pull"]["state"] == state
                && (state != "live" || show["tracks"].as_array().is_some_and(|t| t.len() == 2))
        })
    }

    #[track_caller]
    fn viewer(&self, gateway: &Gateway) -> FlvReader<Body> {
        let body = open(gateway.http, "GET", path(&self.flv), &[]).expect("a stream");
        assert_eq!(body.status, 200);
        FlvReader::new(body)
    }

    /// No connection, and the hub knows nothing of it.
    #[track_caller]
    fn assert_nothing_left(&self, gateway: &Gateway, port: u16) {
        eventually("the connection to the upstream closes", s(10), || {
            (connections_to(port, gateway.pid()) == 0).then_some(())
        });
        let show = self.wait_state(gateway, "idle");
        assert_eq!((&show["state"], show["tracks"].as_array().map(Vec::len)), (&"offline".into(), Some(0)), "{show}");
    }
}

fn path(url: &str) -> &str {
    let rest = url.split_once("://").expect("an absolute URL").1;
    &rest[rest.find('/').expect("a path")..]
}

#[test]
fn rtmp_is_pulled_from_nginx_while_somebody_watches() {
    let (gateway, nginx) = (gateway(), NginxRtmp::start());
    let port = nginx.address.port();
    let _publisher = Publisher::demo(&nginx.url("/live/camera?token=hunter2"));
    let pull = Pull::add(&gateway, &nginx.url("/live/camera?token=hunter2"));
    assert_eq!(pull.state(&gateway), "idle");
    assert_eq!(connections_to(port, gateway.pid()), 0, "nothing is pulled before somebody asks");

    assert_decodes("ffmpeg", &pull.flv, 3, &["h264", "aac"]);
    assert_decodes("ffmpeg", &pull.hls, 3, &["h264", "aac"]);
    let show = pull.wait_state(&gateway, "live");
    assert_eq!(connections_to(port, gateway.pid()), 1, "FLV and HLS come from one connection");
    let codecs: Vec<_> = show["tracks"].as_array().unwrap().iter().map(|track| track["codec"].clone()).collect();
    assert_eq!(codecs, ["h264", "aac"], "{show}");
    assert_eq!((&show["pull"]["upstream"], &show["publisher"]), (&"rtmp://127.0.0.1".into(), &Value::Null));
    let listed = gateway.json(&["stream", "list"]);
    assert_eq!((&listed["streams"][0]["kind"], &listed["streams"][0]["pull"]), (&"pull".into(), &"live".into()));
    pull.assert_nothing_left(&gateway, port);
    assert_eq!(get(gateway.http, &format!("/live/{}.flv", pull.stream)).status, 403, "no signature, no pull");
    assert_eq!(connections_to(port, gateway.pid()), 0);
    let text = String::from_utf8(gateway.cli(&["stream", "show", &pull.stream]).stdout).unwrap();
    assert!(text.contains("rtmp://127.0.0.1") && !text.contains("camera") && !text.contains("hunter2"), "{text}");
    assert!(!gateway.log().contains("hunter2") && !gateway.log().contains("camera"), "{}", gateway.log());
}

#[test]
fn asking_for_the_status_neither_starts_a_pull_nor_keeps_it_going() {
    let (gateway, nginx) = (gateway(), NginxRtmp::start());
    let port = nginx.address.port();
    let _publisher = Publisher::demo(&nginx.url("/live/camera"));
    let pull = Pull::add(&gateway, &nginx.url("/live/camera"));
    let target = path(&pull.flv).replace(".flv", "/status");
    let status = || {
        let reply = get(gateway.http, &target);
        assert_eq!(reply.status, 200, "{}", reply.text());
        serde_json::from_slice::<Value>(&reply.body).expect("JSON")
    };
    let idle = status();
    assert_eq!((&idle["name"], &idle["state"]), (&pull.stream.as_str().into(), &"offline".into()), "{idle}");
    assert_eq!((&idle["pull"]["state"], &idle["pull"]["upstream"]), (&"idle".into(), &"".into()), "{idle}");
    assert_eq!(get(gateway.http, &format!("/live/{}/status", pull.stream)).status, 403);
    assert_eq!(connections_to(port, gateway.pid()), 0);

    drop(pull.viewer(&gateway));
    let live = status();
    assert_eq!((&live["state"], &live["pull"]["state"]), (&"live".into(), &"live".into()), "{live}");
    eventually("the pull ends though its status is asked for", s(10), || {
        (status()["pull"]["state"] == "idle").then_some(())
    });
    pull.assert_nothing_left(&gateway, port);
}

#[test]
fn an_upstream_that_restarts_is_met_again_and_viewers_stay() {
    let (gateway, mut nginx) = (gateway(), NginxRtmp::start());
    let publisher = Publisher::demo(&nginx.url("/live/camera"));
    let pull = Pull::add(&gateway, &nginx.url("/live/camera"));
    let mut viewer = pull.viewer(&gateway);
    let before = viewer.until(Tag::is_video_keyframe);
    nginx.kill();
    drop(publisher);
    let waiting = pull.wait_state(&gateway, "waiting");
    assert!(waiting["pull"]["last_error"].is_string() && waiting["pull"]["retry_in_ms"].is_u64(), "{waiting}");
    nginx.restart();
    let _publisher = Publisher::demo(&nginx.url("/live/camera"));
    let mut last = before.timestamp;
    for _ in 0..4 {
        let next = viewer.until(Tag::is_video_keyframe);
        assert!(next.timestamp > last, "time goes on: {} after {last}", next.timestamp);
        last = next.timestamp;
    }
    let live = pull.wait_state(&gateway, "live");
    assert!(live["pull"]["attempts"].as_u64() > Some(1), "{live}");
}

#[test]
fn ffmpeg_that_listens_is_pulled_over_rtmp_and_http() {
    let gateway = gateway();
    for scheme in ["rtmp", "http"] {
        let url = format!("{scheme}://127.0.0.1:{}/live/camera.flv", free_port());
        let mut command = Command::new("ffmpeg");
        command.args([
            "-hide_banner",
            "-nostdin",
            "-loglevel",
            "warning",
            "-re",
            "-stream_loop",
            "-1",
            "-i",
            DEMO_CLIP,
        ]);
        command.args(["-c", "copy", "-f", "flv", "-listen", "1", &url]);
        let _server = Publisher::run("listener", &mut command);
        let pull = Pull::add(&gateway, &url);
        let mut viewer = pull.viewer(&gateway);
        for _ in 0..3 {
            viewer.until(Tag::is_video_keyframe);
        }
        pull.wait_state(&gateway, "live");
        gateway.json(&["room", "delete", &pull.room.id]);
    }
}

#[test]
fn one_gateway_pulls_from_another() {
    let (upstream, gateway) = (Gateway::start(), gateway());
    let key = upstream.key("demo");
    let _publisher = Publisher::demo(&key.publish_url);
    upstream.wait_live("demo");
    let pull = Pull::add(&gateway, &key.flv);
    let viewers: Vec<_> = (0..50)
        .map(|_| {
            let (to, flv) = (gateway.http, path(&pull.flv).to_owned());
            thread::spawn(move || open(to, "GET", &flv, &[]).expect("a stream"))
        })
        .collect();
    let viewers: Vec<_> = viewers.into_iter().map(|viewer| viewer.join().expect("an answer")).collect();
    assert!(viewers.iter().all(|viewer| viewer.status == 200));
    assert_eq!(upstream.show("demo")["viewers"], 1, "one pull for all");
    assert_decodes("ffmpeg", &pull.hls, 2, &["h264", "aac"]);
    drop(viewers);
    upstream.wait_for("demo", "is left by the pull", s(10), |show| show["viewers"] == 0);
    pull.assert_nothing_left(&gateway, upstream.http.port());
}

#[test]
fn an_active_room_holds_what_it_plays() {
    let (gateway, nginx) = (gateway(), NginxRtmp::start());
    let port = nginx.address.port();
    let _publisher = Publisher::demo(&nginx.url("/live/camera"));
    let pull = Pull::add(&gateway, &nginx.url("/live/camera"));
    gateway.playback(&["start", &pull.room.id, &pull.media]);
    thread::sleep(s(1));
    assert_eq!(pull.state(&gateway), "idle", "a room without members holds nothing");

    let member = pull.room.join(&gateway);
    pull.wait_state(&gateway, "live");
    thread::sleep(s(4));
    let held = gateway.show(&pull.stream);
    assert_eq!((&held["pull"]["holds"], &held["viewers"]), (&1.into(), &0.into()), "nobody watches, and it goes on");
    drop(member);
    pull.assert_nothing_left(&gateway, port);

    let _member = pull.room.join(&gateway);
    pull.wait_state(&gateway, "live");
    let other = gateway.timed(&pull.room, "60s");
    gateway.playback(&["start", &pull.room.id, &other]);
    pull.assert_nothing_left(&gateway, port);
}

#[test]
fn a_media_that_is_removed_ends_its_pull_and_its_viewers() {
    let (gateway, nginx) = (gateway(), NginxRtmp::start());
    let _publisher = Publisher::demo(&nginx.url("/live/camera"));
    let pull = Pull::add(&gateway, &nginx.url("/live/camera"));
    let mut viewer = pull.viewer(&gateway);
    viewer.until(Tag::is_video_keyframe);
    gateway.json(&["media", "remove", &pull.room.id, &pull.media]);
    eventually("the connection to the upstream closes", s(2), || {
        (connections_to(nginx.address.port(), gateway.pid()) == 0).then_some(())
    });
    while let Ok(Ok(_)) = viewer.next_tag() {}
    assert_eq!(get(gateway.http, path(&pull.flv)).status, 404);
}

#[test]
fn what_leads_back_here_is_not_pulled() {
    let gateway = gateway();
    let ways = |to: SocketAddr| {
        [format!("http://{to}/live/loop.flv"), format!("http://127.9.9.9:{}/live/loop.flv", to.port())]
    };
    let rtmp = format!("rtmp://{}/live/loop", gateway.rtmp);
    for url in ways(gateway.http).into_iter().chain([rtmp]) {
        let pull = Pull::add(&gateway, &url);
        let answer = get(gateway.http, path(&pull.flv));
        assert!(matches!(answer.status, 503 | 504), "{url}: {answer:?}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("127."), "{answer:?}");
        let show = gateway.show(&pull.stream);
        assert!(show["pull"]["last_error"].is_string() && show["epoch"] == 0, "{show}");
        gateway.json(&["room", "delete", &pull.room.id]);
    }
}

#[test]
fn nobody_publishes_to_a_pull_stream() {
    let gateway = Gateway::start_with(&[], &CONFIG.replacen("[live]\n", "[live]\nopen_publish = true\n", 1));
    let pull = Pull::add(&gateway, "rtmp://192.0.2.1/live/camera");
    let mut publisher = Publisher::demo(&format!("rtmp://{}/live/{}", gateway.rtmp, pull.stream));
    publisher.wait(s(10));
    assert_eq!(gateway.show(&pull.stream)["epoch"], 0);
    assert!(!gateway.cli(&["key", "create", &pull.stream]).status.success());
}
