//! `synctv config`

use anyhow::Result;
use clap::Subcommand;
use serde_json::json;

use super::table::table;
use super::{Common, pretty, serve};
use crate::config::Config;

/// What can be done with the configuration.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Check it, and show every value in force and where it came from
    Check,
}

pub(super) fn run(command: &ConfigCommand, common: &Common) -> Result<String> {
    let ConfigCommand::Check = command;
    let config = Config::load(&serve::flags(common))?;
    if common.json {
        return pretty(&json!({ "settings": config.in_force, "warnings": config.warnings }));
    }
    let rows = config.in_force.into_iter().map(|row| {
        let value = row.value.unwrap_or_else(|| "-".to_owned());
        [row.key.to_owned(), value, row.source, row.help.to_owned()]
    });
    let mut text = table(["SETTING", "VALUE", "FROM", "MEANING"], rows);
    for warning in config.warnings {
        text += &format!("\nwarning: {warning}");
    }
    Ok(text)
}
