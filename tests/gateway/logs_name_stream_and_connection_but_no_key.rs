//! The log as machines read it, and what it must never hold.

use crate::harness::*;
use serde_json::Value;
use sha2::{Digest, Sha256};

const TOKEN: &str = "operator-token-0123456789";

/// Every spelling of a secret that could slip into a line.
fn spellings(key: &Key) -> Vec<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let hash = Sha256::digest(key.secret.as_bytes());
    let hex: String = hash.iter().map(|b| format!("{b:02x}")).collect();
    let list = hash.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let bare = key.secret.trim_start_matches("sk_").to_owned();
    vec![bare, hex.to_uppercase(), hex, list, STANDARD.encode(hash), URL_SAFE_NO_PAD.encode(hash)]
}

#[test]
fn at_the_highest_level_the_log_is_json_names_its_subjects_and_holds_no_secret() {
    let config = format!("[log]\nformat = \"json\"\nlevel = \"trace\"\n[http]\ntoken = \"{TOKEN}\"\n");
    let gateway = Gateway::start_with(&[], &config);
    let key = gateway.key_with("demo", &["--label", "studio"]);
    let other = gateway.key("other");
    let mut publisher = Publisher::demo(&key.publish_url);
    gateway.wait_live("demo");
    // A refusal names a key that is good elsewhere; then everything else that handles secrets.
    Publisher::demo(&format!("{}/demo?key={}", key.server_url, other.secret)).wait(s(10));
    let mut viewer = FlvReader::new(open(gateway.http, "GET", "/live/demo.flv", &[]).unwrap());
    viewer.until(Tag::is_video_keyframe);
    let http = format!("http://{}", gateway.http);
    let remote = run(&["key", "list", "--json", "--server", &http, "--token", TOKEN]);
    assert!(remote.status.success());
    let rotated = gateway.json(&["key", "rotate", &key.id, "--overlap", "1h"]);
    gateway.json(&["key", "revoke", &key.id]);
    publisher.wait(s(5));
    gateway.wait_for("demo", "is offline", s(5), |show| show["state"] == "offline");

    let log = gateway.log();
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect();
    let event = |message: &str| {
        let found = lines.iter().find(|line| line["fields"]["message"] == message);
        found.unwrap_or_else(|| panic!("no {message:?} in\n{log}"))
    };
    let started = event("publication started");
    let ended = event("publication ended");
    for line in [started, ended, event("publisher refused")] {
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
        assert_eq!(line["span"]["stream"], "demo", "{line}");
        assert!(line["span"]["conn"].is_u64() && line["span"]["peer"].is_string(), "{line}");
    }
    assert_eq!(started["span"]["conn"], ended["span"]["conn"], "one connection, one id");
    assert_ne!(started["span"]["conn"], event("publisher refused")["span"]["conn"]);
    assert_eq!(started["fields"]["key_id"], key.id.as_str());

    let successor = Key { secret: rotated["secret"].as_str().unwrap().to_owned(), ..other };
    let forbidden = [&key, &successor].into_iter().flat_map(spellings).chain([TOKEN.to_owned()]);
    for text in forbidden {
        assert!(!log.contains(&text), "the log holds {text}");
    }
    assert!(!log.contains("sk_"), "the log holds something that looks like a key");
}
