//! The description against the router it describes.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt;

use super::tests::{api, send};
use super::*;
use crate::secret::Secret;

async fn document(router: Router) -> Value {
    let request = Request::get("/api/v1/openapi.json").body(Body::empty()).unwrap();
    let (status, document) = send(router, request).await;
    assert_eq!(status, StatusCode::OK);
    document
}

#[tokio::test]
async fn every_route_is_described_and_nothing_else() {
    let api = api().await;
    let document = document(router(api.state.clone())).await;
    let described = document["paths"].as_object().unwrap();
    let mut known: Vec<_> = routes().iter().map(|(path, _)| *path).collect();
    known.sort_unstable();
    let paths: Vec<_> = described.keys().map(String::as_str).collect();
    assert_eq!(paths, known);
    for path in known {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let target = path.replace("{name}", "nobody").replace("{id}", "k_nothing").replace("{room}", "nowhere");
            let request = Request::builder().method(method).uri(target).body(Body::empty()).unwrap();
            let served = router(api.state.clone()).oneshot(request).await.unwrap();
            let served = served.status() != StatusCode::METHOD_NOT_ALLOWED;
            let told = described[path].get(method.to_lowercase()).is_some();
            assert_eq!(told, served, "{method} {path}: described {told}, served {served}");
        }
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_every_operation_says_what_it_answers() {
    let api = api().await;
    let document = document(router(api.state.clone())).await;
    let text = document.to_string();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."), "{}", document["openapi"]);
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    for reference in text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(document.pointer(reference).is_some(), "{reference} leads nowhere");
    }
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            assert!(operation["summary"].is_string(), "{method} {path}");
            assert!(responses.keys().any(|status| status.starts_with('2')), "{method} {path}");
            assert!(responses.contains_key("default") || path == openapi::PATH, "{method} {path}");
            let named = operation["parameters"].as_array().into_iter().flatten().filter(|p| p["in"] == "path").count();
            assert_eq!(named, path.matches('{').count(), "{method} {path}");
        }
    }
}

/// What the description says of the answers outside checks rely on is what the server sends.
#[tokio::test]
async fn the_described_members_are_those_that_are_sent() {
    let api = api().await;
    let document = document(router(api.state.clone())).await;
    let made = api.create_key(serde_json::json!({"stream": "demo"})).await;
    let (_, status) = api.call("GET", "/status", None).await;
    let (_, shown) = api.call("GET", "/streams/demo", None).await;
    let (_, keys) = api.call("GET", "/keys", None).await;
    let (_, problem) = api.call("GET", "/streams/nobody", None).await;
    for (schema, sent) in [
        ("CreatedKey", &made),
        ("Status", &status),
        ("StreamStatus", &shown),
        ("KeyItem", &keys["keys"][0]),
        ("PlayUrls", &made["play"]),
        ("ProblemBody", &problem),
    ] {
        let told = document["components"]["schemas"][schema]["properties"].as_object();
        let told = told.unwrap_or_else(|| panic!("{schema} is not described"));
        for member in sent.as_object().unwrap().keys() {
            assert!(told.contains_key(member), "{schema} does not describe {member}");
        }
        for member in document["components"]["schemas"][schema]["required"].as_array().unwrap() {
            assert!(sent.get(member.as_str().unwrap()).is_some(), "{schema} promises {member}");
        }
    }
}

#[tokio::test]
async fn the_description_is_open_to_all_and_nothing_else_is() {
    let api = api().await;
    for token in [None, Some(Secret::new("s3cret-token"))] {
        let guarded = require_token(router(api.state.clone()), token);
        document(guarded.clone()).await;
        for path in
            ["/api/v1/openapi.json/", "/api/v1/openapi.json/../status", "/api/v1/Openapi.json", "/api/v1/status"]
        {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let (status, _) = send(guarded.clone(), request).await;
            assert!(matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN), "{path}: {status}");
        }
    }
}
