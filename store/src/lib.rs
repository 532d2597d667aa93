//! The durable model: row types and the [`Store`] trait.
