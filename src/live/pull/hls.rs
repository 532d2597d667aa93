//! A pull over HLS.

use super::{PullError, PullFrom, Sink};
use crate::fetch::Client;

/// Follows a playlist until it ends, or something is wrong.
///
/// # Errors
/// [`PullError`]; [`PullError::Ended`] behind `EXT-X-ENDLIST`.
pub async fn follow(_client: &Client, _from: &PullFrom, _sink: &Sink) -> Result<(), PullError> {
    Err(PullError::Kind)
}
