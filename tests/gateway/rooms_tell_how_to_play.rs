//! A room's playback result: what a player needs, over the command line and the API, on either database; members are told to fetch it again.

use crate::harness::*;
use serde_json::{Value, json};

on_both_databases!(
    a_result_has_the_promised_shape,
    what_is_secret_stays_here,
    live_media_play_from_the_live_plane,
    members_are_told_before_a_result_ends,
    members_are_told_after_a_kick,
    headers_reach_their_own_origin_alone,
);

/// A node whose proxied URLs work for so many seconds.
fn node(database: &Database, url_ttl_s: u64) -> Gateway {
    database.node_as(&format!("[proxy]\nallow_private = [\"127.0.0.0/8\"]\nurl_ttl_s = {url_ttl_s}\n"))
}

/// What a command prints; of one that fails, why.
fn said(node: &Gateway, args: &[&str]) -> String {
    let output = node.cli(args);
    String::from_utf8_lossy(if output.status.success() { &output.stdout } else { &output.stderr }).into_owned()
}

fn modes(result: &Value) -> Vec<&str> {
    result["modes"].as_object().expect("modes").keys().map(String::as_str).collect()
}

fn a_result_has_the_promised_shape(database: &Database) {
    let node = node(database, 3600);
    let origin = Origin::start();
    let room = node.room("Movies", &[]);
    let film = origin.put("film.mp4", vec![7; 1000]);
    let subtitle = origin.put("en.srt", b"1\n00:00:00,000 --> 00:00:01,000\nHi\n".to_vec());
    let flags = [
        "--subtitle",
        &format!("en={subtitle}"),
        "--danmaku",
        "http://192.0.2.1/d.xml",
        "--thumbnail",
        "http://192.0.2.1/t.jpg",
        "--duration",
        "90s",
        "--header",
        "Referer: http://r.test/",
    ];
    let media = node.media(&room, &film, &flags);
    let fails = said(&node, &["playback", "get", &room.id, "--urls"]);
    assert!(fails.contains("nothing is selected"), "{fails}");
    node.playback(&["start", &room.id, &media]);

    let result = node.playback(&["get", &room.id, "--urls"]);
    let members: Vec<_> = result.as_object().expect("an object").keys().map(String::as_str).collect();
    let promised =
        ["default_mode", "duration_ms", "expires_at", "generation", "kind", "media_id", "modes", "target_hash"];
    assert_eq!(members, promised);
    assert_eq!(
        (&result["media_id"], &result["kind"], &result["duration_ms"]),
        (&json!(media), &json!("regular"), &json!(90_000))
    );
    assert_eq!(modes(&result), ["direct", "proxy_direct"]);
    let direct = &result["modes"]["direct"];
    assert_eq!(direct["medias"][0]["url"], film.as_str());
    assert_eq!(direct["medias"][0]["headers"], json!({"referer": "http://r.test/"}));
    assert_eq!((&direct["subtitles"][0]["name"], &direct["subtitles"][0]["format"]), (&json!("en"), &json!("srt")));
    assert_eq!(direct["thumbnail"], "http://192.0.2.1/t.jpg");
    let proxied = result["modes"]["proxy_direct"]["medias"][0]["url"].as_str().expect("a URL");
    assert!(proxied.starts_with(&format!("http://{}/p/", node.http)), "{proxied}");

    let one = node.playback(&["get", &room.id, "--mode", "direct"]);
    assert_eq!(modes(&one), ["direct"]);
    let text = said(&node, &["playback", "get", &room.id, "--urls"]);
    assert!(text.contains("proxy_direct") && text.contains(&format!("{film} -H 'referer: http://r.test/'")), "{text}");
    // The API roots its URLs at the server.
    let path = format!("/rooms/{}/playback", room.id);
    let called = call(node.http, Some(&room.owner_token), "GET", &path, None);
    assert_eq!(called.status, 200, "{called:?}");
    assert!(called.body["modes"]["proxy_direct"]["medias"][0]["url"].as_str().expect("a URL").starts_with("/p/"));
}

fn what_is_secret_stays_here(database: &Database) {
    let node = node(database, 3600);
    let room = node.room("Movies", &[]);
    let headers = TempDir::new();
    let file = headers.join("headers");
    std::fs::write(&file, "# of the origin\nAuthorization: Bearer hush\n").expect("written");
    let media = node.media(&room, "http://upstream.test/dir/film.mp4", &["--header", &format!("@{}", file.display())]);
    let signed =
        node.media(&room, "http://upstream.test/film.mp4?X-Amz-Signature=hush&deadline=9999999999", &["--name", "b"]);
    for media in [media, signed] {
        node.playback(&["start", &room.id, &media]);
        let result = node.playback(&["get", &room.id, "--urls"]);
        assert_eq!(modes(&result), ["proxy_direct"]);
        let listed = node.json(&["media", "list", &room.id]);
        for text in [result.to_string(), listed.to_string()] {
            assert!(!text.contains("upstream.test") && !text.contains("hush"), "{text}");
        }
    }
}

fn live_media_play_from_the_live_plane(database: &Database) {
    let node = node(database, 3600);
    let room = node.room("Show", &[]);
    let added = node.json(&["media", "add", &room.id, "--rtmp", "studio"]);
    assert_eq!(added["stream"], "studio");
    let publish = added["publish_url"].as_str().expect("a key");
    assert!(publish.starts_with("rtmp://") && publish.contains("/live/studio?key=sk_"), "{publish}");
    let text = said(&node, &["media", "add", &room.id, "--rtmp", "other"]);
    assert!(text.contains("it plays stream other") && text.contains("OBS stream key"), "{text}");
    node.playback(&["start", &room.id, added["id"].as_str().expect("an id")]);
    let result = node.playback(&["get", &room.id, "--urls"]);
    assert_eq!((&result["kind"], &result["default_mode"]), (&json!("live"), &json!("hls")));
    let url = |mode: &str| result["modes"][mode]["medias"][0]["url"].as_str().expect("a URL").to_owned();
    assert_eq!(url("hls"), format!("http://{}/live/studio/index.m3u8", node.http));
    assert_eq!(url("flv"), format!("http://{}/live/studio.flv", node.http));
    let listed = node.json(&["media", "list", &room.id]);
    assert_eq!((&listed["media"][0]["source_kind"], &listed["media"][0]["stream"]), (&json!("rtmp"), &json!("studio")));
}

fn members_are_told_before_a_result_ends(database: &Database) {
    let node = node(database, 4);
    let room = node.room("Movies", &[]);
    let media = node.timed(&room, "1h");
    node.playback(&["start", &room.id, &media]);
    let mut member = room.join(&node);
    let first = node.playback(&["get", &room.id, "--urls"]);
    let told = member.hear_type("result", s(10));
    assert_eq!((&told["media_id"], &told["generation"]), (&json!(media), &json!(1)));
    assert_eq!(told["expires_at"], first["expires_at"]);
    let again = node.playback(&["get", &room.id, "--urls"]);
    assert_ne!(first["expires_at"], again["expires_at"], "what is fetched then lasts longer");
    assert_eq!(modes(&first), modes(&again));
    member.hear_type("result", s(10));
}

fn members_are_told_after_a_kick(database: &Database) {
    let node = node(database, 3600);
    let room = node.room("Movies", &[]);
    let media = node.timed(&room, "1h");
    node.playback(&["start", &room.id, &media]);
    let mut stays = room.join(&node);
    let leaves = room.join(&node);
    let id = leaves.state["you"]["id"].as_str().expect("an id").to_owned();
    said(&node, &["room", "kick", &room.id, &id]);
    let told = stays.hear_type("result", s(10));
    assert_eq!((&told["media_id"], &told["expires_at"]), (&json!(media), &Value::Null));
}

fn headers_reach_their_own_origin_alone(database: &Database) {
    let node = node(database, 3600);
    let (home, foreign) = (Origin::start(), Origin::start());
    let vod = "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\na.ts\n#EXT-X-ENDLIST\n";
    let variant = foreign.put("variant.m3u8", vod.into());
    let master = format!("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{variant}\n");
    let master =
        home.put_as("film", Answer::new(master).content_type("audio/mpegurl").requires("x-token", "hush", 403));
    let room = node.room("Movies", &[]);
    let closed = node.media(&room, &master, &["--name", "without"]);
    node.playback(&["start", &room.id, &closed]);
    let refused = said(&node, &["playback", "get", &room.id, "--urls"]);
    assert!(refused.contains("the origin of this media") && !refused.contains("403"), "{refused}");
    let media = node.media(&room, &master.replace("://", "://us:er@"), &["--header", "X-Token: hush"]);
    node.playback(&["start", &room.id, &media]);
    let result = node.playback(&["get", &room.id, "--urls"]);
    assert_eq!((modes(&result), &result["kind"]), (vec!["proxy_direct"], &json!("regular")));
    assert_eq!(result["modes"]["proxy_direct"]["medias"][0]["format"], "m3u8");
    let asked = home.log_of("film");
    let last = asked.last().expect("it was asked");
    assert_eq!((last.header("x-token"), last.header("authorization")), (Some("hush"), Some("Basic dXM6ZXI=")));
    let asked = foreign.log_of("variant.m3u8");
    assert!(
        !asked.is_empty() && asked.iter().all(|one| one.header("x-token").or(one.header("authorization")).is_none())
    );
}

/// A script that asks once gets its answer: the command asks on, as the API says.
#[test]
fn a_slow_origin_is_waited_for() {
    let node = node(&Database::Sqlite, 3600);
    let (origin, room) = (Origin::start(), node.room("Movies", &[]));
    let slow = Answer::new(vec![7; 1000]).content_type("video/mp4").first_byte_after(s(5));
    let media = node.media(&room, &origin.put_as("film", slow), &["--duration", "90s"]);
    node.playback(&["start", &room.id, &media]);
    assert_eq!(node.playback(&["get", &room.id, "--urls"])["modes"]["direct"]["medias"][0]["format"], "mp4");
}
