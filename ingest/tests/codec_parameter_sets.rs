//! Parameter sets in their less common shapes: scaling matrices, interlace, cropping units of every chroma format,
//! temporal sub-layers, colour and HRD in the VUI. Records of libx264 and libx265 (ffmpeg 9), as sent in FLV.
#![allow(clippy::unwrap_used, reason = "a broken record ends the test")]

use synctv_ingest::codec::{Codec, Config, avc, hevc};

type Row = (&'static str, Codec, (u32, u32), f64, &'static str);

#[rustfmt::skip]
const RECORDS: [Row; 8] = [
    ("AVC 1080p 29.97, scaling matrix", Codec::H264, (1920, 1080), 30000.0 / 1001.0, "01640028ffe1001967640028acd940780227e5c04400000fa40003a9803c60c65801000768ebe3cb3002c0fdf8f800"),
    ("AVC 1080i 25", Codec::H264, (1920, 1080), 25.0, "01640028ffe1001a67640028acd94078044fde0220000003002000000643e2c5b2c001000668fba3cb22c0fdf8f800"),
    ("AVC 4:2:2 10 bit, odd crop", Codec::H264, (318, 178), 50.0, "017a0015ffe1001a677a0015b6cd941419ea3f0110000003001000000640f162d96001000668ebe3cb22c0fefafa00"),
    ("AVC 4:4:4 odd size", Codec::H264, (319, 179), 12.0, "01f4000cffe1001b67f4000c919b282833d476022000000300200000030301e28532c001000668ebe3c44844fff8f800"),
    ("AVC baseline", Codec::H264, (640, 360), 15.0, "0142c016ffe100196742c016d900a02ff970110000030001000003001e0f162e4801000568cb83cb20"),
    ("HEVC two temporal layers, scaling lists", Codec::Hevc, (1280, 720), 60.0, "01016000000090000000000078f000fcfdf8f800001303200001001c40010c02ffff01600000030090000003000003007800009598acc048210001002f4201020160000003009000000300000300780000a00280802d1659598acd249caf016808000003000800000301e04022000100074401c172b46240"),
    ("HEVC 4:2:2 10 bit, VUI colour, HRD", Codec::Hevc, (318, 178), 24000.0 / 1001.0, "0104080000009d08000000003cf000fcfefafa00000f04200001001740010c01ffff0408000003009d0800000300003c95980921000100364201010408000003009d0800000300003cb00a080b9d4ed96566924caf016a0404020800001f480002ee030064b2f000f420003d091022000100074401c172b4624027000100064e0181010f80"),
    ("HEVC 4:4:4 odd size", Codec::Hevc, (319, 179), 30.0, "0104080000009e08000000003cf000fcfff8f800000f03200001001740010c01ffff0408000003009e0800000300003c959809210001002b4201010408000003009e0800000300003c9001410173a9b2cacd24995e02d010000003001000000301e08022000100084401c172860c4624"),
];

fn record(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn every_shape_gives_the_encoders_size_and_rate() {
    for (name, codec, size, fps, hex) in RECORDS {
        let format = Config::parse(codec, &record(hex).into()).unwrap().video().unwrap();
        assert_eq!((format.width, format.height), size, "{name}");
        let read = format.fps.unwrap();
        assert!((read - fps).abs() < 0.001, "{name}: {read} for {fps}");
    }
}

#[test]
fn a_record_rebuilt_from_its_sets_is_the_encoders_own() {
    for (name, codec, _, _, hex) in RECORDS {
        match Config::parse(codec, &record(hex).into()).unwrap() {
            Config::Avc(sent) => {
                let built = avc::Config::from_parameter_sets(&sent.sps[0], &sent.pps[0]).unwrap();
                assert_eq!(built.rfc6381(), sent.rfc6381(), "{name}");
                assert_eq!(built.record, sent.record, "{name}");
            }
            Config::Hevc(sent) => {
                let built = hevc::Config::from_parameter_sets(&sent.vps[0], &sent.sps[0], &sent.pps[0]).unwrap();
                assert_eq!(built.rfc6381(), sent.rfc6381(), "{name}");
                assert_eq!(built.record[..13], sent.record[..13], "{name}: profile, tier, level");
                assert_eq!(built.record[16..19], sent.record[16..19], "{name}: chroma format, bit depths");
                assert_eq!(built.record[21] & 0x3f, sent.record[21] & 0x3f, "{name}: sub-layers, nesting, lengths");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_sample_entry_record_claims_complete_arrays_and_nothing_else_changes() {
    for (name, codec, _, _, hex) in RECORDS.iter().filter(|row| row.1 == Codec::Hevc) {
        let mut sent = record(hex);
        let Config::Hevc(whole) = Config::parse(*codec, &sent.clone().into()).unwrap() else { panic!() };
        // The same record from an encoder that leaves array_completeness and the version 0.
        sent[0] = 0;
        let mut at = 23;
        for _ in 0..sent[22] {
            sent[at] &= 0x7f;
            assert_eq!(sent[at + 1..at + 3], [0, 1]);
            at += 5 + usize::from(u16::from_be_bytes([sent[at + 3], sent[at + 4]]));
        }
        let Config::Hevc(claims_nothing) = Config::parse(*codec, &sent.into()).unwrap() else { panic!() };
        let entry = hevc::Config::parse(&claims_nothing.out_of_band_record().into()).unwrap();
        assert_eq!(
            (entry.sps, entry.vps, entry.pps),
            (whole.sps.clone(), whole.vps.clone(), whole.pps.clone()),
            "{name}"
        );
        assert_eq!(claims_nothing.out_of_band_record(), whole.out_of_band_record(), "{name}");
    }
}
