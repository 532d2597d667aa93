//! `synctv serve`

use anyhow::Result;
use clap::Args;

use super::Common;
use crate::config::{Config, Flags};

/// What starting a server takes.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Address of pages, players and the API; port 0 picks a free one [default: 0.0.0.0:8080]
    #[arg(long, value_name = "ADDR")]
    http: Option<String>,
    /// Address publishers connect to; port 0 picks a free one [default: 0.0.0.0:1935]
    #[arg(long, value_name = "ADDR")]
    rtmp: Option<String>,
    /// `postgres://USER@HOST/DATABASE` or `sqlite:PATH`; everybody on this machine can read a password given here, but not one in the
    /// environment variable `SYNCTV_DATABASE_URL` or in the file [default: DATA_DIR/synctv.db]
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Addresses that are not public but may be fetched as media: CIDRs with commas between, or `true` for all [default: none]
    #[arg(long, value_name = "CIDRS")]
    allow_private: Option<String>,
    /// Publish a small bundled clip in a loop to the public stream `demo`
    #[arg(long)]
    demo: bool,
    /// Let anybody publish to any name without a key: for closed networks and benchmarks only
    #[arg(long)]
    open_publish: bool,
}

/// The configuration that flags, environment, file and defaults make together.
pub(super) fn config(common: &Common, args: &ServeArgs) -> Result<Config> {
    let mut flags = flags(common);
    let given = [
        ("http.listen", "--http", args.http.clone()),
        ("rtmp.listen", "--rtmp", args.rtmp.clone()),
        ("database.url", "--database-url", args.database_url.clone()),
        ("proxy.allow_private", "--allow-private", args.allow_private.clone()),
        ("live.open_publish", "--open-publish", args.open_publish.then(|| "true".to_owned())),
    ];
    flags.settings.extend(given.into_iter().filter_map(|(key, flag, value)| Some((key, flag, value?))));
    flags.demo = args.demo;
    Ok(Config::load(&flags)?)
}

/// The settings among the common arguments.
pub(super) fn flags(common: &Common) -> Flags {
    let from_env = std::env::var_os("SYNCTV_DATA_DIR");
    // clap merges flag and environment; what equals the environment is left to the configuration, which names it so.
    let data_dir = common.data_dir.as_ref().filter(|dir| Some(dir.as_os_str()) != from_env.as_deref());
    let settings = data_dir.map(|dir| ("data_dir", "--data-dir", dir.to_string_lossy().into_owned()));
    Flags { config: common.config.clone(), demo: false, settings: settings.into_iter().collect() }
}
