//! Audio chunks between two chunks of one video message, at the chunk size every connection begins with.

use crate::harness::*;
use std::collections::VecDeque;

/// Tags the publisher is ahead of the viewer, within what the server keeps.
const AHEAD: usize = 20;

/// Writes both messages' chunks in turn.
fn interleave(publisher: &mut RtmpClient, video: &Tag, audio: &[Tag]) {
    let mut between: VecDeque<_> = audio.iter().flat_map(|tag| publisher.chunks_of(tag)).collect();
    let chunks = publisher.chunks_of(video);
    assert!(chunks.len() > 1 || !video.is_video_keyframe(), "the message is cut");
    let last = chunks.len() - 1;
    for (n, chunk) in chunks.into_iter().enumerate() {
        if n == last {
            publisher.write(&between.drain(..).flatten().collect::<Vec<_>>());
        }
        publisher.write(&chunk);
        if let Some(audio) = between.pop_front() {
            publisher.write(&audio);
        }
    }
}

#[test]
fn interleaved_chunks_of_128_bytes_give_identical_media() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let mut publisher = RtmpClient::publish(gateway.rtmp, &key.stream_key, 128);
    // Watching before the first frame, so that nothing is left to the cache.
    let mut watching = Some(open(gateway.http, "GET", "/live/demo.flv", &[]).unwrap());

    let clip: Vec<_> = tags_of(DEMO_CLIP).into_iter().filter(|tag| tag.kind != TagKind::Script).take(400).collect();
    let (headers, media): (Vec<_>, Vec<_>) = clip.into_iter().partition(Tag::is_sequence_header);
    for header in &headers {
        publisher.send_tag(header).unwrap();
    }
    let begins = media.iter().position(is_picture).expect("a picture");
    let of = |kind: TagKind| media[begins..].iter().filter(move |tag| tag.kind == kind);
    let (mut video, mut sound) = (of(TagKind::Video), of(TagKind::Audio));
    let (mut flv, mut shift, mut audio) = (None, None, Vec::new());
    for (n, tag) in media[begins..].iter().enumerate() {
        if !is_picture(tag) {
            audio.push(tag.clone());
            continue;
        }
        interleave(&mut publisher, tag, &std::mem::take(&mut audio));
        if n < AHEAD {
            continue;
        }
        let flv = flv.get_or_insert_with(|| FlvReader::new(watching.take().expect("one viewer")));
        loop {
            let got = flv.until(|tag| tag.kind != TagKind::Script && !tag.is_sequence_header());
            let sent = if is_picture(&got) { video.next() } else { sound.next() }.expect("no more than was sent");
            assert!(got.body == sent.body, "{:?} sent at {} ms is altered", sent.kind, sent.timestamp);
            let shift = *shift.get_or_insert(sent.timestamp - got.timestamp);
            let expected = sent.timestamp - shift;
            assert!(got.timestamp.abs_diff(expected) <= 1, "{} ms is now {}", expected, got.timestamp);
            if is_picture(&got) {
                break;
            }
        }
    }
    assert!(video.count() <= AHEAD, "the viewer has seen them all but the last few");
    gateway.assert_healthy();
}
