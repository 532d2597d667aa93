//! Claims on finding out durations. A lease of zero is over at once, so nothing here waits.

use std::time::Duration;

use super::stage::{DAY, by_command, media, onward, play, playing, room, snapshot, together, write};
use crate::{EventKind, Length, Playback, Presence, ProbeClaim, Probed, Source, Store};

const LEASE: Duration = Duration::from_secs(60);
const LONG_AGO: Duration = Duration::from_secs(3600);

fn rooms(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

async fn claim(store: &dyn Store, active: &[&str], node: &str, lease: Duration) -> Vec<ProbeClaim> {
    store.claim_probes(&rooms(active), node, 10, lease).await.expect("claim")
}

async fn finish(store: &dyn Store, claim: &ProbeClaim, found: Probed) -> bool {
    store.finish_probe(claim, &found).await.expect("finish")
}

fn failed(retry: Duration) -> Probed {
    Probed::Failed { retry, reason: "no route".into() }
}

async fn length(store: &dyn Store, room: &str) -> Length {
    snapshot(store, room).await.length
}

/// Only what is selected in an active room and not known yet.
pub async fn only_what_is_selected_in_an_active_room_is_claimed(store: &dyn Store) {
    for id in ["a", "b", "c", "d"] {
        room(store, id, &[None, Some(DAY)]).await;
    }
    play(store, "a", 0, Duration::ZERO).await;
    play(store, "b", 0, Duration::ZERO).await;
    play(store, "c", 1, Duration::ZERO).await;
    assert_eq!(claim(store, &[], "n", LEASE).await, []);
    let claims = claim(store, &["a", "c", "d", "x"], "n", LEASE).await;
    assert_eq!(claims.len(), 1);
    let ProbeClaim { room_id, node, fence, failures, source, .. } = &claims[0];
    assert_eq!((room_id.as_str(), node.as_str(), *fence, *failures), ("a", "n", 1, 0));
    assert_eq!(*source, Source::direct("https://example.org/0.mp4"));
    assert_eq!(length(store, "b").await, Length::Pending, "an inactive room is left alone");
    assert_eq!(claim(store, &["a"], "m", LEASE).await, [], "claimed");
}

/// What was selected before and is no more is not probed.
pub async fn what_is_no_longer_selected_is_not_claimed(store: &dyn Store) {
    room(store, "a", &[None, None]).await;
    play(store, "a", 0, Duration::ZERO).await;
    play(store, "a", 1, Duration::ZERO).await;
    let claims = claim(store, &["a"], "n", LEASE).await;
    assert_eq!(claims.iter().map(|one| one.target_hash).collect::<Vec<_>>(), [super::stage::hash("a", 1)]);
}

/// No two claimers get the same row, and no more than they asked for.
pub async fn claims_are_exclusive_under_many_claimers(store: &dyn Store) {
    let ids: Vec<String> = (0..24).map(|n| format!("r{n:02}")).collect();
    for id in &ids {
        room(store, id, &[None]).await;
        play(store, id, 0, Duration::ZERO).await;
    }
    let nodes: Vec<String> = (0..8).map(|n| format!("n{n}")).collect();
    let claims = together(nodes.iter().map(|node| store.claim_probes(&ids, node, 3, LEASE))).await;
    let mut claimed: Vec<String> = Vec::new();
    for claims in claims {
        let claims = claims.expect("claim");
        assert!(claims.len() <= 3);
        claimed.extend(claims.into_iter().map(|one| one.room_id));
    }
    claimed
        .extend(store.claim_probes(&ids, "last", 100, LEASE).await.expect("claim").into_iter().map(|one| one.room_id));
    claimed.sort();
    assert_eq!(claimed, ids);
}

/// Whoever lost the lease to another one writes nothing.
pub async fn the_fence_refuses_the_holder_before(store: &dyn Store) {
    room(store, "a", &[None]).await;
    play(store, "a", 0, Duration::ZERO).await;
    let old = claim(store, &["a"], "n", Duration::ZERO).await.remove(0);
    let new = claim(store, &["a"], "m", LEASE).await.remove(0);
    assert_eq!((old.fence, new.fence), (1, 2));
    assert!(!store.renew_probe(&old, LEASE).await.expect("renew"));
    let head = snapshot(store, "a").await.head;
    assert!(!finish(store, &old, Probed::Finite(DAY)).await);
    assert_eq!(length(store, "a").await, Length::Pending);
    assert_eq!(snapshot(store, "a").await.head, head, "no event of what was not written");
    assert!(store.renew_probe(&new, LEASE).await.expect("renew"));
    assert!(finish(store, &new, Probed::Finite(DAY)).await);
    assert!(!finish(store, &new, Probed::Live).await, "a claim ends with its result");
    room(store, "b", &[None]).await;
    play(store, "b", 0, Duration::ZERO).await;
    let old = claim(store, &["b"], "n", Duration::ZERO).await.remove(0);
    let new = claim(store, &["b"], "n", LEASE).await.remove(0);
    assert!(!finish(store, &old, Probed::Live).await, "the same node's older claim is no better");
    assert!(finish(store, &new, Probed::Finite(DAY)).await);
    assert_eq!(length(store, "a").await, Length::Known(24 * 3600 * 1000));
}

/// A result is an event of the room while its target is selected.
pub async fn a_result_is_told_while_its_target_is_selected(store: &dyn Store) {
    room(store, "a", &[None, Some(DAY)]).await;
    play(store, "a", 0, Duration::ZERO).await;
    let first = claim(store, &["a"], "n", LEASE).await.remove(0);
    assert!(finish(store, &first, failed(Duration::ZERO)).await);
    let told = async || store.last_events("a", EventKind::Length, 10).await.expect("events").len();
    assert_eq!(told().await, 1);
    let second = claim(store, &["a"], "n", LEASE).await.remove(0);
    play(store, "a", 1, Duration::ZERO).await;
    assert!(finish(store, &second, Probed::Finite(DAY)).await, "it is known for later");
    assert_eq!(told().await, 1);
    play(store, "a", 0, Duration::ZERO).await;
    assert_eq!(length(store, "a").await, Length::Known(24 * 3600 * 1000));
}

/// A failure is tried again when its time has come, and counted.
pub async fn a_failure_waits_for_its_time(store: &dyn Store) {
    room(store, "a", &[None]).await;
    play(store, "a", 0, Duration::ZERO).await;
    let first = claim(store, &["a"], "n", LEASE).await.remove(0);
    assert!(finish(store, &first, failed(Duration::ZERO)).await);
    assert_eq!(length(store, "a").await, Length::Failed);
    let second = claim(store, &["a"], "n", LEASE).await.remove(0);
    assert_eq!((second.failures, second.fence), (1, 2));
    assert!(finish(store, &second, failed(LEASE)).await);
    assert_eq!(claim(store, &["a"], "n", LEASE).await, []);
    let next = store.next_probe(&rooms(&["a"])).await.expect("next").expect("some");
    assert!(next <= LEASE && next > LEASE / 2, "{next:?}");
}

/// A person who selects it again does not wait.
pub async fn selecting_again_probes_again(store: &dyn Store) {
    room(store, "a", &[None, Some(DAY)]).await;
    for (found, then) in [(failed(DAY), Length::Failed), (Probed::Live, Length::Live)] {
        play(store, "a", 0, Duration::ZERO).await;
        let held = claim(store, &["a"], "n", LEASE).await.remove(0);
        assert!(finish(store, &held, found).await);
        assert_eq!(length(store, "a").await, then);
        write(store, "a", |seen| Playback { playing: false, ..playing(seen, 0, Duration::ZERO) }).await;
        assert_eq!(length(store, "a").await, then, "pausing is not selecting");
        play(store, "a", 1, Duration::ZERO).await;
        play(store, "a", 0, Duration::ZERO).await;
        assert_eq!(length(store, "a").await, Length::Pending);
        assert_eq!(store.next_probe(&rooms(&["a"])).await.expect("next"), Some(Duration::ZERO));
    }
}

/// Coming back to an item by an advance or a command keeps what is known.
pub async fn a_replay_never_erases_a_known_duration(store: &dyn Store) {
    room(store, "a", &[None, Some(Duration::from_millis(1))]).await;
    play(store, "a", 0, Duration::ZERO).await;
    let held = claim(store, &["a"], "n", LEASE).await.remove(0);
    assert!(finish(store, &held, Probed::Finite(DAY)).await);
    let judged = play(store, "a", 1, LONG_AGO).await;
    assert!(store.advance(&judged, &onward(&judged, 0)).await.expect("advance"));
    let known = Length::Known(24 * 3600 * 1000);
    assert_eq!(length(store, "a").await, known);
    play(store, "a", 1, Duration::ZERO).await;
    play(store, "a", 0, Duration::ZERO).await;
    assert_eq!(length(store, "a").await, known);
    assert_eq!(claim(store, &["a"], "n", LEASE).await, []);
    assert_eq!(store.next_probe(&rooms(&["a"])).await.expect("next"), None);
}

/// What has no end is never due.
pub async fn live_is_never_due(store: &dyn Store) {
    room(store, "a", &[None]).await;
    let judged = play(store, "a", 0, LONG_AGO).await;
    let held = claim(store, &["a"], "n", LEASE).await.remove(0);
    assert!(finish(store, &held, Probed::Live).await);
    assert_eq!(length(store, "a").await, Length::Live);
    let active = rooms(&["a"]);
    assert_eq!(store.due(&active, 10).await.expect("due"), []);
    assert_eq!(store.next_due(&active).await.expect("next"), None);
    assert!(!store.advance(&judged, &onward(&judged, 0)).await.expect("advance"));
    assert_eq!(claim(store, &["a"], "n", LEASE).await, []);
    assert_eq!(store.next_probe(&active).await.expect("next"), None);
}

/// What was probed decides when an item is due.
pub async fn a_probed_duration_makes_an_item_due(store: &dyn Store) {
    room(store, "a", &[None]).await;
    play(store, "a", 0, LONG_AGO).await;
    let active = rooms(&["a"]);
    assert_eq!(store.due(&active, 10).await.expect("due"), []);
    let held = claim(store, &["a"], "n", LEASE).await.remove(0);
    assert!(finish(store, &held, Probed::Finite(Duration::from_secs(60))).await);
    assert_eq!(store.due(&active, 10).await.expect("due").len(), 1);
}

/// Now, later, never.
pub async fn the_next_probe_time_is_told(store: &dyn Store) {
    room(store, "a", &[None]).await;
    let active = rooms(&["a"]);
    assert_eq!(store.next_probe(&active).await.expect("next"), None);
    play(store, "a", 0, Duration::ZERO).await;
    assert_eq!(store.next_probe(&active).await.expect("next"), Some(Duration::ZERO));
    assert_eq!(store.next_probe(&[]).await.expect("next"), None);
    let held = claim(store, &["a"], "n", LEASE).await.remove(0);
    let next = store.next_probe(&active).await.expect("next").expect("some");
    assert!(next <= LEASE && next > LEASE / 2, "{next:?}");
    assert!(finish(store, &held, Probed::Live).await);
    assert_eq!(store.next_probe(&active).await.expect("next"), None);
}

/// A claim that is given up is free at once, and its holder's result is refused.
pub async fn a_released_claim_is_free_at_once(store: &dyn Store) {
    for id in ["a", "b"] {
        room(store, id, &[None]).await;
        play(store, id, 0, Duration::ZERO).await;
    }
    let claims = claim(store, &["a", "b"], "n", LEASE).await;
    store.release_probes("m", "a").await.expect("another node's");
    assert_eq!(claim(store, &["a", "b"], "m", LEASE).await, []);
    store.release_probes("n", "a").await.expect("release");
    let again = claim(store, &["a", "b"], "m", LEASE).await;
    assert_eq!(again.iter().map(|one| one.room_id.as_str()).collect::<Vec<_>>(), ["a"]);
    let old = claims.iter().find(|one| one.room_id == "a").expect("claimed");
    assert!(!finish(store, old, Probed::Live).await);
}

/// A node that leaves frees its claims.
pub async fn a_node_that_leaves_frees_its_claims(store: &dyn Store) {
    room(store, "a", &[None]).await;
    play(store, "a", 0, Duration::ZERO).await;
    store.heartbeat("n").await.expect("heartbeat");
    let presence = Presence { room_id: "a".into(), connections: 1, members: "[]".into() };
    store.put_presence("n", &[presence]).await.expect("presence");
    assert_eq!(claim(store, &["a"], "n", LEASE).await.len(), 1);
    store.leave("n").await.expect("leave");
    assert_eq!(claim(store, &["a"], "m", LEASE).await.len(), 1);
}

/// The result of a claim whose room or media is gone is passed over.
pub async fn a_result_without_its_room_or_media_is_passed_over(store: &dyn Store) {
    for id in ["a", "b"] {
        room(store, id, &[None, Some(DAY)]).await;
        play(store, id, 0, Duration::ZERO).await;
    }
    let claims = claim(store, &["a", "b"], "n", LEASE).await;
    store.delete_room("a").await.expect("delete");
    let seen = snapshot(store, "b").await;
    let stop = Playback { target: None, playing: false, ..playing(&seen, 0, Duration::ZERO) };
    assert!(store.swap("b", seen.playback.version, &by_command(stop)).await.expect("stop"));
    store.remove_media("b", &media("b", 0)).await.expect("remove");
    for one in &claims {
        assert!(!finish(store, one, Probed::Finite(DAY)).await, "{}", one.room_id);
    }
}
