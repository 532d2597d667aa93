//! Commands over the API.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::tests::{Server, server};

async fn room_with_two() -> (Server, [Value; 2]) {
    let server = server().await;
    server.room(json!({"name": "Movies"})).await;
    let media = json!({"media": [
        {"url": "http://h/a.mp4", "duration_ms": 60_000}, {"url": "http://h/b.mp4", "duration_ms": 30_000},
    ]});
    let (_, added) = server.call("POST", "/rooms/Movies/media", Some(media)).await;
    let id = |n: usize| added["added"][n]["id"].clone();
    let ids = [id(0), id(1)];
    (server, ids)
}

async fn command(server: &Server, body: Value) -> (StatusCode, Value) {
    server.call("POST", "/rooms/Movies/playback", Some(body)).await
}

#[tokio::test]
async fn a_room_plays_pauses_seeks_and_goes_on() {
    let (server, [first, second]) = room_with_two().await;
    let (status, state) = command(&server, json!({"command": "start", "media_id": first})).await;
    assert_eq!((status, &state["version"], &state["generation"]), (StatusCode::OK, &json!(1), &json!(1)), "{state}");
    assert_eq!((&state["media_id"], &state["playing"], &state["position_ms"]), (&first, &json!(true), &json!(0)));
    assert_eq!((&state["duration_ms"], &state["duration_status"]), (&json!(60_000), &json!("known")));
    assert_eq!(state["target_hash"].as_str().unwrap().len(), 64);
    let (_, state) = command(&server, json!({"command": "pause"})).await;
    assert_eq!((&state["playing"], &state["version"]), (&json!(false), &json!(2)));
    let (_, state) = command(&server, json!({"command": "seek", "position_ms": 42_000})).await;
    assert_eq!((&state["position_ms"], &state["playing"]), (&json!(42_000), &json!(false)));
    let (_, state) = command(&server, json!({"command": "seek", "position_ms": 99_000})).await;
    assert_eq!(state["position_ms"], 60_000, "clamped to the duration");
    let (_, state) = command(&server, json!({"command": "speed", "speed": 1.5})).await;
    assert_eq!(state["speed"], 1.5);
    let (_, state) = command(&server, json!({"command": "next"})).await;
    assert_eq!((&state["media_id"], &state["generation"]), (&second, &json!(2)));
    let (_, state) = command(&server, json!({"command": "next"})).await;
    assert_eq!((&state["ended"], &state["playing"], &state["media_id"]), (&json!(true), &json!(false), &second));
    let (_, state) = command(&server, json!({"command": "prev"})).await;
    assert_eq!((&state["media_id"], &state["ended"]), (&first, &json!(false)));
    let (_, state) = command(&server, json!({"command": "stop"})).await;
    assert_eq!((&state["media_id"], &state["duration_status"]), (&Value::Null, &Value::Null));

    let (_, shown) = server.call("GET", "/rooms/Movies/state", None).await;
    assert_eq!(shown["version"], state["version"]);
    assert!(shown["at_ms"].as_i64().unwrap() > 1_600_000_000_000, "{shown}");
    let (_, history) = server.call("GET", "/rooms/Movies/history", None).await;
    let newest = &history["history"][0];
    assert_eq!(
        (&newest["from_media"], &newest["to_media"], &newest["cause"]),
        (&first, &Value::Null, &json!("command"))
    );
    let (_, short) = server.call("GET", "/rooms/Movies/history?limit=1", None).await;
    assert_eq!(short["history"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_stale_version_is_a_conflict_with_the_fresh_state() {
    let (server, [first, second]) = room_with_two().await;
    command(&server, json!({"command": "start", "media_id": first})).await;
    let (status, state) = command(&server, json!({"command": "pause", "version": 1})).await;
    assert_eq!((status, &state["version"]), (StatusCode::OK, &json!(2)));
    let (status, problem) = command(&server, json!({"command": "start", "media_id": second, "version": 1})).await;
    assert_eq!((status, &problem["status"]), (StatusCode::CONFLICT, &json!(409)));
    assert_eq!((&problem["state"]["version"], &problem["state"]["media_id"]), (&json!(2), &first), "{problem}");
    let (_, state) = server.call("GET", "/rooms/Movies/state", None).await;
    assert_eq!((&state["version"], &state["media_id"]), (&json!(2), &first), "nothing was written");
}

#[tokio::test]
async fn bad_commands_are_explained() {
    let (server, [first, _]) = room_with_two().await;
    for (body, status, want) in [
        (json!({"command": "play"}), 409, "nothing is selected"),
        (json!({"command": "next"}), 409, "nothing is selected"),
        (json!({"command": "start"}), 400, "media_id"),
        (json!({"command": "start", "media_id": "m_nothing"}), 404, "media"),
        (json!({"command": "rewind"}), 400, "rewind"),
        (json!({}), 400, "command"),
        (json!({"command": "play", "volume": 11}), 400, "unknown field"),
    ] {
        let (got, problem) = command(&server, body.clone()).await;
        assert_eq!(got, status, "{body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(want), "{body}: {problem}");
    }
    command(&server, json!({"command": "start", "media_id": first})).await;
    for (body, want) in [
        (json!({"command": "seek"}), "position_ms"),
        (json!({"command": "seek", "position_ms": -1}), "position"),
        (json!({"command": "speed"}), "speed"),
        (json!({"command": "speed", "speed": 0}), "speed"),
        (json!({"command": "speed", "speed": 1e9}), "speed"),
    ] {
        let (got, problem) = command(&server, body.clone()).await;
        assert_eq!(got, StatusCode::BAD_REQUEST, "{body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(want), "{body}: {problem}");
    }
}

#[tokio::test]
async fn members_are_told_as_the_nodes_say() {
    let (server, _) = room_with_two().await;
    let (_, room) = server.call("GET", "/rooms/Movies", None).await;
    let room_id = room["id"].as_str().unwrap();
    let (_, none) = server.call("GET", "/rooms/Movies/members", None).await;
    assert_eq!(none, json!({"members": [], "connections": 0}));
    server.api.store.heartbeat("n_1").await.unwrap();
    let members = json!([{"id": "c_0123456789", "name": "<b>ש", "role": "viewer"}]).to_string();
    let said = synctv_store::Presence { room_id: room_id.to_owned(), connections: 1, members };
    server.api.store.put_presence("n_1", &[said]).await.unwrap();
    let (_, some) = server.call("GET", "/rooms/Movies/members", None).await;
    let member = json!({"id": "c_0123456789", "name": "<b>ש", "role": "viewer", "node": "n_1"});
    assert_eq!(some, json!({"members": [member], "connections": 1}));
    assert_eq!(server.call("GET", "/rooms/Movies", None).await.1["connections"], 1);
    assert_eq!(server.call("GET", "/rooms", None).await.1["rooms"][0]["connections"], 1);

    let head = room_head(&server, room_id).await;
    let (status, _) = server.call("POST", "/rooms/Movies/kick", Some(json!({"member": "c_0123456789"}))).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let marks = [synctv_store::Mark { room_id: room_id.to_owned(), seq: head }];
    let events = server.api.store.events_after(&marks, 10).await.unwrap();
    assert_eq!((events.len(), events[0].kind), (1, synctv_store::EventKind::Kick));
    assert_eq!(events[0].body, "c_0123456789");
    let (status, _) = server.call("POST", "/rooms/Movies/kick", Some(json!({"member": "nobody"}))).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

async fn room_head(server: &Server, room_id: &str) -> i64 {
    server.api.store.heads(&[room_id.to_owned()]).await.unwrap()[0].seq
}
