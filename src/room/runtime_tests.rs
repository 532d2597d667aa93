//! Edges, seats, limits and lag.

use super::super::connection::Heard;
use super::*;

fn member(id: &str) -> Member {
    Member { id: id.into(), name: id.into(), role: Role::Viewer, token_id: Some(format!("t_{id}")) }
}

fn said(text: &str, seq: Option<i64>) -> Announcement {
    Announcement { text: text.to_owned().into(), seq }
}

async fn text(connection: &mut Connection) -> String {
    match connection.hear().await {
        Heard::Said(said) => String::from_utf8(said.text.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_room_is_active_from_its_first_to_its_last_connection() {
    let runtime = ConnectionRuntime::new(RoomLimits::default());
    let mut nudges = runtime.nudges();
    assert!(runtime.active_room_ids().is_empty());
    let first = runtime.join("r_b", member("1")).unwrap();
    assert!(nudges.has_changed().unwrap());
    nudges.mark_unchanged();
    let second = runtime.join("r_b", member("2")).unwrap();
    assert!(!nudges.has_changed().unwrap(), "no edge");
    let other = runtime.join("r_a", member("3")).unwrap();
    assert_eq!(*runtime.active_room_ids(), ["r_a".to_owned(), "r_b".to_owned()]);
    assert_eq!(runtime.counts(), (2, 3));
    nudges.mark_unchanged();
    drop(first);
    assert!(!nudges.has_changed().unwrap(), "one is left");
    drop(second);
    assert!(nudges.has_changed().unwrap());
    assert_eq!(*runtime.active_room_ids(), ["r_a".to_owned()]);
    drop(other);
    assert!(runtime.active_room_ids().is_empty());
    assert_eq!(runtime.counts(), (0, 0));
}

/// What happened until the first member read the state is not announced, so nothing else tells the workers of it.
#[test]
fn the_workers_look_again_when_the_first_member_has_read_the_state() {
    let runtime = ConnectionRuntime::new(RoomLimits::default());
    let mut nudges = runtime.nudges();
    let mut first = runtime.join("r_a", member("1")).unwrap();
    let mut second = runtime.join("r_a", member("2")).unwrap();
    nudges.mark_unchanged();
    assert!(first.read_at(7));
    assert!(nudges.has_changed().unwrap());
    nudges.mark_unchanged();
    assert!(second.read_at(8));
    assert!(!nudges.has_changed().unwrap(), "the others are announced");
}

#[test]
fn the_active_set_is_made_anew_only_after_an_edge() {
    let runtime = ConnectionRuntime::new(RoomLimits::default());
    let _first = runtime.join("r_a", member("1")).unwrap();
    let active = runtime.active_room_ids();
    let _second = runtime.join("r_a", member("2")).unwrap();
    assert!(Arc::ptr_eq(&active, &runtime.active_room_ids()));
}

#[test]
fn limits_hold_and_are_freed_by_leaving() {
    let runtime =
        ConnectionRuntime::new(RoomLimits { connections_per_room: 2, connections: 3, ..RoomLimits::default() });
    let first = runtime.join("r_a", member("1")).unwrap();
    let _second = runtime.join("r_a", member("2")).unwrap();
    assert!(runtime.join("r_a", member("3")).unwrap_err().to_string().contains("room.max_connections_per_room"));
    let _third = runtime.join("r_b", member("3")).unwrap();
    let refused = runtime.join("r_b", member("4")).unwrap_err().to_string();
    assert!(refused.contains("(room.max_connections)"), "{refused}");
    drop(first);
    runtime.join("r_a", member("5")).unwrap();
}

#[tokio::test]
async fn a_lagging_reader_is_told_and_goes_on_from_there() {
    let runtime = ConnectionRuntime::new(RoomLimits::default());
    let mut slow = runtime.join("r_a", member("1")).unwrap();
    let mut quick = runtime.join("r_a", member("2")).unwrap();
    for n in 0..100 {
        runtime.announce("r_a", said(&n.to_string(), None));
        assert_eq!(text(&mut quick).await, n.to_string());
    }
    assert!(matches!(slow.hear().await, Heard::Missed));
    runtime.announce("r_a", said("later", None));
    assert_eq!(text(&mut slow).await, "later");
}

#[tokio::test]
async fn a_lag_found_without_waiting_is_told_too() {
    let runtime = ConnectionRuntime::new(RoomLimits::default());
    let mut slow = runtime.join("r_a", member("1")).unwrap();
    for n in 0..100 {
        runtime.announce("r_a", said(&n.to_string(), None));
    }
    assert!(slow.hear_now().is_none());
    assert!(matches!(slow.hear().await, Heard::Missed));
}

#[tokio::test]
async fn what_a_joiner_read_is_not_told_again() {
    let runtime = ConnectionRuntime::new(RoomLimits::default());
    let mut joiner = runtime.join("r_a", member("1")).unwrap();
    for seq in 1..=3 {
        runtime.announce("r_a", said(&seq.to_string(), Some(seq)));
    }
    runtime.announce("r_a", said("members", None));
    assert!(joiner.read_at(2));
    assert_eq!(text(&mut joiner).await, "3");
    assert_eq!(text(&mut joiner).await, "members");
}

#[test]
fn a_joiner_that_read_before_the_first_one_reads_again() {
    let runtime = ConnectionRuntime::new(RoomLimits::default());
    assert_eq!(runtime.heed("r_a"), Heed::Absent);
    let mut first = runtime.join("r_a", member("1")).unwrap();
    let mut second = runtime.join("r_a", member("2")).unwrap();
    assert_eq!(runtime.heed("r_a"), Heed::Unsettled);
    assert!(first.read_at(5));
    assert_eq!(runtime.heed("r_a"), Heed::UpTo(5));
    assert!(!second.read_at(4), "event 5 will not be announced any more");
    assert!(second.read_at(5));
    runtime.seen("r_a", 9);
    assert!(second.read_at(7), "8 and 9 are in its ring");
}

#[tokio::test]
async fn members_are_closed_by_id_by_token_and_all() {
    let runtime = ConnectionRuntime::new(RoomLimits::default());
    let mut members: Vec<_> = ["1", "2", "3"].map(|id| runtime.join("r_a", member(id)).unwrap()).into();
    let mut elsewhere = runtime.join("r_b", member("1")).unwrap();
    runtime.close_members("r_a", Which::Member("1"), Closing::KICKED);
    runtime.close_members("r_a", Which::Token("t_2"), Closing::REVOKED);
    runtime.close_room("r_a", Closing::GONE);
    for (member, want) in members.iter_mut().zip([Closing::KICKED, Closing::REVOKED, Closing::GONE]) {
        assert!(matches!(member.hear().await, Heard::Close(why) if why == want));
    }
    runtime.announce("r_b", said("on", None));
    assert_eq!(text(&mut elsewhere).await, "on");
}

#[test]
fn crews_are_named_when_somebody_came_or_went() {
    let runtime = ConnectionRuntime::new(RoomLimits::default());
    let first = runtime.join("r_a", member("1")).unwrap();
    let crews = runtime.changed_crews();
    assert_eq!((crews.len(), crews[0].connections, crews[0].members[0].id.as_str()), (1, 1, "1"));
    assert!(runtime.changed_crews().is_empty());
    drop(first);
    let crews = runtime.changed_crews();
    assert_eq!((crews[0].connections, crews[0].members.len()), (0, 0));
    runtime.crews_unsaid(["r_a".to_owned()]);
    assert_eq!(runtime.changed_crews().len(), 1);
}
