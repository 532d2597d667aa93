//! The command line from another machine.

use crate::harness::*;
use std::net::TcpListener;

const TOKEN: &str = "operator-token-0123456789";

/// Exit code and the text on stderr.
fn outcome(args: &[&str]) -> (Option<i32>, String) {
    let output = run(args);
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn with_the_token_everything_works_over_tcp() {
    let gateway = Gateway::start_with(&[], &format!("[http]\ntoken = \"{TOKEN}\"\n"));
    let server = format!("http://{}", gateway.http);
    let remote = |args: &[&str]| {
        let output = run(&[args, &["--server", &server, "--token", TOKEN, "--json"]].concat());
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("JSON")
    };
    assert_eq!(remote(&["status"])["http"], gateway.http.to_string());
    let key = remote(&["key", "create", "far"]);
    let mut publisher = Publisher::demo(key["publish_url"].as_str().unwrap());
    gateway.wait_live("far");
    assert_eq!(remote(&["stream", "show", "far"])["state"], "live");
    remote(&["key", "revoke", key["key_id"].as_str().unwrap()]);
    publisher.wait(s(2));
    remote(&["stream", "delete", "far"]);
    assert_eq!(remote(&["stream", "list"])["streams"], serde_json::json!([]));
}

#[test]
fn without_it_everything_is_refused_and_says_what_to_do() {
    let gateway = Gateway::start_with(&[], &format!("[http]\ntoken = \"{TOKEN}\"\n"));
    let server = format!("http://{}", gateway.http);
    let (code, text) = outcome(&["status", "--server", &server]);
    assert!(code == Some(1) && text.contains("--token"), "{code:?} {text}");
    let (code, text) = outcome(&["key", "create", "x", "--server", &server, "--token", "wrong-token"]);
    assert!(code == Some(1) && text.contains("token") && !text.contains("wrong-token"), "{code:?} {text}");
    for path in ["/api/v1/status", "/api/v1/keys", "/api/v1/streams/demo"] {
        let reply = get(gateway.http, path);
        assert_eq!(reply.status, 401, "{path}");
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{path}");
    }
    assert_eq!(gateway.json(&["stream", "list"])["streams"], serde_json::json!([]), "nothing was made");
}

#[test]
fn a_server_without_a_token_is_not_administered_from_afar() {
    let gateway = Gateway::start();
    let server = format!("http://{}", gateway.http);
    let (code, text) = outcome(&["status", "--server", &server, "--token", TOKEN]);
    assert!(code == Some(1) && text.contains("SYNCTV_TOKEN"), "{code:?} {text}");
    assert_eq!(get(gateway.http, "/api/v1/status").status, 403);
}

#[test]
fn a_server_that_is_not_meant_or_not_there_is_said_so() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (code, text) = outcome(&["status", "--server", &format!("http://{nobody}"), "--token", TOKEN]);
    assert!(code == Some(1) && text.contains(&nobody.to_string()), "{code:?} {text}");
    let (code, text) = outcome(&["status", "--server", "ftp://x", "--token", TOKEN]);
    assert!(code == Some(1) && text.contains("http://"), "{code:?} {text}");
    let dir = TempDir::new();
    let data = dir.path().to_string_lossy().into_owned();
    let (code, text) = outcome(&["status", "--data-dir", &data]);
    assert!(code == Some(1) && text.contains("synctv serve"), "{code:?} {text}");
    assert_eq!(outcome(&["status", "--server", "http://x", "--data-dir", &data]).0, Some(2), "which one is meant?");
    assert_eq!(outcome(&["serve", "--server", "http://x"]).0, Some(2));
}
