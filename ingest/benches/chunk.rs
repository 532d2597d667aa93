//! The chunk reader at chunk sizes 128 and 4096: `cargo bench -p synctv-ingest --bench chunk`.
#![allow(missing_docs, reason = "criterion's macros")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use synctv_ingest::rtmp::{ChunkLimits, ChunkReader};

const LIMITS: ChunkLimits =
    ChunkLimits { message_bytes: 10 * 1024 * 1024, partial_bytes: 16 * 1024 * 1024, chunk_streams: 64 };
/// What one read off a socket brings.
const READ: usize = 64 * 1024;

/// SetChunkSize, then two seconds of video and audio: a key frame, predicted frames, two audio frames for each.
fn stream(chunk_size: usize) -> Vec<u8> {
    let mut wire = vec![2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0];
    wire.extend(u32::try_from(chunk_size).unwrap_or(128).to_be_bytes());
    for frame in 0..60 {
        message(&mut wire, 6, 9, if frame == 0 { 120_000 } else { 12_000 }, chunk_size);
        message(&mut wire, 4, 8, 380, chunk_size);
        message(&mut wire, 4, 8, 380, chunk_size);
    }
    wire
}

fn message(wire: &mut Vec<u8>, csid: u8, kind: u8, len: usize, chunk_size: usize) {
    let [_, a, b, c] = u32::try_from(len).unwrap_or(0).to_be_bytes();
    wire.extend([csid, 0, 0, 33, a, b, c, kind, 1, 0, 0, 0]);
    let body = vec![0x5a; len];
    for (n, part) in body.chunks(chunk_size).enumerate() {
        if n > 0 {
            wire.push(0xc0 | csid);
        }
        wire.extend(part);
    }
}

fn chunk_reader(c: &mut Criterion) {
    let mut group = c.benchmark_group("chunk_reader");
    for chunk_size in [128, 4096] {
        let wire = stream(chunk_size);
        group.throughput(Throughput::Bytes(wire.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(chunk_size), &wire, |b, wire| {
            b.iter(|| {
                let mut reader = ChunkReader::new(LIMITS);
                let mut messages = 0;
                for mut piece in wire.chunks(READ) {
                    while let Ok(Some(message)) = reader.read(&mut piece) {
                        black_box(message);
                        messages += 1;
                    }
                }
                assert_eq!(messages, 180);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, chunk_reader);
criterion_main!(benches);
