//! What an operator sees when the database cannot be used, and that several nodes may begin at once.

mod cluster;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use cluster::Database;
use synctv_store::{Error, Streams};
use synctv_store_postgres::PostgresStore;

async fn refused(url: &str) -> Error {
    PostgresStore::connect(url, 4).await.expect_err("connecting must fail")
}

/// The same URL with a login.
fn with_login(url: &str, login: &str) -> String {
    let (_, place) = url.split_once('@').expect("a login");
    format!("postgres://{login}@{place}")
}

#[tokio::test]
async fn many_nodes_may_begin_at_once_on_an_empty_database() {
    let database = Database::new();
    let begin = || PostgresStore::connect(&database.url, 2);
    let (a, b, c, d) = tokio::join!(begin(), begin(), begin(), begin());
    for store in [a, b, c, d] {
        store.expect("each node begins").ping().await.expect("ping");
    }
    let written =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres")).expect("is there");
    let made = database.psql("SELECT COUNT(*) FROM _sqlx_migrations WHERE success");
    assert_eq!(made, written.count().to_string());
}

#[tokio::test]
async fn a_second_start_finds_everything() {
    let database = Database::new();
    let store = PostgresStore::connect(&database.url, 2).await.expect("connect");
    store.create_stream("demo", true).await.expect("create");
    let signing_key = store.signing_key().await.expect("key");
    store.close().await;
    let err = store.ping().await.expect_err("closed");
    assert!(matches!(&err, Error::Unavailable(text) if text.contains("closed")), "{err:?}");
    let store = PostgresStore::connect(&database.url, 2).await.expect("connect");
    assert!(store.stream("demo").await.expect("read").private);
    assert_eq!(store.signing_key().await.expect("key"), signing_key);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_the_password() {
    let free = TcpListener::bind("127.0.0.1:0").expect("bind").local_addr().expect("address");
    let err = refused(&format!("postgres://me:hush@{free}/x")).await;
    assert!(matches!(&err, Error::Unavailable(text) if text.contains(&format!("{free}/x"))), "{err:?}");
    assert!(!format!("{err:?}").contains("hush"), "{err:?}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_soon() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("bind");
    let begun = Instant::now();
    let err = refused(&format!("postgres://me:hush@{}/x", silent.local_addr().expect("address"))).await;
    assert!(matches!(&err, Error::Unavailable(text) if text.contains("did not answer")), "{err:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_bad_url_is_refused_without_repeating_it() {
    for url in ["postgres://me:hush@host:port/x", "postgres://me:hush@[::1/x", "postgres://hush:hush@h/x?sslmode=hush"]
    {
        let err = refused(url).await;
        assert!(matches!(&err, Error::Invalid(_)), "{err:?}");
        assert!(!format!("{err:?}").contains("hush"), "{err:?}");
    }
}

#[tokio::test]
async fn a_missing_database_or_user_is_said_plainly() {
    let database = Database::new();
    let err = refused(&format!("{}_missing", database.url)).await;
    assert!(matches!(&err, Error::Unavailable(text) if text.contains("does not exist")), "{err:?}");
    let err = refused(&with_login(&database.url, "nobody_here:hush")).await;
    let text = format!("{err:?}");
    assert!(matches!(&err, Error::Unavailable(_)) && text.contains("nobody_here") && !text.contains("hush"), "{text}");
}

#[tokio::test]
async fn a_newer_schema_asks_for_the_newer_version() {
    let database = Database::new();
    PostgresStore::connect(&database.url, 2).await.expect("connect").close().await;
    database.psql(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', TRUE, '\\x00', 0)",
    );
    let err = refused(&database.url).await;
    assert!(matches!(err, Error::NewerSchema { found: 9999, .. }), "{err:?}");
}

#[tokio::test]
async fn the_server_cuts_off_what_takes_too_long() {
    let database = Database::new();
    let store = PostgresStore::connect(&database.url, 2).await.expect("connect");
    store.create_stream("demo", true).await.expect("create");
    let shown = database.psql(
        "SELECT COUNT(*) > 0 FROM pg_stat_activity WHERE application_name = 'synctv' AND datname = current_database()",
    );
    assert_eq!(shown, "t", "an operator sees whose connections these are");
    // A lock that another session holds is not waited for beyond the limit.
    let (url, held) = (database.url.clone(), Instant::now());
    let holder = std::process::Command::new("psql")
        .args([&url, "-X", "-q", "-c", "BEGIN; LOCK TABLE streams IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(20)"])
        .spawn();
    let mut holder = holder.expect("psql");
    while database
        .psql("SELECT COUNT(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'streams'::regclass")
        == "0"
    {
        assert!(held.elapsed() < Duration::from_secs(10), "the lock is taken");
    }
    let begun = Instant::now();
    let err = store.stream("demo").await.expect_err("locked");
    assert!(matches!(&err, Error::Unavailable(text) if text.contains("lock")), "{err:?}");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    holder.kill().expect("kill");
    holder.wait().expect("wait");
}
