//! A pull stream on several nodes over Postgres: each pulls for its own viewers and members, and all let go when the media goes.

use crate::harness::*;
use serde_json::Value;

const CONFIG: &str =
    "[live]\npull_idle_s = 2\ngrace_s = 5\n[worker]\nrelease_grace_s = 1\n[proxy]\nallow_private = true\n";

fn pull_state(node: &Gateway, stream: &str) -> Value {
    node.show(stream)["pull"]["state"].clone()
}

fn wait_state(node: &Gateway, stream: &str, state: &str) {
    node.wait_for(stream, &format!("has a pull that is {state}"), s(20), |show| show["pull"]["state"] == state);
}

#[test]
fn a_node_pulls_while_its_own_viewers_and_members_want_it() {
    let upstream = Gateway::start();
    let key = upstream.key("demo");
    let _publisher = Publisher::demo(&key.publish_url);
    upstream.wait_live("demo");
    let Database::Postgres(shared) = &Database::postgres() else { panic!("asked for") };
    let node = || Database::At(shared.url.clone()).node_as(CONFIG);
    let (here, there) = (node(), node());

    let room = here.room("Pulled", &[]);
    let added = here.json(&["media", "add", &room.id, "--live-proxy", &key.flv]);
    let [media, stream] = ["id", "stream"].map(|field| added[field].as_str().expect(field).to_owned());
    here.playback(&["start", &room.id, &media]);
    let _member = room.join(&there);
    wait_state(&there, &stream, "live");
    assert_eq!(pull_state(&here, &stream), "idle", "nobody is here");
    assert_eq!(upstream.show("demo")["viewers"], 1);

    let result = here.playback(&["get", &room.id, "--urls"]);
    let flv = result["modes"]["flv"]["medias"][0]["url"].as_str().expect("a URL").to_owned();
    let mut viewer = FlvReader::new(open(here.http, "GET", path_of(&flv), &[]).expect("a stream"));
    viewer.until(Tag::is_video_keyframe);
    assert_eq!(pull_state(&here, &stream), "live");

    here.json(&["media", "remove", &room.id, &media]);
    upstream.wait_for("demo", "is left by both", s(20), |show| show["viewers"] == 0);
    while let Ok(Ok(_)) = viewer.next_tag() {}
    for node in [&here, &there] {
        assert!(!node.cli(&["stream", "show", &stream]).status.success(), "the stream went with its media");
        assert!(matches!(get(node.http, path_of(&flv)).status, 403 | 404));
    }
}
