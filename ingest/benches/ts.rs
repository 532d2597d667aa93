//! MPEG-TS muxing of one 2 s segment at 2.65 Mbit/s: `cargo bench -p synctv-ingest --bench ts`.
#![allow(missing_docs)]

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use synctv_ingest::{
    Track,
    codec::{Config, VideoFormat, aac, avc},
    ts::{Muxer, Sample},
};

fn configs() -> (Config, Config) {
    let video = avc::Config {
        record: Bytes::new(),
        format: VideoFormat { width: 1280, height: 720, fps: Some(30.0) },
        nal_length_size: 4,
        sps: vec![Bytes::from_static(&[0x67; 28])],
        pps: vec![Bytes::from_static(&[0x68; 5])],
    };
    let audio = aac::Config::low_complexity(48_000, 2).expect("a rate and count of the table");
    (Config::Avc(video), Config::Aac(audio))
}

/// One NAL unit of `size` bytes behind a length of four.
fn access_unit(size: u32) -> Bytes {
    let mut bytes = size.to_be_bytes().to_vec();
    bytes.resize(size as usize + 4, 0x41);
    bytes.into()
}

fn samples() -> Vec<Sample> {
    let mut samples: Vec<Sample> = (0..60)
        .map(|n| Sample {
            track: Track::Video,
            dts: n * 3_000,
            cts: 6_000,
            keyframe: n == 0,
            payload: access_unit(if n == 0 { 60_000 } else { 9_500 }),
        })
        .collect();
    samples.extend((0..94).map(|n| Sample {
        track: Track::Audio,
        dts: n * 1_920,
        cts: 0,
        keyframe: true,
        payload: Bytes::from_static(&[0x21; 340]),
    }));
    samples.sort_by_key(|sample| sample.dts);
    samples
}

fn segment(c: &mut Criterion) {
    let (video, audio) = configs();
    let samples = samples();
    let mut muxer = Muxer::new(Some(&video), Some(&audio)).expect("H.264 and AAC belong in MPEG-TS");
    let mut group = c.benchmark_group("ts");
    group.throughput(Throughput::Bytes(samples.iter().map(|sample| sample.payload.len() as u64).sum()));
    group.bench_function("segment_2s", |b| b.iter(|| muxer.segment(&samples)));
    group.finish();
}

criterion_group!(benches, segment);
criterion_main!(benches);
