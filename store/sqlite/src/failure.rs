//! From SQLite's result codes to errors an operator can act on.

use sqlx::error::DatabaseError;
use synctv_store::Error;

/// The primary result code (the low byte of the extended one), <https://sqlite.org/rescode.html>.
fn primary_code(err: &dyn DatabaseError) -> Option<i32> {
    err.code()?.parse::<i32>().ok().map(|code| code & 0xff)
}

/// Says what a failed statement means.
pub(crate) fn classify(err: sqlx::Error) -> Error {
    let sqlx::Error::Database(db) = &err else {
        return match err {
            sqlx::Error::PoolTimedOut => Error::Unavailable("the database is overloaded: no free connection".into()),
            sqlx::Error::PoolClosed => Error::Unavailable("the database is closed".into()),
            sqlx::Error::Io(io) => Error::Unavailable(format!("the database file cannot be accessed: {io}")),
            other => Error::Unavailable(format!("the database failed: {other}")),
        };
    };
    match primary_code(db.as_ref()) {
        Some(5 | 6) => Error::Unavailable("the database is locked by another process".into()),
        Some(8) => Error::Unavailable("the database cannot be written: it is read-only".into()),
        Some(10) => Error::Unavailable(format!("reading or writing the database failed (disk?): {}", db.message())),
        Some(11) => Error::Corrupt(format!("the database is damaged: {}", db.message())),
        Some(13) => Error::Unavailable("the disk is full: the database cannot be written".into()),
        Some(14) => Error::Unavailable("the database file cannot be opened (missing directory or permission)".into()),
        Some(19) => Error::Conflict(format!("the database refused the change: {}", db.message())),
        Some(26) => Error::Corrupt("the file is not an SQLite database".into()),
        _ => Error::Unavailable(format!("the database failed: {}", db.message())),
    }
}

#[cfg(test)]
mod tests {
    use synctv_store::{Error, Streams};

    use crate::SqliteStore;

    #[tokio::test]
    async fn a_full_disk_is_said_plainly_and_reading_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&dir.path().join("synctv.db")).await.unwrap();
        store.create_stream("kept", false).await.unwrap();
        // SQLite answers SQLITE_FULL the same way when the file may not grow for want of disk.
        sqlx::raw_sql("PRAGMA max_page_count = 1").execute(&store.writer).await.unwrap();
        let mut failed = None;
        for n in 0..2000 {
            if let Err(err) = store.create_stream(&format!("{n}-{}", "x".repeat(50)), false).await {
                failed = Some(err);
                break;
            }
        }
        assert!(matches!(&failed, Some(Error::Unavailable(text)) if text.contains("disk is full")), "{failed:?}");
        assert_eq!(store.stream("kept").await.unwrap().name, "kept");
    }
}
