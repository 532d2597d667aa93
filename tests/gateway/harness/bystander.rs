//! A publisher and a viewer who must not notice what a test does to the server.

use super::{Body, DEMO_CLIP, FlvReader, Gateway, Publisher, Tag, TagKind, eventually, open, s};
use std::{
    fs::File,
    io::BufReader,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
};

/// Publishes the demo clip in a loop and watches it: every video frame must come, in order, byte for byte.
pub struct Bystander {
    publisher: Publisher,
    viewer: Option<JoinHandle<()>>,
    over: Arc<AtomicBool>,
    seen: Arc<AtomicUsize>,
}

/// All tags of an FLV file.
#[track_caller]
pub fn tags_of(path: &str) -> Vec<Tag> {
    let file = File::open(path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut flv = FlvReader::new(BufReader::new(file));
    let mut tags = Vec::new();
    while let Ok(tag) = flv.next_tag().expect("a readable file") {
        tags.push(tag);
    }
    tags
}

/// An AVC tag with coded pictures: neither their configuration nor the end of the sequence.
pub fn is_picture(tag: &Tag) -> bool {
    tag.kind == TagKind::Video && tag.body.get(1) == Some(&1)
}

impl Bystander {
    #[track_caller]
    pub fn start(gateway: &Gateway) -> Self {
        let key = gateway.key("bystander");
        let publisher = Publisher::demo(&key.publish_url);
        gateway.wait_live("bystander");
        let flv = FlvReader::new(open(gateway.http, "GET", "/live/bystander.flv", &[]).expect("an answer"));
        let (over, seen) = <(Arc<AtomicBool>, Arc<AtomicUsize>)>::default();
        let viewer = thread::spawn({
            let (over, seen) = (over.clone(), seen.clone());
            move || watch(flv, &over, &seen)
        });
        let bystander = Self { publisher, viewer: Some(viewer), over, seen };
        bystander.await_frames(1);
        bystander
    }

    /// Waits until the viewer has seen this many frames more.
    #[track_caller]
    pub fn await_frames(&self, more: usize) {
        let goal = self.seen.load(Relaxed) + more;
        eventually("the bystander's viewer gets frames", s(10), || {
            let viewer_alive = self.viewer.as_ref().is_some_and(|viewer| !viewer.is_finished());
            assert!(viewer_alive, "the bystander's viewer missed frames or was cut off");
            (self.seen.load(Relaxed) >= goal).then_some(())
        });
    }

    /// Nothing was missing so far, and both go on.
    #[track_caller]
    pub fn assert_undisturbed(&mut self) {
        self.publisher.assert_running();
        self.await_frames(10);
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        self.over.store(true, Relaxed);
        let ended = self.viewer.take().map(JoinHandle::join);
        if !thread::panicking() {
            assert!(matches!(ended, Some(Ok(()))), "the bystander's viewer missed frames or was cut off");
        }
    }
}

fn watch(mut flv: FlvReader<Body>, over: &AtomicBool, seen: &AtomicUsize) {
    let clip: Vec<_> = tags_of(DEMO_CLIP).into_iter().filter(is_picture).map(|tag| tag.body).collect();
    let first = flv.until(is_picture).body;
    let mut at = clip.iter().position(|body| *body == first).expect("a frame of the clip");
    while !over.load(Relaxed) {
        seen.fetch_add(1, Relaxed);
        at = (at + 1) % clip.len();
        let body = flv.until(is_picture).body;
        assert!(body == clip[at], "frame {at} of the clip is missing or altered");
    }
}
