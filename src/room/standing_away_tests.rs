//! While the store is slow or away, by a clock of the test's own.

use async_trait::async_trait;
use tokio::sync::broadcast;

use super::*;

const ROOM: &str = "r_0000000001";
/// What a store that is away takes to say so.
const FAILS_AFTER: Duration = Duration::from_millis(2500);

/// A store with one room.
#[derive(Debug, Clone, Default)]
struct Scripted(Arc<Mutex<Script>>);

#[derive(Debug, Clone, Default)]
struct Script {
    away: bool,
    takes: Duration,
    generation: i64,
    head: i64,
    looks: usize,
}

#[async_trait]
impl Reads for Scripted {
    async fn read(&self, _: &str, _: Option<&Read>) -> Result<Read> {
        let found = {
            let mut script = self.0.lock();
            script.looks += 1;
            script.clone()
        };
        if found.away {
            tokio::time::sleep(FAILS_AFTER).await;
            return Err(Error::Unavailable("away".into()));
        }
        tokio::time::sleep(found.takes).await;
        let Script { generation, head, .. } = found;
        Ok(Read { generation, head, floor: 0, ousted: Vec::new(), at: Instant::now() })
    }
}

struct Stage {
    script: Scripted,
    hints: broadcast::Sender<Hint>,
    standings: Arc<Standings>,
}

impl Stage {
    /// The room was read already.
    async fn known() -> Self {
        let (hints, heard) = broadcast::channel(16);
        let script = Scripted::default();
        let standings = Standings::over(Box::new(script.clone()), heard);
        let stage = Self { script, hints, standings };
        assert_eq!(stage.check(0).await, Ok(()));
        stage
    }

    async fn check(&self, generation: i64) -> std::result::Result<(), Void> {
        self.standings.check(Claim { room_id: ROOM, generation, seq: 0, holder: None }).await
    }

    /// So many requests at once; how long the last of them took.
    async fn crowd(&self, requests: usize, outcome: std::result::Result<(), Void>) -> Duration {
        let began = Instant::now();
        let asked = (0..requests).map(|_| {
            let standings = Arc::clone(&self.standings);
            tokio::spawn(
                async move { standings.check(Claim { room_id: ROOM, generation: 0, seq: 0, holder: None }).await },
            )
        });
        for asked in asked.collect::<Vec<_>>() {
            assert_eq!(asked.await.unwrap(), outcome);
        }
        began.elapsed()
    }

    fn switch(&self) {
        let mut script = self.script.0.lock();
        script.generation += 1;
        script.head += 1;
        let _ = self.hints.send(Hint::Events(Mark { room_id: ROOM.into(), seq: script.head }));
    }

    fn looks(&self) -> usize {
        self.script.0.lock().looks
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_trusted_waits_for_no_store_that_is_away() {
    let stage = Stage::known().await;
    stage.script.0.lock().away = true;
    tokio::time::advance(COMPARED_AFTER).await;
    assert!(stage.crowd(100, Ok(())).await <= COMPARED_WITHIN, "the first look keeps nobody waiting for long");
    assert!(stage.crowd(100, Ok(())).await.is_zero(), "it has been waited for");
    assert_eq!(stage.looks(), 2, "one for all of them");
    tokio::time::sleep(FAILS_AFTER).await;
    for _ in 0..60 {
        let _ = stage.hints.send(Hint::Resync);
        assert!(stage.crowd(10, Ok(())).await.is_zero());
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let often = 60 / (FAILS_AFTER + FAILED_FOR).as_secs() as usize + 3;
    assert!(stage.looks() <= often, "{} looks in a minute", stage.looks());
    tokio::time::advance(TRUSTED_FOR).await;
    assert!(stage.crowd(10, Err(Void::Unknown)).await <= FAILS_AFTER, "nothing is trusted for ever");
}

#[tokio::test(start_paused = true)]
async fn a_failed_look_is_remembered_for_rooms_that_nobody_knows() {
    let (_hints, heard) = broadcast::channel(16);
    let script = Scripted::default();
    script.0.lock().away = true;
    let stage = Stage { standings: Standings::over(Box::new(script.clone()), heard), script, hints: _hints };
    assert!(stage.crowd(100, Err(Void::Unknown)).await <= FAILS_AFTER);
    assert!(stage.crowd(100, Err(Void::Unknown)).await.is_zero());
    assert_eq!(stage.looks(), 1);
    stage.script.0.lock().away = false;
    tokio::time::advance(FAILED_FOR).await;
    assert!(stage.crowd(100, Ok(())).await.is_zero());
}

#[tokio::test(start_paused = true)]
async fn a_switch_counts_at_once_whatever_failed_before() {
    let stage = Stage::known().await;
    stage.script.0.lock().away = true;
    tokio::time::advance(COMPARED_AFTER).await;
    stage.crowd(1, Ok(())).await;
    tokio::time::sleep(FAILS_AFTER).await;
    stage.script.0.lock().away = false;
    stage.switch();
    assert_eq!(stage.check(0).await, Err(Void::Over), "the store has answered since, so it is asked");
    assert_eq!(stage.check(1).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_look_that_began_before_a_switch_does_not_decide_about_it() {
    let stage = Stage::known().await;
    stage.script.0.lock().takes = Duration::from_secs(1);
    tokio::time::advance(COMPARED_AFTER).await;
    assert_eq!(stage.check(0).await, Ok(()));
    stage.switch();
    assert_eq!(stage.check(0).await, Err(Void::Over));
    assert_eq!(stage.looks(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_url_that_another_node_gave_out_tells_of_its_event() {
    let stage = Stage::known().await;
    *stage.script.0.lock() = Script { generation: 1, head: 1, ..Script::default() };
    assert_eq!(stage.standings.check(Claim { room_id: ROOM, generation: 1, seq: 1, holder: None }).await, Ok(()));
    assert_eq!(stage.check(0).await, Err(Void::Over));
}

#[tokio::test(start_paused = true)]
async fn lost_hints_count_like_heard_ones() {
    let stage = Stage::known().await;
    stage.script.0.lock().takes = Duration::from_secs(1);
    stage.switch();
    for _ in 0..40 {
        let _ = stage.hints.send(Hint::Presence(ROOM.into()));
    }
    assert_eq!(stage.check(0).await, Err(Void::Over));
}

#[tokio::test(start_paused = true)]
async fn once_the_store_is_back_one_request_finds_out() {
    let stage = Stage::known().await;
    stage.script.0.lock().away = true;
    tokio::time::advance(COMPARED_AFTER).await;
    stage.crowd(1, Ok(())).await;
    tokio::time::sleep(FAILS_AFTER + FAILED_FOR).await;
    // Somewhere else, and no hint of it came through.
    *stage.script.0.lock() = Script { generation: 1, head: 1, ..Script::default() };
    assert_eq!(stage.check(0).await, Ok(()), "what is trusted answers");
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(stage.check(0).await, Err(Void::Over), "and the look behind it has counted");
}
