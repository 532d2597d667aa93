//! What a connection may say, in which order, and what it hears back.
#![allow(clippy::unwrap_used, reason = "a failure ends the test")]

mod rtmp_wire;

use rtmp_wire::{
    AUDIO, COMMAND, DATA, VIDEO, command, command_body, connect, drain, handshake, media, message, opening, publish,
    publishing, says, session,
};
use synctv_ingest::Error;
use synctv_ingest::flv::amf0::{Value, Writer, object};
use synctv_ingest::rtmp::{Event, Limits, Refusal, Session};

#[test]
fn publisher_hears_success_only_after_it_is_accepted() {
    let mut session = session();
    session.feed(&opening()).unwrap();
    assert!(matches!(session.next_event(), Some(Event::Publish { .. })));
    let before = session.take_output();
    assert!(says(&before, "NetConnection.Connect.Success") && !says(&before, "NetStream.Publish.Start"));
    session.accept_publish();
    let after = session.take_output();
    assert!(says(&after, "NetStream.Publish.Start") && !says(&after, "onFCPublish"));
    assert!(session.take_output().is_empty());
}

#[test]
fn fc_publish_is_answered_where_asked() {
    let mut session = session();
    let fc = command("FCPublish", 3.0, &[Value::Null, "demo".into()]);
    session.feed(&[connect("live"), fc, publish("demo")].concat()).unwrap();
    drain(&mut session);
    assert!(says(&session.take_output(), "onFCPublish"));
}

#[test]
fn nothing_behind_a_publish_command_is_read_before_the_answer() {
    let big = vec![7; 100_000];
    let wire = [opening(), message(6, VIDEO, 1, 0, &big, 128)].concat();
    // Above the limit before publishing, within the one after.
    let mut session = session();
    session.feed(&wire).unwrap();
    assert!(matches!(session.next_event(), Some(Event::Publish { .. })));
    assert_eq!(session.next_event(), None);
    session.feed(&message(4, AUDIO, 1, 5, &[1, 2], 128)).unwrap();
    assert_eq!(session.next_event(), None);
    session.accept_publish();
    assert_eq!(media(&drain(&mut session)), [(0, big), (5, vec![1, 2])]);
}

#[test]
fn peer_that_floods_while_it_waits_is_dropped() {
    let mut session = session();
    session.feed(&opening()).unwrap();
    let flood = message(6, VIDEO, 1, 0, &vec![7; 60_000], 128);
    let fed = (0..100).find_map(|_| session.feed(&flood).err());
    assert!(matches!(fed, Some(Error::Limit { .. })));
}

#[test]
fn messages_before_publish_are_bounded_at_64_kib() {
    let mut session = session();
    session.feed(&connect("live")).unwrap();
    let error = session.feed(&message(6, VIDEO, 1, 0, &vec![7; 65_537], 128)).unwrap_err();
    assert!(matches!(error, Error::Limit { what: "RTMP message bytes", .. }));
    assert!(session.feed(&[]).is_err(), "a broken session stays broken");
}

#[test]
fn refused_publisher_hears_an_error_and_sends_nothing_more() {
    for (refusal, code) in [
        (Refusal::bad_name("taken"), "NetStream.Publish.BadName"),
        (Refusal::unauthorized("wrong key"), "NetStream.Publish.Unauthorized"),
        (Refusal::unsupported("unsupported audio codec: Speex"), "NetStream.Publish.Rejected"),
    ] {
        let mut session = session();
        session.feed(&[opening(), message(4, AUDIO, 1, 5, &[1, 2], 128)].concat()).unwrap();
        let _ = session.next_event();
        session.refuse(&refusal);
        let output = session.take_output();
        assert!(says(&output, code) && says(&output, "error") && says(&output, refusal.description()));
        session.feed(&message(4, AUDIO, 1, 5, &[1, 2], 128)).unwrap();
        session.accept_publish();
        assert_eq!(session.next_event(), None);
        assert!(session.take_output().is_empty());
    }
}

#[test]
fn urls_that_name_no_stream_are_refused_in_words() {
    let long = "x".repeat(4096);
    for (app, name, words) in [
        ("a/b", "demo", "rtmp://HOST/live/STREAM"),
        ("live/inst", "demo", "rtmp://HOST/live/STREAM"),
        ("live", "../etc/passwd", "rtmp://HOST/live/STREAM"),
        ("live", "", "empty"),
        ("live", ".hidden", "dot"),
        ("live", "<b>", "letters, digits"),
        ("live", "a\u{0}b", "letters, digits"),
        ("live", "na\u{ef}ve", "letters, digits"),
        ("live", &long, "longer than 64"),
    ] {
        let mut session = session();
        let error = session.feed(&[connect(app), publish(name)].concat()).unwrap_err();
        assert!(error.to_string().contains(words), "{app} {name}: {error}");
        let output = session.take_output();
        assert!(says(&output, "NetStream.Publish.BadName") && says(&output, words), "{app} {name}");
        assert_eq!(session.next_event(), None);
    }
}

#[test]
fn one_stream_and_key_come_out_however_the_encoder_splits_the_url() {
    for (app, name) in [
        ("live", "demo?key=s%2Fx"),
        ("live?key=s%2Fx", "demo"),
        ("live/", "/demo?a=1&key=s%2Fx&b=2"),
        ("live/demo?key=s%2Fx", ""),
        ("", "live//demo?key=s%2Fx"),
        ("live", "demo?key=s/x"),
    ] {
        let mut session = session();
        session.feed(&[connect(app), publish(name)].concat()).unwrap();
        let Some(Event::Publish { stream, key: Some(key) }) = session.next_event() else { panic!("{app} {name}") };
        assert_eq!((stream.as_str(), key.expose()), ("demo", "s/x"), "{app} {name}");
        assert!(!format!("{key:?}").contains("s/x"));
    }
}

#[test]
fn key_in_tc_url_only_is_found() {
    let mut session = session();
    let arguments = object([("app", "live".into()), ("tcUrl", "rtmp://h/live?key=s".into())]);
    session.feed(&[command("connect", 1.0, &[arguments]), publish("demo")].concat()).unwrap();
    assert!(matches!(session.next_event(), Some(Event::Publish { key: Some(key), .. }) if key.expose() == "s"));
}

#[test]
fn every_way_to_end_a_publication_is_seen_once_and_another_may_follow() {
    let ends = [
        command("closeStream", 0.0, &[]),
        command("closeStream", 0.0, &[Value::Null]),
        command("FCUnpublish", 6.0, &[Value::Null, "demo".into()]),
        command("deleteStream", 7.0, &[Value::Null, 1.0.into()]),
        command("deleteStream", 7.0, &[]),
    ];
    for end in ends {
        let mut session = publishing();
        session.feed(&[end.clone(), end].concat()).unwrap();
        assert_eq!(drain(&mut session), [Event::Unpublish]);
        session.feed(&message(4, AUDIO, 1, 5, &[1], 128)).unwrap();
        assert_eq!(session.next_event(), None);
        session.feed(&publish("other")).unwrap();
        assert!(matches!(&drain(&mut session)[..], [Event::Publish { stream, .. }] if stream.as_str() == "other"));
    }
}

#[test]
fn deleting_another_message_stream_ends_nothing() {
    let mut session = publishing();
    session.feed(&command("deleteStream", 7.0, &[Value::Null, 2.0.into()])).unwrap();
    assert_eq!(session.next_event(), None);
}

#[test]
fn commands_with_few_values_are_harmless() {
    for name in
        ["createStream", "releaseStream", "FCPublish", "FCUnpublish", "deleteStream", "closeStream", "play", "x"]
    {
        let mut session = session();
        session.feed(&connect("live")).unwrap();
        let mut bare = Writer::default();
        bare.string(name);
        session.feed(&message(3, COMMAND, 0, 0, &bare.into_bytes(), 128)).unwrap();
    }
    let mut session = session();
    session.feed(&[connect("live/demo"), command("publish", 0.0, &[])].concat()).unwrap();
    assert!(matches!(session.next_event(), Some(Event::Publish { .. })), "publish without a type or a name");
}

#[test]
fn publish_before_connect_and_twice_is_a_violation() {
    assert!(session().feed(&publish("demo")).is_err());
    assert!(publishing().feed(&publish("demo")).is_err());
}

#[test]
fn transaction_0_asks_for_no_answer() {
    let mut session = session();
    session.feed(&connect("live")).unwrap();
    let _ = session.take_output();
    session.feed(&command("releaseStream", 0.0, &[Value::Null, "demo".into()])).unwrap();
    assert!(session.take_output().is_empty());
    session.feed(&command("releaseStream", 2.0, &[Value::Null, "demo".into()])).unwrap();
    assert!(says(&session.take_output(), "_result"));
}

#[test]
fn amf3_commands_and_data_are_read() {
    let mut session = session();
    session.feed(&connect("live")).unwrap();
    let body = [vec![0], command_body("publish", 5.0, &[Value::Null, "demo".into()])].concat();
    session.feed(&message(8, 17, 1, 0, &body, 128)).unwrap();
    assert!(matches!(drain(&mut session)[..], [Event::Publish { .. }]));
    let mut data = Writer::default();
    data.string("onMetaData").ecma_array(&[("width".into(), 160.0.into()), ("videocodecid".into(), "avc1".into())]);
    session.feed(&message(4, 15, 1, 0, &[vec![0], data.into_bytes()].concat(), 128)).unwrap();
    let Some(Event::Metadata(metadata)) = session.next_event() else { panic!() };
    assert_eq!((metadata.width, metadata.video_codec.as_deref(), metadata.has_audio), (Some(160), Some("avc1"), false));
}

#[test]
fn lone_or_broken_metadata_costs_nobody_their_stream() {
    let mut session = publishing();
    let mut lone = Writer::default();
    lone.string("@setDataFrame");
    let bodies = [lone.into_bytes(), vec![0xff; 10], vec![0x03; 60_000], vec![2, 0, 200], vec![0]];
    for body in bodies {
        session.feed(&message(4, DATA, 1, 0, &body, 128)).unwrap();
        assert_eq!(session.next_event(), None);
    }
    session.feed(&message(4, COMMAND, 1, 0, &[0x05; 100], 128)).unwrap();
    session.feed(&message(4, AUDIO, 1, 5, &[1], 128)).unwrap();
    assert_eq!(drain(&mut session).len(), 1);
}

#[test]
fn enhanced_rtmp_is_negotiated_with_peers_that_know_it() {
    let mut session = session();
    let arguments = object([("app", "live".into()), ("fourCcList", Value::Array(vec!["hvc1".into()]))]);
    session.feed(&command("connect", 1.0, &[arguments])).unwrap();
    let output = session.take_output();
    for word in ["fourCcList", "videoFourCcInfoMap", "audioFourCcInfoMap", "capsEx", "hvc1", "av01", "vp09", "Opus"] {
        assert!(says(&output, word), "{word}");
    }
    let mut plain = self::session();
    plain.feed(&connect("live")).unwrap();
    assert!(!says(&plain.take_output(), "fourCcList"));
}

#[test]
fn ping_is_answered_and_other_user_control_is_ignored() {
    let mut session = publishing();
    session.feed(&message(2, 4, 0, 0, &[0, 6, 1, 2, 3, 4], 128)).unwrap();
    assert!(session.take_output().ends_with(&[0, 7, 1, 2, 3, 4]));
    for body in [&[0, 3, 0, 0, 0, 1, 0, 0, 1, 0][..], &[0, 31, 1], &[0, 6, 1], &[0], &[0x77, 0x77, 1, 2, 3, 4]] {
        session.feed(&message(2, 4, 0, 0, body, 128)).unwrap();
        assert!(session.take_output().is_empty());
    }
}

#[test]
fn received_bytes_are_acknowledged_at_the_peers_window() {
    let mut session = publishing();
    session.feed(&message(2, 5, 0, 0, &10_000_u32.to_be_bytes(), 128)).unwrap();
    let mut received = (handshake().len() + opening().len() + 16) as u32;
    let mut acknowledged = Vec::new();
    for _ in 0..40 {
        let wire = message(4, AUDIO, 1, 0, &[9; 988], 128);
        session.feed(&wire).unwrap();
        received += wire.len() as u32;
        let output = session.take_output();
        if !output.is_empty() {
            assert!(output.ends_with(&received.to_be_bytes()), "the count is exact");
            acknowledged.push(received);
        }
        assert_eq!(drain(&mut session).len(), 1);
    }
    assert!(acknowledged.windows(2).all(|pair| pair[1] - pair[0] <= 10_000));
    assert!(acknowledged.len() >= 4);
}

#[test]
fn aggregate_messages_are_taken_apart() {
    let tag = |kind: u8, time: u32, body: &[u8]| {
        let time = time.to_be_bytes();
        let size = &(body.len() as u32).to_be_bytes()[1..];
        [&[kind][..], size, &time[1..], &time[..1], &[0; 3], body, &[0; 4]].concat()
    };
    let body = [tag(AUDIO, 1000, &[1, 2]), tag(77, 1005, &[9]), tag(VIDEO, 1010, &[3]), vec![8, 0, 0]].concat();
    let mut session = publishing();
    session.feed(&message(6, 22, 1, 50, &body, 128)).unwrap();
    assert_eq!(media(&drain(&mut session)), [(50, vec![1, 2]), (60, vec![3])]);
}

#[test]
fn play_is_handed_to_the_shell_to_refuse() {
    let mut session = session();
    let play = message(8, COMMAND, 1, 0, &command_body("play", 4.0, &[Value::Null, "demo?key=s".into()]), 128);
    session.feed(&[connect("live"), play].concat()).unwrap();
    assert_eq!(session.next_event(), Some(Event::Play { stream: "demo".into() }));
    let _ = session.take_output();
    session.refuse(&Refusal::play("not served"));
    assert!(says(&session.take_output(), "NetStream.Play.Failed"));
}

#[test]
fn anything_but_version_3_is_refused_at_once() {
    for first in [0, 6, b'G', 0x16, 0xff] {
        assert!(Session::new(Limits::default()).feed(&[first]).is_err());
    }
}
