//! Who may do what.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::tests::{OPERATOR, server};

#[tokio::test]
async fn making_and_listing_rooms_is_the_operators() {
    let server = server().await;
    let made = server.room(json!({"name": "Movies"})).await;
    for token in [None, Some(made.owner.as_str()), Some("rt_nothing")] {
        for (method, path) in [("GET", "/rooms"), ("POST", "/rooms"), ("GET", "/rooms/"), ("GET", "/status")] {
            let (status, _) = server.with(token, method, path, Some(json!({"name": "x"}))).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path}");
        }
    }
    let (status, list) = server.with(Some(OPERATOR), "GET", "/rooms", None).await;
    assert_eq!((status, list["rooms"].as_array().unwrap().len()), (StatusCode::OK, 1));
    let (status, _) = server.with(Some(OPERATOR), "DELETE", "/rooms/Movies", None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn each_role_may_what_it_may_and_no_more() {
    let server = server().await;
    server.room(json!({"name": "Movies"})).await;
    let secret = |made: &Value| made["token"].as_str().unwrap().to_owned();
    let [viewer, controller, owner] = [
        server.token("Movies", "viewer").await,
        server.token("Movies", "controller").await,
        server.token("Movies", "owner").await,
    ];
    let (viewer, controller, owner) = (secret(&viewer), secret(&controller), secret(&owner));
    // Method, path, body, and the least role: 0 viewer, 1 controller, 2 owner.
    let media = json!({"url": "http://h/a.mp4"});
    let table = [
        ("GET", "", None, 0),
        ("GET", "/state", None, 0),
        ("GET", "/media", None, 0),
        ("GET", "/playlists", None, 0),
        ("GET", "/history", None, 0),
        ("GET", "/members", None, 0),
        ("POST", "/media", Some(media), 1),
        ("POST", "/playback", Some(json!({"command": "stop"})), 1),
        ("DELETE", "/media/m_nothing", None, 1),
        ("PATCH", "/media/m_nothing", Some(json!({"position": 1})), 1),
        ("PATCH", "/playlists/nothing", Some(json!({"name": "x"})), 1),
        ("DELETE", "/playlists/nothing", None, 1),
        ("GET", "/tokens", None, 2),
        ("POST", "/tokens", Some(json!({"role": "viewer"})), 2),
        ("DELETE", "/tokens/t_nothing", None, 2),
        ("POST", "/kick", Some(json!({"member": "c_0123456789"})), 2),
        ("PATCH", "", Some(json!({"mode": "shuffle"})), 2),
    ];
    for (method, path, body, least) in table {
        for (rank, token) in [&viewer, &controller, &owner].into_iter().enumerate() {
            let (status, answer) =
                server.with(Some(token), method, &format!("/rooms/Movies{path}"), body.clone()).await;
            let refused = status == StatusCode::FORBIDDEN;
            assert_eq!(refused, rank < least, "{method} {path} as {rank}: {status} {answer}");
            assert_ne!(status, StatusCode::UNAUTHORIZED, "{method} {path}");
            assert!(!status.is_server_error(), "{method} {path}: {answer}");
        }
    }
    let (status, _) = server.with(Some(&viewer), "DELETE", "/rooms/Movies", None).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, _) = server.with(Some(&owner), "DELETE", "/rooms/Movies", None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn the_control_setting_says_who_controls() {
    let server = server().await;
    server.room(json!({"name": "all", "control": "viewer"})).await;
    server.room(json!({"name": "few", "control": "owner"})).await;
    for (room, role, status) in [("all", "viewer", StatusCode::CREATED), ("few", "controller", StatusCode::FORBIDDEN)] {
        let token = server.token(room, role).await;
        let body = Some(json!({"url": "http://h/a.mp4"}));
        let (got, answer) = server.with(token["token"].as_str(), "POST", &format!("/rooms/{room}/media"), body).await;
        assert_eq!(got, status, "{answer}");
    }
}

#[tokio::test]
async fn foreign_unknown_revoked_and_missing_tokens_are_told_apart() {
    let server = server().await;
    let mine = server.room(json!({"name": "mine"})).await;
    let other = server.room(json!({"name": "other"})).await;
    let ask =
        async |token: Option<&str>, room: &str| server.with(token, "GET", &format!("/rooms/{room}/state"), None).await;
    assert_eq!(ask(Some(&mine.owner), "mine").await.0, StatusCode::OK);
    let (status, problem) = ask(Some(&other.owner), "mine").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(problem["detail"].as_str().unwrap().contains("another room"), "{problem}");
    assert_eq!(ask(None, "mine").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(ask(Some("rt_made_up"), "mine").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(ask(Some(&mine.owner), "nowhere").await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(None, "nowhere").await.0, StatusCode::UNAUTHORIZED, "strangers do not learn which rooms there are");

    let made = server.token("mine", "viewer").await;
    let path = format!("/rooms/mine/tokens/{}", made["id"].as_str().unwrap());
    assert_eq!(ask(made["token"].as_str(), "mine").await.0, StatusCode::OK);
    let (status, _) = server.with(Some(&other.owner), "DELETE", &path, None).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, revoked) = server.call("DELETE", &path, None).await;
    assert_eq!((status, &revoked["state"]), (StatusCode::OK, &json!("revoked")));
    let (status, problem) = ask(made["token"].as_str(), "mine").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(problem["detail"].as_str().unwrap().contains("revoked"), "{problem}");
    let foreign = format!("/rooms/other/tokens/{}", made["id"].as_str().unwrap());
    assert_eq!(server.call("DELETE", &foreign, None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_expired_token_opens_nothing() {
    let server = server().await;
    let room = server.room(json!({"name": "mine"})).await;
    let token = synctv_store::NewToken {
        id: "t_0000000000".into(),
        role: synctv_store::Role::Owner,
        label: None,
        hash: crate::keys::hash("rt_short"),
        lifetime: Some(std::time::Duration::from_millis(1)),
    };
    server.api.store.create_token(&room.id, &token).await.unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
    loop {
        let (status, problem) = server.with(Some("rt_short"), "GET", "/rooms/mine/state", None).await;
        if status == StatusCode::UNAUTHORIZED {
            assert!(problem["detail"].as_str().unwrap().contains("expired"), "{problem}");
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{status}: {problem}");
    }
    let (_, tokens) = server.call("GET", "/rooms/mine/tokens", None).await;
    assert!(tokens["tokens"].as_array().unwrap().iter().any(|token| token["state"] == "expired"), "{tokens}");
}
