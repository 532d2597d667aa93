//! Pull streams.

use async_trait::async_trait;
use sqlx::PgConnection;
use synctv_store::rows::pulls_of;
use synctv_store::{Error, NewMedia, PlayedPull, Pulls, Result, Source};

use crate::PostgresStore;
use crate::failure::{ANSWER, classify, within};
use crate::query::sql;

fn source(stream: &str, text: &str) -> Result<Source> {
    serde_json::from_str(text)
        .map_err(|err| Error::Corrupt(format!("the source of pull stream `{stream}` is damaged: {err}")))
}

/// Makes the streams of media that are pulled.
pub(crate) async fn insert(db: &mut PgConnection, media: &[NewMedia]) -> Result<()> {
    for (stream, media_id) in pulls_of(media)? {
        let made = sql!(
            "INSERT INTO streams (name, private, kind, media_id) VALUES ($1, TRUE, 'pull', $2) ON CONFLICT DO NOTHING",
            stream,
            media_id
        );
        if made.execute(&mut *db).await.map_err(classify)?.rows_affected() == 0 {
            return Err(Error::Conflict(format!("stream `{stream}` exists")));
        }
    }
    Ok(())
}

async fn source_of(store: &PostgresStore, stream: &str) -> Result<Option<Source>> {
    let row = sql!("SELECT m.source FROM streams s JOIN media m ON m.id = s.media_id WHERE s.name = $1", stream);
    let row = row.fetch_optional(&store.pool).await.map_err(classify)?;
    row.map(|row| source(stream, &row.source)).transpose()
}

async fn playing(store: &PostgresStore, active: &[String]) -> Result<Vec<PlayedPull>> {
    let rows = sql!(
        "SELECT p.room_id, s.name FROM playbacks p JOIN streams s ON s.media_id = p.media_id
         WHERE p.room_id = ANY($1) AND p.playing ORDER BY p.room_id",
        active
    );
    let rows = rows.fetch_all(&store.pool).await.map_err(classify)?;
    Ok(rows.into_iter().map(|row| PlayedPull { room_id: row.room_id, stream: row.name }).collect())
}

#[async_trait]
impl Pulls for PostgresStore {
    async fn pull_source(&self, stream: &str) -> Result<Option<Source>> {
        within(ANSWER, source_of(self, stream)).await
    }

    async fn playing_pulls(&self, active: &[String]) -> Result<Vec<PlayedPull>> {
        within(ANSWER, playing(self, active)).await
    }
}
