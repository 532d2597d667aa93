//! What happens to a room while somebody joins it.

use super::*;
use crate::http::rooms::tests::server;
use futures_util::poll;
use serde_json::json;
use std::time::Duration;

fn asks(room: &str) -> Request {
    let request = Request::builder().uri(format!("/api/v1/rooms/{room}/ws"));
    let request = request.header(header::CONNECTION, "Upgrade").header(header::UPGRADE, "websocket");
    let request = request.header("Sec-WebSocket-Version", "13").header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(crate::http::admin::request::OverTcp);
    request.extensions_mut().insert(Arc::new(Handover::default()));
    request
}

/// The first member on a node says where its events begin: a revocation before that is never announced here.
#[tokio::test]
async fn a_token_that_is_revoked_while_its_holder_joins_does_not_stay() {
    let server = server().await;
    let made = server.room(json!({"name": "Movies"})).await;
    let token = server.token(&made.id, "viewer").await;
    let state = server.api.state.clone();
    let router =
        axum::Router::new().route("/api/v1/rooms/{room}/ws", axum::routing::get(join)).with_state(state.clone());
    let mut request = asks(&made.id);
    let bearer = format!("Bearer {}", token["token"].as_str().unwrap());
    request.headers_mut().insert(header::AUTHORIZATION, bearer.parse().unwrap());
    let mut joining = Box::pin(tower::ServiceExt::oneshot(router, request));
    // Each step lets the join go on to its next question to the database, which is answered meanwhile.
    let mut revoked = false;
    let response = loop {
        if let std::task::Poll::Ready(response) = poll!(&mut joining) {
            break response.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        if !revoked && state.rooms.runtime.counts().1 == 1 {
            server.api.store.revoke_token(&made.id, token["id"].as_str().unwrap()).await.unwrap();
            revoked = true;
        }
    };
    assert!(revoked);
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(state.rooms.runtime.counts(), (0, 0));
}
