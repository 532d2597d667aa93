//! Proxied URLs open what they were given out for, until that is over: a switch, a kick, a revoked token, a deleted room, their time.

use crate::harness::*;
use serde_json::Value;
use std::time::Instant;

on_both_databases!(
    a_switch_a_kick_and_a_delete_close_what_was_given_out,
    another_node_closes_them_too,
    a_url_ends_with_its_time,
    keys_follow_each_other_and_overlap,
);

/// The proxied URL of what the room plays, for the operator or for a token.
fn given_out(node: &Gateway, room: &Room, token: Option<&str>) -> String {
    let result = match token {
        None => node.playback(&["get", &room.id, "--urls"]),
        Some(token) => call(node.http, Some(token), "GET", &format!("/rooms/{}/playback", room.id), None).body,
    };
    let url = result["modes"]["proxy_direct"]["medias"][0]["url"].as_str();
    let url = url.unwrap_or_else(|| panic!("no proxied URL in {result}"));
    url[url.find("/p/").expect("a path")..].to_owned()
}

fn token(node: &Gateway, room: &Room) -> (String, String) {
    let made = node.json(&["room", "token", &room.id, "--role", "viewer"]);
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    let id = made.get("id").or_else(|| made.get("token_id")).expect("an id");
    (text(id), text(&made["token"]))
}

/// A room that plays a file of this origin.
fn playing(node: &Gateway, origin: &Origin) -> Room {
    let room = node.room("Movies", &[]);
    let media = node.media(&room, &origin.put("film.mp4", b"the film".to_vec()), &["--duration", "1h"]);
    node.playback(&["start", &room.id, &media]);
    room
}

fn status(node: &Gateway, path: &str) -> u16 {
    get(node.http, path).status
}

fn a_switch_a_kick_and_a_delete_close_what_was_given_out(database: &Database) {
    let (node, origin) = (database.node(), Origin::start());
    let room = playing(&node, &origin);
    let first = given_out(&node, &room, None);
    assert_eq!(get(node.http, &first).text(), "the film");

    let other = node.media(&room, &origin.put("other.mp4", b"another".to_vec()), &["--duration", "1h"]);
    node.playback(&["start", &room.id, &other]);
    assert_eq!(status(&node, &first), 403, "the room plays something else");

    let ((_, ann), (bobs, bob)) = (token(&node, &room), token(&node, &room));
    let member = Member::join(node.http, &format!("/api/v1/rooms/{}/ws?token={ann}", room.id));
    let [of_ann, of_bob, of_operator] =
        [Some(ann.as_str()), Some(bob.as_str()), None].map(|who| given_out(&node, &room, who));
    for path in [&of_ann, &of_bob, &of_operator] {
        assert_eq!(get(node.http, path).text(), "another");
    }
    let id = member.state["you"]["id"].as_str().expect("an id").to_owned();
    node.json(&["room", "kick", &room.id, &id]);
    assert_eq!(
        [&of_ann, &of_operator, &of_bob].map(|path| status(&node, path)),
        [403, 403, 200],
        "a kick ends its own"
    );
    assert_eq!(status(&node, &given_out(&node, &room, Some(&ann))), 200, "the token goes on working");

    node.json(&["room", "revoke", &room.id, &bobs]);
    assert_eq!(status(&node, &of_bob), 403, "a revoked token's URLs end with it");

    let last = given_out(&node, &room, None);
    node.json(&["room", "delete", &room.id]);
    assert_eq!(status(&node, &last), 403);
}

fn another_node_closes_them_too(database: &Database) {
    let Database::Postgres(shared) = database else { return };
    let (here, there) = (database.node(), Database::At(shared.url.clone()).node());
    let origin = Origin::start();
    let room = playing(&here, &origin);
    let path = given_out(&here, &room, None);
    assert_eq!(get(there.http, &path).text(), "the film", "nodes share keys and standings");
    let other = here.media(&room, &origin.put("other.mp4", b"another".to_vec()), &["--duration", "1h"]);
    here.playback(&["start", &room.id, &other]);
    eventually("the other node hears of the switch", s(5), || (status(&there, &path) == 403).then_some(()));
}

fn a_url_ends_with_its_time(database: &Database) {
    let origin = Origin::start();
    let node = database.node_as("[proxy]\nallow_private = true\nurl_ttl_s = 3\n");
    let room = playing(&node, &origin);
    let path = given_out(&node, &room, None);
    assert_eq!(status(&node, &path), 200);
    let refused = eventually("the URL expires", s(8), || {
        let reply = get(node.http, &path);
        (reply.status == 403).then_some(reply)
    });
    assert!(refused.text().contains("expired"), "{}", refused.text());
}

fn keys_follow_each_other_and_overlap(database: &Database) {
    let origin = Origin::start();
    let node = database.node_as("[proxy]\nallow_private = true\nkey_rotation_s = 1\n");
    let room = playing(&node, &origin);
    let key = |path: &str| path.split('/').nth(2).and_then(|pass| pass.rsplit('.').next()).map(str::to_owned);
    let first = given_out(&node, &room, None);
    let next = eventually("another key signs", s(10), || {
        let next = given_out(&node, &room, None);
        (key(&next) != key(&first)).then_some(next)
    });
    assert_eq!([&first, &next].map(|path| status(&node, path)), [200, 200], "the key before goes on opening");
}

/// Over real HTTP: whatever is changed in a URL, nothing is opened and the origin is not asked.
#[test]
fn five_thousand_mutations_open_nothing() {
    let (node, origin) = (Database::Sqlite.node(), Origin::start());
    let room = playing(&node, &origin);
    let path = given_out(&node, &room, None);
    let asked = origin.requests();
    let begun = Instant::now();
    let mut tried = 0;
    'all: for other in ('!'..='~').filter(|other| *other != '#') {
        for at in 3..path.len() {
            let mut changed = path.clone();
            if tried % 2 == 0 {
                changed.replace_range(at..=at, &other.to_string());
            } else {
                changed.insert(at, other);
            }
            if changed == path {
                continue;
            }
            tried += 1;
            let reply = get(node.http, &changed);
            assert!(matches!(reply.status, 400 | 403 | 404), "{changed}: {}", reply.status);
            if tried == 5000 {
                break 'all;
            }
        }
    }
    assert_eq!(tried, 5000, "in {:?}", begun.elapsed());
    assert_eq!(origin.requests(), asked, "the origin was not asked");
    assert_eq!(status(&node, &path), 200);
}
