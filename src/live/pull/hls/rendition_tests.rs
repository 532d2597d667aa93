//! Playlists on real sockets: what is fetched, in which order, and what comes of it.

use super::*;
use crate::fetch::Client;
use crate::live::pull::hls::cipher;
use crate::live::pull::{PullFrom, hls::origin_tests::*};
use aes::cipher::{BlockEncryptMut, KeyIvInit, block_padding::Pkcs7};
use synctv_ingest::{FrameKind, Track, hls::Container as Form};
use tokio::{sync::mpsc, time::timeout};

const LONG: Duration = Duration::from_secs(20);

/// Follows a playlist to its end, and gives what it found.
async fn follow_to_end(from: &PullFrom) -> Result<Vec<Batch>, PullError> {
    let client = Client::new(vec!["127.0.0.0/8".parse().unwrap()]);
    let fetcher = Fetcher::new(&client, from);
    let (out, mut batches) = mpsc::channel(1);
    let collect = async {
        let mut all = Vec::new();
        while let Some(batch) = batches.recv().await {
            all.push(batch);
        }
        all
    };
    let following = async { tokio::join!(Rendition::new(fetcher, fetcher.source()).follow(None, out), collect) };
    let (ended, all) = timeout(LONG, following).await.expect("it ends in time");
    ended.map(|()| all)
}

fn media_of(batches: &[Batch], track: Track) -> Vec<(i64, usize)> {
    let frames = batches.iter().flat_map(|batch| &batch.frames);
    let media = frames.filter(|frame| frame.track == track && frame.kind == FrameKind::Media);
    media.map(|frame| (frame.pts(), frame.payload().len())).collect()
}

#[tokio::test]
async fn a_file_is_played_from_its_beginning_whatever_its_container() {
    let clip = Clip::new();
    for form in [Form::Ts, Form::Fmp4] {
        let origin = Origin::start().await;
        clip.publish(&origin, form);
        origin.put("/v/index.m3u8", clip.playlist(form, 0..CLIP_SEGMENTS, true));
        let batches = follow_to_end(&origin.source("/v/index.m3u8")).await.unwrap();
        assert_eq!(batches.len(), CLIP_SEGMENTS);
        let pictures = media_of(&batches, Track::Video);
        assert_eq!(pictures.len(), clip.pictures, "{form:?}");
        assert!(pictures.windows(2).all(|two| (two[1].0 - two[0].0 - 40).abs() <= 1), "{form:?}");
        let headers = batches.iter().flat_map(|batch| &batch.frames);
        let headers = headers.filter(|frame| frame.kind == FrameKind::SequenceHeader).count();
        assert_eq!(headers, 2, "{form:?}: each said once");
    }
}

#[tokio::test]
async fn a_live_playlist_is_joined_three_targets_from_its_end_and_followed_as_it_grows() {
    let (clip, origin) = (Clip::new(), Origin::start().await);
    clip.publish(&origin, Form::Ts);
    origin.put("/v/index.m3u8", clip.playlist(Form::Ts, 0..5, false));
    let source = origin.source("/v/index.m3u8");
    let grow = async {
        origin.was_asked("/v/4.ts").await;
        origin.put("/v/index.m3u8", clip.playlist(Form::Ts, 3..7, false));
        origin.was_asked("/v/6.ts").await;
        origin.put("/v/index.m3u8", clip.playlist(Form::Ts, 3..8, true));
    };
    let (batches, ()) = tokio::join!(follow_to_end(&source), grow);
    assert_eq!(batches.unwrap().len(), 6);
    let asked: Vec<_> = origin.asked().into_iter().filter(|asked| asked.path.ends_with(".ts")).collect();
    let paths: Vec<_> = asked.iter().map(|asked| asked.path.as_str()).collect();
    assert_eq!(paths, ["/v/2.ts", "/v/3.ts", "/v/4.ts", "/v/5.ts", "/v/6.ts", "/v/7.ts"], "each once, in order");
}

#[tokio::test]
async fn segments_are_decrypted_with_their_number_or_the_vector_that_is_named() {
    let (clip, origin) = (Clip::new(), Origin::start().await);
    let key = *b"sixteen bytes!!!";
    for (index, segment) in clip.ts.iter().enumerate() {
        let iv = if index < 2 { cipher::sequence_vector(100 + index as u64) } else { [9; 16] };
        let mut buffer = segment.to_vec();
        buffer.resize(segment.len() + 16, 0);
        let sealed = cbc::Encryptor::<aes::Aes128>::new(&key.into(), &iv.into());
        let sealed = sealed.encrypt_padded_mut::<Pkcs7>(&mut buffer, segment.len()).unwrap().to_vec();
        origin.put(&format!("/v/{index}.ts"), sealed);
    }
    origin.put("/v/key", key.to_vec());
    let first = "#EXT-X-KEY:METHOD=AES-128,URI=\"key\"\n";
    let rest = "#EXT-X-KEY:METHOD=AES-128,URI=\"key\",IV=0x09090909090909090909090909090909\n";
    let list = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:100\n".to_owned()
        + first
        + "#EXTINF:1,\n0.ts\n#EXTINF:1,\n1.ts\n"
        + rest
        + "#EXTINF:1,\n2.ts\n#EXT-X-ENDLIST\n";
    origin.put("/v/index.m3u8", list);
    let batches = follow_to_end(&origin.source("/v/index.m3u8")).await.unwrap();
    assert_eq!((batches.len(), media_of(&batches, Track::Video).len()), (3, 75));
    assert_eq!(origin.asked().iter().filter(|asked| asked.path == "/v/key").count(), 1, "a key is fetched once");
}

#[tokio::test]
async fn byte_ranges_of_one_file_are_segments_even_where_the_origin_sends_it_whole() {
    let clip = Clip::new();
    for ranges in [true, false] {
        let origin = Origin::start().await;
        let mut list = String::from("#EXTM3U\n#EXT-X-TARGETDURATION:1\n");
        for segment in &clip.ts[..3] {
            list += &format!("#EXT-X-BYTERANGE:{}\n#EXTINF:1,\nall.ts\n", segment.len());
        }
        origin.put("/v/index.m3u8", list + "#EXT-X-ENDLIST\n");
        let path = if ranges { "/v/all.ts" } else { "/v/all.ts!whole" };
        origin.put(path, clip.ts[..3].concat());
        let batches = follow_to_end(&origin.source("/v/index.m3u8")).await.unwrap();
        assert_eq!((batches.len(), media_of(&batches, Track::Video).len()), (3, 75));
    }
}

#[tokio::test]
async fn gaps_are_not_asked_for_and_a_missing_segment_is_left_out() {
    let (clip, origin) = (Clip::new(), Origin::start().await);
    clip.publish(&origin, Form::Ts);
    origin.remove("/v/1.ts");
    let list = clip.playlist(Form::Ts, 0..4, true).replace("#EXTINF:1,\n2.ts", "#EXT-X-GAP\n#EXTINF:1,\n2.ts");
    origin.put("/v/index.m3u8", list);
    assert_eq!(follow_to_end(&origin.source("/v/index.m3u8")).await.unwrap().len(), 2);
    assert!(origin.asked().iter().all(|asked| asked.path != "/v/2.ts"));
    for missing in ["/v/0.ts", "/v/2.ts"] {
        origin.remove(missing);
    }
    origin.put("/v/index.m3u8", clip.playlist(Form::Ts, 0..4, true));
    let ended = follow_to_end(&origin.source("/v/index.m3u8")).await;
    assert_eq!(ended.unwrap_err(), PullError::Fetch(fetch::Error::Status(404)), "three in a row are the end");
}

#[tokio::test]
async fn credentials_stay_with_the_origin_of_the_source() {
    let (clip, origin, other) = (Clip::new(), Origin::start().await, Origin::start().await);
    clip.publish(&origin, Form::Ts);
    clip.publish(&other, Form::Ts);
    let list = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n0.ts\n#EXTINF:1,\nOTHER/v/1.ts\n#EXT-X-ENDLIST\n";
    origin.put("/v/index.m3u8", list.replace("OTHER", &other.root()));
    let source = origin.source_with("/v/index.m3u8", "authorization", "Bearer secret");
    follow_to_end(&source).await.unwrap();
    assert!(origin.asked().iter().all(|asked| asked.authorized));
    assert!(!other.asked().is_empty() && other.asked().iter().all(|asked| !asked.authorized));

    // A playlist that came over a foreign origin is not trusted with them, wherever it points.
    origin.put("/v/moved.m3u8", format!("-> {}/v/back.m3u8", other.root()));
    other.put(
        "/v/back.m3u8",
        list.replace("0.ts", &format!("{}/v/2.ts", origin.root())).replace("OTHER", &origin.root()),
    );
    let source = origin.source_with("/v/moved.m3u8", "authorization", "Bearer secret");
    follow_to_end(&source).await.unwrap();
    let asked = origin.asked();
    let late: Vec<_> = asked.iter().filter(|asked| asked.path == "/v/2.ts" || asked.path == "/v/1.ts").collect();
    assert!(late.len() == 2 && late.iter().all(|asked| !asked.authorized), "{late:?}");
}

#[tokio::test]
async fn what_is_too_large_or_not_media_ends_the_pull() {
    let origin = Origin::start().await;
    let list = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n0.ts\n#EXT-X-ENDLIST\n";
    origin.put("/v/index.m3u8", list);
    origin.put("/v/0.ts", "<html>nothing here</html>");
    let ended = follow_to_end(&origin.source("/v/index.m3u8")).await.unwrap_err();
    assert!(matches!(ended, PullError::Media(_)), "{ended}");
    origin.put("/v/index.m3u8", list.to_owned() + &"#".repeat(super::super::playlist::TEXT_MAX));
    let ended = follow_to_end(&origin.source("/v/index.m3u8")).await.unwrap_err();
    assert_eq!(ended, PullError::Fetch(fetch::Error::TooLarge));
}

#[test]
fn numbers_that_fell_behind_or_began_anew_join_again() {
    let segment = |sequence| Segment {
        sequence,
        discontinuity: 0,
        part: Part { url: Url::parse("http://h/a.ts").unwrap(), range: None },
        duration: Duration::from_secs(1),
        gap: false,
        key: None,
        map: None,
    };
    let list = |from: u64| Media {
        target: Duration::from_secs(1),
        segments: (from..from + 6).map(segment).collect(),
        ended: false,
    };
    assert_eq!(where_to_go_on(&list(10), 12), 12);
    assert_eq!(where_to_go_on(&list(10), 16), 16, "nothing has come yet");
    assert_eq!(where_to_go_on(&list(10), 9), 13, "the window left us behind");
    assert_eq!(where_to_go_on(&list(10), 500), 13, "the numbers began anew");
}
