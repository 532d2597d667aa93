//! The behaviour suite of the store, against PostgreSQL.

mod cluster;

use cluster::Database;
use synctv_store_postgres::PostgresStore;

async fn fresh() -> (Database, PostgresStore) {
    let database = Database::new();
    let store = PostgresStore::connect(&database.url, 16).await.expect("connect");
    (database, store)
}

synctv_store::behaviour_suite!(fresh);
