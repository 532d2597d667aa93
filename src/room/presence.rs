//! Who is where: one task a node says that it lives and who is connected to it, and tells its members who is there on all nodes.
//!
//! What it keeps in the store is for people to read. No worker is scheduled by it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use synctv_store::{Hint, NodePresence, Presence, Result};
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
        let talk = Talk { plane: Arc::clone(&plane), heard: HashSet::new() };
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
    loop {
        ticks.tick().await;
        let sent = Instant::now();
        match plane.store.heartbeat(&plane.node).await {
            Ok(db_ms) => plane.clock.learn(db_ms, sent, Instant::now()),
            Err(error) => tracing::debug!(%error, "no heartbeat"),
        }
    }
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
    /// Rooms of which some node said something.
    heard: HashSet<String>,
}

impl Talk {
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
            Ok(Hint::Presence(room)) if self.plane.runtime.heed(&room) != Heed::Absent => drop(self.heard.insert(room)),
            Ok(Hint::Resync) | Err(RecvError::Lagged(_)) => {
                self.heard.extend(self.plane.runtime.active_room_ids().iter().cloned());
            }
            Ok(_) => {}
            Err(RecvError::Closed) => return false,
        }
        true
    }

    async fn tell(&mut self) -> Result<()> {
        let rooms: Vec<String> = self.heard.iter().cloned().collect();
        let mut by_room: BTreeMap<String, Vec<NodePresence>> = BTreeMap::new();
        for said in self.plane.store.presence(&rooms).await? {
            by_room.entry(said.presence.room_id.clone()).or_default().push(said);
        }
        self.heard.clear();
        for (room, said) in by_room {
            self.plane.runtime.announce(&room, Announcement { text: members_of(&said), seq: None });
        }
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
