//! Nodes, their presence and their leases. Locks are taken in the order node, room, presence.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::{PgConnection, PgPool};
use synctv_store::{Hint, Housekept, NODE_TIMEOUT, NodePresence, Nodes, Presence, Result, Retention};

use crate::PostgresStore;
use crate::failure::{ANSWER, classify, within};
use crate::housekeeping;
use crate::listen::{CHANNEL, payload};
use crate::query::{sql, sql_value};
use synctv_store::columns::{count, millis};

async fn beat(db: &mut PgConnection, node: &str) -> Result<i64> {
    let at = sql_value!(
        "INSERT INTO nodes (id, heartbeat_at) VALUES ($1, now_ms())
         ON CONFLICT (id) DO UPDATE SET heartbeat_at = now_ms() RETURNING heartbeat_at",
        node
    );
    at.fetch_one(db).await.map_err(classify)
}

async fn heartbeat(db: &PgPool, node: &str) -> Result<i64> {
    let mut connection = db.acquire().await.map_err(classify)?;
    beat(&mut connection, node).await
}

async fn put(store: &PostgresStore, node: &str, rooms: &[Presence]) -> Result<()> {
    let mut tx = store.pool.begin().await.map_err(classify)?;
    beat(&mut tx, node).await?;
    let ids: Vec<String> = rooms.iter().map(|one| one.room_id.clone()).collect();
    let connections: Vec<i32> = rooms.iter().map(|one| i32::try_from(one.connections).unwrap_or(i32::MAX)).collect();
    let members: Vec<String> = rooms.iter().map(|one| one.members.clone()).collect();
    // Held, so that none of them is deleted meanwhile; in one order on all nodes.
    sql!("SELECT id FROM rooms WHERE id = ANY($1) ORDER BY id FOR KEY SHARE", &ids)
        .fetch_all(&mut *tx)
        .await
        .map_err(classify)?;
    sql!(
        "INSERT INTO presence (node, room_id, connections, members)
         SELECT DISTINCT ON (said.room_id) $1, said.room_id, said.connections, said.members
         FROM UNNEST($2::text[], $3::int[], $4::text[]) AS said (room_id, connections, members)
         JOIN rooms r ON r.id = said.room_id COLLATE \"C\" WHERE said.connections > 0
         ON CONFLICT (room_id, node) DO UPDATE SET connections = EXCLUDED.connections, members = EXCLUDED.members",
        node,
        &ids,
        &connections,
        &members
    )
    .execute(&mut *tx)
    .await
    .map_err(classify)?;
    let empty: Vec<String> = rooms.iter().filter(|one| one.connections == 0).map(|one| one.room_id.clone()).collect();
    sql!("DELETE FROM presence WHERE node = $1 AND room_id = ANY($2)", node, &empty)
        .execute(&mut *tx)
        .await
        .map_err(classify)?;
    let hints = tell(&mut tx, ids).await?;
    tx.commit().await.map_err(classify)?;
    hints.into_iter().for_each(|hint| drop(store.hints.send(hint)));
    Ok(())
}

/// Tells the other nodes, on commit, that the presence in these rooms changed; the same hints for this one.
pub(crate) async fn tell(db: &mut PgConnection, rooms: Vec<String>) -> Result<Vec<Hint>> {
    let hints: Vec<Hint> = rooms.into_iter().map(Hint::Presence).collect();
    let payloads: Vec<String> = hints.iter().map(payload).collect();
    sql!(
        r#"SELECT COUNT(pg_notify($1, said.payload)) AS "said!" FROM UNNEST($2::text[]) AS said (payload)"#,
        CHANNEL,
        &payloads
    )
    .fetch_one(db)
    .await
    .map_err(classify)?;
    Ok(hints)
}

async fn presence(db: &PgPool, rooms: &[String]) -> Result<Vec<NodePresence>> {
    let said = sql!(
        "SELECT s.node, s.room_id, s.connections, s.members FROM presence s JOIN nodes n ON n.id = s.node
         WHERE s.room_id = ANY($1) AND n.heartbeat_at > now_ms() - $2 ORDER BY s.room_id, s.node",
        rooms,
        millis(NODE_TIMEOUT)
    );
    let read = said.fetch_all(db).await.map_err(classify)?.into_iter().map(|row| NodePresence {
        node: row.node,
        presence: Presence {
            room_id: row.room_id,
            connections: u32::try_from(row.connections).unwrap_or(0),
            members: row.members,
        },
    });
    Ok(read.collect())
}

async fn hot(db: &PgPool, limit: u32) -> Result<Vec<(String, u64)>> {
    let rooms = sql!(
        r#"SELECT s.room_id, SUM(s.connections) AS "connections!" FROM presence s JOIN nodes n ON n.id = s.node
           WHERE n.heartbeat_at > now_ms() - $2 GROUP BY s.room_id ORDER BY 2 DESC, 1 LIMIT $1"#,
        i64::from(limit),
        millis(NODE_TIMEOUT)
    );
    let rooms = rooms.fetch_all(db).await.map_err(classify)?;
    Ok(rooms.into_iter().map(|row| (row.room_id, count(row.connections))).collect())
}

async fn hold(db: &PgPool, name: &str, node: &str, lease: Duration) -> Result<Option<i64>> {
    let fence = sql_value!(
        "INSERT INTO leases AS held (name, node, lease_until, fence) VALUES ($1, $2, now_ms() + $3, 1)
         ON CONFLICT (name) DO UPDATE SET node = EXCLUDED.node, lease_until = now_ms() + $3,
             fence = held.fence + CASE WHEN held.node = EXCLUDED.node THEN 0 ELSE 1 END
         WHERE held.node = EXCLUDED.node OR held.lease_until <= now_ms() RETURNING fence",
        name,
        node,
        millis(lease)
    );
    fence.fetch_optional(db).await.map_err(classify)
}

/// Gives up what a node holds; the rooms in which its presence ends.
pub(crate) async fn bury(db: &mut PgConnection, node: &str) -> Result<Vec<String>> {
    // The lock on the node comes first; its row goes last.
    sql!("SELECT id FROM nodes WHERE id = $1 FOR UPDATE", node).fetch_optional(&mut *db).await.map_err(classify)?;
    // Durations before presence, as deleting a room does.
    sql!("UPDATE lengths SET node = NULL, lease_until = NULL WHERE node = $1", node)
        .execute(&mut *db)
        .await
        .map_err(classify)?;
    let rooms = sql_value!("DELETE FROM presence WHERE node = $1 RETURNING room_id", node)
        .fetch_all(&mut *db)
        .await
        .map_err(classify)?;
    // The row stays, so that the fence goes on growing.
    sql!("UPDATE leases SET lease_until = 0 WHERE node = $1", node).execute(&mut *db).await.map_err(classify)?;
    sql!("DELETE FROM nodes WHERE id = $1", node).execute(&mut *db).await.map_err(classify)?;
    Ok(rooms)
}

async fn leave(store: &PostgresStore, node: &str) -> Result<()> {
    let mut tx = store.pool.begin().await.map_err(classify)?;
    let rooms = bury(&mut tx, node).await?;
    let hints = tell(&mut tx, rooms).await?;
    tx.commit().await.map_err(classify)?;
    hints.into_iter().for_each(|hint| drop(store.hints.send(hint)));
    Ok(())
}

#[async_trait]
impl Nodes for PostgresStore {
    async fn heartbeat(&self, node: &str) -> Result<i64> {
        within(ANSWER, heartbeat(&self.pool, node)).await
    }

    async fn put_presence(&self, node: &str, rooms: &[Presence]) -> Result<()> {
        within(ANSWER, put(self, node, rooms)).await
    }

    async fn presence(&self, rooms: &[String]) -> Result<Vec<NodePresence>> {
        within(ANSWER, presence(&self.pool, rooms)).await
    }

    async fn hot_rooms(&self, limit: u32) -> Result<Vec<(String, u64)>> {
        within(ANSWER, hot(&self.pool, limit)).await
    }

    async fn hold_lease(&self, name: &str, node: &str, lease: Duration) -> Result<Option<i64>> {
        within(ANSWER, hold(&self.pool, name, node, lease)).await
    }

    async fn leave(&self, node: &str) -> Result<()> {
        within(ANSWER, leave(self, node)).await
    }

    async fn housekeep(&self, keep: &Retention) -> Result<Housekept> {
        within(housekeeping::ROUND, housekeeping::round(self, keep)).await
    }
}
