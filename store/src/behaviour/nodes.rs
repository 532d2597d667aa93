//! Nodes: presence, leases, and the chores.

use std::time::Duration;

use super::stage::{DAY, play, room, snapshot};
use crate::{EventKind, Hint, KeyHash, Mark, NewToken, NodePresence, Presence, Retention, Role, Store};

const LEASE: Duration = Duration::from_secs(60);
/// Nothing is too old.
const KEEP: Retention = Retention { events: DAY, history: DAY, tokens: DAY, node: DAY };

fn present(room: &str, connections: u32) -> Presence {
    Presence { room_id: room.into(), connections, members: format!("[{connections}]") }
}

fn rooms(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

async fn put(store: &dyn Store, node: &str, said: &[Presence]) {
    store.put_presence(node, said).await.expect("put presence");
}

async fn said(store: &dyn Store, room: &str) -> Vec<(String, u32)> {
    let said = store.presence(&rooms(&[room])).await.expect("presence");
    said.into_iter().map(|NodePresence { node, presence }| (node, presence.connections)).collect()
}

/// Connections of the room in the list.
async fn listed(store: &dyn Store, room: &str) -> u64 {
    let list = store.rooms(None, 100).await.expect("list");
    list.iter().find(|one| one.room.id == room).expect("listed").connections
}

/// The clock does not go backwards and is the one that snapshots tell.
pub async fn a_heartbeat_tells_the_databases_clock(store: &dyn Store) {
    room(store, "a", &[]).await;
    let first = store.heartbeat("n").await.expect("heartbeat");
    let now = snapshot(store, "a").await.now_ms;
    let second = store.heartbeat("n").await.expect("heartbeat");
    assert!(first <= now && now <= second && second - first < 60_000, "{first} {now} {second}");
}

/// What a node says of a room replaces what it said; what it does not name stays.
pub async fn presence_is_replaced_room_by_room(store: &dyn Store) {
    room(store, "a", &[]).await;
    room(store, "b", &[]).await;
    for node in ["n", "m"] {
        store.heartbeat(node).await.expect("heartbeat");
    }
    put(store, "n", &[present("a", 2), present("b", 1), present("gone", 7)]).await;
    put(store, "m", &[present("a", 3)]).await;
    let mut both = said(store, "a").await;
    both.sort();
    assert_eq!(both, [("m".into(), 3), ("n".into(), 2)]);
    assert_eq!((listed(store, "a").await, listed(store, "b").await), (5, 1));
    put(store, "n", &[present("a", 4)]).await;
    assert_eq!((listed(store, "a").await, listed(store, "b").await), (7, 1));
    put(store, "n", &[present("a", 0)]).await;
    assert_eq!(said(store, "a").await, [("m".into(), 3)]);
    assert_eq!(said(store, "gone").await, []);
    let told = store.presence(&rooms(&["b"])).await.expect("presence");
    assert_eq!(told[0].presence.members, "[1]");
}

/// The hottest room first, over all nodes.
pub async fn hot_rooms_are_counted_over_all_nodes(store: &dyn Store) {
    for id in ["a", "b", "c"] {
        room(store, id, &[]).await;
    }
    for node in ["n", "m"] {
        store.heartbeat(node).await.expect("heartbeat");
    }
    put(store, "n", &[present("a", 2), present("b", 3), present("c", 1)]).await;
    put(store, "m", &[present("a", 2)]).await;
    let hot = store.hot_rooms(2).await.expect("hot");
    assert_eq!(hot, [("a".to_owned(), 4), ("b".to_owned(), 3)]);
}

/// Members of a room hear that somebody came or went elsewhere.
pub async fn presence_is_hinted(store: &dyn Store) {
    room(store, "a", &[]).await;
    store.heartbeat("n").await.expect("heartbeat");
    let mut hints = store.hints();
    put(store, "n", &[present("a", 1)]).await;
    let hinted = async { while hints.recv().await.expect("hints go on") != Hint::Presence("a".into()) {} };
    tokio::time::timeout(LEASE, hinted).await.expect("hinted");
}

/// One holder at a time; the fence grows when the holder changes and not when it renews.
pub async fn a_lease_has_one_holder_and_a_growing_fence(store: &dyn Store) {
    let hold = async |node: &str, lease| store.hold_lease("chores", node, lease).await.expect("hold");
    assert_eq!(hold("n", LEASE).await, Some(1));
    assert_eq!(hold("m", LEASE).await, None);
    assert_eq!(hold("n", LEASE).await, Some(1));
    assert_eq!(store.hold_lease("others", "m", LEASE).await.expect("hold"), Some(1), "leases are apart");
    assert_eq!(hold("n", Duration::ZERO).await, Some(1));
    assert_eq!(hold("m", LEASE).await, Some(2), "a lease of zero is over at once");
    assert_eq!(hold("n", LEASE).await, None);
}

/// A node that leaves takes its presence and its leases with it; the fence goes on.
pub async fn a_node_that_leaves_gives_everything_up(store: &dyn Store) {
    room(store, "a", &[]).await;
    store.heartbeat("n").await.expect("heartbeat");
    put(store, "n", &[present("a", 2)]).await;
    assert_eq!(store.hold_lease("chores", "n", LEASE).await.expect("hold"), Some(1));
    store.leave("n").await.expect("leave");
    assert_eq!((said(store, "a").await, listed(store, "a").await), (vec![], 0));
    assert_eq!(store.hold_lease("chores", "m", LEASE).await.expect("hold"), Some(2));
    store.leave("n").await.expect("leaving twice is no error");
}

/// A node without a heartbeat is removed with what it held; the others stay.
pub async fn dead_nodes_are_removed(store: &dyn Store) {
    room(store, "a", &[]).await;
    store.heartbeat("n").await.expect("heartbeat");
    put(store, "n", &[present("a", 2)]).await;
    store.hold_lease("chores", "n", LEASE).await.expect("hold");
    assert_eq!(store.housekeep(&KEEP).await.expect("housekeep").nodes, 0);
    assert_eq!(listed(store, "a").await, 2);
    let dead = Retention { node: Duration::ZERO, ..KEEP };
    later(store).await;
    assert_eq!(store.housekeep(&dead).await.expect("housekeep").nodes, 1);
    assert_eq!((said(store, "a").await, listed(store, "a").await), (vec![], 0));
    assert_eq!(store.hold_lease("chores", "m", LEASE).await.expect("hold"), Some(2));
}

/// Waits until the database's clock shows another millisecond: what was written before is then older than zero.
async fn later(store: &dyn Store) {
    let begun = store.heartbeat("clock").await.expect("heartbeat");
    while store.heartbeat("clock").await.expect("heartbeat") <= begun + 1 {}
    store.leave("clock").await.expect("leave");
}

/// Thousands of old events go, the newest of each room stays, and nothing that is young goes.
pub async fn old_events_go_in_portions_and_the_newest_stays(store: &dyn Store) {
    room(store, "a", &[]).await;
    room(store, "b", &[]).await;
    for n in 0..1500 {
        store.post("a", EventKind::Chat, &n.to_string()).await.expect("post");
    }
    store.post("b", EventKind::Chat, "only").await.expect("post");
    assert_eq!(store.housekeep(&KEEP).await.expect("housekeep").events, 0);
    later(store).await;
    let mut removed = 0;
    loop {
        let round = store.housekeep(&Retention { events: Duration::ZERO, ..KEEP }).await.expect("housekeep");
        if round.events == 0 {
            break;
        }
        removed += round.events;
    }
    assert!(removed >= 1499, "{removed}");
    let marks = ["a", "b"].map(|id| Mark { room_id: id.into(), seq: 0 });
    let left = store.events_after(&marks, 100).await.expect("events");
    assert_eq!(left.iter().map(|event| event.body.as_str()).collect::<Vec<_>>(), ["1499", "only"]);
    let next = store.post("a", EventKind::Chat, "next").await.expect("post");
    assert_eq!(next, left[0].seq + 1, "numbers go on");
}

/// Tokens that expired or were revoked long ago go; those that work stay, however old.
pub async fn spent_tokens_go(store: &dyn Store) {
    room(store, "a", &[]).await;
    let token = |id: &str, byte: u8, lifetime| NewToken {
        id: id.into(),
        role: Role::Viewer,
        label: None,
        hash: [byte; 32] as KeyHash,
        lifetime,
    };
    for token in [token("t1", 1, Some(Duration::ZERO)), token("t2", 2, Some(DAY)), token("t3", 3, None)] {
        store.create_token("a", &token).await.expect("token");
    }
    store.create_token("a", &token("t4", 4, Some(DAY))).await.expect("token");
    store.revoke_token("a", "t4").await.expect("revoke");
    later(store).await;
    assert_eq!(store.housekeep(&KEEP).await.expect("housekeep").tokens, 0);
    assert_eq!(store.housekeep(&Retention { tokens: Duration::ZERO, ..KEEP }).await.expect("housekeep").tokens, 2);
    let left: Vec<String> = store.tokens("a").await.expect("tokens").into_iter().map(|token| token.id).collect();
    assert_eq!(left, ["t_a", "t2", "t3"]);
}

/// Housekeeping with nothing to do changes nothing that anybody sees.
pub async fn housekeeping_leaves_what_is_young(store: &dyn Store) {
    room(store, "a", &[Some(DAY)]).await;
    let seen = play(store, "a", 0, Duration::ZERO).await;
    store.heartbeat("n").await.expect("heartbeat");
    put(store, "n", &[present("a", 1)]).await;
    let first = store.housekeep(&KEEP).await.expect("housekeep");
    assert_eq!((first.events, first.history, first.tokens, first.nodes), (0, 0, 0, 0));
    assert_eq!(store.housekeep(&KEEP).await.expect("housekeep").partitions, 0, "what was made is kept");
    let after = snapshot(store, "a").await;
    assert_eq!((after.playback, after.head), (seen.playback, seen.head));
    assert_eq!(store.history("a", 10).await.expect("history").len(), 1);
    assert_eq!(listed(store, "a").await, 1);
    let judged = play(store, "a", 0, DAY * 2).await;
    let change = super::stage::ended(&judged);
    assert!(store.advance(&judged, &change).await.expect("advance"));
    assert_eq!(store.history("a", 10).await.expect("history").len(), 2, "turns go on after housekeeping");
}
