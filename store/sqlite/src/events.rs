//! Events of rooms. Whoever posts one holds the write lock until it commits, so numbers follow the order of commits.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use synctv_store::{Error, EventKind, Events, Hint, Mark, Result, RoomEvent};
use tokio::sync::broadcast;

use crate::SqliteStore;
use crate::failure::classify;
use crate::query::{ids, sql, sql_as};
use synctv_store::rows::EventRow;

/// Posts an event within a transaction; the hint to send when it is committed.
pub(crate) async fn post(db: &mut SqliteConnection, room_id: &str, kind: EventKind, body: &str) -> Result<Mark> {
    let seq = sql!("UPDATE rooms SET head = head + 1 WHERE id = ? RETURNING head", room_id)
        .fetch_optional(&mut *db)
        .await
        .map_err(classify)?
        .ok_or_else(|| Error::no("room", room_id))?
        .head;
    let kind = kind.as_str();
    sql!("INSERT INTO room_events (room_id, seq, kind, body) VALUES (?, ?, ?, ?)", room_id, seq, kind, body)
        .execute(&mut *db)
        .await
        .map_err(classify)?;
    Ok(Mark { room_id: room_id.to_owned(), seq })
}

#[async_trait]
impl Events for SqliteStore {
    async fn post(&self, room_id: &str, kind: EventKind, body: &str) -> Result<i64> {
        let mut tx = self.begin().await?;
        let mark = post(&mut tx, room_id, kind, body).await?;
        let seq = mark.seq;
        self.commit(tx, [Hint::Events(mark)]).await?;
        Ok(seq)
    }

    async fn events_after(&self, marks: &[Mark], limit: u32) -> Result<Vec<RoomEvent>> {
        let marks: serde_json::Value =
            marks.iter().map(|mark| serde_json::json!({ "room": mark.room_id, "seq": mark.seq })).collect();
        let marks = marks.to_string();
        // CROSS JOIN keeps the marks outside, so that each is one look-up in the primary key.
        let rows = sql_as!(
            EventRow,
            r#"SELECT e.room_id AS "room_id!", e.seq AS "seq!", e.kind AS "kind!", e.body AS "body!"
               FROM json_each(?) mark
               CROSS JOIN room_events e ON e.room_id = mark.value ->> 'room' AND e.seq > mark.value ->> 'seq'
               ORDER BY e.room_id, e.seq LIMIT ?"#,
            marks,
            limit
        )
        .fetch_all(&self.readers)
        .await
        .map_err(classify)?;
        Ok(rows.into_iter().filter_map(EventRow::read).collect())
    }

    async fn last_events(&self, room_id: &str, kind: EventKind, limit: u32) -> Result<Vec<RoomEvent>> {
        let kind = kind.as_str();
        let rows = sql_as!(
            EventRow,
            "SELECT room_id, seq, kind, body FROM room_events WHERE room_id = ? AND kind = ?
             ORDER BY seq DESC LIMIT ?",
            room_id,
            kind,
            limit
        )
        .fetch_all(&self.readers)
        .await
        .map_err(classify)?;
        Ok(rows.into_iter().rev().filter_map(EventRow::read).collect())
    }

    async fn heads(&self, rooms: &[String]) -> Result<Vec<Mark>> {
        let rooms = ids(rooms);
        let rows = sql!("SELECT id, head FROM rooms WHERE id IN (SELECT value FROM json_each(?))", rooms)
            .fetch_all(&self.readers)
            .await
            .map_err(classify)?;
        Ok(rows.into_iter().map(|row| Mark { room_id: row.id, seq: row.head }).collect())
    }

    fn hints(&self) -> broadcast::Receiver<Hint> {
        self.hints.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use synctv_store::{NewRoom, NewToken, Role, Rooms, Settings};

    #[tokio::test]
    async fn events_of_a_newer_version_are_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&dir.path().join("synctv.db")).await.unwrap();
        let owner = NewToken { id: "t_a".into(), role: Role::Owner, label: None, hash: [1; 32], lifetime: None };
        let room = NewRoom {
            id: "a".into(),
            name: "a".into(),
            password_hash: None,
            settings: Settings::default(),
            playlist_id: "p_a".into(),
            owner,
        };
        store.create_room(&room).await.unwrap();
        store.post("a", EventKind::Chat, "one").await.unwrap();
        let odd = "INSERT INTO room_events (room_id, seq, kind, body) VALUES ('a', 2, 'poll', '');
                   UPDATE rooms SET head = 2 WHERE id = 'a'";
        sqlx::raw_sql(odd).execute(&store.writer).await.unwrap();
        store.post("a", EventKind::Chat, "three").await.unwrap();
        let events = store.events_after(&[Mark { room_id: "a".into(), seq: 0 }], 10).await.unwrap();
        assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 3]);
    }
}
