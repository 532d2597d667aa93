//! Events. Whoever posts one holds the room's row until the commit, so that numbers follow the order of commits. Everything
//! that locks more than one row of a room locks the room's first.

use async_trait::async_trait;
use sqlx::{PgPool, Postgres, Transaction};
use synctv_store::{Error, EventKind, Events, Hint, Mark, Result, RoomEvent};
use tokio::sync::broadcast;

use crate::PostgresStore;
use crate::failure::{ANSWER, classify, within};
use crate::listen::{CHANNEL, payload};
use crate::query::{sql, sql_as, sql_value};
use synctv_store::rows::EventRow;

/// A transaction that holds a room's row.
pub(crate) struct InRoom {
    pub(crate) tx: Transaction<'static, Postgres>,
    room_id: String,
    hints: Vec<Hint>,
}

impl InRoom {
    /// Begins and locks the room; `None` when it is gone.
    pub(crate) async fn begin(store: &PostgresStore, room_id: &str) -> Result<Option<Self>> {
        let mut tx = store.pool.begin().await.map_err(classify)?;
        let locked = sql!("SELECT id FROM rooms WHERE id = $1 FOR NO KEY UPDATE", room_id)
            .fetch_optional(&mut *tx)
            .await
            .map_err(classify)?;
        Ok(locked.map(|_| Self { tx, room_id: room_id.to_owned(), hints: Vec::new() }))
    }

    /// As [`InRoom::begin`]; a room that is gone is an error.
    pub(crate) async fn of(store: &PostgresStore, room_id: &str) -> Result<Self> {
        Self::begin(store, room_id).await?.ok_or_else(|| Error::no("room", room_id))
    }

    /// Posts an event with what else this transaction writes; its number.
    pub(crate) async fn post(&mut self, kind: EventKind, body: &str) -> Result<i64> {
        let seq = sql_value!("UPDATE rooms SET head = head + 1 WHERE id = $1 RETURNING head", self.room_id)
            .fetch_one(&mut *self.tx)
            .await
            .map_err(classify)?;
        let hint = Hint::Events(Mark { room_id: self.room_id.clone(), seq });
        sql!(
            r#"WITH posted AS (INSERT INTO room_events (room_id, seq, kind, body) VALUES ($1, $2, $3, $4))
               SELECT 1 AS "done!" FROM pg_notify($5, $6)"#,
            self.room_id,
            seq,
            kind.as_str(),
            body,
            CHANNEL,
            payload(&hint)
        )
        .fetch_one(&mut *self.tx)
        .await
        .map_err(classify)?;
        self.hints.push(hint);
        Ok(seq)
    }

    /// Commits; then this node hears of it at once and not only by way of the database.
    pub(crate) async fn commit(self, store: &PostgresStore) -> Result<()> {
        self.tx.commit().await.map_err(classify)?;
        for hint in self.hints {
            let _ = store.hints.send(hint);
        }
        Ok(())
    }
}

async fn after(db: &PgPool, marks: &[Mark], limit: u32) -> Result<Vec<RoomEvent>> {
    let rooms: Vec<String> = marks.iter().map(|mark| mark.room_id.clone()).collect();
    let seqs: Vec<i64> = marks.iter().map(|mark| mark.seq).collect();
    let rows = sql_as!(
        EventRow,
        "SELECT e.room_id, e.seq, e.kind, e.body FROM UNNEST($1::text[], $2::bigint[]) AS mark (room_id, seq)
         JOIN room_events e ON e.room_id = mark.room_id COLLATE \"C\" AND e.seq > mark.seq
         ORDER BY e.room_id, e.seq LIMIT $3",
        &rooms,
        &seqs,
        i64::from(limit)
    );
    Ok(rows.fetch_all(db).await.map_err(classify)?.into_iter().filter_map(EventRow::read).collect())
}

async fn last(db: &PgPool, room_id: &str, kind: EventKind, limit: u32) -> Result<Vec<RoomEvent>> {
    let rows = sql_as!(
        EventRow,
        "SELECT room_id, seq, kind, body FROM room_events WHERE room_id = $1 AND kind = $2 ORDER BY seq DESC LIMIT $3",
        room_id,
        kind.as_str(),
        i64::from(limit)
    );
    Ok(rows.fetch_all(db).await.map_err(classify)?.into_iter().rev().filter_map(EventRow::read).collect())
}

async fn heads(db: &PgPool, rooms: &[String]) -> Result<Vec<Mark>> {
    sql_as!(Mark, "SELECT id AS room_id, head AS seq FROM rooms WHERE id = ANY($1)", rooms)
        .fetch_all(db)
        .await
        .map_err(classify)
}

#[async_trait]
impl Events for PostgresStore {
    async fn post(&self, room_id: &str, kind: EventKind, body: &str) -> Result<i64> {
        within(ANSWER, async {
            let mut room = InRoom::of(self, room_id).await?;
            let seq = room.post(kind, body).await?;
            room.commit(self).await?;
            Ok(seq)
        })
        .await
    }

    async fn events_after(&self, marks: &[Mark], limit: u32) -> Result<Vec<RoomEvent>> {
        within(ANSWER, after(&self.pool, marks, limit)).await
    }

    async fn last_events(&self, room_id: &str, kind: EventKind, limit: u32) -> Result<Vec<RoomEvent>> {
        within(ANSWER, last(&self.pool, room_id, kind, limit)).await
    }

    async fn heads(&self, rooms: &[String]) -> Result<Vec<Mark>> {
        within(ANSWER, heads(&self.pool, rooms)).await
    }

    fn hints(&self) -> broadcast::Receiver<Hint> {
        self.hints.subscribe()
    }
}
