//! The life of pulls: begun by who wants them, one upstream connection each, nothing left behind.

use super::{NotPlaying, PullLimits, PullState, Pulls, Surroundings, upstream_tests::*};
use crate::{
    fetch,
    live::{Framing, Hub, LiveLimits, follow, hls::Hls},
};
use std::{
    sync::{Arc, atomic::Ordering::SeqCst},
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

const IDLE: Duration = Duration::from_millis(1000);

pub struct Plane {
    pub pulls: Arc<Pulls>,
    pub hub: Arc<Hub>,
    pub table: Arc<Table>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

pub fn plane() -> Plane {
    plane_of(8, Vec::new())
}

/// One whose pulls nobody ends, nor looks up again, by the clock.
pub fn patient() -> Plane {
    plane_with(PullLimits { idle: IDLE * 600, max: 8, own: Vec::new() })
}

fn plane_of(max: usize, own: Vec<(String, u16)>) -> Plane {
    plane_with(PullLimits { idle: IDLE, max, own })
}

fn plane_with(limits: PullLimits) -> Plane {
    let hub = Hub::new(LiveLimits { hls_idle: Duration::from_millis(300), ..LiveLimits::default() });
    let (table, tasks, stop) = (Arc::<Table>::default(), TaskTracker::new(), CancellationToken::new());
    let around = Surroundings {
        hub: hub.clone(),
        client: fetch::Client::new(vec!["127.0.0.0/8".parse().unwrap()]),
        upstreams: table.clone(),
        tasks: tasks.clone(),
        stop: stop.clone(),
    };
    let pulls = Pulls::new(around, limits);
    Plane { pulls, hub, table, tasks, stop }
}

pub async fn eventually(what: &str, mut test: impl FnMut() -> bool) {
    let waiting = async {
        while !test() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(15), waiting).await.unwrap_or_else(|_| panic!("not in time: {what}"));
}

impl Plane {
    pub async fn nothing_is_left(&self, server: &Server) {
        eventually("the pull stops", || self.pulls.running() == 0).await;
        eventually("its connection closes", || server.connected.load(SeqCst) == 0).await;
        eventually("its task ends", || self.tasks.is_empty()).await;
        assert!(self.hub.get("cam").is_none(), "the hub forgets it");
        assert_eq!(self.pulls.status("cam"), None);
    }
}

#[tokio::test]
async fn a_viewer_starts_an_rtmp_pull_that_ends_when_nobody_watches() {
    let (plane, server) = (plane(), Server::start(Manner::Rtmp).await);
    plane.table.put("cam", &server.url("/live/cam?key=secret"));
    assert_eq!(plane.pulls.describe("cam").await.unwrap().state, PullState::Idle);
    assert_eq!(server.accepted.load(SeqCst), 0, "nothing is pulled before somebody asks");

    let stream = plane.pulls.watch("cam").await.unwrap();
    let mut viewer = follow(stream.clone(), Framing::Raw);
    assert!(viewer.recv().await.is_some());
    let status = plane.hub.status("cam").unwrap();
    assert_eq!(status.tracks.len(), 2, "{status:?}");
    assert_eq!(status.publisher, None);
    assert!(status.private);
    let pull = plane.pulls.status("cam").unwrap();
    assert_eq!((pull.state, pull.attempts, pull.upstream.as_str()), (PullState::Live, 1, "rtmp://127.0.0.1"));

    let begun = Instant::now();
    while begun.elapsed() < IDLE * 2 {
        assert!(viewer.recv().await.is_some(), "a watched pull goes on");
    }
    drop(viewer);
    let left = Instant::now();
    plane.nothing_is_left(&server).await;
    assert!(left.elapsed() >= IDLE - Duration::from_millis(300), "{:?}", left.elapsed());
    let epoch = stream.status().epoch;
    let again = plane.pulls.watch("cam").await.unwrap();
    assert_eq!(again.status().epoch, epoch + 1, "epochs only grow");
}

#[tokio::test]
async fn a_thousand_viewers_start_one_pull() {
    let (plane, server) = (plane(), Server::start(Manner::Rtmp).await);
    plane.table.put("cam", &server.url("/live/cam?key=secret"));
    let watching: Vec<_> = (0..1000)
        .map(|_| {
            let pulls = plane.pulls.clone();
            tokio::spawn(async move { pulls.watch("cam").await.map(drop) })
        })
        .collect();
    for watching in watching {
        watching.await.unwrap().unwrap();
    }
    assert_eq!((server.accepted.load(SeqCst), plane.pulls.running()), (1, 1));
    // Once to begin, once as it is published, perhaps once by the clock.
    assert!(plane.table.asked.load(SeqCst) <= 3, "nor does the store hear of each");
}

#[tokio::test]
async fn flv_over_http_is_pulled() {
    let (plane, server) = (plane(), Server::start(Manner::Flv).await);
    plane.table.put("cam", &server.http("/live/cam.flv?key=secret"));
    let stream = plane.pulls.watch("cam").await.unwrap();
    assert_eq!(stream.status().tracks.len(), 2);
    plane.nothing_is_left(&server).await;
}

#[tokio::test]
async fn players_of_hls_keep_a_pull_going() {
    let (plane, server) = (plane(), Server::start(Manner::Rtmp).await);
    plane.table.put("cam", &server.url("/live/cam?key=secret"));
    let stream = plane.pulls.watch("cam").await.unwrap();
    let begun = Instant::now();
    while begun.elapsed() < IDLE * 2 {
        let hls = Hls::of(&stream, "index.m3u8", 1).unwrap();
        drop(hls);
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(server.connected.load(SeqCst), 1);
    plane.nothing_is_left(&server).await;
}

#[tokio::test]
async fn an_upstream_that_comes_back_is_met_again() {
    let (plane, server) = (plane(), Server::start(Manner::Rtmp).await);
    plane.table.put("cam", &server.url("/live/cam?key=secret"));
    let stream = plane.pulls.watch("cam").await.unwrap();
    let mut viewer = follow(stream.clone(), Framing::Raw);
    assert!(viewer.recv().await.is_some());
    let address = server.address;
    server.stop();
    eventually("it waits", || plane.pulls.status("cam").unwrap().state == PullState::Waiting).await;
    let waiting = plane.pulls.status("cam").unwrap();
    assert!(waiting.retry_in_ms.is_some() && waiting.last_error.is_some(), "{waiting:?}");
    drop(server);
    let back = Server::start_at(address, Manner::Rtmp).await;
    eventually("it is live again", || plane.pulls.status("cam").unwrap().state == PullState::Live).await;
    assert_eq!(back.accepted.load(SeqCst), 1);
    let epoch = stream.status().epoch;
    assert_eq!(epoch, 2, "the same stream: viewers stayed");
    assert!(viewer.recv().await.is_some());
}

#[tokio::test]
async fn a_hold_pulls_without_viewers_until_it_is_released() {
    let (plane, server) = (plane(), Server::start(Manner::Rtmp).await);
    plane.table.put("cam", &server.url("/live/cam?key=secret"));
    let hold = plane.pulls.hold("cam").unwrap();
    eventually("it is live", || plane.pulls.status("cam").is_some_and(|pull| pull.state == PullState::Live)).await;
    sleep(IDLE * 2).await;
    assert_eq!((server.connected.load(SeqCst), plane.pulls.status("cam").unwrap().holds), (1, 1));
    let released = Instant::now();
    hold.release();
    plane.nothing_is_left(&server).await;
    assert!(released.elapsed() < IDLE / 2, "a release does not wait for the idle time: {:?}", released.elapsed());
}

#[tokio::test]
async fn a_deleted_stream_ends_at_once_with_its_viewers() {
    let (plane, server) = (patient(), Server::start(Manner::Rtmp).await);
    plane.table.put("cam", &server.url("/live/cam?key=secret"));
    let hold = plane.pulls.hold("cam").unwrap();
    let mut viewer = follow(plane.pulls.watch("cam").await.unwrap(), Framing::Raw);
    plane.table.remove("cam");
    plane.pulls.recheck("cam");
    plane.nothing_is_left(&server).await;
    let drained = async { while viewer.recv().await.is_some() {} };
    timeout(Duration::from_secs(2), drained).await.expect("the viewer's stream ends");
    assert!(hold.is_over());
    drop(hold);
    assert_eq!(plane.pulls.watch("cam").await.unwrap_err(), NotPlaying::Unknown);
}

#[tokio::test]
async fn a_changed_source_is_followed_at_once() {
    let (plane, former, next) = (patient(), Server::start(Manner::Rtmp).await, Server::start(Manner::Rtmp).await);
    plane.table.put("cam", &former.url("/live/cam?key=secret"));
    let _hold = plane.pulls.hold("cam").unwrap();
    plane.pulls.watch("cam").await.unwrap();
    plane.table.put("cam", &next.url("/live/cam?key=secret"));
    plane.pulls.recheck("cam");
    eventually("the next is met", || next.connected.load(SeqCst) == 1).await;
    eventually("the former is left", || former.connected.load(SeqCst) == 0).await;
}

#[tokio::test]
async fn what_fails_is_said_without_secrets() {
    for (manner, said) in [
        (Manner::Refusing, "NetStream.Play.StreamNotFound"),
        (Manner::Forbidden, "403"),
        (Manner::Text, "neither FLV nor"),
    ] {
        let (plane, server) = (plane(), Server::start(manner).await);
        let is_rtmp = manner == Manner::Refusing;
        let url = if is_rtmp { server.url("/live/cam?key=secret") } else { server.http("/secret.flv?key=secret") };
        plane.table.put("cam", &url);
        let _hold = plane.pulls.hold("cam").unwrap();
        eventually("it fails", || plane.pulls.status("cam").is_some_and(|pull| pull.last_error.is_some())).await;
        let shown = serde_json::to_string(&plane.pulls.status("cam").unwrap()).unwrap();
        assert!(shown.contains(said) && !shown.contains("secret") && !shown.contains("cam"), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_an_upstream_that_sends_nothing_is_told_in_time() {
    let (plane, server) = (plane(), Server::start(Manner::Mute).await);
    plane.table.put("cam", &server.url("/live/cam?key=secret"));
    let begun = Instant::now();
    assert_eq!(plane.pulls.watch("cam").await.unwrap_err(), NotPlaying::Silent);
    assert!(begun.elapsed() <= Duration::from_secs(11), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn lasting_failures_are_told_at_once() {
    let plane = plane();
    plane.table.put("cam", "http://10.0.0.1.nip.invalid/");
    plane.table.put("bad", "ftp://h/secret");
    plane.table.fail("away");
    plane.table.fail("unknown");
    let begun = Instant::now();
    assert_eq!(plane.pulls.watch("away").await.unwrap_err(), NotPlaying::Unavailable);
    assert_eq!(plane.pulls.watch("none").await.unwrap_err(), NotPlaying::Unknown);
    assert!(begun.elapsed() < Duration::from_secs(5));
    eventually("what never was leaves nothing", || plane.pulls.status("none").is_none()).await;
    let told = plane.pulls.describe("bad").await.expect("it is a pull stream all the same");
    let error = told.last_error.unwrap();
    assert!(told.state == PullState::Idle && !error.is_empty() && !error.contains("secret"), "{error}");
    assert!(plane.pulls.describe("none").await.is_none() && plane.pulls.describe("unknown").await.is_none());
}

#[tokio::test]
async fn a_pull_whose_task_breaks_can_be_started_again() {
    let (plane, server) = (plane(), Server::start(Manner::Rtmp).await);
    plane.table.put("cam", &server.url("/live/cam?key=secret"));
    plane.table.breaks.store(true, SeqCst);
    assert_eq!(plane.pulls.watch("cam").await.unwrap_err(), NotPlaying::Silent);
    assert_eq!(plane.pulls.running(), 0);
    plane.table.breaks.store(false, SeqCst);
    plane.pulls.watch("cam").await.unwrap();
}

#[tokio::test]
async fn a_pull_that_waits_when_it_ends_leaves_no_stream_behind() {
    let (plane, server) = (plane(), Server::start(Manner::Rtmp).await);
    plane.table.put("cam", &server.url("/live/cam?key=secret"));
    let hold = plane.pulls.hold("cam").unwrap();
    let left = Arc::downgrade(&plane.pulls.watch("cam").await.unwrap());
    server.stop();
    eventually("it waits", || plane.pulls.status("cam").unwrap().state == PullState::Waiting).await;
    assert!(left.strong_count() > 0, "its viewers are held");
    hold.release();
    plane.nothing_is_left(&server).await;
    let begun = Instant::now();
    eventually("nobody holds the stream", || left.strong_count() == 0).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_leads_here_is_not_dialled() {
    let server = Server::start(Manner::Rtmp).await;
    let plane = plane_of(8, vec![("localhost".into(), server.address.port())]);
    plane.table.put("cam", &format!("rtmp://LOCALHOST.:{}/live/cam", server.address.port()));
    assert_eq!(plane.pulls.watch("cam").await.unwrap_err(), NotPlaying::Failed);
    assert_eq!(server.accepted.load(SeqCst), 0);
    let error = plane.pulls.status("cam").unwrap().last_error.unwrap();
    assert!(error.contains("this gateway itself"), "{error}");
}

#[tokio::test]
async fn one_more_than_may_be_is_refused() {
    let (plane, server) = (plane_of(1, Vec::new()), Server::start(Manner::Rtmp).await);
    plane.table.put("cam", &server.url("/live/cam?key=secret"));
    let _hold = plane.pulls.hold("cam").unwrap();
    assert_eq!(plane.pulls.hold("other").unwrap_err(), NotPlaying::Full);
    plane.pulls.hold("cam").unwrap();
}

#[tokio::test]
async fn the_end_of_the_server_ends_all() {
    let (plane, server) = (plane(), Server::start(Manner::Rtmp).await);
    plane.table.put("cam", &server.url("/live/cam?key=secret"));
    plane.pulls.watch("cam").await.unwrap();
    plane.stop.cancel();
    plane.nothing_is_left(&server).await;
    assert!(plane.pulls.hold("cam").is_err());
}
