//! Playback states, as they are written: by compare-and-set, in one transaction with the event, the history and the row for the
//! target's duration.

use synctv_store::{Cause, Change, Error, EventKind, Result, Snapshot, Target};

use crate::PostgresStore;
use crate::events::InRoom;
use crate::failure::classify;
use crate::query::sql;
use synctv_store::rows::LeftRow;

/// Compares and sets in one statement, which answers what was selected before. The literals are what else is joined, and what else must
/// hold; the first eleven arguments are the room, the version seen and the new state.
macro_rules! write_state {
    ($change:expr, $room_id:expr, $seen:expr, $joined:literal, $guards:literal $(, $arg:expr)*) => {
        ::sqlx::query_as!(
            LeftRow,
            "/*pg*/ UPDATE playbacks p SET version = p.version + 1, generation = $3, playlist_id = $4, media_id = $5, target_hash = $6,
                 playing = $7, ended = $8, anchor_ms = $9, anchored_at = $10, speed = $11 FROM playbacks seen "
                + $joined
                + " WHERE p.room_id = $1 AND seen.room_id = p.room_id AND p.version = $2
                    AND ($5::text IS NULL OR EXISTS (
                        SELECT 1 FROM media m JOIN playlists pl ON pl.id = m.playlist_id
                        WHERE m.id = $5 AND m.playlist_id = $4 AND pl.room_id = $1)) "
                + $guards
                + " RETURNING seen.media_id, seen.target_hash",
            $room_id,
            $seen,
            $change.next.generation,
            $change.next.target.as_ref().map(|target| target.playlist_id.as_str()),
            $change.next.target.as_ref().map(|target| target.media_id.as_str()),
            $change.next.target.as_ref().map(|target| target.hash.as_slice()),
            $change.next.playing,
            $change.next.ended,
            $change.next.anchor_ms,
            $change.next.anchored_at_ms,
            $change.next.speed
            $(, $arg)*
        )
    };
}

pub(crate) async fn swap(store: &PostgresStore, room_id: &str, seen: i64, change: &Change) -> Result<bool> {
    let mut room = InRoom::of(store, room_id).await?;
    follows(change, seen)?;
    let left = write_state!(change, room_id, seen, "", "").fetch_optional(&mut *room.tx).await.map_err(classify)?;
    settle(store, room, room_id, seen, left, change).await
}

pub(crate) async fn advance(store: &PostgresStore, judged: &Snapshot, change: &Change) -> Result<bool> {
    let (Some(target), Some(place)) = (&judged.playback.target, judged.place) else { return Ok(false) };
    let (room_id, seen) = (judged.room_id.as_str(), judged.playback.version);
    follows(change, seen)?;
    let Some(mut room) = InRoom::begin(store, room_id).await? else { return Ok(false) };
    let left = write_state!(
        change,
        room_id,
        seen,
        "JOIN rooms r ON r.id = seen.room_id JOIN playlists judged ON judged.id = seen.playlist_id
         JOIN lengths l ON l.room_id = seen.room_id AND l.target_hash = seen.target_hash",
        "AND p.target_hash = $12 AND p.playing AND judged.revision = $13 AND l.status <> 'live' AND l.duration_ms IS NOT NULL
         AND ends_at(p.anchored_at, p.anchor_ms, p.speed, l.duration_ms) + r.advance_delay_ms <= now_ms()",
        target.hash.as_slice(),
        place.revision
    );
    let left = left.fetch_optional(&mut *room.tx).await.map_err(classify)?;
    settle(store, room, room_id, seen, left, change).await
}

fn follows(change: &Change, seen: i64) -> Result<()> {
    if change.next.version == seen + 1 {
        return Ok(());
    }
    Err(Error::Invalid(format!("version {} does not follow version {seen}", change.next.version)))
}

/// Writes what belongs to a state that was written, and commits; nothing when it was not.
async fn settle(
    store: &PostgresStore,
    mut room: InRoom,
    room_id: &str,
    seen: i64,
    left: Option<LeftRow>,
    change: &Change,
) -> Result<bool> {
    // Dropping the transaction rolls it back.
    let Some(left) = left else { return Ok(false) };
    let target = change.next.target.as_ref();
    let another = left.target_hash.as_deref() != target.map(|target| target.hash.as_slice());
    if let Some(target) = target {
        await_length(&mut room, room_id, target, another && change.cause == Cause::Command).await?;
    }
    if another || change.cause != Cause::Command {
        let to_media = target.map(|target| target.media_id.as_str());
        note_turn(&mut room, room_id, seen, left.media_id.as_deref(), to_media, change.cause).await?;
    }
    room.post(EventKind::Playback, &change.event).await?;
    room.commit(store).await?;
    Ok(true)
}

/// Makes the row for a target's duration. With `anew`, what was found live or not found at all is to be found out again: a person asked.
async fn await_length(room: &mut InRoom, room_id: &str, target: &Target, anew: bool) -> Result<()> {
    sql!(
        "INSERT INTO lengths AS l (room_id, target_hash, status, duration_ms)
         SELECT $1, $2, CASE WHEN m.given_ms IS NULL THEN 'pending' ELSE 'known' END, m.given_ms FROM media m WHERE m.id = $3
         ON CONFLICT (room_id, target_hash) DO UPDATE SET status = 'pending', retry_at = 0, failures = 0, reason = NULL
         WHERE $4 AND l.status IN ('live', 'failed') AND l.duration_ms IS NULL",
        room_id,
        target.hash.as_slice(),
        target.media_id,
        anew
    )
    .execute(&mut *room.tx)
    .await
    .map(drop)
    .map_err(classify)
}

/// Adds a row to the history; that it is the only one for this version stands in `turns`, whatever partition it falls into.
async fn note_turn(
    room: &mut InRoom,
    room_id: &str,
    from_version: i64,
    from_media: Option<&str>,
    to_media: Option<&str>,
    cause: Cause,
) -> Result<()> {
    sql!(
        "WITH turn AS (INSERT INTO turns (room_id, from_version) VALUES ($1, $2) RETURNING at)
         INSERT INTO history (room_id, from_version, from_media, to_media, cause, at)
         SELECT $1, $2, $3, $4, $5, turn.at FROM turn",
        room_id,
        from_version,
        from_media,
        to_media,
        cause.as_str()
    )
    .execute(&mut *room.tx)
    .await
    .map(drop)
    .map_err(classify)
}
