//! From PostgreSQL's error codes to errors an operator can act on.

use std::future::Future;
use std::time::Duration;

use sqlx::error::DatabaseError;
use synctv_store::{Error, Result};

/// How long a caller waits for an answer: less than the 3 s within which the API says that the database is away.
pub(crate) const ANSWER: Duration = Duration::from_millis(2500);

/// Gives up on a database that does not answer at all, which no server-side timeout can notice.
pub(crate) async fn within<T>(limit: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        Err(Error::Unavailable(format!("the database did not answer within {} ms", limit.as_millis())))
    })
}

/// Says what a failed statement means. Codes: <https://www.postgresql.org/docs/15/errcodes-appendix.html>.
pub(crate) fn classify(err: sqlx::Error) -> Error {
    let sqlx::Error::Database(db) = &err else {
        return match err {
            sqlx::Error::PoolTimedOut => {
                Error::Unavailable("the database cannot be reached, or all connections to it are busy".into())
            }
            sqlx::Error::PoolClosed => Error::Unavailable("the database is closed".into()),
            sqlx::Error::Io(io) => Error::Unavailable(format!("the connection to the database failed: {io}")),
            sqlx::Error::Tls(err) => Error::Unavailable(format!("TLS to the database failed: {err}")),
            other => Error::Unavailable(format!("the database failed: {other}")),
        };
    };
    let code = db.code().unwrap_or_default();
    let busy = |what: &str| Error::Unavailable(format!("the database is overloaded: {what}"));
    match code.as_ref() {
        "57P01" | "57P02" => Error::Unavailable("the database is shutting down or closed the connection".into()),
        "57P03" => Error::Unavailable("the database is starting or stopping".into()),
        "57P04" | "3D000" => Error::Unavailable(format!("the database does not exist: {}", db.message())),
        "53300" => busy("it has no free connections"),
        "53100" => Error::Unavailable("the database's disk is full".into()),
        "53000" | "53200" | "53400" => busy(db.message()),
        "40001" | "40P01" => busy("changes at the same time got into each other's way; try again"),
        "55P03" => busy("a lock was not to be had in time"),
        "57014" => busy("a statement took too long"),
        "25P03" => busy("a transaction was idle for too long"),
        "25006" => Error::Unavailable("the database cannot be written: it is read-only".into()),
        "28000" | "28P01" => Error::Unavailable(format!("the database refused the login: {}", db.message())),
        "42501" => Error::Unavailable(format!("the database user may not do this: {}", db.message())),
        "22021" | "22P05" => Error::Invalid("a text holds a character that cannot be stored".into()),
        "23505" | "23503" | "23514" | "23502" => refused(db.as_ref()),
        "XX001" | "XX002" => Error::Corrupt(format!("the database is damaged: {}", db.message())),
        _ => Error::Unavailable(format!("the database failed: {} ({code})", db.message())),
    }
}

fn refused(db: &dyn DatabaseError) -> Error {
    Error::Conflict(format!("the database refused the change: {}", db.message()))
}

/// As [`classify`], with a text of its own when something unique exists already under this constraint.
pub(crate) fn taken(constraint: &str, text: impl FnOnce() -> String) -> impl FnOnce(sqlx::Error) -> Error {
    move |err| match &err {
        sqlx::Error::Database(db) if db.is_unique_violation() && db.constraint() == Some(constraint) => {
            Error::Conflict(text())
        }
        _ => classify(err),
    }
}
