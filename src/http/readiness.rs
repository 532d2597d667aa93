//! Whether this process wants traffic: it has started, is not stopping, and its database answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use synctv_store::Store;
use tokio::time::timeout;

/// A database that does not answer within this time does not answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);
/// What it answered counts for so long.
const COUNTS_FOR: Duration = Duration::from_millis(500);

/// What `/readyz` says.
#[derive(Debug)]
pub struct Readiness {
    wanted: AtomicBool,
    store: Arc<dyn Store>,
    /// Whether the database answered, and when it was asked.
    asked: Mutex<Option<(Instant, bool)>>,
}

impl Readiness {
    /// Wants no traffic yet.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { wanted: AtomicBool::new(false), store, asked: Mutex::new(None) }
    }

    /// Starts or stops asking for traffic.
    pub fn set(&self, ready: bool) {
        self.wanted.store(ready, Relaxed);
    }

    /// Whether traffic is wanted: the database is asked when it was not asked just now.
    pub async fn ready(&self) -> bool {
        self.wanted.load(Relaxed) && self.database_answers().await
    }

    async fn database_answers(&self) -> bool {
        let now = Instant::now();
        let known = *self.asked.lock();
        if let Some((asked, answered)) = known
            && now.saturating_duration_since(asked) < COUNTS_FOR
        {
            return answered;
        }
        let answered = matches!(timeout(ANSWERS_WITHIN, self.store.ping()).await, Ok(Ok(())));
        *self.asked.lock() = Some((Instant::now(), answered));
        answered
    }
}
