//! Private streams: the signature opens every output and reaches every HLS child.

use crate::harness::*;

#[test]
fn outputs_of_a_private_stream_open_with_its_signature_only() {
    let gateway = Gateway::start();
    gateway.json(&["stream", "create", "inner", "--private"]);
    let key = gateway.key("inner");
    let _publisher = Publisher::demo(&key.publish_url);
    gateway.wait_live("inner");
    for path in ["/live/inner.flv", "/live/inner/index.m3u8", "/live/inner/status"] {
        assert!(matches!(get(gateway.http, path).status, 401 | 403), "{path}");
    }

    let signed = gateway.json(&["stream", "url", "inner", "--expires", "2h"]);
    let [flv, hls] = ["flv", "hls"].map(|kind| signed["play"][kind].as_str().expect(kind).to_owned());
    assert_decodes("ffmpeg", &flv, 2, &["Video: h264"]);
    eventually("a first playlist", s(15), || (get(gateway.http, &hls).status == 200).then_some(()));
    let report = node("hls_strict.mjs", &[&hls]);
    let segments = report["media"][0]["segments"].as_array().unwrap();
    assert!(!segments.is_empty() && segments.iter().all(|segment| segment["status"] == 200), "{report:#}");
    assert!(segments.iter().all(|s| s["uri"].as_str().unwrap().contains("sig=")), "{report:#}");

    let forged = flv.replace("sig=", "sig=A");
    assert!(matches!(get(gateway.http, &forged).status, 401 | 403), "a forged signature");
    let segment = segments[0]["url"].as_str().unwrap();
    let bare = segment.split('?').next().unwrap();
    assert!(matches!(get(gateway.http, bare).status, 401 | 403), "a segment without the signature");
}

#[test]
fn a_signature_ends_at_its_expiry() {
    let gateway = Gateway::start();
    gateway.json(&["stream", "create", "inner", "--private"]);
    let key = gateway.key("inner");
    let _publisher = Publisher::demo(&key.publish_url);
    gateway.wait_live("inner");
    let signed = gateway.json(&["stream", "url", "inner", "--expires", "2s"]);
    let status = signed["play"]["flv"].as_str().unwrap().replace("inner.flv", "inner/status");
    assert_eq!(get(gateway.http, &status).status, 200);
    eventually("the signature expires", s(5), || matches!(get(gateway.http, &status).status, 401 | 403).then_some(()));
}
