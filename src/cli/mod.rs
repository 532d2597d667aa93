//! The command line. Commands that ask a running server return the text to print; only this file prints, and `room watch`.

mod cache;
mod client;
mod config;
mod key;
mod media;
mod media_add;
mod password;
mod playback;
mod playback_urls;
mod playlist;
mod room;
mod room_table;
mod serve;
mod shown;
mod status;
mod stream;
mod table;
mod time;
mod watch;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;

use crate::config::Config;

/// A live-media gateway: RTMP in; HTTP-FLV, WebSocket-FLV and HLS out; rooms that play in sync.
#[derive(Debug, Parser)]
#[command(name = "synctv", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes, in any position.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
struct Common {
    /// Data directory of the server: the one to start, or the one to talk to on this machine
    #[arg(long, global = true, value_name = "DIR", env = "SYNCTV_DATA_DIR", hide_env_values = true)]
    data_dir: Option<PathBuf>,
    /// Configuration file [default: DATA_DIR/synctv.toml when it is there]
    #[arg(long, global = true, value_name = "FILE", env = "SYNCTV_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
    /// Talk to a server elsewhere: http(s)://HOST:PORT
    #[arg(long, global = true, value_name = "URL", env = "SYNCTV_SERVER", hide_env_values = true)]
    server: Option<String>,
    /// Token of the server elsewhere, or of one of its rooms; everybody on this machine can read one given here, but not one in
    /// the environment
    #[arg(long, global = true, value_name = "TOKEN", env = "SYNCTV_TOKEN", hide_env_values = true)]
    token: Option<crate::secret::Secret>,
    /// Certificate authority (PEM) that vouches for the server elsewhere [default: the public ones]
    #[arg(long, global = true, value_name = "FILE", env = "SYNCTV_CA", hide_env_values = true)]
    ca: Option<PathBuf>,
    /// Print JSON instead of tables
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(serve::ServeArgs),
    /// Streams: list, show, kick, create, delete, set, url
    #[command(subcommand)]
    Stream(stream::StreamCommand),
    /// Publish keys: create, list, revoke, rotate
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Rooms: create, list, show, set, delete, token, tokens, revoke, members, kick, history, watch
    #[command(subcommand)]
    Room(room::RoomCommand),
    /// Playlists of a room: create, list, rename, delete
    #[command(subcommand)]
    Playlist(playlist::PlaylistCommand),
    /// Media of a room: add, list, move, remove
    #[command(subcommand)]
    Media(media::MediaCommand),
    /// What a room plays: get, start, play, pause, seek, speed, next, prev, stop
    #[command(subcommand)]
    Playback(playback::PlaybackCommand),
    /// What is kept of remote media: stats, purge
    #[command(subcommand)]
    Cache(cache::CacheCommand),
    /// Addresses and counts of the running server
    Status,
    /// The configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Completion script for a shell, to be sourced
    Completions {
        /// bash, zsh, fish, elvish or powershell
        shell: Shell,
    },
}

/// Parses this process's arguments and does what they say; `serve` starts a server and returns when it has ended.
///
/// The exit code is 0 when done, 2 for a usage error, and 1 with one line on stderr when refused or failed.
pub fn run(serve: impl FnOnce(Config) -> anyhow::Result<()>) -> ExitCode {
    let cli = read(Cli::command().get_matches()).unwrap_or_else(|err| err.exit());
    match execute(cli, serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            // One line, whatever an underlying message contains; a closed stderr is no reason to panic.
            let line = format!("{err:#}").split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = writeln!(std::io::stderr(), "synctv: {line}");
            ExitCode::FAILURE
        }
    }
}

/// Takes the arguments apart and settles which server is meant: a flag beats what the environment says.
fn read(matches: ArgMatches) -> Result<Cli, clap::Error> {
    let mut cli = Cli::from_arg_matches(&matches)?;
    let by_flag = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let conflict = |text: &str| Err(Cli::command().error(ErrorKind::ArgumentConflict, text));
    if matches!(cli.command, Command::Serve(_)) && (by_flag("server") || by_flag("token")) {
        return conflict("--server and --token are for commands that talk to a server, not for `serve`");
    }
    if by_flag("server") && by_flag("data_dir") {
        return conflict("--server names a server elsewhere and --data-dir one on this machine: give one of them");
    }
    let unusable = match &cli.command {
        Command::Room(command) => command.unusable(),
        Command::Media(command) => command.unusable(),
        _ => None,
    };
    if let Some(text) = unusable {
        return conflict(text);
    }
    if by_flag("data_dir") {
        cli.common.server = None;
    }
    cli.common.server = cli.common.server.filter(|server| !server.is_empty());
    Ok(cli)
}

fn execute(cli: Cli, serve: impl FnOnce(Config) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let Cli { common, command } = cli;
    let text = match command {
        Command::Serve(args) => return serve(serve::config(&common, &args)?),
        Command::Config(command) => config::run(&command, &common)?,
        Command::Completions { shell } => completions(shell),
        Command::Stream(command) => ask(&common, async |client| stream::run(command, &client, common.json).await)?,
        Command::Key(command) => ask(&common, async |client| key::run(command, &client, common.json).await)?,
        Command::Room(room::RoomCommand::Watch(args)) => return watch(&common, args),
        Command::Room(command) => ask(&common, async |client| room::run(command, &client, common.json).await)?,
        Command::Playlist(command) => ask(&common, async |client| playlist::run(command, &client, common.json).await)?,
        Command::Media(command) => ask(&common, async |client| media::run(command, &client, common.json).await)?,
        Command::Playback(command) => ask(&common, async |client| playback::run(command, &client, common.json).await)?,
        Command::Cache(command) => ask(&common, async |client| cache::run(command, &client, common.json).await)?,
        Command::Status => ask(&common, async |client| status::run(&client, common.json).await)?,
    };
    print(&text)
}

/// Runs a command against a server.
fn ask<T>(common: &Common, command: impl AsyncFnOnce(client::Client) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let client = client::Client::new(common)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(command(client))
}

/// Prints what happens in a room as it happens: the one command whose text has no end to wait for.
fn watch(common: &Common, args: watch::WatchArgs) -> anyhow::Result<()> {
    ask(common, async |client| watch::run(args, &client, common.json).await)
}

fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "synctv", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Prints to stdout. A reader that went away (`synctv key list | head -1`) is no failure.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    match out.write_all(text.as_bytes()).and_then(|()| out.write_all(end.as_bytes())).and_then(|()| out.flush()) {
        Err(err) if err.kind() != std::io::ErrorKind::BrokenPipe => bail!("cannot write the output: {err}"),
        _ => Ok(()),
    }
}

/// JSON as it is printed.
fn pretty(value: &impl serde::Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)?)
}

#[cfg(test)]
mod roundtrip_tests;
#[cfg(test)]
mod tests;
