//! The durable model: row types and the [`Store`] trait, in the caller's words.
//!
//! A backend is a crate of its own that implements [`Store`] for one database. Whatever compares times to decide
//! something durable (has this key expired?) does it in the statement, with the database's clock.

#[cfg(feature = "behaviour")]
pub mod behaviour;
mod error;
mod name;
mod row;
mod store;

pub use error::{Error, Result};
pub use name::{NAME_MAX, NameError, check_name};
pub use row::{Ensured, KeyHash, KeyOnStream, KeyUse, NewKey, PublishKey, Rotation, Stream, StreamKind};
pub use store::Store;
