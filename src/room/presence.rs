//! Who is where: one task a node says that it lives and who is connected to it, and tells its members who is there on all nodes.
//!
//! What it keeps in the store is for people to read. No worker is scheduled by it.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use synctv_store::{Hint, NODE_TIMEOUT, NodePresence, Presence, Result};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::RoomPlane;
use super::message::{Said, Who};
use super::runtime::{Announcement, Crew, Heed, MEMBERS_LISTED};

/// How often a node says that it lives; a third of what makes it dead.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How often changes are written, and members told, at most.
const PACE: Duration = Duration::from_secs(1);
/// A store that does not take the farewell within this time does without.
const FAREWELL: Duration = Duration::from_secs(2);

/// Works until `stop`, then gives up what this node holds.
pub async fn run(plane: Arc<RoomPlane>, stop: CancellationToken) {
    let hints = plane.store.hints();
    {
        let talk = Talk::new(Arc::clone(&plane));
        let beat = async {
            tokio::join!(beat(&plane), talk.follow(hints), write(&plane));
        };
        let _ = stop.run_until_cancelled(beat).await;
    }
    if !matches!(timeout(FAREWELL, plane.store.leave(&plane.node)).await, Ok(Ok(()))) {
        tracing::debug!("the database took no farewell of this node; others find out by themselves");
    }
}

/// Says that this node lives, and learns the database's clock from the answers.
async fn beat(plane: &RoomPlane) {
    let mut ticks = interval(HEARTBEAT);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = None;
    loop {
        ticks.tick().await;
        if let Err(error) = beat_once(plane, &mut last).await {
            tracing::debug!(%error, "no heartbeat");
        }
    }
}

/// `last` is when the database last heard of this node, in ms by its clock. After a silence (the database or this process stood still)
/// the other nodes may have buried it, so it says everything anew.
async fn beat_once(plane: &RoomPlane, last: &mut Option<i64>) -> Result<()> {
    let sent = Instant::now();
    let db_ms = plane.store.heartbeat(&plane.node).await?;
    plane.clock.learn(db_ms, sent, Instant::now());
    let silence = last.replace(db_ms).map_or(0, |last| db_ms.saturating_sub(last));
    if u128::try_from(silence).is_ok_and(|ms| ms >= NODE_TIMEOUT.as_millis()) {
        plane.runtime.crews_unsaid(plane.runtime.active_room_ids().iter().cloned());
    }
    Ok(())
}

/// Writes who came and went.
async fn write(plane: &RoomPlane) {
    loop {
        plane.runtime.crews_changed().await;
        let crews = plane.runtime.changed_crews();
        let said: Vec<Presence> = crews.iter().map(presence_of).collect();
        if !said.is_empty()
            && let Err(error) = plane.store.put_presence(&plane.node, &said).await
        {
            tracing::debug!(%error, "presence is not written; trying again");
            plane.runtime.crews_unsaid(crews.into_iter().map(|crew| crew.room_id));
        }
        sleep(PACE).await;
    }
}

fn presence_of(crew: &Crew) -> Presence {
    let members: Vec<Who> = crew.members.iter().map(|member| Who::from(member.as_ref())).collect();
    Presence {
        room_id: crew.room_id.clone(),
        connections: crew.connections,
        members: serde_json::to_string(&members).expect("texts can be written as JSON"),
    }
}

struct Talk {
    plane: Arc<RoomPlane>,
    /// Rooms to look at; true when some node said something of them, false when it may have.
    heard: HashMap<String, bool>,
    /// What the members of a room were told last, hashed: lists may be long.
    told: HashMap<String, u64>,
}

impl Talk {
    fn new(plane: Arc<RoomPlane>) -> Self {
        Self { plane, heard: HashMap::new(), told: HashMap::new() }
    }

    async fn follow(mut self, mut hints: Receiver<Hint>) {
        loop {
            if self.heard.is_empty() {
                if !self.hear(hints.recv().await) {
                    return;
                }
                continue;
            }
            if let Err(error) = self.tell().await {
                tracing::debug!(%error, "who is there cannot be read; trying again");
            }
            let rest = sleep(PACE);
            tokio::pin!(rest);
            loop {
                let open = tokio::select! {
                    () = &mut rest => break,
                    hint = hints.recv() => self.hear(hint),
                };
                if !open {
                    return;
                }
            }
        }
    }

    /// False when there will be no more hints.
    fn hear(&mut self, hint: std::result::Result<Hint, RecvError>) -> bool {
        match hint {
            Ok(Hint::Presence(room)) if self.plane.runtime.heed(&room) != Heed::Absent => {
                self.heard.insert(room, true);
            }
            Ok(Hint::Resync) | Err(RecvError::Lagged(_)) => {
                for room in self.plane.runtime.active_room_ids().iter() {
                    self.heard.entry(room.clone()).or_default();
                }
            }
            Ok(_) => {}
            Err(RecvError::Closed) => return false,
        }
        true
    }

    async fn tell(&mut self) -> Result<()> {
        let rooms: Vec<String> = self.heard.keys().cloned().collect();
        let mut by_room: BTreeMap<String, Vec<NodePresence>> = BTreeMap::new();
        for said in self.plane.store.presence(&rooms).await? {
            by_room.entry(said.presence.room_id.clone()).or_default().push(said);
        }
        let heard = std::mem::take(&mut self.heard);
        for (room, said) in by_room {
            let text = members_of(&said);
            // Hints that may have been lost come every few seconds for all rooms: mostly there is nothing new.
            let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(&text);
            let is_new = self.told.insert(room.clone(), hash) != Some(hash);
            if is_new || heard.get(&room) == Some(&true) {
                self.plane.runtime.announce(&room, Announcement { text, seq: None });
            }
        }
        self.told.retain(|room, _| self.plane.runtime.heed(room) != Heed::Absent);
        Ok(())
    }
}

/// The list of members that the nodes' words make together.
fn members_of(said: &[NodePresence]) -> bytes::Bytes {
    let count = said.iter().map(|one| u64::from(one.presence.connections)).sum();
    let listed = said.iter().flat_map(|one| {
        let members: Vec<Who> = serde_json::from_str(&one.presence.members).unwrap_or_default();
        members.into_iter().map(|member| Who { node: Some(one.node.clone()), ..member })
    });
    let members: Vec<Who> = listed.take(MEMBERS_LISTED).collect();
    Said::Members { members: &members, count }.encoded()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::runtime::Member;
    use synctv_store::{NewRoom, NewToken, Role, Settings};
    use synctv_store_sqlite::SqliteStore;

    const ROOM: &str = "r_0000000001";

    async fn plane(dir: &std::path::Path) -> Arc<RoomPlane> {
        let store = SqliteStore::open(&dir.join("synctv.db")).await.unwrap();
        let plane = RoomPlane::new(Arc::new(store), Default::default(), "n_test".into());
        let owner = NewToken { id: "t_1".into(), role: Role::Owner, label: None, hash: [7; 32], lifetime: None };
        let room = NewRoom {
            id: ROOM.into(),
            name: "Movies".into(),
            password_hash: None,
            settings: Settings::default(),
            playlist_id: "p_1".into(),
            owner,
        };
        plane.store.create_room(&room).await.unwrap();
        plane
    }

    fn ann() -> Member {
        Member { id: "c_1".into(), name: "Ann".into(), role: Role::Viewer, token_id: None }
    }

    async fn say(plane: &RoomPlane) -> usize {
        let said: Vec<Presence> = plane.runtime.changed_crews().iter().map(presence_of).collect();
        plane.store.put_presence(&plane.node, &said).await.unwrap();
        said.len()
    }

    #[tokio::test]
    async fn a_node_that_was_silent_says_everything_anew() {
        let dir = tempfile::tempdir().unwrap();
        let plane = plane(dir.path()).await;
        let _ann = plane.runtime.join(ROOM, ann()).unwrap();
        let mut last = None;
        beat_once(&plane, &mut last).await.unwrap();
        assert_eq!(say(&plane).await, 1);
        beat_once(&plane, &mut last).await.unwrap();
        assert_eq!(say(&plane).await, 0, "the database knows it already");
        // What a leader does to a node that it takes for dead.
        plane.store.leave(&plane.node).await.unwrap();
        last = last.map(|at| at - 60_000);
        beat_once(&plane, &mut last).await.unwrap();
        assert_eq!(say(&plane).await, 1);
        assert_eq!(plane.store.presence(&[ROOM.to_owned()]).await.unwrap()[0].presence.connections, 1);
    }

    #[tokio::test]
    async fn members_are_told_of_members_once() {
        let dir = tempfile::tempdir().unwrap();
        let plane = plane(dir.path()).await;
        let mut ann = plane.runtime.join(ROOM, ann()).unwrap();
        assert_eq!(say(&plane).await, 1);
        let mut talk = Talk::new(Arc::clone(&plane));
        let mut told = async |hint| {
            talk.hear(Ok(hint));
            talk.tell().await.unwrap();
            std::iter::from_fn(|| ann.hear_now()).count()
        };
        assert_eq!(told(Hint::Resync).await, 1, "its own hint was lost");
        assert_eq!(told(Hint::Resync).await, 0, "nothing is new");
        assert_eq!(
            told(Hint::Presence(ROOM.into())).await,
            1,
            "whoever came needs the list, even if it reads the same"
        );
    }

    fn node(node: &str, connections: u32, members: &str) -> NodePresence {
        let presence = Presence { room_id: "r_1".into(), connections, members: members.into() };
        NodePresence { node: node.into(), presence }
    }

    #[test]
    fn members_of_all_nodes_are_listed_and_the_rest_counted() {
        let one = r#"[{"id":"c_1","name":"<b>","role":"viewer"}]"#;
        let many: Vec<_> =
            (0..100).map(|n| serde_json::json!({"id": n.to_string(), "name": "x", "role": "owner"})).collect();
        let many = serde_json::Value::from(many).to_string();
        let said = [node("n_a", 1, one), node("n_b", 250, &many), node("n_c", 1, "damaged")];
        let told: serde_json::Value = serde_json::from_slice(&members_of(&said)).unwrap();
        assert_eq!(told["type"], "members");
        assert_eq!(told["count"], 252);
        assert_eq!(told["members"].as_array().unwrap().len(), MEMBERS_LISTED);
        let first = serde_json::json!({"id": "c_1", "name": "<b>", "role": "viewer", "node": "n_a"});
        assert_eq!(told["members"][0], first);
    }
}
