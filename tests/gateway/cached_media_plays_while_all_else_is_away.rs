//! What is cached goes on playing, without a pause, while the database and the origin are away; a switch counts as soon as they are back.

use crate::harness::*;
use std::{
    thread,
    time::{Duration, Instant},
};

/// No request takes longer; a busy machine is most of it.
const AT_ONCE: Duration = s(1);

#[test]
fn nobody_waits_for_a_database_that_is_away() {
    let cluster = Cluster::new();
    let database = Database::At(cluster.database());
    let (node, origin) = (database.node(), Origin::start());
    let room = node.room("away", &[]);
    let film = Answer::new(vec![7; 100_000]).etag("\"v1\"").content_type("video/mp4").cache_control("max-age=3600");
    let media = node.media(&room, &origin.put_as("film", film), &["--duration", "1h"]);
    node.playback(&["start", &room.id, &media]);
    let result = node.playback(&["get", &room.id, "--urls"]);
    let url = result["modes"]["proxy_direct"]["medias"][0]["url"].as_str().unwrap().to_owned();
    assert_eq!(get(node.http, &url).status, 200);

    cluster.stop_immediate();
    drop(origin);
    let away = Instant::now();
    let (http, path) = (node.http, &url[url.find("/p/").unwrap()..]);
    thread::scope(|readers| {
        for _ in 0..4 {
            readers.spawn(|| {
                while away.elapsed() < s(20) {
                    let asked = Instant::now();
                    let reply = request(http, "GET", path, &["Range: bytes=0-9"]);
                    assert_eq!((reply.status, reply.header("x-cache")), (206, Some("HIT")), "{:?}", away.elapsed());
                    assert!(asked.elapsed() < AT_ONCE, "{:?} at {:?}", asked.elapsed(), away.elapsed());
                    thread::sleep(Duration::from_millis(50));
                }
            });
        }
    });

    cluster.start();
    eventually("commands work again", s(10), || {
        node.cli(&["playback", "stop", &room.id]).status.success().then_some(())
    });
    assert_eq!(get(node.http, path).status, 403, "it is over at once");
}
