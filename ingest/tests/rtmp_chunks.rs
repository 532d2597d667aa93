//! Chunks as encoders interleave, shorten, extend and abort them.
#![allow(clippy::unwrap_used, reason = "a failure ends the test")]

mod rtmp_wire;

use bytes::Bytes;
use rtmp_wire::{AUDIO, VIDEO, chunks, message};
use synctv_ingest::Error;
use synctv_ingest::rtmp::{ChunkLimits, ChunkReader, Message};

const LIMITS: ChunkLimits =
    ChunkLimits { message_bytes: 10 * 1024 * 1024, partial_bytes: 16 * 1024 * 1024, chunk_streams: 64 };

fn read_with(reader: &mut ChunkReader, mut input: &[u8]) -> Result<Vec<Message>, Error> {
    let mut out = Vec::new();
    while let Some(message) = reader.read(&mut input)? {
        out.push(message);
    }
    assert!(input.is_empty());
    Ok(out)
}

/// Reads at once and byte by byte, which must agree.
fn read(input: &[u8]) -> Result<Vec<Message>, Error> {
    let whole = read_with(&mut ChunkReader::new(LIMITS), input);
    let mut reader = ChunkReader::new(LIMITS);
    let mut single = Vec::new();
    for byte in input.chunks(1) {
        match read_with(&mut reader, byte) {
            Ok(messages) => single.extend(messages),
            Err(error) => {
                assert_eq!(whole, Err(error));
                return whole;
            }
        }
    }
    assert_eq!(whole.as_ref(), Ok(&single));
    whole
}

fn body(len: usize, seed: u8) -> Vec<u8> {
    (0..len).map(|n| (n as u8).wrapping_mul(31).wrapping_add(seed)).collect()
}

#[test]
fn interleaved_chunks_at_chunk_size_128_give_byte_identical_media() {
    let (video, audio, other) = (body(5000, 1), body(700, 2), body(300, 3));
    let mut queues = [
        chunks(4, AUDIO, 1, 20, &audio, 128).into_iter(),
        chunks(6, VIDEO, 1, 40, &video, 128).into_iter(),
        chunks(9, AUDIO, 1, 43, &other, 128).into_iter(),
    ];
    let mut wire = Vec::new();
    loop {
        let round: Vec<Vec<u8>> = queues.iter_mut().filter_map(Iterator::next).collect();
        if round.is_empty() {
            break;
        }
        wire.extend(round.concat());
    }
    let messages = read(&wire).unwrap();
    let got: Vec<_> = messages.iter().map(|m| (m.kind, m.timestamp, m.body.clone())).collect();
    let want = [(AUDIO, 43, other), (AUDIO, 20, audio), (VIDEO, 40, video)];
    assert_eq!(got, want.map(|(kind, timestamp, body)| (kind, timestamp, Bytes::from(body))));
}

#[test]
fn payload_takes_one_allocation_of_its_exact_size() {
    for len in [1, 127, 128, 129, 65_535, 65_536, 65_537, 300_000, 1_000_000] {
        let mut messages =
            read_with(&mut ChunkReader::new(LIMITS), &message(6, VIDEO, 1, 0, &body(len, 9), 128)).unwrap();
        let body = Vec::from(messages.pop().unwrap().body);
        assert_eq!((body.len(), body.capacity()), (len, len));
    }
}

#[test]
fn chunk_stream_ids_take_one_two_or_three_bytes() {
    let header = [0, 0, 9, 0, 0, 1, AUDIO, 1, 0, 0, 0, 0x77];
    for prefix in [&[0x05][..], &[0x00, 0x00], &[0x00, 0xff], &[0x01, 0x00, 0x01], &[0x01, 0xff, 0xff]] {
        // A type-3 chunk on the same id begins the next message with the same header.
        let again: Vec<u8> = prefix.iter().enumerate().map(|(n, b)| if n == 0 { b | 0xc0 } else { *b }).collect();
        let messages = read(&[prefix, &header, &again, &[0x78]].concat()).unwrap();
        assert_eq!(messages.iter().map(|m| (m.timestamp, m.body[0])).collect::<Vec<_>>(), [(9, 0x77), (18, 0x78)]);
    }
}

#[test]
fn shorter_headers_add_their_delta_and_type_3_repeats_it() {
    let wire = [
        &[0x04, 0, 0, 100, 0, 0, 1, AUDIO, 1, 0, 0, 0, 1][..],
        &[0x44, 0, 0, 20, 0, 0, 2, AUDIO, 2, 2],
        &[0x84, 0, 0, 30, 3, 3],
        &[0xc4, 4, 4],
    ]
    .concat();
    let times: Vec<_> = read(&wire).unwrap().iter().map(|m| (m.timestamp, m.body.len(), m.stream_id)).collect();
    assert_eq!(times, [(100, 1, 1), (120, 2, 1), (150, 2, 1), (180, 2, 1)]);
}

#[test]
fn timestamps_wrap_at_32_bits() {
    let mut wire = message(4, AUDIO, 1, u32::MAX - 5, &[1], 128);
    wire.extend([0x84, 0, 0, 10, 2]);
    assert_eq!(read(&wire).unwrap().iter().map(|m| m.timestamp).collect::<Vec<_>>(), [u32::MAX - 5, 4]);
}

#[test]
fn extended_timestamps_may_be_repeated_on_type_3_chunks_or_not() {
    let (time, payload) = (0x0123_4567_u32, body(1000, 5));
    let plain = chunks(6, VIDEO, 1, time, &payload, 128);
    let mut repeated = plain.clone();
    for chunk in &mut repeated[1..] {
        chunk.splice(1..1, time.to_be_bytes());
    }
    for wire in [plain.concat(), repeated.concat()] {
        let messages = read(&[wire.clone(), wire].concat()).unwrap();
        assert_eq!(messages.len(), 2);
        for message in messages {
            assert_eq!((message.timestamp, message.body.to_vec()), (time, payload.clone()));
        }
    }
}

#[test]
fn payload_that_begins_like_the_extended_timestamp_is_still_payload() {
    let time = 0x0123_4567_u32;
    let mut payload = body(400, 5);
    payload[128..131].copy_from_slice(&[0x01, 0x23, 0x45]);
    payload[131] = 0;
    let messages = read(&message(6, VIDEO, 1, time, &payload, 128)).unwrap();
    assert_eq!(messages[0].body, payload);
}

#[test]
fn extended_timestamp_on_a_type_3_chunk_that_begins_a_message_is_its_delta() {
    let time = 0x0100_0000_u32;
    let mut wire = chunks(6, VIDEO, 1, time, &body(200, 1), 128);
    wire[1].splice(1..1, time.to_be_bytes());
    let mut wire = wire.concat();
    wire.extend(
        [&[0xc6][..], &7_u32.to_be_bytes(), &body(128, 2), &[0xc6], &7_u32.to_be_bytes(), &body(72, 3)].concat(),
    );
    let messages = read(&wire).unwrap();
    assert_eq!(messages.iter().map(|m| m.timestamp).collect::<Vec<_>>(), [time, time + 7]);
    assert_eq!(messages[1].body, [body(128, 2), body(72, 3)].concat());
}

#[test]
fn chunk_size_changes_between_chunks_of_a_message() {
    let payload = body(1000, 8);
    let mut wire = chunks(6, VIDEO, 1, 0, &payload[..], 128)[0].clone();
    wire.splice(4..7, 1000_u32.to_be_bytes()[1..].iter().copied());
    wire.extend(rtmp_wire::set_chunk_size(4096));
    wire.push(0xc6);
    wire.extend(&payload[128..]);
    assert_eq!(read(&wire).unwrap()[0].body, payload);
}

#[test]
fn chunk_sizes_outside_1_to_16_mib_are_refused() {
    for size in [0, 16 * 1024 * 1024 + 1, 0x7fff_ffff, u32::MAX] {
        assert!(matches!(read(&rtmp_wire::set_chunk_size(size)), Err(Error::Limit { .. })), "{size}");
    }
    for size in [1, 16 * 1024 * 1024] {
        let mut wire = rtmp_wire::set_chunk_size(size);
        wire.extend(message(6, VIDEO, 1, 0, &body(300, 1), size as usize));
        assert_eq!(read(&wire).unwrap()[0].body, body(300, 1));
    }
}

#[test]
fn abort_and_a_header_inside_a_message_discard_only_that_message() {
    let cut = chunks(6, VIDEO, 1, 10, &body(300, 1), 128)[0].clone();
    let other = chunks(4, AUDIO, 1, 5, &body(200, 2), 128);
    let whole = message(6, VIDEO, 1, 20, &body(200, 3), 128);
    let abort = message(2, 2, 0, 0, &6_u32.to_be_bytes(), 128);
    for between in [abort, Vec::new()] {
        let wire = [&other[0][..], &cut, &between, &whole, &other[1]].concat();
        let bodies: Vec<_> = read(&wire).unwrap().into_iter().map(|m| m.body.to_vec()).collect();
        assert_eq!(bodies, [body(200, 3), body(200, 2)]);
    }
}

#[test]
fn full_headers_on_every_chunk_of_a_message_are_understood() {
    let payload = body(300, 1);
    let header = chunks(6, VIDEO, 1, 10, &payload, 128)[0][..12].to_vec();
    let wire: Vec<u8> = payload.chunks(128).flat_map(|part| [&header[..], part].concat()).collect();
    assert_eq!(read(&wire).unwrap()[0].body, payload);
}

#[test]
fn headers_that_refer_to_nothing_are_refused_except_librtmps_type_1() {
    assert!(read(&[0x84, 0, 0, 1, 0]).is_err());
    assert!(read(&[0xc4, 0]).is_err());
    assert_eq!(read(&[0x44, 0, 0, 1, 0, 0, 1, AUDIO, 7]).unwrap()[0].body[..], [7]);
}

#[test]
fn declared_length_allocates_only_what_arrives() {
    let mut reader = ChunkReader::new(LIMITS);
    let header = [0x06, 0, 0, 0, 0x9f, 0xff, 0xff, VIDEO, 1, 0, 0, 0];
    assert_eq!(read_with(&mut reader, &header), Ok(vec![]));
    assert_eq!(reader.partial_bytes(), 0);
    assert_eq!(read_with(&mut reader, &[1; 100]), Ok(vec![]));
    assert!(reader.partial_bytes() <= 64 * 1024);
    let too_long = [0x06, 0, 0, 0, 0xff, 0xff, 0xff, VIDEO, 1, 0, 0, 0];
    assert!(matches!(read(&too_long), Err(Error::Limit { .. })));
}

#[test]
fn incomplete_messages_of_all_chunk_streams_share_one_bound() {
    let mut reader = ChunkReader::new(ChunkLimits { partial_bytes: 200_000, ..LIMITS });
    let mut failed = 0;
    for csid in 3..20 {
        let wire = [&[csid, 0, 0, 0, 0x0f, 0xff, 0xff, VIDEO, 1, 0, 0, 0][..], &[0; 128]].concat();
        match read_with(&mut reader, &wire) {
            Ok(_) => assert!(reader.partial_bytes() <= 200_000),
            Err(error) => {
                assert!(matches!(error, Error::Limit { .. }));
                assert!(reader.partial_bytes() <= 200_000);
                failed += 1;
                break;
            }
        }
    }
    assert!(failed > 0);
}

#[test]
fn chunk_streams_are_counted() {
    let mut reader = ChunkReader::new(LIMITS);
    for n in 0..64 {
        assert!(read_with(&mut reader, &message(3 + n as u8, AUDIO, 1, 0, &[1], 128)[..]).is_ok() || n > 60);
    }
    let wire: Vec<u8> = (0..80_u8).flat_map(|n| [0x00, n, 0, 0, 0, 0, 0, 1, AUDIO, 1, 0, 0, 0, 1]).collect();
    assert!(matches!(read(&wire), Err(Error::Limit { what: "RTMP chunk streams", .. })));
}

#[test]
fn bytes_held_for_incomplete_messages_are_given_back() {
    let mut reader = ChunkReader::new(LIMITS);
    for round in 0..100 {
        let payload = body(100_000 + round, 1);
        let cut = chunks(5, VIDEO, 1, 1, &payload, 128)[0].clone();
        read_with(&mut reader, &cut).unwrap();
        read_with(&mut reader, &message(2, 2, 0, 0, &5_u32.to_be_bytes(), 128)).unwrap();
        read_with(&mut reader, &message(6, VIDEO, 1, 0, &payload, 128)).unwrap();
    }
    assert_eq!(reader.partial_bytes(), 0);
}
