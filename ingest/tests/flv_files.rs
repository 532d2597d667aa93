//! FLV files read back, whole, in pieces, cut and broken.
#![allow(clippy::unwrap_used, reason = "a failure ends the test")]

use bytes::Bytes;
use synctv_ingest::Error;
use synctv_ingest::flv::{FileReader, Tag, TagKind, file_header, tag_header};

const CLIPS: [&str; 3] = ["h264_aac.flv", "av1_opus.flv", "mp3_22050.flv"];

fn clip(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn read(reader: &mut FileReader, mut input: &[u8]) -> Result<Vec<Tag>, Error> {
    let mut tags = Vec::new();
    while let Some(tag) = reader.read(&mut input)? {
        tags.push(tag);
    }
    Ok(tags)
}

#[test]
fn tags_written_back_are_the_file_byte_for_byte() {
    for name in CLIPS {
        let bytes = clip(name);
        let mut written = file_header(bytes[4] & 4 != 0, bytes[4] & 1 != 0).to_vec();
        for tag in read(&mut FileReader::new(), &bytes).unwrap() {
            written.extend(tag_header(tag.kind, tag.body.len(), tag.timestamp));
            written.extend(&tag.body);
            written.extend((tag.body.len() as u32 + 11).to_be_bytes());
        }
        assert_eq!(written, bytes, "{name}");
    }
}

#[test]
fn every_split_and_truncation_agrees_with_the_whole() {
    for name in CLIPS {
        let bytes = clip(name);
        let whole = read(&mut FileReader::new(), &bytes).unwrap();
        for at in 0..bytes.len() {
            let mut reader = FileReader::new();
            let mut tags = read(&mut reader, &bytes[..at]).unwrap();
            assert_eq!(tags[..], whole[..tags.len()]);
            tags.extend(read(&mut reader, &bytes[at..]).unwrap());
            assert_eq!(tags, whole, "{name} split at {at}");
        }
    }
}

#[test]
fn timestamps_use_all_32_bits() {
    let mut bytes = file_header(true, false).to_vec();
    bytes.extend(tag_header(TagKind::Audio, 1, 0xfedc_ba98));
    bytes.extend([7, 0, 0, 0, 12]);
    let want = Tag { kind: TagKind::Audio, timestamp: 0xfedc_ba98, body: Bytes::from_static(&[7]) };
    assert_eq!(read(&mut FileReader::new(), &bytes), Ok(vec![want]));
}

#[test]
fn unknown_tags_are_passed_over_and_bad_files_refused() {
    let mut bytes = file_header(true, false).to_vec();
    bytes.extend([15, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 13]);
    bytes.extend(tag_header(TagKind::Video, 1, 5));
    bytes.extend([7, 0, 0, 0, 12]);
    assert_eq!(read(&mut FileReader::new(), &bytes).unwrap().len(), 1);
    assert!(read(&mut FileReader::new(), b"<html>\r\n<p>").is_err());
    assert!(read(&mut FileReader::new(), b"FLV\x01\x05\x00\x00\x00\x08").is_err());
    assert!(read(&mut FileReader::new(), b"FLV\x01\x05\xff\xff\xff\xff").is_err());
    let encrypted = [&file_header(true, true)[..], &[0x29, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]].concat();
    assert!(matches!(read(&mut FileReader::new(), &encrypted), Err(Error::Unsupported { .. })));
    let bomb = [&file_header(true, true)[..], &[9, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0]].concat();
    assert!(matches!(read(&mut FileReader::new(), &bomb), Err(Error::Limit { .. })));
}
