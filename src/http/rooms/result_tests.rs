//! Playback results over the API in process.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use axum::http::StatusCode;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::super::tests::{OPERATOR, Server, server};

/// Answers every request with one head and body, and counts.
struct Origin {
    base: String,
    requests: Arc<AtomicUsize>,
}

async fn origin(head: &'static str, body: &'static str) -> Origin {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(socket.read_u8().await.ok()?);
                }
                count.fetch_add(1, SeqCst);
                let length = body.len();
                let answer = format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
                socket.write_all(answer.as_bytes()).await.ok()
            });
        }
    });
    Origin { base, requests }
}

async fn add(server: &Server, body: Value) -> Value {
    let (status, added) = server.call("POST", "/rooms/Movies/media", Some(body)).await;
    assert_eq!(status, StatusCode::CREATED, "{added}");
    added
}

/// Adds and selects a media.
async fn play(server: &Server, body: Value) -> Value {
    let added = add(server, body).await;
    let start = json!({"command": "start", "media_id": added["id"]});
    let (status, state) = server.call("POST", "/rooms/Movies/playback", Some(start)).await;
    assert_eq!(status, StatusCode::OK, "{state}");
    added
}

async fn result(server: &Server) -> Value {
    let (status, result) = server.call("GET", "/rooms/Movies/playback", None).await;
    assert_eq!(status, StatusCode::OK, "{result}");
    result
}

async fn stage() -> Server {
    let server = server().await;
    server.room(json!({"name": "Movies"})).await;
    server
}

fn names(result: &Value) -> Vec<&str> {
    result["modes"].as_object().unwrap().keys().map(String::as_str).collect()
}

fn in_s(seconds: i64) -> String {
    (OffsetDateTime::now_utc() + Duration::seconds(seconds)).format(&Rfc3339).unwrap()
}

fn moment(value: &Value) -> OffsetDateTime {
    OffsetDateTime::parse(value.as_str().unwrap(), &Rfc3339).unwrap()
}

#[tokio::test]
async fn nothing_selected_is_no_result() {
    let server = stage().await;
    let (status, problem) = server.call("GET", "/rooms/Movies/playback", None).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("nothing is selected"));
}

#[tokio::test]
async fn a_public_url_is_had_directly_and_through_the_gateway() {
    let server = stage().await;
    let url = "http://192.0.2.1/film.mp4?x=1";
    let added = play(&server, json!({"url": url, "headers": {"Referer": "http://r/"}, "duration_ms": 90_000})).await;
    let result = result(&server).await;
    assert_eq!(
        (&result["media_id"], &result["generation"], &result["kind"], &result["duration_ms"], &result["default_mode"]),
        (&added["id"], &json!(1), &json!("regular"), &json!(90_000), &json!("direct"))
    );
    assert_eq!(result["target_hash"].as_str().unwrap().len(), 64);
    assert_eq!(names(&result), ["direct", "proxy_direct"]);
    let direct = json!({"medias": [{"name": "1", "format": "mp4", "url": url, "headers": {"referer": "http://r/"}, "expires_at": null}],
        "default_media": "1", "subtitles": [], "danmakus": [], "thumbnail": null});
    assert_eq!(result["modes"]["direct"], direct);
    let proxied = &result["modes"]["proxy_direct"]["medias"][0];
    assert_eq!((&proxied["headers"], &proxied["format"]), (&json!({}), &json!("mp4")));
    let path = proxied["url"].as_str().unwrap();
    assert!(path.starts_with("/p/r_") && path.ends_with("/0-Media-0-Media/media.mp4"), "{path}");
    let left = moment(&result["expires_at"]) - OffsetDateTime::now_utc();
    assert!(left > Duration::seconds(3590) && left <= Duration::seconds(3600), "{left}");
    let (_, absolute) = server.call("GET", "/rooms/Movies/playback?absolute=true", None).await;
    let url = absolute["modes"]["proxy_direct"]["medias"][0]["url"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:8080/p/"), "{url}");
}

#[tokio::test]
async fn what_is_secret_is_shown_to_nobody() {
    let server = stage().await;
    let source = json!({"kind": "direct_url",
        "medias": [{"url": "http://upstream.test/hush.m3u8", "name": "main", "headers": {"Authorization": "Bearer hush"}}],
        "subtitles": [{"url": "http://upstream.test/hush.srt", "language": "en"}, {"url": "http://upstream.test/hush2.srt", "language": "en"}],
        "danmakus": [{"url": "http://upstream.test/hush.xml"}],
        "thumbnail": {"url": "http://upstream.test/hush.jpg"},
        "playback_kind": "regular"});
    let added = play(&server, json!({"source": source, "name": "Film"})).await;
    let result = result(&server).await;
    let (_, listed) = server.call("GET", "/rooms/Movies/media", None).await;
    let (_, shown) = server.call("GET", &format!("/rooms/Movies/media/{}", added["id"].as_str().unwrap()), None).await;
    for text in [result.to_string(), listed.to_string(), shown.to_string()] {
        assert!(!text.contains("hush") && !text.contains("upstream.test"), "{text}");
    }
    assert_eq!(
        (&shown["source_kind"], &shown["url"], &shown["stream"]),
        (&json!("direct_url"), &Value::Null, &Value::Null)
    );
    assert_eq!((names(&result), &result["default_mode"]), (vec!["proxy_direct"], &json!("proxy_direct")));
    let mode = &result["modes"]["proxy_direct"];
    assert_eq!(mode["default_media"], "main");
    assert_eq!((&mode["subtitles"][0]["name"], &mode["subtitles"][1]["name"]), (&json!("en"), &json!("en (2)")));
    for (url, end) in [
        (&mode["medias"][0]["url"], "/0-Media-0-Hls/media.m3u8"),
        (&mode["subtitles"][1]["url"], "/0-Subtitle-1-Subtitle/subtitle.srt"),
        (&mode["danmakus"][0]["url"], "/0-Danmaku-0-Danmaku/danmaku.xml"),
        (&mode["thumbnail"], "/0-Thumbnail-0-Thumbnail/thumbnail.jpg"),
    ] {
        assert!(url.as_str().unwrap().ends_with(end), "{url}");
    }
}

#[tokio::test]
async fn expired_tracks_disappear_and_a_result_ends_with_its_first_track() {
    let server = stage().await;
    let source = json!({"kind": "direct_url", "proxy_mode": "direct_prefer",
        "medias": [{"url": "http://h/a.mp4", "name": "gone", "expires_at": in_s(-1)}, {"url": "http://h/b.mp4", "name": "stays", "expires_at": in_s(60)}],
        "subtitles": [{"url": "http://h/a.srt", "expires_at": in_s(-5)}]});
    play(&server, json!({"source": source})).await;
    let result = result(&server).await;
    let mode = &result["modes"]["direct"];
    assert_eq!((mode["medias"].as_array().unwrap().len(), &mode["default_media"]), (1, &json!("stays")));
    assert_eq!(mode["subtitles"], json!([]));
    // The places of tracks stay when one before them goes.
    let proxied = result["modes"]["proxy_direct"]["medias"][0]["url"].as_str().unwrap();
    assert!(proxied.contains("/0-Media-1-Media/"), "{proxied}");
    let left = moment(&result["expires_at"]) - OffsetDateTime::now_utc();
    assert!(left > Duration::seconds(50) && left <= Duration::seconds(60), "{left}");
    play(&server, json!({"url": "http://h/a.mp4", "expires_at": in_s(-1)})).await;
    let (status, problem) = server.call("GET", "/rooms/Movies/playback", None).await;
    assert_eq!(status, StatusCode::GONE, "{problem}");
}

#[tokio::test]
async fn a_cached_and_a_fresh_answer_show_the_same() {
    let server = stage().await;
    let origin = origin(
        "200 OK\r\nContent-Type: application/vnd.apple.mpegurl",
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.ts\n",
    )
    .await;
    let added = play(&server, json!({"url": format!("{}/channel", origin.base)})).await;
    let fresh = result(&server).await;
    let asked = origin.requests.load(SeqCst);
    let (many, more) = tokio::join!(result(&server), result(&server));
    assert_eq!(origin.requests.load(SeqCst), asked, "a cached answer asks nobody");
    let room = server.call("GET", "/rooms/Movies", None).await.1["id"].as_str().unwrap().to_owned();
    server.api.state.playback.playables.forget(&room, added["id"].as_str().unwrap());
    let again = result(&server).await;
    assert!(origin.requests.load(SeqCst) > asked);
    for other in [many, more, again] {
        assert_eq!(names(&fresh), names(&other));
        assert_eq!((&fresh["kind"], &fresh["default_mode"]), (&json!("live"), &other["default_mode"]));
        assert_eq!(fresh["modes"]["direct"], other["modes"]["direct"]);
    }
    assert_eq!(fresh["modes"]["direct"]["medias"][0]["format"], "m3u8");
}

#[tokio::test]
async fn many_who_ask_at_once_ask_the_origin_once() {
    let server = stage().await;
    let origin = origin("200 OK\r\nContent-Type: video/mp4", "x").await;
    play(&server, json!({"url": format!("{}/film", origin.base)})).await;
    let (a, b, c, d) = tokio::join!(result(&server), result(&server), result(&server), result(&server));
    assert_eq!([&a, &b, &c, &d].map(|result| result["modes"]["direct"]["medias"][0]["format"] == "mp4"), [true; 4]);
    assert_eq!(origin.requests.load(SeqCst), 1);
}

#[tokio::test]
async fn an_origin_that_fails_is_a_502_that_reveals_nothing() {
    let server = stage().await;
    let refuses = origin("403 Forbidden", "hush").await;
    for url in [format!("{}/film", refuses.base), "http://127.0.0.1:1/film".into(), "http://10.0.0.1/live.m3u8".into()]
    {
        play(&server, json!({"url": url})).await;
        let (status, problem) = server.call("GET", "/rooms/Movies/playback", None).await;
        assert_eq!(status, StatusCode::BAD_GATEWAY, "{problem}");
        let text = problem.to_string();
        assert!(
            text.contains("the origin of this media does not give") && !text.contains("127.0") && !text.contains("403"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_live_stream_plays_from_the_live_plane() {
    let server = stage().await;
    let added = play(&server, json!({"rtmp": "show"})).await;
    assert_eq!(added["stream"], "show");
    assert!(added["publish_url"].as_str().unwrap().contains("/live/show?key=sk_"), "the operator gets a key");
    let open = result(&server).await;
    assert_eq!(
        (&open["kind"], &open["duration_ms"], &open["expires_at"]),
        (&json!("live"), &Value::Null, &Value::Null)
    );
    assert_eq!((names(&open), &open["default_mode"]), (vec!["flv", "hls"], &json!("hls")));
    assert_eq!(open["modes"]["hls"]["medias"][0]["url"], "/live/show/index.m3u8");
    assert_eq!(open["modes"]["flv"]["medias"][0]["url"], "/live/show.flv");
    server.call("PATCH", "/streams/show", Some(json!({"private": true}))).await;
    let closed = result(&server).await;
    let url = closed["modes"]["hls"]["medias"][0]["url"].as_str().unwrap();
    assert!(url.starts_with("/live/show/index.m3u8?pass=") && url.ends_with("&sig=show"), "{url}");
    assert!(closed["expires_at"].is_string());
}

#[tokio::test]
async fn a_stream_gets_a_key_when_it_has_none_that_works() {
    let server = stage().await;
    let first = add(&server, json!({"rtmp": "show"})).await;
    assert_eq!(add(&server, json!({"rtmp": "show"})).await.get("secret"), None, "it has one");
    assert!(add(&server, json!({"rtmp": "show", "new_key": true})).await["secret"].is_string());
    let keys = server.call("GET", "/keys?stream=show", None).await.1["keys"].as_array().unwrap().clone();
    for key in &keys {
        server.call("DELETE", &format!("/keys/{}", key["key_id"].as_str().unwrap()), None).await;
    }
    assert_eq!((keys.len(), first["position"].as_u64()), (2, Some(1)));
    assert!(add(&server, json!({"rtmp": "show"})).await["secret"].is_string(), "those it has are revoked");
}

#[tokio::test]
async fn members_name_public_streams_and_make_none() {
    let server = stage().await;
    let token = server.token("Movies", "controller").await["token"].as_str().unwrap().to_owned();
    server.call("POST", "/streams", Some(json!({"name": "open"}))).await;
    server.call("POST", "/streams", Some(json!({"name": "closed", "private": true}))).await;
    for (body, want) in [
        (json!({"rtmp": "open"}), 201),
        (json!({"rtmp": "open", "new_key": true}), 403),
        (json!({"rtmp": "closed"}), 403),
        (json!({"rtmp": "missing"}), 403),
        (json!({"source": {"kind": "live_proxy", "stream": "camera", "upstream": {"url": "http://h/a.flv"}}}), 403),
        (json!({"source": {"kind": "live_proxy", "upstream": {"url": "http://h/a.flv"}}}), 201),
    ] {
        let (status, answer) = server.with(Some(&token), "POST", "/rooms/Movies/media", Some(body.clone())).await;
        assert_eq!(status, want, "{body}: {answer}");
        assert_eq!(answer.get("secret"), None);
    }
    let streams = server.with(Some(OPERATOR), "GET", "/streams", None).await.1;
    assert_eq!(streams["streams"].as_array().unwrap().len(), 3, "none was made but that of the pull: {streams}");
    // Nor does the operator leave any behind of media that are refused.
    let pull = streams["streams"].as_array().unwrap().iter().find(|stream| stream["kind"] == "pull").unwrap();
    let body = json!({"media": [{"rtmp": "fresh"}, {"rtmp": pull["name"]}]});
    assert_eq!(server.call("POST", "/rooms/Movies/media", Some(body)).await.0, StatusCode::CONFLICT);
    assert_eq!(server.call("GET", "/streams/fresh", None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn urls_do_not_outlive_the_token_they_were_given_to() {
    let server = stage().await;
    let body = json!({"role": "viewer", "expires_in_s": 60});
    let token = server.call("POST", "/rooms/Movies/tokens", Some(body)).await.1;
    play(&server, json!({"url": "http://h/a.mp4"})).await;
    let (_, result) = server.with(token["token"].as_str(), "GET", "/rooms/Movies/playback", None).await;
    let left = moment(&result["expires_at"]) - OffsetDateTime::now_utc();
    assert!(left <= Duration::seconds(60) && left > Duration::seconds(50), "{left}");
    let url = result["modes"]["proxy_direct"]["medias"][0]["url"].as_str().unwrap();
    assert!(url.contains(token["id"].as_str().unwrap()), "it says who has it: {url}");
}

#[tokio::test]
async fn sources_that_make_no_sense_are_explained() {
    let server = stage().await;
    for (body, want) in [
        (json!({"url": "http://h/a.mp4", "rtmp": "x"}), "give one of"),
        (json!({"rtmp": "../x"}), "stream name"),
        (json!({"rtmp": "x", "headers": {"A": "b"}}), "are for a `url`"),
        (json!({"rtmp": "x", "duration_ms": 5}), "no duration"),
        (json!({"url": "http://h/a.mp4", "headers": {"Host": "hush"}}), "`Host`"),
        (json!({"url": "http://h/a.mp4", "subtitles": [{"url": "ftp://h/x"}]}), "subtitle: "),
        (json!({"url": "http://h/a.mp4", "new_key": true}), "`new_key`"),
        (json!({"live_proxy": "srt://h/x"}), "rtmp, http or https"),
        (json!({"source": {"kind": "alist"}}), "unknown variant"),
        (json!({"url": "http://h/a.mp4", "proxy_mode": "never"}), "unknown variant"),
    ] {
        let (status, problem) = server.call("POST", "/rooms/Movies/media", Some(body.clone())).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}: {problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(want) && !detail.contains("hush"), "{body}: {detail}");
    }
}

#[tokio::test]
async fn a_slow_origin_costs_a_request_its_wait_and_not_its_answer() {
    let server = stage().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/film", listener.local_addr().unwrap());
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let origin = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        gone.await.unwrap();
        let answer = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 1\r\n\r\nx";
        socket.write_all(answer).await.unwrap();
        // Kept until it is read; asked a second time it would not answer.
        std::future::pending::<()>().await;
    });
    play(&server, json!({"url": url})).await;
    let (status, problem) = server.call("GET", "/rooms/Movies/playback", None).await;
    assert_eq!(status, StatusCode::GATEWAY_TIMEOUT, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("in time"), "{problem}");
    go.send(()).unwrap();
    assert_eq!(result(&server).await["modes"]["direct"]["medias"][0]["format"], "mp4");
    origin.abort();
}
