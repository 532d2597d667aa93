//! A long playlist stays ordered, complete and quick.

use crate::harness::*;
use serde_json::json;
use std::time::{Duration, Instant};

const MEDIA: usize = 10_000;
/// Reading one page, whatever its offset: a scan of the whole list for each page would take longer on a slow machine.
const PAGE_WITHIN: Duration = Duration::from_secs(1);

#[test]
fn ten_thousand_media_are_listed_in_order_page_by_page() {
    let gateway = Gateway::start();
    let owner = gateway.json(&["room", "create", "long"])["owner_token"].as_str().unwrap().to_owned();
    for portion in 0..MEDIA / 1000 {
        let media: Vec<_> =
            (0..1000).map(|n| json!({"url": format!("http://127.0.0.1:9/{:05}", portion * 1000 + n)})).collect();
        let body = json!({ "media": media }).to_string();
        let added = call(gateway.http, Some(&owner), "POST", "/rooms/long/media", Some(&body));
        assert_eq!(added.status, 201, "{}", added.head);
        assert_eq!(added.body["added"][0]["position"], portion * 1000 + 1);
    }
    let (mut offset, mut seen, mut slowest) = (Some(0), 0, Duration::ZERO);
    while let Some(from) = offset {
        let begun = Instant::now();
        let path = format!("/rooms/long/media?offset={from}&limit=500");
        let page = call(gateway.http, Some(&owner), "GET", &path, None).body;
        slowest = slowest.max(begun.elapsed());
        assert_eq!(page["total"], MEDIA);
        for media in page["media"].as_array().unwrap() {
            assert_eq!((&media["name"], &media["position"]), (&json!(format!("{seen:05}")), &json!(seen + 1)));
            seen += 1;
        }
        offset = page["next_offset"].as_u64();
    }
    assert_eq!(seen, MEDIA);
    assert!(slowest < PAGE_WITHIN, "the slowest page took {slowest:?}");

    // The last one goes to the front, the first one away.
    let page =
        |offset: usize| gateway.json(&["media", "list", "long", "--offset", &offset.to_string(), "--limit", "2"]);
    let last = page(MEDIA - 1)["media"][0]["id"].as_str().unwrap().to_owned();
    let first = page(0)["media"][0]["id"].as_str().unwrap().to_owned();
    gateway.json(&["media", "move", "long", &last, "1"]);
    gateway.json(&["media", "remove", "long", &first]);
    let names: Vec<_> = page(0)["media"].as_array().unwrap().iter().map(|media| media["name"].clone()).collect();
    assert_eq!(names, [json!("09999"), json!("00001")]);
    assert_eq!(page(0)["total"], MEDIA - 1);
    let state = gateway.json(&["playback", "start", "long", &last]);
    assert_eq!(state["media_id"], json!(last));
}
