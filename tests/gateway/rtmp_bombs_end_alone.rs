//! Publishers that declare, nest and count what nobody can hold.

use crate::harness::*;

const GROWTH: u64 = 48 << 20;

/// A value inside `depth` objects.
fn nested(depth: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..depth {
        bytes.extend([3, 0, 1, b'a']);
    }
    bytes.push(5);
    bytes
}

/// AMF0 after which there is nothing left to trust: depth, counts, sizes.
fn amf_bombs() -> Vec<(&'static str, Vec<u8>)> {
    let mut properties = vec![3];
    for n in 0..4000 {
        properties.extend(property(&format!("p{n}"), &[5]));
    }
    properties.extend([0, 0, 9]);
    vec![
        ("10 000 nested objects", nested(10_000)),
        ("10 000 nested arrays", [10, 0, 0, 0, 1].repeat(10_000)),
        ("an array of 2^32 - 1", vec![10, 0xff, 0xff, 0xff, 0xff, 5]),
        ("a map of 2^32 - 1", vec![8, 0xff, 0xff, 0xff, 0xff, 0, 1, b'a', 5]),
        ("a string of 4 GiB", vec![12, 0xff, 0xff, 0xff, 0xff, b'a']),
        ("4000 properties", properties),
        ("an object cut in a name", vec![3, 0, 9, b'a']),
    ]
}

#[test]
fn declared_lengths_and_chunk_sizes_cost_nothing() {
    let gateway = Gateway::start();
    let mut bystander = Bystander::start(&gateway);
    let before = gateway.resident_bytes();
    // Before publish, a message above 64 KiB ends the connection at its header.
    let mut declared = RtmpClient::connect(gateway.rtmp);
    declared.write(&[3, 0, 0, 0, 0xff, 0xff, 0xff, 20, 0, 0, 0, 0]);
    declared.assert_closed("16 MiB declared before connect", s(5));
    for size in [0u32, 0x7fff_ffff, 0x8000_0001, u32::MAX] {
        let mut client = RtmpClient::connect(gateway.rtmp);
        client.send(CHUNK_SIZE, 0, 0, &size.to_be_bytes()).unwrap();
        client.write(&[3, 0, 0, 0, 0xff, 0xff, 0xff, 20, 0, 0, 0, 0]);
        client.assert_closed(&format!("chunk size {size:#x}, then 16 MiB declared"), s(5));
    }
    // 60 chunk streams, each with a message begun that is as long as may be.
    let mut many = RtmpClient::connect(gateway.rtmp);
    let begun: Vec<u8> = (3..63).flat_map(|csid| chunks((csid, 20), 0, 0, &[0; 60_000], 128).remove(0)).collect();
    many.write(&begun);
    many.assert_closed("60 messages of 60 000 bytes begun", s(5));
    let key = gateway.key("bomb");
    let mut publishers: Vec<_> = (0..2).map(|_| RtmpClient::publish(gateway.rtmp, &key.stream_key, 4096)).collect();
    publishers[0].assert_closed("a publisher that was taken over", s(5));
    let mut publisher = publishers.remove(1);
    // While publishing 10 MiB are served: the longest message begun many times over must not be held many times over.
    for csid in 8..40 {
        let first = chunks((csid, 9), 0, 1, &vec![0; 10 << 20], 4096).remove(0);
        if std::io::Write::write_all(&mut publisher.socket, &first).is_err() {
            break;
        }
    }
    let grown = gateway.resident_bytes().saturating_sub(before);
    assert!(grown < GROWTH, "memory grew by {grown} bytes");
    bystander.assert_undisturbed();
    gateway.assert_healthy();
}

#[test]
fn amf_bombs_before_connect_end_the_connection() {
    let gateway = Gateway::start();
    let mut bystander = Bystander::start(&gateway);
    let before = gateway.resident_bytes();
    for (what, bomb) in amf_bombs() {
        let mut client = RtmpClient::connect(gateway.rtmp);
        let body = [amf_string("connect"), amf_number(1.0), bomb].concat();
        // The server may close before it has taken everything.
        let _ = client.send(COMMAND, 0, 0, &body);
        // A map's count is a hint (AMF0 2.10) and its end may be missing: encoders do that, and it costs nothing.
        if what.starts_with("a map") {
            client.await_text("NetConnection.Connect.Success");
        } else {
            client.assert_closed(what, s(5));
        }
    }
    let grown = gateway.resident_bytes().saturating_sub(before);
    assert!(grown < GROWTH, "memory grew by {grown} bytes");
    bystander.assert_undisturbed();
    gateway.assert_healthy();
}

#[test]
fn amf_bombs_as_metadata_are_ignored_and_the_media_goes_on() {
    let gateway = Gateway::start();
    let mut bystander = Bystander::start(&gateway);
    let before = gateway.resident_bytes();
    let key = gateway.key("bomb");
    let mut publisher = RtmpClient::publish(gateway.rtmp, &key.stream_key, 4096);
    for (_, bomb) in amf_bombs() {
        let body = [amf_string("@setDataFrame"), amf_string("onMetaData"), bomb].concat();
        publisher.send(SCRIPT, 0, 1, &body).expect("the publisher is kept");
    }
    for tag in tags_of(DEMO_CLIP).iter().filter(|tag| tag.kind != TagKind::Script).take(150) {
        publisher.send_tag(tag).expect("the publisher is kept");
    }
    let tracks = gateway.wait_live("bomb")["tracks"].clone();
    assert!(tracks.to_string().contains("video"), "{tracks}");
    let grown = gateway.resident_bytes().saturating_sub(before);
    assert!(grown < GROWTH, "memory grew by {grown} bytes");
    bystander.assert_undisturbed();
    gateway.assert_healthy();
}
