//! Whatever the bytes: no panic, no hang, bounded memory; and media comes out as it went in.
#![allow(clippy::unwrap_used, reason = "tests")]

#[allow(dead_code, reason = "the corpus test uses all of it")]
mod fuzz_entry;
mod rtmp_wire;

use proptest::prelude::*;
use rtmp_wire::{AUDIO, VIDEO, chunks, drain, media, publishing, recording, session, set_chunk_size};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        fuzz_entry::chunk(&bytes);
        fuzz_entry::amf0(&bytes);
        fuzz_entry::flv(&bytes);
        fuzz_entry::codec_config(&bytes);
        fuzz_entry::session(&bytes);
        fuzz_entry::play(&bytes);
        fuzz_entry::play_url(&bytes);
        fuzz_entry::ts_demux(&bytes);
        fuzz_entry::fmp4_demux(&bytes);
    }

    #[test]
    fn damaged_servers_never_panic(at in 0_usize..400, with in any::<[u8; 4]>()) {
        let seed = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus/play/plays");
        let mut bytes = std::fs::read(seed).unwrap();
        for (slot, byte) in bytes.iter_mut().skip(at).zip(with) {
            *slot = byte;
        }
        fuzz_entry::play(&bytes);
    }

    #[test]
    fn damaged_sessions_never_panic(at in 0_usize..3500, with in any::<[u8; 4]>()) {
        let mut bytes = recording("rtmp_gstreamer_rtmp2sink.bin");
        for (slot, byte) in bytes.iter_mut().skip(at).zip(with) {
            *slot = byte;
        }
        let mut session = session();
        let _ = session.feed(&bytes);
        let events = drain(&mut session);
        prop_assert!(events.len() <= bytes.len());
        prop_assert!(session.take_output().len() <= 4 * bytes.len());
    }

    #[test]
    fn interleaved_media_at_any_chunk_size_is_byte_identical(
        bodies in proptest::collection::vec((3_u8..60, 1_usize..3000, any::<u32>()), 1..8),
        chunk_size in 1_usize..1000,
        order in any::<u64>(),
        cut in 1_usize..500,
    ) {
        // One message a chunk stream; their chunks in an order drawn from `order`.
        let mut seen = std::collections::HashSet::new();
        let bodies: Vec<_> = bodies.into_iter().filter(|(csid, ..)| *csid != 8 && seen.insert(*csid)).collect();
        let mut queues = Vec::new();
        for (n, (csid, len, time)) in bodies.iter().enumerate() {
            let body: Vec<u8> = (0..*len).map(|at| (at * 7 + n) as u8).collect();
            let kind = if n % 2 == 0 { AUDIO } else { VIDEO };
            queues.push((*time, body.clone(), chunks(*csid, kind, 1, *time, &body, chunk_size).into_iter()));
        }
        let mut wire = set_chunk_size(u32::try_from(chunk_size).unwrap());
        let (mut order, mut finished) = (order, Vec::new());
        while !queues.is_empty() {
            let index = usize::try_from(order % queues.len() as u64).unwrap();
            order = order.rotate_left(7) ^ 0x9e37_79b9;
            wire.extend(queues[index].2.next().unwrap());
            if queues[index].2.len() == 0 {
                let (time, body, _) = queues.remove(index);
                finished.push((time, body));
            }
        }
        let mut session = publishing();
        let mut events = Vec::new();
        for piece in wire.chunks(cut) {
            session.feed(piece).unwrap();
            events.extend(drain(&mut session));
        }
        prop_assert_eq!(media(&events), finished);
    }
}
