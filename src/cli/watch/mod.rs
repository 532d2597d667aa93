//! `synctv room watch`: a member at a terminal. It joins over WebSocket, keeps the room active, and prints what happens.

mod offset;
mod print;
mod session;

use std::io::{BufRead, IsTerminal};
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use tokio::sync::mpsc;

use super::client::{Client, NotJoined, segment};
use super::room::within;
use print::Printer;
use session::{End, Session};

/// The shortest and the longest wait before joining anew.
const BACK_OFF: Duration = Duration::from_millis(500);
const BACK_OFF_MAX: Duration = Duration::from_secs(5);
/// Lines typed faster than they can be sent wait; no more than this.
const TYPED: usize = 16;

/// How to watch.
#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    /// Id or name of the room
    room: String,
    /// What the others see
    #[arg(long)]
    name: Option<String>,
    /// Also print the position at this interval
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    positions: Option<Duration>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a number of seconds from 0.01 to 3600");
    let seconds: f64 = text.parse().map_err(|_| wrong())?;
    if (0.01..=3600.0).contains(&seconds) { Ok(Duration::from_secs_f64(seconds)) } else { Err(wrong()) }
}

/// Watches until Ctrl-C.
///
/// # Errors
/// When the server does not let the watcher in, or throws it out for good; the text says why.
pub(super) async fn run(args: WatchArgs, client: &Client, json: bool) -> Result<()> {
    let watching = watch(args, client, Printer { json });
    tokio::select! {
        ended = watching => ended,
        stopped = tokio::signal::ctrl_c() => Ok(stopped?),
    }
}

async fn watch(args: WatchArgs, client: &Client, printer: Printer) -> Result<()> {
    let name = args.name.map(|name| format!("?name={}", segment(&name))).unwrap_or_default();
    let path = within(&args.room, &format!("/ws{name}"));
    let mut typed = typed_lines();
    let mut back_off = BACK_OFF;
    let mut joined_before = false;
    loop {
        let lost = match client.websocket(&path).await {
            Ok(socket) => {
                joined_before = true;
                let mut session = Session::new(socket, printer, args.positions);
                let end = session.run(&mut typed).await;
                if session.was_greeted() {
                    back_off = BACK_OFF;
                }
                match end {
                    End::NobodyReads => return Ok(()),
                    End::ThrownOut(why) => anyhow::bail!(why),
                    End::Lost(why) => why,
                }
            }
            Err(NotJoined::Refused(err)) => return Err(err),
            // A server that was never there is more likely a wrong address than a restart.
            Err(NotJoined::Unreachable(err)) if !joined_before => return Err(err),
            Err(NotJoined::Unreachable(err) | NotJoined::Later(err)) => format!("{err:#}"),
        };
        printer.aside(&format!("{lost}; joining again in {:.1} s", back_off.as_secs_f64()));
        tokio::time::sleep(back_off).await;
        back_off = (back_off * 2).min(BACK_OFF_MAX);
    }
}

/// Lines typed at a terminal. The thread that reads them ends with the process: a read of a terminal cannot be given up.
fn typed_lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(TYPED);
    if std::io::stdin().is_terminal() {
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                if sender.blocking_send(line).is_err() {
                    return;
                }
            }
        });
    }
    receiver
}
