//! Hints from the other nodes: LISTEN on a connection of its own. What is lost on the way, a resync makes good.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use synctv_store::{Hint, Mark};
use tokio::sync::broadcast;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use crate::open::ACQUIRE;

/// The channel of all nodes that share a database.
pub(crate) const CHANNEL: &str = "synctv";
/// The belt: so often everything is compared, whatever was heard. It bounds how long nodes disagree while the listening
/// connection is dead without anybody knowing; it costs each node one indexed query.
const RESYNC: Duration = Duration::from_secs(2);
/// While the database is away: the first and the longest wait before another attempt.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(1));

/// Listens until it is dropped.
#[derive(Debug)]
pub(crate) struct Listening(AbortHandle);

impl Listening {
    /// Ends it now.
    pub(crate) fn stop(&self) {
        self.0.abort();
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop();
    }
}

pub(crate) fn start(options: PgConnectOptions, hints: broadcast::Sender<Hint>) -> Listening {
    let task = tokio::spawn(async move {
        tokio::select! {
            never = follow(options, &hints) => never,
            never = belt(&hints) => never,
        }
    });
    Listening(task.abort_handle())
}

async fn belt(hints: &broadcast::Sender<Hint>) {
    loop {
        sleep(RESYNC).await;
        // Nobody may be listening; that is fine here and below.
        let _ = hints.send(Hint::Resync);
    }
}

async fn follow(options: PgConnectOptions, hints: &broadcast::Sender<Hint>) {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options);
    let mut wait = BACK_OFF.0;
    let mut lost = false;
    loop {
        match listen(&pool).await {
            Ok(mut listener) => {
                if lost {
                    tracing::info!("the database's notifications are heard again");
                }
                wait = BACK_OFF.0;
                // Whatever was posted before LISTEN took effect was not heard.
                let _ = hints.send(Hint::Resync);
                let why = pass_on(&mut listener, hints).await;
                tracing::warn!(reason = why, "the connection that hears the database's notifications is lost");
            }
            Err(err) if !lost => tracing::warn!(reason = %err, "the database's notifications cannot be heard"),
            Err(_) => {}
        }
        lost = true;
        sleep(wait).await;
        wait = (wait * 2).min(BACK_OFF.1);
    }
}

async fn listen(pool: &sqlx::PgPool) -> sqlx::Result<PgListener> {
    let mut listener = PgListener::connect_with(pool).await?;
    // A lost connection begins anew above, so that the resync comes after LISTEN.
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// Passes hints on until the connection is lost; why it was.
async fn pass_on(listener: &mut PgListener, hints: &broadcast::Sender<Hint>) -> String {
    loop {
        match listener.try_recv().await {
            Ok(Some(heard)) => {
                let _ = hints.send(read(heard.payload()));
            }
            Ok(None) => return "closed".into(),
            Err(err) => return err.to_string(),
        }
    }
}

/// What is sent on the channel for a hint.
pub(crate) fn payload(hint: &Hint) -> String {
    match hint {
        Hint::Events(Mark { room_id, seq }) => format!("e {room_id} {seq}"),
        Hint::Gone(room_id) => format!("g {room_id}"),
        Hint::Presence(room_id) => format!("p {room_id}"),
        Hint::Resync => "r".into(),
    }
}

/// Anything that is not understood (another version, another program on the channel) means: look at everything.
fn read(payload: &str) -> Hint {
    let mut words = payload.split(' ');
    match (words.next(), words.next(), words.next().map(str::parse)) {
        (Some("e"), Some(room), Some(Ok(seq))) => Hint::Events(Mark { room_id: room.into(), seq }),
        (Some("g"), Some(room), None) => Hint::Gone(room.into()),
        (Some("p"), Some(room), None) => Hint::Presence(room.into()),
        _ => Hint::Resync,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_what_is_heard() {
        let mark = Mark { room_id: "r_abcdefghij".into(), seq: 42 };
        for hint in [Hint::Events(mark), Hint::Gone("r_a".into()), Hint::Presence("r_b".into()), Hint::Resync] {
            assert_eq!(read(&payload(&hint)), hint);
        }
    }

    #[test]
    fn what_is_not_understood_means_everything() {
        for odd in ["", "e", "e r_a", "e r_a many", "x r_a 1", "e r_a 1x"] {
            assert_eq!(read(odd), Hint::Resync, "{odd:?}");
        }
    }
}
