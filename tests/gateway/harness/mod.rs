//! What the tests drive the built binary with: a gateway process, real publishers, raw clients, independent readers.

mod api;
mod bystander;
#[path = "../../../store/postgres/tests/cluster/mod.rs"]
mod cluster;
mod flv;
mod gateway;
mod http;
mod media;
mod member;
mod node;
mod origin;
mod process;
mod prometheus;
mod publisher;
mod room;
mod rtmp;
mod sentinel;
mod temp;
mod upstream;
mod vod;
mod websocket;

pub use api::call;
pub use bystander::{Bystander, is_picture, tags_of};
pub use cluster::Cluster;
pub use flv::{End, FlvReader, Tag, TagKind};
pub use gateway::{Gateway, Key, run};
pub use http::{Body, Reply, get, head, open, path_of, request};
pub use media::{assert_decodes, encode_clip, ffmpeg9, media_doctor};
pub use member::{Ended, Member, TestRoom};
pub use node::node;
#[allow(unused_imports, reason = "the vocabulary of origins is whole, whoever uses it")]
pub use origin::{Answer, Asked, Lie, Origin};
pub use process::Process;
pub use prometheus::{Exposition, parse_exposition};
pub use publisher::{DEMO_CLIP, Publisher};
pub(crate) use room::on_both_databases;
pub use room::{Database, Room};
pub use rtmp::{
    AUDIO, CHUNK_SIZE, COMMAND, RtmpClient, SCRIPT, VIDEO, amf_number, amf_string, chunks, connect_from, hello,
    is_closed, property,
};
pub use sentinel::{NEIGHBOUR, Sentinel, hostile_urls, private_hosts};
pub use temp::TempDir;
pub use upstream::{NginxRtmp, connections_to, free_port};
pub use vod::{SECRET, film, film_as, indexed_film, put};
pub use websocket::open_websocket;

use std::{
    thread,
    time::{Duration, Instant},
};

/// Asks until there is an answer; panics with what was waited for when the deadline passes first.
#[track_caller]
pub fn eventually<T>(what: &str, within: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begun.elapsed() < within, "not within {within:?}: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Seconds, written short.
pub const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
