//! What one fragment costs: a 2 s GOP of 2.5 Mbit/s video at 30 frames a second with 128 kbit/s AAC.
//! Run: `cargo bench -p synctv-ingest --bench fmp4`.
#![allow(missing_docs, reason = "criterion's macros write public items")]

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use synctv_ingest::fmp4::{Sample, TrackRun, fragment};

/// 60 frames that sum up to 2.5 Mbit/s for 2 s, the key frame ten times as large as the others.
fn video() -> Vec<Sample> {
    let unit = 2_500_000 / 8 * 2 / 69;
    (0u64..60)
        .map(|at| Sample {
            dts: at * 3000,
            duration: 3000,
            cts: if at % 3 == 0 { 6000 } else { 0 },
            keyframe: at == 0,
            payload: Bytes::from(vec![at as u8; if at == 0 { unit * 10 } else { unit }]),
        })
        .collect()
}

fn audio() -> Vec<Sample> {
    (0u64..94)
        .map(|at| Sample { dts: at * 1024, duration: 1024, cts: 0, keyframe: true, payload: Bytes::from(vec![1; 341]) })
        .collect()
}

fn gop(criterion: &mut Criterion) {
    let (video, audio) = (video(), audio());
    let runs = [
        TrackRun { id: 1, base_decode_time: 0, samples: &video },
        TrackRun { id: 2, base_decode_time: 0, samples: &audio },
    ];
    let bytes = fragment(1, &runs).map_or(0, |fragment| fragment.len() as u64);
    let mut group = criterion.benchmark_group("fmp4");
    group.throughput(Throughput::Bytes(bytes));
    group.bench_function("fragment of a 2 s GOP", |bencher| bencher.iter(|| fragment(1, black_box(&runs))));
    let part = [
        TrackRun { id: 1, base_decode_time: 0, samples: &video[20..30] },
        TrackRun { id: 2, base_decode_time: 0, samples: &audio[30..45] },
    ];
    let bytes = fragment(1, &part).map_or(0, |fragment| fragment.len() as u64);
    group.throughput(Throughput::Bytes(bytes));
    group.bench_function("fragment of a 333 ms part", |bencher| bencher.iter(|| fragment(1, black_box(&part))));
    group.finish();
}

criterion_group!(benches, gop);
criterion_main!(benches);
