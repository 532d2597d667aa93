//! Pull streams.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use synctv_store::rows::pulls_of;
use synctv_store::{Error, NewMedia, PlayedPull, Pulls, Result, Source};

use crate::SqliteStore;
use crate::failure::classify;
use crate::query::{ids, sql};

fn source(stream: &str, text: &str) -> Result<Source> {
    serde_json::from_str(text)
        .map_err(|err| Error::Corrupt(format!("the source of pull stream `{stream}` is damaged: {err}")))
}

/// Makes the streams of media that are pulled.
pub(crate) async fn insert(db: &mut SqliteConnection, media: &[NewMedia]) -> Result<()> {
    for (stream, media_id) in pulls_of(media)? {
        let made = sql!(
            "INSERT INTO streams (name, private, kind, media_id) VALUES (?, TRUE, 'pull', ?) ON CONFLICT DO NOTHING",
            stream,
            media_id
        );
        if made.execute(&mut *db).await.map_err(classify)?.rows_affected() == 0 {
            return Err(Error::Conflict(format!("stream `{stream}` exists")));
        }
    }
    Ok(())
}

#[async_trait]
impl Pulls for SqliteStore {
    async fn pull_source(&self, stream: &str) -> Result<Option<Source>> {
        let row = sql!("SELECT m.source FROM streams s JOIN media m ON m.id = s.media_id WHERE s.name = ?", stream);
        let row = row.fetch_optional(&self.readers).await.map_err(classify)?;
        row.map(|row| source(stream, &row.source)).transpose()
    }

    async fn playing_pulls(&self, active: &[String]) -> Result<Vec<PlayedPull>> {
        let active = ids(active);
        let rows = sql!(
            "SELECT p.room_id, s.name FROM playbacks p JOIN streams s ON s.media_id = p.media_id
             WHERE p.room_id IN (SELECT value FROM json_each(?)) AND p.playing ORDER BY p.room_id",
            active
        );
        let rows = rows.fetch_all(&self.readers).await.map_err(classify)?;
        Ok(rows.into_iter().map(|row| PlayedPull { room_id: row.room_id, stream: row.name }).collect())
    }
}
