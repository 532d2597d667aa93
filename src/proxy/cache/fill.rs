//! A slice on its way: whoever wants it follows the pieces as they come.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::Failure;
use super::identity::Key;
use crate::fetch;

/// Where the bytes of a slice come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Disk,
    Origin,
}

/// A slice that is being filled, in one go from its first byte.
#[derive(Debug)]
pub(super) struct Fill {
    /// Bytes it will have.
    pub len: usize,
    /// The request that fetches it.
    pub exact: Key,
    state: Mutex<State>,
    grown: watch::Sender<()>,
    readers: AtomicUsize,
}

#[derive(Debug)]
struct State {
    source: Option<Source>,
    pieces: Vec<Bytes>,
    got: usize,
    end: Option<Result<Bytes, Failure>>,
}

/// Where in a fill a reader is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cursor {
    /// The reader's next byte.
    pub position: usize,
    piece: usize,
    /// Where that piece begins.
    begin: usize,
}

impl Fill {
    pub fn new(len: usize, exact: Key) -> Self {
        let state = State { source: None, pieces: Vec::new(), got: 0, end: None };
        Self { len, exact, state: Mutex::new(state), grown: watch::Sender::new(()), readers: AtomicUsize::new(0) }
    }

    /// It is certain that its bytes will be of the right version.
    pub fn begin(&self, source: Source) {
        self.state.lock().source = Some(source);
        self.grown.send_replace(());
    }

    /// The next bytes. They must fit.
    pub fn push(&self, piece: Bytes) {
        let mut state = self.state.lock();
        state.got += piece.len();
        debug_assert!(state.got <= self.len, "whoever fills counts");
        state.pieces.push(piece);
        drop(state);
        self.grown.send_replace(());
    }

    /// All bytes are there: they become one piece, so that they are sent with few writes and hold no more memory than they fill.
    pub fn end(&self) -> Bytes {
        let mut state = self.state.lock();
        let whole = match state.pieces.as_slice() {
            [only] if only.len() == self.len => compact(only),
            pieces => {
                let mut whole = BytesMut::with_capacity(self.len);
                pieces.iter().for_each(|piece| whole.extend_from_slice(piece));
                whole.freeze()
            }
        };
        debug_assert_eq!(whole.len(), self.len);
        state.pieces = Vec::new();
        state.end = Some(Ok(whole.clone()));
        drop(state);
        self.grown.send_replace(());
        whole
    }

    /// All bytes at once.
    pub fn end_with(&self, source: Source, whole: Bytes) {
        let mut state = self.state.lock();
        (state.source, state.end) = (Some(source), Some(Ok(whole)));
        drop(state);
        self.grown.send_replace(());
    }

    /// There will be no more; does nothing once it has ended.
    pub fn fail(&self, failure: Failure) {
        let mut state = self.state.lock();
        if state.end.is_none() {
            state.end = Some(Err(failure));
            state.pieces = Vec::new();
        }
        drop(state);
        self.grown.send_replace(());
    }

    /// Waits until it is known where the bytes come from, and that they will be right.
    pub async fn begun(&self) -> Result<Source, Failure> {
        let mut grown = self.grown.subscribe();
        loop {
            {
                let state = self.state.lock();
                match (&state.end, state.source) {
                    (Some(Err(failure)), _) => return Err(failure.clone()),
                    (_, Some(source)) => return Ok(source),
                    _ => {}
                }
            }
            wait(&mut grown).await?;
        }
    }

    /// The bytes at the cursor, at least one; it moves behind them. `position` must lie within the slice.
    pub async fn next(&self, cursor: &mut Cursor) -> Result<Bytes, Failure> {
        let mut grown = self.grown.subscribe();
        loop {
            if let Some(found) = self.state.lock().at(cursor) {
                return found;
            }
            wait(&mut grown).await?;
        }
    }

    /// Whether all of it is there, so that nobody waits for its origin any more.
    pub fn is_full(&self) -> bool {
        self.state.lock().got == self.len
    }

    /// Whether somebody reads it; see [`Following`].
    pub fn is_read(&self) -> bool {
        self.readers.load(Ordering::Relaxed) > 0
    }
}

impl State {
    fn at(&self, cursor: &mut Cursor) -> Option<Result<Bytes, Failure>> {
        let found = match &self.end {
            Some(Err(failure)) => return Some(Err(failure.clone())),
            Some(Ok(whole)) => whole.slice(cursor.position..),
            None => {
                let mut piece = self.pieces.get(cursor.piece)?;
                while cursor.begin + piece.len() <= cursor.position {
                    cursor.begin += piece.len();
                    cursor.piece += 1;
                    piece = self.pieces.get(cursor.piece)?;
                }
                piece.slice(cursor.position - cursor.begin..)
            }
        };
        cursor.position += found.len();
        Some(Ok(found))
    }
}

/// A piece may be a small part of a large buffer.
fn compact(piece: &Bytes) -> Bytes {
    Bytes::copy_from_slice(piece)
}

async fn wait(grown: &mut watch::Receiver<()>) -> Result<(), Failure> {
    grown.changed().await.map_err(|_| fetch::Error::Connection.into())
}

/// A reader of a fill, as long as it is held.
#[derive(Debug)]
pub(super) struct Following {
    pub fill: std::sync::Arc<Fill>,
    pub cursor: Cursor,
}

impl Following {
    pub fn new(fill: std::sync::Arc<Fill>, position: usize) -> Self {
        fill.readers.fetch_add(1, Ordering::Relaxed);
        Self { fill, cursor: Cursor { position, ..Cursor::default() } }
    }

    pub async fn next(&mut self) -> Result<Bytes, Failure> {
        self.fill.next(&mut self.cursor).await
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.fill.readers.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt;

    use super::*;

    fn fill(len: usize) -> Arc<Fill> {
        Arc::new(Fill::new(len, [0; 32]))
    }

    #[tokio::test]
    async fn readers_have_each_piece_as_it_comes_and_all_from_anywhere() {
        let fill = fill(9);
        let mut early = Following::new(fill.clone(), 0);
        let mut late = Following::new(fill.clone(), 4);
        fill.begin(Source::Origin);
        assert_eq!(fill.begun().await.unwrap(), Source::Origin);
        fill.push(Bytes::from_static(b"abc"));
        assert_eq!(early.next().await.unwrap(), "abc");
        assert!(early.next().now_or_never().is_none());
        assert!(late.next().now_or_never().is_none());
        fill.push(Bytes::from_static(b"def"));
        assert_eq!(late.next().await.unwrap(), "ef");
        fill.push(Bytes::from_static(b"ghi"));
        fill.end();
        assert_eq!(early.next().await.unwrap(), "defghi");
        assert_eq!(late.next().await.unwrap(), "ghi");
        assert!(fill.is_read());
        drop((early, late));
        assert!(!fill.is_read());
    }

    #[tokio::test]
    async fn a_failure_wakes_everybody() {
        let fill = fill(9);
        let mut reader = Following::new(fill.clone(), 0);
        let waiting = tokio::spawn(async move { reader.next().await });
        tokio::task::yield_now().await;
        fill.fail(Failure::Changed);
        assert!(matches!(waiting.await.unwrap(), Err(Failure::Changed)));
        assert!(matches!(fill.begun().await, Err(Failure::Changed)));
    }
}
