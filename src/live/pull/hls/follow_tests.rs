//! Whole pulls into a stream of the hub.

use super::{follow, origin_tests::*};
use crate::{
    fetch::Client,
    live::{
        Hub, LiveLimits,
        pull::{PullError, Sink, entry::Entry},
    },
};
use std::time::Duration;
use synctv_ingest::{Track, hls::Container as Form};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_multivariant_playlist_with_separate_sound_becomes_one_stream_in_real_time() {
    let origin = Origin::start().await;
    let (picture, sound) = (Clip::of(|track| track == Track::Video), Clip::of(|track| track == Track::Audio));
    picture.publish(&origin, Form::Ts);
    origin.put("/v/index.m3u8", picture.playlist(Form::Ts, 0..3, true));
    let other = Origin::start().await;
    sound.publish(&other, Form::Fmp4);
    other.put("/v/index.m3u8", sound.playlist(Form::Fmp4, 0..1, true));
    origin.put(
        "/main.m3u8",
        format!(
            "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x\",DEFAULT=YES,URI=\"{}/v/index.m3u8\"\n\
             #EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\",CODECS=\"avc1.4d401e,mp4a.40.2\"\nv/index.m3u8\n",
            other.root()
        ),
    );
    let hub = Hub::new(LiveLimits::default());
    let client = Client::new(vec!["127.0.0.0/8".parse().unwrap()]);
    let sink = Sink::new(hub.clone(), Entry::new("cam", &CancellationToken::new()));
    let begun = Instant::now();
    let source = origin.source("/main.m3u8");
    let ended = timeout(Duration::from_secs(20), follow(&client, &source, &sink)).await.unwrap();
    assert_eq!(ended.unwrap_err(), PullError::Ended);
    // Three seconds, of which one is there at once.
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(1800) && took < Duration::from_secs(10), "{took:?}");
    let status = hub.status("cam").unwrap();
    assert_eq!(status.tracks.len(), 2, "{status:?}");
    assert!(status.warnings.is_empty(), "{:?}", status.warnings);
}
