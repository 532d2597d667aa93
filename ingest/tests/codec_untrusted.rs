//! Records come from the network: no bytes may panic a parser, and what is cut short is refused.

mod codec_fixture;

use bytes::Bytes;
use codec_fixture::{TRACKS, read};
use proptest::prelude::*;
use synctv_ingest::codec::{Codec, Config, av1, avc, hevc, mp3, nal, opus, vp9};

const CODECS: [Codec; 7] = [Codec::H264, Codec::Hevc, Codec::Av1, Codec::Vp9, Codec::Aac, Codec::Mp3, Codec::Opus];

/// Everything in the crate that reads codec bytes.
fn read_all(bytes: &Bytes) {
    for codec in CODECS {
        if let Ok(config) = Config::parse(codec, bytes) {
            assert!(!config.rfc6381().is_empty());
            let _ = (config.video(), config.audio(), config.record());
        }
    }
    for size in [0, 1, 2, 3, 4, 255] {
        assert!(nal::units(bytes, size).count() <= bytes.len());
        let _ = (avc::Config::from_access_unit(bytes, size), hevc::Config::from_access_unit(bytes, size));
        let _ = nal::is_annex_b(bytes, size);
    }
    let _ = nal::length_prefixed(nal::annex_b_units(bytes));
    let _ = (avc::Config::from_parameter_sets(bytes, bytes), hevc::Config::from_parameter_sets(bytes, bytes, bytes));
    let _ = (avc::sps::Sps::parse(bytes), hevc::sps::Sps::parse(bytes), hevc::sps::vps_frame_rate(bytes));
    let _ = (av1::Config::from_temporal_unit(bytes), av1::sequence::Sequence::parse(bytes));
    let _ = (vp9::key_frame_size(bytes), opus::packet_samples(bytes), mp3::find_header(bytes));
}

fn records() -> Vec<(Codec, Bytes)> {
    TRACKS.iter().map(|(clip, codec)| (*codec, read(clip).record(*codec))).collect()
}

/// Parameter sets alone, so that flips land in their fields and not in the record around them.
fn seeds() -> Vec<Bytes> {
    let mut seeds: Vec<Bytes> = records().into_iter().map(|(_, record)| record).collect();
    for (clip, codec) in TRACKS {
        let clip = read(clip);
        match clip.config(codec) {
            Config::Avc(config) => seeds.extend(config.sps),
            Config::Hevc(config) => seeds.extend(config.sps.into_iter().chain(config.vps)),
            Config::Av1(config) => seeds.push(config.record.slice(4.min(config.record.len())..)),
            _ => {}
        }
        seeds.extend(clip.media(codec).next().map(|packet| packet.payload.clone()));
    }
    seeds.retain(|seed| !seed.is_empty());
    seeds
}

#[test]
fn every_truncation_of_a_real_record_is_refused_or_read_without_panic() {
    for (codec, record) in records() {
        for length in 0..record.len() {
            let cut = record.slice(..length);
            read_all(&cut);
            if matches!(codec, Codec::H264 | Codec::Hevc) && length > 0 {
                // A record whose extension or last set is cut may still be whole; one whose sets are cut is not.
                let parsed = Config::parse(codec, &cut);
                assert!(length + 8 > record.len() || parsed.is_err(), "{codec:?} cut to {length} of {}", record.len());
            }
        }
    }
}

#[test]
fn every_single_bit_flip_of_a_real_record_is_read_without_panic() {
    for seed in seeds() {
        let seed = seed.slice(..seed.len().min(160));
        for bit in 0..seed.len() * 8 {
            let mut flipped = seed.to_vec();
            flipped[bit / 8] ^= 0x80 >> (bit % 8);
            read_all(&flipped.into());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        read_all(&bytes.into());
    }

    #[test]
    fn mutated_real_records_never_panic(
        index in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        length in any::<prop::sample::Index>(),
    ) {
        let seeds = seeds();
        let mut bytes = index.get(&seeds).to_vec();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        bytes.truncate(length.index(bytes.len()) + 1);
        read_all(&bytes.into());
    }
}
