//! Tags into frames, and tag headers: `cargo bench -p synctv-ingest --bench flv`.
#![allow(missing_docs, reason = "criterion's macros")]

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use synctv_ingest::flv::{Demuxer, Tag, TagKind, tag_header};

fn tag(kind: TagKind, head: &[u8], len: usize) -> Tag {
    let mut body = head.to_vec();
    body.resize(len, 0x5a);
    Tag { kind, timestamp: 40, body: Bytes::from(body) }
}

fn flv_tag(c: &mut Criterion) {
    let mut group = c.benchmark_group("flv");
    let mut demuxer = Demuxer::new();
    for header in
        [tag(TagKind::Video, &[0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff], 40), tag(TagKind::Audio, &[0xaf, 0], 4)]
    {
        let _ = demuxer.demux(&header);
    }
    let inter = tag(TagKind::Video, &[0x27, 1, 0, 0, 0, 0, 0, 0x2e, 0xd7, 0x41], 12_000);
    let key = tag(TagKind::Video, &[0x17, 1, 0, 0, 0, 0, 1, 0xd4, 0xb7, 0x65], 120_000);
    let audio = tag(TagKind::Audio, &[0xaf, 1], 380);
    for (name, tag) in [("demux_inter_frame", &inter), ("demux_key_frame", &key), ("demux_audio_frame", &audio)] {
        group.bench_function(name, |b| b.iter(|| black_box(demuxer.demux(black_box(tag)))));
    }
    group.bench_function("tag_header", |b| b.iter(|| tag_header(TagKind::Video, black_box(12_000), black_box(40))));
    group.finish();
}

criterion_group!(benches, flv_tag);
criterion_main!(benches);
