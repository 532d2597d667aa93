//! Why a pull ended.

use crate::fetch;

/// Why an attempt to pull ended. The texts carry no URL, address, header or key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PullError {
    /// The source is none that is fetched; the text says what is.
    #[error("{0}")]
    Url(String),
    /// It leads back here.
    #[error("the upstream is this gateway itself: a stream cannot be pulled from where it goes")]
    Own,
    /// It could not be fetched.
    #[error("{0}")]
    Fetch(#[from] fetch::Error),
    /// An RTMP server refuses.
    #[error("the upstream refuses to play: {0}")]
    Refused(String),
    /// What it sends is not what it should be, or nothing that can be carried.
    #[error("{0}")]
    Media(#[from] synctv_ingest::Error),
    /// Neither FLV nor a playlist.
    #[error("the upstream sends neither FLV nor an HLS playlist")]
    Kind,
    /// Nothing came.
    #[error("the upstream did not {0} in time")]
    Silent(&'static str),
    /// The upstream says that the stream is over, or closes.
    #[error("the upstream ended the stream")]
    Ended,
    /// The operator closed the publication.
    #[error("closed by the operator")]
    Closed,
    /// The name is taken by a publisher.
    #[error("somebody publishes to this stream")]
    Taken,
    /// The source was changed: it is fetched from elsewhere at once.
    #[error("the source was changed")]
    Moved,
    /// The stored source cannot be read.
    #[error("the stream cannot be looked up: the database does not answer")]
    Unavailable,
}

/// Why a stream does not play.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPlaying {
    /// No pull stream has this name.
    #[error("no such stream is live")]
    Unknown,
    /// One more is not pulled.
    #[error("this gateway pulls as many streams as it may (live.max_pulls)")]
    Full,
    /// Whether there is one cannot be said.
    #[error("the stream cannot be looked up at the moment")]
    Unavailable,
    /// The upstream will not send, whoever asks.
    #[error("the stream's upstream cannot be played")]
    Failed,
    /// Nothing came in time.
    #[error("the stream's upstream has not sent anything yet")]
    Silent,
}

/// Characters of an upstream's own words that stand in an error.
pub const SHOWN_CHARS: usize = 64;

/// As much of an upstream's words as is shown: they may be long, and hold anything.
pub fn shown(words: &str) -> String {
    words.chars().take(SHOWN_CHARS).flat_map(char::escape_debug).collect()
}

impl PullError {
    /// Whether another attempt will most likely end the same way: those who wait for the stream are told at once.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::Url(_) | Self::Own | Self::Kind => true,
            // A live origin has nothing there until its own publisher comes.
            Self::Fetch(fetch::Error::Status(404)) => false,
            Self::Fetch(error) => error.is_lasting(),
            _ => false,
        }
    }
}
