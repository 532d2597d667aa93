//! Publishers with a key and media that is none.

use crate::harness::*;
use std::time::Instant;

/// An AVC video tag: frame type and codec, packet type, no composition time, then the rest (FLV 10.1 E.4.3).
fn avc(frame: u8, packet: u8, timestamp: u32, rest: &[u8]) -> Tag {
    let body = [&[frame << 4 | 7, packet, 0, 0, 0], rest].concat();
    Tag { kind: TagKind::Video, timestamp, body }
}

fn clip() -> Vec<Tag> {
    tags_of(DEMO_CLIP).into_iter().filter(|tag| tag.kind != TagKind::Script).collect()
}

fn broken_tags() -> Vec<Tag> {
    let clip = clip();
    let header = clip.iter().find(|tag| tag.kind == TagKind::Video && tag.is_sequence_header()).unwrap();
    let key = clip.iter().find(|tag| tag.is_video_keyframe()).unwrap();
    let mut tags = vec![
        avc(1, 0, 0, &[]),
        avc(1, 0, 0, &[0xff; 64]),
        avc(1, 0, 0, &[1, 0x64, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff]),
        // A coded picture before any configuration; NAL lengths beyond the tag; an unknown packet type.
        avc(1, 1, 0, &[0xff, 0xff, 0xff, 0xff, 0x65]),
        avc(1, 1, 0, &[0, 0, 0, 0, 0, 0, 0, 0]),
        avc(7, 9, 0, &[0; 8]),
        Tag { kind: TagKind::Audio, timestamp: 0, body: vec![0xaf, 0] },
        Tag { kind: TagKind::Audio, timestamp: 0, body: vec![0xaf, 0, 0xff, 0xff] },
        Tag { kind: TagKind::Script, timestamp: 0, body: vec![2, 0xff, 0xff] },
    ];
    for whole in [header, key] {
        for length in (0..whole.body.len()).take(120) {
            tags.push(Tag { body: whole.body[..length].to_vec(), ..whole.clone() });
        }
    }
    tags
}

#[test]
fn broken_headers_truncated_and_empty_tags_are_dropped_and_the_media_behind_them_plays() {
    let gateway = Gateway::start();
    let mut bystander = Bystander::start(&gateway);
    let key = gateway.key("broken");
    let mut publisher = RtmpClient::publish(gateway.rtmp, &key.stream_key, 4096);
    for tag in broken_tags() {
        publisher.send_tag(&tag).expect("the publisher is kept");
        publisher.send_tag(&Tag { body: Vec::new(), ..tag }).expect("the publisher is kept");
    }
    // Whole media after all: it plays as if nothing had been.
    let mut flv = None;
    for tag in clip().iter().take(300) {
        publisher.send_tag(tag).expect("the publisher is kept");
        flv = flv.or_else(|| open(gateway.http, "GET", "/live/broken.flv", &[]).ok().filter(|flv| flv.status == 200));
    }
    let header = clip().into_iter().find(|tag| tag.kind == TagKind::Video && tag.is_sequence_header()).unwrap();
    let mut flv = FlvReader::new(flv.expect("the stream is live"));
    let first = flv.until(|tag| tag.kind == TagKind::Video && tag.is_sequence_header());
    assert!(first.body == header.body, "viewers get a configuration that is broken");
    let wanted: Vec<_> = clip().into_iter().filter(Tag::is_video_keyframe).map(|tag| tag.body).collect();
    let picture = flv.until(Tag::is_video_keyframe).body;
    assert!(wanted.contains(&picture), "viewers get a key frame that is cut");
    bystander.assert_undisturbed();
    gateway.assert_healthy();
}

#[test]
fn timestamps_that_jump_never_jump_for_viewers() {
    let gateway = Gateway::start();
    let mut bystander = Bystander::start(&gateway);
    let key = gateway.key("jumps");
    let mut publisher = RtmpClient::publish(gateway.rtmp, &key.stream_key, 4096);
    let mut watching = Some(open(gateway.http, "GET", "/live/jumps.flv", &[]).unwrap());
    let jumps = [0, 0x7fff_ffff, 5, 0xffff_ff00, 0, 0x8000_0000, 0xff_ffff, 0x0100_0000, 1];
    let media = clip();
    let (headers, pictures): (Vec<_>, Vec<_>) = media.iter().partition(|tag| tag.is_sequence_header());
    for header in headers {
        publisher.send_tag(header).unwrap();
    }
    let (mut flv, mut last) = (None, None);
    for (n, &tag) in pictures.iter().enumerate() {
        let Some(jump) = jumps.get(n / 60) else { break };
        let tag = Tag { timestamp: tag.timestamp.wrapping_add(*jump), ..tag.clone() };
        publisher.send_tag(&tag).expect("the publisher is kept");
        // The viewer follows closely, so that it never has to skip.
        if n < 20 || !is_picture(&tag) {
            continue;
        }
        let flv = flv.get_or_insert_with(|| FlvReader::new(watching.take().expect("one viewer")));
        let now = flv.until(is_picture).timestamp;
        let from = *last.get_or_insert(now);
        // From 0xffff_ff00 to 0 is 256 ms ahead: a gap, not a jump, and kept.
        assert!(now >= from && now - from <= 300, "from {from} to {now} ms");
        last = Some(now);
    }
    bystander.assert_undisturbed();
    gateway.assert_healthy();
}

#[test]
fn a_message_of_ten_mebibytes_passes_and_one_byte_more_ends_the_publisher() {
    let gateway = Gateway::start();
    let mut bystander = Bystander::start(&gateway);
    let key = gateway.key("big");
    let mut publisher = RtmpClient::publish(gateway.rtmp, &key.stream_key, 65536);
    let mut body = vec![0x17, 1, 0, 0, 0];
    body.resize(10 << 20, 0);
    let before = gateway.resident_bytes();
    publisher.send(VIDEO, 0, 1, &body).expect("10 MiB are taken");
    publisher.send(AUDIO, 0, 1, &[0xaf, 1]).expect("and the connection goes on");
    body.push(0);
    let _ = publisher.send(VIDEO, 40, 1, &body);
    publisher.assert_closed("10 MiB and a byte", s(5));
    gateway.wait_for("big", "is offline", s(5), |show| show["state"] == "offline");
    let grown = gateway.resident_bytes().saturating_sub(before);
    assert!(grown < 64 << 20, "memory grew by {grown} bytes");
    bystander.assert_undisturbed();
    gateway.assert_healthy();
}

#[test]
fn a_publisher_that_talks_without_sending_media_goes_offline() {
    let gateway = Gateway::start_with(&[], "[rtmp]\nidle_timeout_s = 2\n");
    let key = gateway.key("demo");
    let mut publisher = RtmpClient::publish(gateway.rtmp, &key.stream_key, 4096);
    let begun = Instant::now();
    // More often than the server reads, so that there is always something for it to read.
    let deadline = s(8);
    while publisher.send(VIDEO, 0, 1, &[]).is_ok() {
        assert!(begun.elapsed() < deadline, "still open {:?} after the last medium", begun.elapsed());
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert!(begun.elapsed() > s(1), "a short silence is no reason to give up");
    gateway.wait_for("demo", "is offline", s(2), |show| show["state"] == "offline");
}
