//! AMF0 and AMF3 from strangers: every marker, and bombs of depth, count and size.
#![allow(clippy::unwrap_used, reason = "a failure ends the test")]

use synctv_ingest::Error;
use synctv_ingest::flv::amf0::{Bounds, Value, Writer, object, read_all};

fn read(bytes: &[u8]) -> Result<Vec<Value>, Error> {
    read_all(bytes, &Bounds::default())
}

fn one(bytes: &[u8]) -> Value {
    read(bytes).unwrap().pop().unwrap()
}

#[test]
fn every_amf0_marker_is_understood() {
    let pi = std::f64::consts::PI;
    let number = pi.to_be_bytes();
    assert_eq!(one(&[&[0x00][..], &number].concat()), Value::Number(pi));
    assert_eq!(one(&[0x01, 1]), Value::Boolean(true));
    assert_eq!(one(&[0x02, 0, 2, b'h', b'i']), "hi".into());
    assert_eq!(one(&[0x02, 0, 2, 0xff, b'i']), "\u{fffd}i".into(), "text is read lossily");
    assert_eq!(one(&[0x03, 0, 1, b'a', 0x05, 0, 0, 9]), object([("a", Value::Null)]));
    assert_eq!(one(&[0x08, 0xff, 0xff, 0xff, 0xff, 0, 1, b'a', 0x06, 0, 0, 9]), object([("a", Value::Null)]));
    assert_eq!(one(&[0x0a, 0, 0, 0, 2, 0x05, 0x01, 0]), Value::Array(vec![Value::Null, Value::Boolean(false)]));
    assert_eq!(one(&[&[0x0b][..], &number, &[0, 0]].concat()), Value::Date(pi));
    assert_eq!(one(&[0x0c, 0, 0, 0, 1, b'x']), "x".into());
    assert_eq!(one(&[0x0f, 0, 0, 0, 1, b'x']), "x".into());
    assert_eq!(one(&[0x10, 0, 1, b'C', 0, 1, b'a', 0x05, 0, 0, 9]), object([("a", Value::Null)]));
    for null in [&[0x05][..], &[0x06], &[0x0d], &[0x07, 0, 1]] {
        assert_eq!(one(null), Value::Null);
    }
    assert_eq!(read(&[0x05, 0x77, 1, 2, 3]).unwrap(), [Value::Null], "an unknown marker ends the list");
}

#[test]
fn objects_without_an_end_marker_stand_as_far_as_they_came() {
    assert_eq!(one(&[0x03, 0, 1, b'a', 0x05]), object([("a", Value::Null)]));
    assert_eq!(one(&[0x03]), Value::Object(vec![]));
}

#[test]
fn amf3_values_behind_the_switch_are_understood() {
    let number = 2.5_f64.to_be_bytes();
    assert_eq!(one(&[0x11, 0x04, 0x7f]), 127.0.into());
    assert_eq!(one(&[0x11, 0x04, 0xff, 0xff, 0xff, 0xff]), (-1.0).into());
    assert_eq!(one(&[0x11, 0x04, 0x81, 0x00]), 128.0.into());
    assert_eq!(one(&[&[0x11, 0x05][..], &number].concat()), 2.5.into());
    assert_eq!(one(&[0x11, 0x06, 0x05, b'h', b'i']), "hi".into());
    assert_eq!(one(&[0x11, 0x03]), Value::Boolean(true));
    assert_eq!(one(&[&[0x11, 0x08, 0x01][..], &number].concat()), Value::Date(2.5));
    assert_eq!(one(&[0x11, 0x0c, 0x03, 7]), Value::Null);
    assert_eq!(one(&[0x11, 0x09, 0x05, 0x01, 0x02, 0x03]), Value::Array(vec![false.into(), true.into()]));
    // A dynamic object: no class name, no sealed members, "a" = true, and a reference to the string "a".
    let dynamic = [0x11, 0x0a, 0x0b, 0x01, 0x03, b'a', 0x06, 0x00, 0x01];
    assert_eq!(one(&dynamic), object([("a", "a".into())]));
    let sealed = [0x11, 0x0a, 0x13, 0x01, 0x03, b'b', 0x03];
    assert_eq!(one(&sealed), object([("b", Value::Boolean(true))]));
}

#[test]
fn bombs_of_depth_are_refused() {
    let object: Vec<u8> = [0x03, 0, 1, b'a'].repeat(16_000);
    let array: Vec<u8> = [0x0a, 0, 0, 0, 1].repeat(13_000);
    let amf3: Vec<u8> = [vec![0x11], [0x09, 0x03, 0x01].repeat(20_000)].concat();
    for bomb in [object, array, amf3] {
        assert!(matches!(read(&bomb), Err(Error::Limit { what: "AMF0 depth", .. })));
    }
}

#[test]
fn bombs_of_count_and_size_are_refused() {
    assert!(matches!(read(&[0x05; 2000]), Err(Error::Limit { what: "AMF0 elements", .. })));
    assert!(matches!(read(&vec![0x05; 70_000]), Err(Error::Limit { what: "AMF0 bytes", .. })));
    let array = [&[0x0a, 0xff, 0xff, 0xff, 0xff][..], &[0x05; 2000]].concat();
    assert!(matches!(read(&array), Err(Error::Limit { .. })));
    assert!(matches!(read(&[0x0c, 0xff, 0xff, 0xff, 0xff, 1]), Err(Error::Truncated { .. })));
    assert!(matches!(read(&[0x0a, 0xff, 0xff, 0xff, 0xff]), Err(Error::Truncated { .. })));
}

#[test]
fn amf3_references_cannot_multiply_a_long_string() {
    // An array whose first item is 30 000 bytes long and whose others refer to it.
    let mut bomb = vec![0x11, 0x09, 0x83, 0x01, 0x01, 0x06, 0x83, 0xd4, 0x61];
    bomb.extend([b'x'; 30_000]);
    bomb.extend([0x06, 0x00].repeat(190));
    assert!(
        matches!(read(&bomb), Err(Error::Limit { what: "AMF3 referenced bytes", .. })),
        "{:?}",
        read(&bomb).map(|_| ())
    );
}

#[test]
fn written_values_read_back() {
    let value = object([
        ("number", 1.5.into()),
        ("text", "caf\u{e9}".into()),
        ("flag", Value::Boolean(true)),
        ("list", Value::Array(vec![Value::Null, Value::Date(7.0)])),
        ("inner", object([("x", Value::Null)])),
    ]);
    let mut writer = Writer::default();
    writer.value(&value).string("end").number(4.0);
    assert_eq!(read(&writer.into_bytes()).unwrap(), [value, "end".into(), 4.0.into()]);
}
