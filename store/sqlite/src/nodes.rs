//! Nodes. With SQLite there is one, and the ones before it that did not stop in good order.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::SqliteConnection;
use synctv_store::{Hint, Housekept, NODE_TIMEOUT, NodePresence, Nodes, Presence, Result, Retention};

use crate::query::{ids, sql};
use crate::{SqliteStore, failure::classify, housekeeping};
use synctv_store::columns::{count, millis};

/// Removes a node with its presence, claims and leases; the hints that tell of it.
pub(crate) async fn remove(db: &mut SqliteConnection, node: &str) -> Result<Vec<Hint>> {
    sql!("UPDATE lengths SET node = NULL, lease_until = NULL WHERE node = ?", node)
        .execute(&mut *db)
        .await
        .map_err(classify)?;
    // The row stays: its fence goes on growing.
    sql!("UPDATE leases SET lease_until = 0 WHERE node = ?", node).execute(&mut *db).await.map_err(classify)?;
    let left = sql!("DELETE FROM presence WHERE node = ? RETURNING room_id AS \"room_id!\"", node)
        .fetch_all(&mut *db)
        .await
        .map_err(classify)?;
    sql!("DELETE FROM nodes WHERE id = ?", node).execute(&mut *db).await.map_err(classify)?;
    Ok(left.into_iter().map(|row| Hint::Presence(row.room_id)).collect())
}

async fn write_presence(db: &mut SqliteConnection, node: &str, rooms: &str) -> Result<()> {
    sql!("INSERT INTO nodes (id, heartbeat_at) VALUES (?, (SELECT ms FROM clock)) ON CONFLICT DO NOTHING", node)
        .execute(&mut *db)
        .await
        .map_err(classify)?;
    sql!(
        "DELETE FROM presence WHERE node = ?1 AND room_id IN (
             SELECT value ->> 'room' FROM json_each(?2) WHERE value ->> 'connections' = 0)",
        node,
        rooms
    )
    .execute(&mut *db)
    .await
    .map_err(classify)?;
    // The join passes over rooms that are gone.
    sql!(
        "INSERT INTO presence (node, room_id, connections, members)
         SELECT ?1, r.id, said.value ->> 'connections', said.value ->> 'members'
         FROM json_each(?2) said JOIN rooms r ON r.id = said.value ->> 'room' WHERE said.value ->> 'connections' > 0
         ON CONFLICT (room_id, node) DO UPDATE SET connections = excluded.connections, members = excluded.members",
        node,
        rooms
    )
    .execute(&mut *db)
    .await
    .map(drop)
    .map_err(classify)
}

#[async_trait]
impl Nodes for SqliteStore {
    async fn heartbeat(&self, node: &str) -> Result<i64> {
        sql!(
            "INSERT INTO nodes (id, heartbeat_at) VALUES (?, (SELECT ms FROM clock))
             ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at RETURNING heartbeat_at AS \"at!: i64\"",
            node
        )
        .fetch_one(&self.writer)
        .await
        .map(|row| row.at)
        .map_err(classify)
    }

    async fn put_presence(&self, node: &str, rooms: &[Presence]) -> Result<()> {
        let said: serde_json::Value = rooms
            .iter()
            .map(|one| {
                serde_json::json!({ "room": one.room_id, "connections": one.connections, "members": one.members })
            })
            .collect();
        let said = said.to_string();
        let mut tx = self.begin().await?;
        write_presence(&mut tx, node, &said).await?;
        self.commit(tx, rooms.iter().map(|one| Hint::Presence(one.room_id.clone()))).await
    }

    async fn presence(&self, rooms: &[String]) -> Result<Vec<NodePresence>> {
        let (rooms, alive) = (ids(rooms), millis(NODE_TIMEOUT));
        let rows = sql!(
            "SELECT here.node, here.room_id, here.connections, here.members
             FROM presence here JOIN nodes n ON n.id = here.node
             WHERE here.room_id IN (SELECT value FROM json_each(?)) AND n.heartbeat_at > (SELECT ms FROM clock) - ?
             ORDER BY here.room_id, here.node",
            rooms,
            alive
        )
        .fetch_all(&self.readers)
        .await
        .map_err(classify)?;
        let said = rows.into_iter().map(|row| NodePresence {
            node: row.node,
            presence: Presence {
                room_id: row.room_id,
                connections: u32::try_from(row.connections).unwrap_or(u32::MAX),
                members: row.members,
            },
        });
        Ok(said.collect())
    }

    async fn hot_rooms(&self, limit: u32) -> Result<Vec<(String, u64)>> {
        let alive = millis(NODE_TIMEOUT);
        let rows = sql!(
            r#"SELECT here.room_id, SUM(here.connections) AS "connections!: i64"
               FROM presence here JOIN nodes n ON n.id = here.node WHERE n.heartbeat_at > (SELECT ms FROM clock) - ?
               GROUP BY here.room_id ORDER BY 2 DESC, 1 LIMIT ?"#,
            alive,
            limit
        )
        .fetch_all(&self.readers)
        .await
        .map_err(classify)?;
        Ok(rows.into_iter().map(|row| (row.room_id, count(row.connections))).collect())
    }

    async fn hold_lease(&self, name: &str, node: &str, lease: Duration) -> Result<Option<i64>> {
        let lease = millis(lease);
        let held = sql!(
            "INSERT INTO leases (name, node, lease_until, fence) VALUES (?, ?, (SELECT ms FROM clock) + ?, 1)
             ON CONFLICT (name) DO UPDATE SET node = excluded.node, lease_until = excluded.lease_until,
                 fence = leases.fence + (leases.node <> excluded.node)
             WHERE leases.node = excluded.node OR leases.lease_until <= (SELECT ms FROM clock)
             RETURNING fence AS \"fence!: i64\"",
            name,
            node,
            lease
        )
        .fetch_optional(&self.writer)
        .await
        .map_err(classify)?;
        Ok(held.map(|row| row.fence))
    }

    async fn leave(&self, node: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        let hints = remove(&mut tx, node).await?;
        self.commit(tx, hints).await
    }

    async fn housekeep(&self, keep: &Retention) -> Result<Housekept> {
        housekeeping::round(self, keep).await
    }
}
