//! What takes minutes on a real socket, on a paused clock.

use super::*;
use crate::room::runtime::{ConnectionRuntime, Member, RoomLimits};
use synctv_store_sqlite::SqliteStore;
use tempfile::TempDir;
use tokio::io::{DuplexStream, duplex};
use tokio::task::JoinHandle;

/// A member in a room, its other end, and the clock paused.
struct Stage {
    _dir: TempDir,
    runtime: Arc<ConnectionRuntime>,
    theirs: DuplexStream,
    session: JoinHandle<()>,
    begun: Instant,
}

/// `capacity` is what the wire holds, in bytes.
async fn stage(capacity: usize, expires_in: Option<Duration>) -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&dir.path().join("synctv.db")).await.unwrap();
    tokio::time::pause();
    let plane = RoomPlane::new(Arc::new(store), RoomLimits::default(), "n_test".into());
    let runtime = Arc::clone(&plane.runtime);
    let member = Member { id: "c_1".into(), name: "Ann".into(), role: Role::Viewer, token_id: None };
    let connection = runtime.join("r_1", member).unwrap();
    let begun = Instant::now();
    let first = vec![Bytes::from_static(b"{\"type\":\"state\"}")];
    let joined = Joined { plane, connection, first, expires: expires_in.map(|after| begun + after) };
    let (ours, theirs) = duplex(capacity);
    let session = tokio::spawn(run(joined, Box::new(ours), Bytes::new(), CancellationToken::new()));
    Stage { _dir: dir, runtime, theirs, session, begun }
}

/// The next frame: opcode and payload; `None` when the server is done.
async fn frame(theirs: &mut DuplexStream) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 2];
    theirs.read_exact(&mut head).await.ok()?;
    assert!(head[1] < 126, "a short frame");
    let mut payload = vec![0; usize::from(head[1])];
    theirs.read_exact(&mut payload).await.ok()?;
    Some((head[0] & 0x0f, payload))
}

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
/// Masked with zeros (RFC 6455 5.3).
const PONG: [u8; 6] = [0x8a, 0x80, 0, 0, 0, 0];

#[tokio::test]
async fn a_peer_that_is_dead_is_found_within_40_s() {
    let mut stage = stage(4096, None).await;
    let mut opcodes = Vec::new();
    let mut code = None;
    while let Some((opcode, payload)) = frame(&mut stage.theirs).await {
        opcodes.push(opcode);
        if opcode == CLOSE {
            code = Some(u16::from_be_bytes([payload[0], payload[1]]));
            assert_eq!(stage.runtime.counts(), (0, 0), "it is out of the room at once");
            break;
        }
    }
    assert_eq!((opcodes, code), (vec![TEXT, PING, PING, CLOSE], Some(1001)));
    assert_eq!(stage.begun.elapsed().as_secs(), 35);
    stage.session.await.unwrap();
    assert!(stage.begun.elapsed() < Duration::from_secs(40));
}

#[tokio::test]
async fn a_peer_that_answers_pings_stays() {
    let mut stage = stage(4096, None).await;
    while stage.begun.elapsed() < Duration::from_secs(300) {
        match frame(&mut stage.theirs).await.expect("still open") {
            (PING, _) => stage.theirs.write_all(&PONG).await.unwrap(),
            (TEXT, _) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(stage.runtime.counts(), (1, 1));
}

#[tokio::test]
async fn a_peer_that_takes_nothing_is_given_up() {
    let stage = stage(8, None).await;
    stage.session.await.unwrap();
    let passed = stage.begun.elapsed();
    assert!(passed >= STALL && passed < STALL + LINGER + Duration::from_secs(1), "{passed:?}");
    assert_eq!(stage.runtime.counts(), (0, 0));
}

#[tokio::test]
async fn an_expired_token_ends_the_session_to_the_second() {
    let mut stage = stage(4096, Some(Duration::from_secs(5))).await;
    assert_eq!(frame(&mut stage.theirs).await.unwrap().0, TEXT);
    let (opcode, payload) = frame(&mut stage.theirs).await.unwrap();
    assert_eq!((opcode, &payload[..2]), (CLOSE, &4001_u16.to_be_bytes()[..]));
    assert_eq!(stage.begun.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn pings_without_end_are_abuse() {
    let mut stage = stage(1 << 16, None).await;
    // The wire holds all of them and their pongs.
    let _ = stage.theirs.write_all(&[0x89, 0x80, 0, 0, 0, 0].repeat(300)).await;
    let mut last = None;
    while let Some((opcode, payload)) = frame(&mut stage.theirs).await {
        last = Some((opcode, payload));
        if opcode == CLOSE {
            break;
        }
    }
    let (opcode, payload) = last.unwrap();
    assert_eq!((opcode, &payload[..2]), (CLOSE, &1008_u16.to_be_bytes()[..]));
}

/// Thousands of sessions are mostly this future.
#[tokio::test]
async fn a_sessions_future_is_small() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&dir.path().join("synctv.db")).await.unwrap();
    let plane = RoomPlane::new(Arc::new(store), RoomLimits::default(), "n_test".into());
    let member = Member { id: "c_1".into(), name: "Ann".into(), role: Role::Viewer, token_id: None };
    let connection = plane.runtime.join("r_1", member).unwrap();
    let joined = Joined { plane, connection, first: Vec::new(), expires: None };
    let session = run(joined, Box::new(duplex(8).0), Bytes::new(), CancellationToken::new());
    assert!(size_of_val(&session) <= 4096, "{} bytes", size_of_val(&session));
}
