//! `synctv cache`

use anyhow::Result;
use clap::{Args, Subcommand};

use super::client::{Client, read};
use super::pretty;
use super::table::{bytes, pairs};
use crate::http::admin::wire::{CacheStats, PurgeCache, PurgedCache};

#[derive(Debug, Subcommand)]
pub(super) enum CacheCommand {
    /// What the cache has done, and what it holds
    Stats,
    /// Take remote media out of the cache: everything, unless told what; whoever watches goes on
    Purge(PurgeArgs),
}

#[derive(Debug, Args)]
pub(super) struct PurgeArgs {
    /// Only what has a URL that begins so; queries do not count
    #[arg(long, value_name = "PREFIX", conflicts_with = "host")]
    url: Option<String>,
    /// Only what comes from this host
    #[arg(long, value_name = "HOST[:PORT]")]
    host: Option<String>,
}

pub(super) async fn run(command: CacheCommand, client: &Client, json: bool) -> Result<String> {
    match command {
        CacheCommand::Stats => {
            let answer = client.get("/cache").await?;
            if json { pretty(&answer) } else { Ok(shown(&read(answer)?)) }
        }
        CacheCommand::Purge(PurgeArgs { url, host }) => {
            let answer = client.post("/cache/purge", &PurgeCache { url, host }).await?;
            if json {
                return pretty(&answer);
            }
            let purged: PurgedCache = read(answer)?;
            Ok(format!("took {} resources out of the cache", purged.resources))
        }
    }
}

fn shown(stats: &CacheStats) -> String {
    let CacheStats { hits, misses, stale, revalidated, bypassed, negative, bytes: moved, fills, held } = stats;
    pairs([
        ("memory", format!("{} slices, {}", held.memory_slices, bytes(held.memory_bytes))),
        ("disk", format!("{} slices, {}", held.disk_slices, bytes(held.disk_bytes))),
        ("known", format!("{} resources, {} refusals", held.resources, held.negatives)),
        ("requests", format!("{hits} hits, {misses} misses, {stale} stale, {revalidated} revalidated")),
        ("", format!("{bypassed} bypassed, {negative} refused again")),
        ("from memory", bytes(moved.memory)),
        ("from disk", bytes(moved.disk)),
        ("from origins", bytes(moved.origins)),
        (
            "fills",
            format!("{} begun, {} running, {} failed, {} ahead", fills.begun, fills.running, fills.failed, fills.ahead),
        ),
        ("disk trouble", format!("{} damaged, {} not written", fills.damaged, fills.not_written)),
    ])
}
