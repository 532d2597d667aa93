//! A pull stream whose upstream is on a private address, however it is spelt, is never fetched: RTMP, HTTP-FLV, and HLS with all it names.

use serde_json::{Value, json};

use crate::harness::*;

const TOKEN: &str = "operator-token-0123456789";

/// Rooms at work at the same time.
const ROOMS: usize = 6;

fn start() -> Gateway {
    let config = format!("[http]\ntoken = \"{TOKEN}\"\n[proxy]\nallow_private = [\"{NEIGHBOUR}/32\"]\n");
    Gateway::start_with(&[], &config)
}

fn api(gateway: &Gateway, method: &str, path: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let called = call(gateway.http, Some(TOKEN), method, path, Some(&body));
    (called.status, called.body)
}

/// Lets a room play a pull from this URL until an attempt has failed; what the operator is told of it. `None`: refused as a URL.
fn pull(gateway: &Gateway, room: &Room, url: &str) -> Option<String> {
    let media = format!("/rooms/{}/media", room.id);
    let (status, added) = api(gateway, "POST", &media, json!({ "live_proxy": url, "name": "x" }));
    if status == 400 || status == 422 {
        return None;
    }
    assert!(status < 300, "{url}: {status} {added}");
    let (id, stream) = (added["id"].as_str().unwrap(), added["stream"].as_str().unwrap());
    let command = json!({ "command": "start", "media_id": id });
    let (status, state) = api(gateway, "POST", &format!("/rooms/{}/playback", room.id), command);
    assert_eq!(status, 200, "{state}");
    let told = eventually(&format!("an attempt to pull {url} fails"), s(30), || {
        let (_, shown) = api(gateway, "GET", &format!("/streams/{stream}"), Value::Null);
        shown["pull"]["last_error"].as_str().map(str::to_owned)
    });
    let (status, body) = api(gateway, "DELETE", &format!("{media}/{id}"), Value::Null);
    assert!(status < 300, "{status} {body}");
    Some(told)
}

/// Pulls all of them, in several rooms at a time; how many were tried and not refused as URLs.
fn pull_all(gateway: &Gateway, urls: &[String], judge: impl Fn(&str, &str) + Sync) -> usize {
    let rooms: Vec<Room> = (0..ROOMS).map(|nth| gateway.room(&format!("room {nth}"), &[])).collect();
    std::thread::scope(|scope| {
        let work = rooms.iter().enumerate().map(|(nth, room)| {
            let judge = &judge;
            scope.spawn(move || {
                let mut member = room.join(gateway);
                let mut tried = 0;
                for url in urls.iter().skip(nth).step_by(ROOMS) {
                    if let Some(told) = pull(gateway, room, url) {
                        judge(url, &told);
                        tried += 1;
                    }
                    member.ping();
                }
                tried
            })
        });
        let work: Vec<_> = work.collect();
        work.into_iter().map(|room| room.join().expect("its room found nothing wrong")).sum()
    })
}

#[test]
fn no_upstream_there_is_dialled() {
    let (gateway, sentinel) = (start(), Sentinel::start());
    let port = sentinel.port();
    let hosts = private_hosts().map(|host| format!("{host}:{port}"));
    let urls: Vec<String> = (0..)
        .zip(hosts)
        .flat_map(|(nth, host)| {
            let http = if nth % 2 == 0 { "live/a.flv" } else { "live/a.m3u8" };
            [format!("rtmp://{host}/live/a"), format!("http://{host}/{http}")]
        })
        .collect();
    let tried = pull_all(&gateway, &urls, |url, told| {
        assert_eq!(sentinel.callers(), [], "the sentinel was reached by {url}: {told}");
    });
    assert!(tried >= 380, "{tried} of {} were tried", urls.len());
}

#[test]
fn nothing_that_a_playlist_or_a_redirect_names_there_is_dialled() {
    let (gateway, sentinel, origin) = (start(), Sentinel::start(), Origin::start_on(&format!("{NEIGHBOUR}:0")));
    let mut urls = Vec::new();
    for (nth, form) in (0..).zip(hostile_urls(sentinel.port())) {
        let playlist = match nth % 4 {
            0 => format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{form}\n"),
            1 => format!("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{form}\n"),
            2 => format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MAP:URI=\"{form}\"\n#EXTINF:2,\n{form}\n"),
            _ => {
                urls.push(origin.put_as(&format!("{nth}.flv"), Answer::redirect(307, &form)));
                continue;
            }
        };
        urls.push(origin.put_as(&format!("{nth}.m3u8"), Answer::new(playlist).content_type("application/x-mpegurl")));
    }
    let tried = pull_all(&gateway, &urls, |url, told| {
        assert_eq!(sentinel.callers(), [], "the sentinel was reached by {url}: {told}");
    });
    assert_eq!(tried, urls.len());
    let asked = |url: &&String| origin.requests_for(url.rsplit('/').next().unwrap()) > 0;
    let redirects = || urls.iter().filter(|url| url.ends_with(".flv"));
    assert_eq!(redirects().filter(asked).count(), redirects().count(), "the origin was not asked: this proves nothing");
}

#[test]
fn a_pull_of_ourselves_is_refused_even_when_all_is_allowed() {
    let gateway = Gateway::start_with(&[], &format!("[http]\ntoken = \"{TOKEN}\"\n[proxy]\nallow_private = true\n"));
    let mut urls = Vec::new();
    for host in ["127.0.0.1", "localhost", "0x7f.1", "0.0.0.0", "127.9.9.9", "[::ffff:127.0.0.1]"] {
        urls.push(format!("rtmp://{host}:{}/live/a", gateway.rtmp.port()));
        urls.push(format!("http://{host}:{}/live/a.flv", gateway.http.port()));
        urls.push(format!("http://{host}:{}/live/a/index.m3u8", gateway.http.port()));
    }
    let tried = pull_all(&gateway, &urls, |url, told| {
        // An answer, of whatever kind, would have come from ourselves.
        assert!(!told.contains("answered"), "{url}: {told}");
        let refused = told.contains("may not be fetched") || told.contains("this gateway itself");
        assert!(refused, "{url}: {told}");
    });
    assert_eq!(tried, urls.len());
}
