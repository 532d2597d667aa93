//! What an operator sees when the database file cannot be used, and that a good one is kept.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sqlx::{Connection, SqliteConnection};
use synctv_store::{Error, Streams};
use synctv_store_sqlite::SqliteStore;

async fn refused(path: &Path) -> Error {
    SqliteStore::open(path).await.expect_err("opening must fail")
}

#[tokio::test]
async fn a_reopened_database_has_everything() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/er/synctv.db");
    let store = SqliteStore::open(&path).await.unwrap();
    store.create_stream("demo", true).await.unwrap();
    let signing_key = store.signing_key().await.unwrap();
    store.close().await;
    let store = SqliteStore::open(&path).await.unwrap();
    assert!(store.stream("demo").await.unwrap().private);
    assert_eq!(store.signing_key().await.unwrap(), signing_key);
}

#[tokio::test]
async fn only_the_owner_may_read_the_database() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new/synctv.db");
    let store = SqliteStore::open(&path).await.unwrap();
    store.create_stream("demo", true).await.unwrap();
    let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&dir.path().join("new/synctv.db-wal")), 0o600);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("synctv.db");
    let text = "this is a letter, not a database ".repeat(100);
    std::fs::write(&path, &text).unwrap();
    let err = refused(&path).await;
    assert!(matches!(&err, Error::Corrupt(text) if text.contains("not an SQLite database")), "{err:?}");
    assert!(err.to_string().contains("synctv.db"), "{err}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    let err = refused(&dir.path().join("file/data/synctv.db")).await;
    assert!(matches!(&err, Error::Unavailable(text) if text.contains("cannot make the data directory")), "{err:?}");
}

#[tokio::test]
async fn a_directory_in_place_of_the_file_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let err = refused(dir.path()).await;
    assert!(matches!(&err, Error::Unavailable(text) if text.contains("cannot write the database")), "{err:?}");
}

#[tokio::test]
async fn a_newer_schema_asks_for_the_newer_version() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("synctv.db");
    SqliteStore::open(&path).await.unwrap().close().await;
    let mut raw = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    sqlx::raw_sql(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', 1, x'00', 0)",
    )
    .execute(&mut raw)
    .await
    .unwrap();
    raw.close().await.unwrap();
    let err = refused(&path).await;
    assert!(matches!(err, Error::NewerSchema { found: 9999, .. }), "{err:?}");
    assert!(err.to_string().contains("newer"), "{err}");
}

#[tokio::test]
async fn another_process_may_write_at_the_same_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("synctv.db");
    let (one, two) = (SqliteStore::open(&path).await.unwrap(), SqliteStore::open(&path).await.unwrap());
    let each = async |store: &SqliteStore, prefix: &str| {
        for n in 0..50 {
            store.create_stream(&format!("{prefix}{n}"), false).await.unwrap();
        }
    };
    tokio::join!(each(&one, "a"), each(&two, "b"));
    assert_eq!(one.streams().await.unwrap().len(), 100);
}
