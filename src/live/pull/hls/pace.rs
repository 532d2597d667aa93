//! Frames come a segment at a time, and go to the stream in real time: players of FLV expect nothing else.

use super::rendition::Batch;
use crate::live::pull::{PullError, Sink};
use std::{collections::VecDeque, time::Duration};
use synctv_ingest::Frame;
use tokio::{
    sync::mpsc::Receiver,
    time::{Instant, sleep_until},
};

/// Frames go so far ahead of the clock at least, and at most: as much as the first segment lasts, which is there at once.
const AHEAD_MIN: Duration = Duration::from_secs(1);
const AHEAD_MAX: Duration = Duration::from_secs(10);
/// A step of the timestamps above this, in ms, begins a new timeline.
const JUMP_MS: u64 = 10_000;
/// Frames that are due so soon go out together.
const TOGETHER: Duration = Duration::from_millis(10);

/// When frames are due.
#[derive(Debug)]
struct Pace {
    /// The time of position 0.
    begun: Instant,
    /// ms of media since then.
    position: i64,
    /// The timeline and DTS of the last frame.
    last: Option<(u64, i64)>,
    ahead: Duration,
}

impl Pace {
    fn new(now: Instant, first: Duration) -> Self {
        Self { begun: now, position: 0, last: None, ahead: first.clamp(AHEAD_MIN, AHEAD_MAX) }
    }

    /// When a frame may go out. One that is late moves all that follow it: nobody is served by a hurry.
    fn due(&mut self, now: Instant, discontinuity: u64, dts: i64) -> Instant {
        let step = match self.last {
            Some((before, last)) if before == discontinuity => dts.saturating_sub(last),
            _ => 0,
        };
        self.last = Some((discontinuity, dts));
        // Times are the upstream's, whatever they are: a step may have no positive counterpart.
        if step.unsigned_abs() <= JUMP_MS {
            self.position = self.position.saturating_add(step);
        }
        let media = Duration::from_millis(u64::try_from(self.position).unwrap_or_default());
        if self.begun + media < now {
            self.begun = now.checked_sub(media).unwrap_or(now);
        }
        (self.begun + media).checked_sub(self.ahead).unwrap_or(now)
    }
}

/// One rendition's frames that are not out yet.
struct Queue {
    from: Receiver<Batch>,
    frames: VecDeque<Frame>,
    discontinuity: u64,
    over: bool,
}

impl Queue {
    /// Has a frame at its head, unless the rendition is over.
    async fn fill(&mut self, sink: &Sink, pace: &mut Option<Pace>) {
        while self.frames.is_empty() && !self.over {
            let Some(batch) = self.from.recv().await else {
                self.over = true;
                return;
            };
            pace.get_or_insert_with(|| Pace::new(Instant::now(), batch.duration));
            batch.warnings.into_iter().for_each(|warning| sink.warn(warning));
            self.discontinuity = batch.discontinuity;
            self.frames = batch.frames.into();
        }
    }

    fn head(&self) -> Option<(u64, i64)> {
        Some((self.discontinuity, self.frames.front()?.dts))
    }
}

/// Hands the frames of all renditions to the stream, by decoding time, until all are over.
///
/// # Errors
/// [`PullError::Closed`] and [`PullError::Taken`].
pub async fn deliver(renditions: Vec<Receiver<Batch>>, sink: &Sink) -> Result<(), PullError> {
    let queue = |from| Queue { from, frames: VecDeque::new(), discontinuity: 0, over: false };
    let mut queues: Vec<Queue> = renditions.into_iter().map(queue).collect();
    let (mut pace, mut due) = (None, Vec::new());
    loop {
        for queue in &mut queues {
            if queue.frames.is_empty() && !queue.over {
                // What is due must not wait for what is not there.
                push(sink, &mut due)?;
                queue.fill(sink, &mut pace).await;
            }
        }
        let next = queues.iter_mut().filter(|queue| queue.head().is_some()).min_by_key(|queue| queue.head());
        let (Some(queue), Some(pace)) = (next, &mut pace) else { return push(sink, &mut due) };
        let Some(frame) = queue.frames.pop_front() else { continue };
        let now = Instant::now();
        let at = pace.due(now, queue.discontinuity, frame.dts);
        if at > now + TOGETHER {
            push(sink, &mut due)?;
            sleep_until(at).await;
        }
        due.push(frame);
    }
}

fn push(sink: &Sink, due: &mut Vec<Frame>) -> Result<(), PullError> {
    if due.is_empty() { Ok(()) } else { sink.push(due.drain(..)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_first_segment_goes_out_at_once_and_the_rest_in_real_time() {
        let now = Instant::now() + Duration::from_secs(100);
        let mut pace = Pace::new(now, ms(2000));
        assert!(pace.due(now, 0, 90_000) <= now);
        assert!(pace.due(now, 0, 92_000) <= now);
        assert_eq!(pace.due(now, 0, 95_000), now + ms(3000));
        assert_eq!(pace.due(now + ms(3000), 0, 94_960), now + ms(2960), "tracks interleave");
    }

    #[test]
    fn a_jump_or_another_timeline_goes_on_where_the_last_frame_was() {
        let now = Instant::now() + Duration::from_secs(100);
        let mut pace = Pace::new(now, ms(1000));
        pace.due(now, 0, 5_000);
        assert_eq!(pace.due(now, 0, 9_000), now + ms(3000));
        assert_eq!(pace.due(now, 0, 900_000), now + ms(3000));
        assert_eq!(pace.due(now, 1, 0), now + ms(3000));
        assert_eq!(pace.due(now, 1, 40), now + ms(3040));
    }

    #[test]
    fn times_from_one_end_to_the_other_are_jumps() {
        let now = Instant::now() + Duration::from_secs(100);
        let mut pace = Pace::new(now, ms(1000));
        for dts in [0, i64::MIN, i64::MAX, i64::MIN, 0, -1, i64::MAX] {
            assert!(pace.due(now, 0, dts) <= now, "{dts}");
        }
    }

    #[test]
    fn after_a_stall_one_segment_goes_out_at_once_again() {
        let now = Instant::now() + Duration::from_secs(100);
        let mut pace = Pace::new(now, ms(2000));
        pace.due(now, 0, 0);
        let later = now + ms(60_000);
        assert_eq!(pace.due(later, 0, 2_000), later - ms(2000));
        assert_eq!(pace.due(later, 0, 6_000), later + ms(2000));
    }
}
