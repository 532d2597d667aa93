//! The behaviour suite of the store, against SQLite.

use synctv_store_sqlite::SqliteStore;
use tempfile::TempDir;

async fn fresh() -> (TempDir, SqliteStore) {
    let dir = tempfile::tempdir().expect("temp dir");
    let store = SqliteStore::open(&dir.path().join("synctv.db")).await.expect("open");
    (dir, store)
}

synctv_store::behaviour_suite!(fresh);
