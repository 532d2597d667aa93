//! Who may watch a pull stream, and how often the store hears of it.

use super::{NotPlaying, PullState, pulls_tests::*, upstream_tests::*};
use std::{sync::atomic::Ordering::SeqCst, time::Duration};
use tokio::{task::JoinSet, time::sleep};

#[tokio::test]
async fn a_stream_that_is_hidden_while_its_pull_connects_is_private_when_it_comes() {
    let (plane, server) = (patient(), Server::start(Manner::Rtmp).await);
    plane.table.put_with("cam", &server.url("/live/cam?key=secret"), false);
    let _hold = plane.pulls.hold("cam").unwrap();
    eventually("it is looked up", || plane.table.asked.load(SeqCst) == 1).await;
    // On another node: nothing is said here.
    plane.table.put_with("cam", &server.url("/live/cam?key=secret"), true);
    eventually("it is live", || plane.pulls.status("cam").is_some_and(|pull| pull.state == PullState::Live)).await;
    eventually("it is private", || plane.hub.get("cam").unwrap().is_private()).await;
    assert_eq!(plane.pulls.is_private("cam").await, Ok(true));
}

#[tokio::test]
async fn who_may_watch_a_running_pull_is_changed_without_another_connection() {
    let (plane, server) = (patient(), Server::start(Manner::Rtmp).await);
    for private in [false, true, false] {
        plane.table.put_with("cam", &server.url("/live/cam?key=secret"), private);
        plane.pulls.recheck("cam");
        plane.pulls.watch("cam").await.unwrap();
        eventually("it is told", || plane.hub.get("cam").unwrap().is_private() == private).await;
        assert_eq!(plane.pulls.is_private("cam").await, Ok(private));
    }
    assert_eq!((server.accepted.load(SeqCst), plane.pulls.status("cam").unwrap().attempts), (1, 1));
}

#[tokio::test]
async fn a_recheck_looks_up_what_it_names() {
    let (plane, server) = (patient(), Server::start(Manner::Mute).await);
    let holds: Vec<_> = ["a", "b", "c"]
        .map(|name| {
            plane.table.put(name, &server.url("/live/cam?key=secret"));
            plane.pulls.hold(name).unwrap()
        })
        .into();
    eventually("all connect", || server.connected.load(SeqCst) == 3).await;
    let asked = || plane.table.asked.load(SeqCst);
    assert_eq!(asked(), 3);
    plane.pulls.recheck("a");
    plane.pulls.recheck("another");
    eventually("one is looked up", || asked() == 4).await;
    sleep(Duration::from_millis(100)).await;
    assert_eq!(asked(), 4);
    plane.pulls.recheck_all();
    eventually("all are", || asked() == 7).await;
    drop(holds);
}

#[tokio::test]
async fn all_of_a_burst_of_first_viewers_are_let_in() {
    let (plane, server) = (patient(), Server::start(Manner::Rtmp).await);
    plane.table.put_with("cam", &server.url("/live/cam?key=secret"), false);
    *plane.table.delay.lock() = Duration::from_millis(20);
    let mut viewers = JoinSet::new();
    for _ in 0..400 {
        let pulls = plane.pulls.clone();
        viewers.spawn(async move {
            assert_eq!(pulls.is_private("cam").await, Ok(false));
            pulls.watch("cam").await.map(drop)
        });
    }
    while let Some(viewer) = viewers.join_next().await {
        viewer.unwrap().unwrap();
    }
    assert!(plane.table.asked.load(SeqCst) <= 40, "{:?}", plane.table.asked);
}

#[tokio::test(start_paused = true)]
async fn strangers_beyond_what_is_looked_up_at_once_are_told_to_come_back() {
    let plane = patient();
    *plane.table.delay.lock() = Duration::from_secs(5);
    plane.table.put_with("cam", "rtmp://127.0.0.1/live/cam", false);
    let mut strangers = JoinSet::new();
    for _ in 0..40 {
        let pulls = plane.pulls.clone();
        strangers.spawn(async move { pulls.is_private("cam").await });
    }
    let answers = strangers.join_all().await;
    let count = |answer| answers.iter().filter(|given| **given == answer).count();
    assert_eq!((count(Ok(false)), count(Err(NotPlaying::Unavailable))), (16, 24));
    assert_eq!(plane.pulls.is_private("none").await, Err(NotPlaying::Unknown));
}
