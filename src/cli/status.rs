//! `synctv status`

use std::time::Duration;

use anyhow::Result;

use super::client::{Client, read};
use super::pretty;
use super::table::pairs;
use super::time::rough;
use crate::http::admin::wire::Status;

pub(super) async fn run(client: &Client, json: bool) -> Result<String> {
    let answer = client.get("/status").await?;
    if json {
        return pretty(&answer);
    }
    let status: Status = read(answer)?;
    Ok(pairs([
        ("version", status.version),
        ("up", rough(Duration::from_secs(status.uptime_s))),
        ("http", status.http),
        ("rtmp", status.rtmp),
        ("database", status.database),
        ("streams", format!("{} live, {} known", status.streams.live, status.streams.known)),
        ("rooms", format!("{} active", status.rooms.active)),
    ]))
}
