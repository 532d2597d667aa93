//! Placeholders until the real modules are here.
use crate::SqliteStore;
use async_trait::async_trait;
use std::time::Duration;
use synctv_store::*;

fn soon<T>() -> Result<T> {
    Err(Error::Unavailable("not yet".into()))
}

#[async_trait]
impl synctv_store::Rooms for SqliteStore {
    async fn create_room(&self, _: &NewRoom) -> Result<Room> {
        soon()
    }
    async fn rooms(&self, _: Option<&str>, _: u32) -> Result<Vec<RoomCount>> {
        soon()
    }
    async fn count_rooms(&self) -> Result<u64> {
        soon()
    }
    async fn room(&self, _: &str) -> Result<Room> {
        soon()
    }
    async fn change_room(&self, _: &str, _: &RoomChange) -> Result<Room> {
        soon()
    }
    async fn delete_room(&self, _: &str) -> Result<()> {
        soon()
    }
    async fn room_password(&self, _: &str) -> Result<Option<String>> {
        soon()
    }
    async fn create_token(&self, _: &str, _: &NewToken) -> Result<RoomToken> {
        soon()
    }
    async fn tokens(&self, _: &str) -> Result<Vec<RoomToken>> {
        soon()
    }
    async fn token_by_hash(&self, _: &KeyHash) -> Result<Option<RoomToken>> {
        soon()
    }
    async fn revoke_token(&self, _: &str, _: &str) -> Result<RoomToken> {
        soon()
    }
}

#[async_trait]
impl synctv_store::Playlists for SqliteStore {
    async fn create_playlist(&self, _: &str, _: &str, _: &str) -> Result<Playlist> {
        soon()
    }
    async fn playlists(&self, _: &str) -> Result<Vec<Playlist>> {
        soon()
    }
    async fn playlist(&self, _: &str, _: Option<&str>) -> Result<Playlist> {
        soon()
    }
    async fn rename_playlist(&self, _: &str, _: &str, _: &str) -> Result<Playlist> {
        soon()
    }
    async fn delete_playlist(&self, _: &str, _: &str) -> Result<()> {
        soon()
    }
    async fn add_media(&self, _: &str, _: &str, _: &[NewMedia]) -> Result<u64> {
        soon()
    }
    async fn media_page(&self, _: &str, _: &str, _: u64, _: u32) -> Result<Vec<Media>> {
        soon()
    }
    async fn media(&self, _: &str, _: &str) -> Result<Media> {
        soon()
    }
    async fn move_media(&self, _: &str, _: &str, _: u64) -> Result<Media> {
        soon()
    }
    async fn remove_media(&self, _: &str, _: &str) -> Result<()> {
        soon()
    }
}

#[async_trait]
impl synctv_store::Playbacks for SqliteStore {
    async fn snapshot(&self, _: &str) -> Result<Snapshot> {
        soon()
    }
    async fn item(&self, _: &str, _: &str) -> Result<Item> {
        soon()
    }
    async fn item_at(&self, _: &str, _: &str, _: u64) -> Result<Option<Item>> {
        soon()
    }
    async fn swap(&self, _: &str, _: i64, _: &Change) -> Result<bool> {
        soon()
    }
    async fn due(&self, _: &[String], _: u32) -> Result<Vec<Snapshot>> {
        soon()
    }
    async fn next_due(&self, _: &[String]) -> Result<Option<Duration>> {
        soon()
    }
    async fn advance(&self, _: &Snapshot, _: &Change) -> Result<bool> {
        soon()
    }
    async fn history(&self, _: &str, _: u32) -> Result<Vec<Turn>> {
        soon()
    }
}

#[async_trait]
impl synctv_store::Probes for SqliteStore {
    async fn claim_probes(&self, _: &[String], _: &str, _: u32, _: Duration) -> Result<Vec<ProbeClaim>> {
        soon()
    }
    async fn renew_probe(&self, _: &ProbeClaim, _: Duration) -> Result<bool> {
        soon()
    }
    async fn finish_probe(&self, _: &ProbeClaim, _: &Probed) -> Result<bool> {
        soon()
    }
    async fn release_probes(&self, _: &str, _: &str) -> Result<()> {
        soon()
    }
    async fn next_probe(&self, _: &[String]) -> Result<Option<Duration>> {
        soon()
    }
}

#[async_trait]
impl synctv_store::Events for SqliteStore {
    async fn post(&self, _: &str, _: EventKind, _: &str) -> Result<i64> {
        soon()
    }
    async fn events_after(&self, _: &[Mark], _: u32) -> Result<Vec<RoomEvent>> {
        soon()
    }
    async fn last_events(&self, _: &str, _: EventKind, _: u32) -> Result<Vec<RoomEvent>> {
        soon()
    }
    async fn heads(&self, _: &[String]) -> Result<Vec<Mark>> {
        soon()
    }
    fn hints(&self) -> tokio::sync::broadcast::Receiver<synctv_store::Hint> {
        tokio::sync::broadcast::channel(1).1
    }
}

#[async_trait]
impl synctv_store::Nodes for SqliteStore {
    async fn heartbeat(&self, _: &str) -> Result<i64> {
        soon()
    }
    async fn put_presence(&self, _: &str, _: &[Presence]) -> Result<()> {
        soon()
    }
    async fn presence(&self, _: &[String]) -> Result<Vec<NodePresence>> {
        soon()
    }
    async fn hot_rooms(&self, _: u32) -> Result<Vec<(String, u64)>> {
        soon()
    }
    async fn hold_lease(&self, _: &str, _: &str, _: Duration) -> Result<Option<i64>> {
        soon()
    }
    async fn leave(&self, _: &str) -> Result<()> {
        soon()
    }
    async fn housekeep(&self, _: &Retention) -> Result<Housekept> {
        soon()
    }
}
