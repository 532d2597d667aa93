//! Rooms over the API in process: making, listing, changing, joining, deleting.

use axum::Router;
use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::http::admin::tests::{Api, api, request, send};
use crate::http::admin::{require_token, router};
use crate::secret::Secret;

/// The operator's token over TCP.
pub(super) const OPERATOR: &str = "operator-0123456789";

/// The API as it is reached locally and over TCP.
pub(in crate::http) struct Server {
    pub(in crate::http) api: Api,
    local: Router,
    remote: Router,
}

pub(in crate::http) async fn server() -> Server {
    let api = api().await;
    let local = router(api.state.clone());
    let remote = require_token(local.clone(), Some(Secret::new(OPERATOR)));
    Server { api, local, remote }
}

/// A room and its owner's token.
pub(in crate::http) struct Made {
    pub(in crate::http) id: String,
    pub(in crate::http) owner: String,
}

impl Server {
    /// As the operator on the server's machine.
    pub(in crate::http) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        send(self.local.clone(), request(method, path, body)).await
    }

    /// Over TCP with a token.
    pub(in crate::http) async fn with(
        &self,
        token: Option<&str>,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let mut request = request(method, path, body);
        if let Some(token) = token {
            request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        }
        send(self.remote.clone(), request).await
    }

    pub(in crate::http) async fn room(&self, body: Value) -> Made {
        let (status, made) = self.call("POST", "/rooms", Some(body)).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Made { id: text("id"), owner: text("owner_token") }
    }

    pub(in crate::http) async fn token(&self, room: &str, role: &str) -> Value {
        let (status, made) = self.call("POST", &format!("/rooms/{room}/tokens"), Some(json!({"role": role}))).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        made
    }
}

#[tokio::test]
async fn a_room_is_made_shown_changed_and_deleted() {
    let server = server().await;
    let made = server.room(json!({"name": "Movies", "mode": "repeat_all", "advance_delay_ms": 1500})).await;
    assert!(made.id.starts_with("r_") && made.id.len() == 12, "{}", made.id);
    assert!(made.owner.starts_with("rt_") && made.owner.len() == 46);
    for name in [made.id.as_str(), "Movies"] {
        let (status, shown) = server.call("GET", &format!("/rooms/{name}"), None).await;
        assert_eq!(status, StatusCode::OK, "{shown}");
        assert_eq!((&shown["id"], &shown["name"]), (&json!(made.id), &json!("Movies")));
        assert_eq!((&shown["mode"], &shown["advance_delay_ms"]), (&json!("repeat_all"), &json!(1500)));
        assert_eq!((&shown["control"], &shown["has_password"]), (&json!("controller"), &json!(false)));
        assert_eq!((&shown["connections"], &shown["playing"]), (&json!(0), &json!(false)));
    }
    let change = json!({"name": "Films", "mode": "shuffle", "advance_delay_ms": 0, "control": "owner"});
    let (status, changed) = server.call("PATCH", "/rooms/Movies", Some(change)).await;
    assert_eq!((status, &changed["name"], &changed["mode"]), (StatusCode::OK, &json!("Films"), &json!("shuffle")));
    assert_eq!((&changed["advance_delay_ms"], &changed["control"]), (&json!(0), &json!("owner")));
    assert_eq!(server.call("DELETE", "/rooms/Films", None).await.0, StatusCode::NO_CONTENT);
    let (status, problem) = server.call("GET", &format!("/rooms/{}", made.id), None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(problem["detail"].as_str().unwrap().contains("there is no room"), "{problem}");
}

#[tokio::test]
async fn the_list_is_paged_by_name() {
    let server = server().await;
    for name in ["c", "a", "b", "ש", "Z"] {
        server.room(json!({"name": name})).await;
    }
    let mut seen = Vec::new();
    let mut path = "/rooms?limit=2".to_owned();
    loop {
        let (status, page) = server.call("GET", &path, None).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let rooms = page["rooms"].as_array().unwrap();
        assert!(rooms.len() <= 2);
        seen.extend(rooms.iter().map(|room| room["name"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        let next: String = next.bytes().map(|byte| format!("%{byte:02X}")).collect();
        path = format!("/rooms?limit=2&after={next}");
    }
    let mut names = ["c", "a", "b", "ש", "Z"].map(str::to_owned);
    names.sort();
    seen.sort();
    assert_eq!(seen, names, "each room once");
    assert_eq!(server.call("GET", "/rooms?limit=0", None).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(server.call("GET", "/rooms?limit=x", None).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn bad_rooms_are_explained() {
    let server = server().await;
    server.room(json!({"name": "taken"})).await;
    for (body, status, want) in [
        (json!({}), 400, "missing field `name`"),
        (json!({"name": ""}), 400, "1 to 200"),
        (json!({"name": "a\nb"}), 400, "control characters"),
        (json!({"name": " a"}), 400, "spaces"),
        (json!({"name": "r_0123456789"}), 400, "look like"),
        (json!({"name": "x".repeat(201)}), 400, "1 to 200"),
        (json!({"name": "taken"}), 409, "taken"),
        (json!({"name": "n", "mode": "backwards"}), 400, "backwards"),
        (json!({"name": "n", "advance_delay_ms": 3_600_001}), 400, "advance_delay_ms"),
        (json!({"name": "n", "password": ""}), 400, "1 to 128"),
        (json!({"name": "n", "password": "x".repeat(129)}), 400, "1 to 128"),
        (json!({"name": "n", "owner": 1}), 400, "unknown field"),
    ] {
        let (got, problem) = server.call("POST", "/rooms", Some(body.clone())).await;
        assert_eq!(got, status, "{body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(want), "{body}: {problem}");
    }
    let (_, list) = server.call("GET", "/rooms", None).await;
    assert_eq!(list["rooms"].as_array().unwrap().len(), 1, "{list}");
}

#[tokio::test]
async fn the_password_lets_viewers_in_until_it_is_taken_away() {
    let server = server().await;
    let made = server.room(json!({"name": "Movies", "password": "open sesame"})).await;
    let join = async |password: &str| {
        let body = json!({"password": password, "name": "guest"});
        server.with(None, "POST", "/rooms/Movies/join", Some(body)).await
    };
    let (status, problem) = join("wrong").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(!problem.to_string().contains("argon2"), "{problem}");
    let (status, joined) = join("open sesame").await;
    assert_eq!(status, StatusCode::OK, "{joined}");
    assert_eq!((&joined["role"], &joined["room_id"]), (&json!("viewer"), &json!(made.id)));
    let token = joined["token"].as_str().unwrap();
    let (status, state) = server.with(Some(token), "GET", "/rooms/Movies/state", None).await;
    assert_eq!((status, &state["version"]), (StatusCode::OK, &json!(0)));
    let (_, tokens) = server.call("GET", "/rooms/Movies/tokens", None).await;
    assert_eq!(tokens["tokens"][1]["label"], "guest");
    assert!(tokens["tokens"][1]["expires_at"].is_string() && !tokens.to_string().contains(token), "{tokens}");

    let (_, changed) = server.call("PATCH", "/rooms/Movies", Some(json!({"mode": "shuffle"}))).await;
    assert_eq!(changed["has_password"], true, "another change leaves it");
    let (_, changed) = server.call("PATCH", "/rooms/Movies", Some(json!({"password": null}))).await;
    assert_eq!(changed["has_password"], false);
    let (status, problem) = join("open sesame").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(problem["detail"].as_str().unwrap().contains("no password"), "{problem}");
    let (status, _) = server.with(None, "POST", "/rooms/nowhere/join", Some(json!({"password": "x"}))).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn passwords_cannot_be_tried_quickly() {
    let server = server().await;
    server.room(json!({"name": "open"})).await;
    let mut refused = 0;
    for _ in 0..12 {
        let request = request("POST", "/rooms/open/join", Some(json!({"password": "x"})));
        let response = server.remote.clone().oneshot(request).await.unwrap();
        match response.status() {
            StatusCode::TOO_MANY_REQUESTS => {
                assert_eq!(response.headers()[header::RETRY_AFTER], "1");
                refused += 1;
            }
            other => assert_eq!(other, StatusCode::FORBIDDEN),
        }
    }
    assert!(refused >= 2, "{refused} of 12 attempts were refused");
}

#[tokio::test]
async fn names_with_markup_and_right_to_left_text_survive() {
    let server = server().await;
    for name in ["<script>alert(1)</script>", "حديقة الأفلام", "a/b?c=d#e%20", "..", "'; DROP TABLE rooms; --", "👩‍👩‍👧"]
    {
        let made = server.room(json!({"name": name})).await;
        let path: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let (status, shown) = server.call("GET", &format!("/rooms/{path}"), None).await;
        assert_eq!((status, &shown["name"], &shown["id"]), (StatusCode::OK, &json!(name), &json!(made.id)), "{shown}");
        let (_, list) = server.call("POST", &format!("/rooms/{path}/playlists"), Some(json!({"name": name}))).await;
        assert_eq!(list["name"], name);
        let media = json!({"url": "http://h/a.mp4", "name": name, "playlist": name});
        let (status, added) = server.call("POST", &format!("/rooms/{path}/media"), Some(media)).await;
        assert_eq!(status, StatusCode::CREATED, "{added}");
        let (_, page) = server.call("GET", &format!("/rooms/{path}/media?playlist={path}"), None).await;
        assert_eq!((&page["media"][0]["name"], &page["total"]), (&json!(name), &json!(1)));
    }
}
