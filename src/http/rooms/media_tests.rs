//! Playlists and media: adding, paging, moving, removing.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::tests::{Server, server};

async fn names(server: &Server, query: &str) -> Vec<String> {
    let (status, page) = server.call("GET", &format!("/rooms/Movies/media?{query}"), None).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    page["media"].as_array().unwrap().iter().map(|media| media["name"].as_str().unwrap().to_owned()).collect()
}

async fn add(server: &Server, body: Value) -> Value {
    let (status, added) = server.call("POST", "/rooms/Movies/media", Some(body)).await;
    assert_eq!(status, StatusCode::CREATED, "{added}");
    added
}

#[tokio::test]
async fn media_are_added_moved_and_removed_in_order() {
    let server = server().await;
    server.room(json!({"name": "Movies"})).await;
    let first = add(&server, json!({"url": "http://h/a.mp4", "duration_ms": 90_000})).await;
    assert_eq!(first["position"], 1);
    let more = json!({"media": [{"url": "http://h/b.mp4"}, {"url": "http://h/c.mp4", "name": "third"}]});
    let more = add(&server, more).await;
    let positions: Vec<_> = more["added"].as_array().unwrap().iter().map(|one| one["position"].clone()).collect();
    assert_eq!(positions, [json!(2), json!(3)]);
    assert_eq!(names(&server, "").await, ["a.mp4", "b.mp4", "third"]);

    let path = format!("/rooms/Movies/media/{}", first["id"].as_str().unwrap());
    let (_, shown) = server.call("GET", &path, None).await;
    assert_eq!((&shown["duration_ms"], &shown["duration_status"]), (&json!(90_000), &json!("known")));
    assert_eq!((&shown["url"], shown["target_hash"].as_str().unwrap().len()), (&json!("http://h/a.mp4"), 64));
    let (_, moved) = server.call("PATCH", &path, Some(json!({"position": 99}))).await;
    assert_eq!(moved["position"], 3);
    assert_eq!(names(&server, "").await, ["b.mp4", "third", "a.mp4"]);
    assert_eq!(server.call("PATCH", &path, Some(json!({"position": 0}))).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(server.call("DELETE", &path, None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(server.call("DELETE", &path, None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(names(&server, "").await, ["b.mp4", "third"]);
}

#[tokio::test]
async fn a_whole_source_may_say_its_duration() {
    let server = server().await;
    server.room(json!({"name": "Movies"})).await;
    let source = json!({"kind": "direct_url", "medias": [{"url": "http://h/a.mp4"}], "duration_seconds": 90.5});
    let added = add(&server, json!({ "source": source.clone() })).await;
    let (_, shown) = server.call("GET", &format!("/rooms/Movies/media/{}", added["id"].as_str().unwrap()), None).await;
    assert_eq!((&shown["duration_ms"], &shown["duration_status"]), (&json!(90_500), &json!("known")));
    let both = json!({"source": source, "duration_ms": 1});
    assert_eq!(server.call("POST", "/rooms/Movies/media", Some(both)).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn bad_media_are_explained_and_nothing_is_added() {
    let server = server().await;
    server.room(json!({"name": "Movies"})).await;
    let many: Vec<_> = (0..1001).map(|n| json!({"url": format!("http://h/{n}")})).collect();
    for (body, status, want) in [
        (json!({}), 400, "either"),
        (json!({"url": "http://h/a", "media": []}), 400, "either"),
        (json!({"media": []}), 400, "1 to 1000"),
        (json!({"media": many}), 400, "1 to 1000"),
        (json!({"media": [{"url": "http://h/a"}, {"url": "ftp://h/b"}]}), 400, "item 2 (`ftp://h/b`): "),
        (json!({"url": "file:///etc/passwd"}), 400, "URL"),
        (json!({"url": "http://h/a", "name": "a\u{7}"}), 400, "control characters"),
        (json!({"url": "http://h/a", "duration_ms": 0}), 400, "duration_ms"),
        (
            json!({"source": {"kind": "direct_url", "medias": [{"url": "http://h/a"}], "duration_seconds": -1}}),
            400,
            "duration",
        ),
        (json!({"source": {"kind": "direct_url", "medias": [{"url": "http://h/a"}], "size": 1}}), 400, "unknown field"),
        (json!({"url": "http://h/a", "playlist": "nowhere"}), 404, "playlist"),
        (json!({"url": "http://h/a", "size": 1}), 400, "unknown field"),
    ] {
        let (got, problem) = server.call("POST", "/rooms/Movies/media", Some(body.clone())).await;
        assert_eq!(got, status, "{body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(want), "{body}: {problem}");
    }
    assert_eq!(names(&server, "").await, [""; 0]);
}

#[tokio::test]
async fn thousands_of_media_are_paged_in_order() {
    let server = server().await;
    server.room(json!({"name": "Movies"})).await;
    for portion in 0..3 {
        // Long URLs: more than the 64 KiB that other requests may have.
        let media: Vec<_> = (0..1000)
            .map(|n| json!({"url": format!("http://h/{:05}?{}", portion * 1000 + n, "x".repeat(500))}))
            .collect();
        add(&server, json!({"media": media})).await;
    }
    let (mut offset, mut seen) = (json!(0), 0);
    while let Some(from) = offset.as_u64() {
        let (_, page) = server.call("GET", &format!("/rooms/Movies/media?limit=700&offset={from}"), None).await;
        assert_eq!(page["total"], 3000);
        for media in page["media"].as_array().unwrap() {
            assert_eq!((&media["name"], &media["position"]), (&json!(format!("{seen:05}")), &json!(seen + 1)));
            seen += 1;
        }
        offset = page["next_offset"].clone();
    }
    assert_eq!(seen, 3000);
    assert_eq!(names(&server, "offset=18446744073709551615").await, [""; 0]);
    assert_eq!(server.call("GET", "/rooms/Movies/media?limit=1001", None).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn playlists_are_made_renamed_and_deleted_by_id_or_name() {
    let server = server().await;
    server.room(json!({"name": "Movies"})).await;
    let call = async |method, path: &str, body: Option<Value>| {
        server.call(method, &format!("/rooms/Movies/playlists{path}"), body).await
    };
    let (status, made) = call("POST", "", Some(json!({"name": "late"}))).await;
    assert_eq!((status, &made["media"]), (StatusCode::CREATED, &json!(0)));
    assert_eq!(call("POST", "", Some(json!({"name": "late"}))).await.0, StatusCode::CONFLICT);
    assert_eq!(call("POST", "", Some(json!({"name": ""}))).await.0, StatusCode::BAD_REQUEST);
    let (_, renamed) = call("PATCH", "/late", Some(json!({"name": "later"}))).await;
    assert_eq!((&renamed["id"], &renamed["name"]), (&made["id"], &json!("later")));
    let (_, list) = call("GET", "", None).await;
    let listed: Vec<_> = list["playlists"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(listed, [json!("main"), json!("later")]);
    add(&server, json!({"url": "http://h/a.mp4", "playlist": "later"})).await;
    assert_eq!(names(&server, "playlist=later").await, ["a.mp4"]);
    assert_eq!(names(&server, "").await, [""; 0], "without a name it is the first one");
    let id = made["id"].as_str().unwrap();
    assert_eq!(call("DELETE", &format!("/{id}"), None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(call("DELETE", "/later", None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(call("DELETE", "/main", None).await.0, StatusCode::CONFLICT, "a room keeps its last playlist");
}

#[tokio::test]
async fn removing_what_plays_stops_it_first() {
    let server = server().await;
    server.room(json!({"name": "Movies"})).await;
    let call = async |method, path: &str, body: Option<Value>| {
        server.call(method, &format!("/rooms/Movies{path}"), body).await
    };
    let first = add(&server, json!({"url": "http://h/a.mp4"})).await;
    call("POST", "/playlists", Some(json!({"name": "late"}))).await;
    let late = add(&server, json!({"url": "http://h/b.mp4", "playlist": "late"})).await;
    let start = async |id: &Value| {
        let (status, state) = call("POST", "/playback", Some(json!({"command": "start", "media_id": id}))).await;
        assert_eq!((status, &state["media_id"]), (StatusCode::OK, id), "{state}");
    };
    start(&first["id"]).await;
    let other = format!("/media/{}", late["id"].as_str().unwrap());
    let media = format!("/media/{}", first["id"].as_str().unwrap());
    assert_eq!(call("DELETE", "/playlists/late", None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(call("GET", "/state", None).await.1["media_id"], first["id"], "what plays elsewhere goes on");
    assert_eq!(call("GET", &other, None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(call("DELETE", &media, None).await.0, StatusCode::NO_CONTENT);
    let (_, state) = call("GET", "/state", None).await;
    assert_eq!((&state["media_id"], &state["playing"]), (&Value::Null, &json!(false)));

    call("POST", "/playlists", Some(json!({"name": "late"}))).await;
    let late = add(&server, json!({"url": "http://h/b.mp4", "playlist": "late"})).await;
    start(&late["id"]).await;
    assert_eq!(call("DELETE", "/playlists/late", None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(call("GET", "/state", None).await.1["media_id"], Value::Null);
    let kept = add(&server, json!({"url": "http://h/c.mp4"})).await;
    start(&kept["id"]).await;
    assert_eq!(call("DELETE", "/playlists/main", None).await.0, StatusCode::CONFLICT);
    assert_eq!(call("GET", "/state", None).await.1["playing"], true, "a refused removal stops nothing");
}
