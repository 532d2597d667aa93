//! The one error of the media core.

/// Why untrusted media or protocol bytes were not accepted. Carries what was being read and why it failed, readable alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes break the named format.
    #[error("malformed {what}: {why}")]
    Malformed {
        /// What was being read, in the field's words ("AVC sequence header", "AMF0 string").
        what: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Fewer bytes than the format promises.
    #[error("{what} is cut short: {needed} bytes needed, {got} there")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Bytes the format asks for.
        needed: usize,
        /// Bytes there were.
        got: usize,
    },
    /// Legal, but not something this server carries.
    #[error("unsupported {what}: {value}")]
    Unsupported {
        /// The kind of thing ("video codec", "AMF0 marker").
        what: &'static str,
        /// Its name or number.
        value: String,
    },
    /// A named limit was passed.
    #[error("{what} is over the limit: {value} > {max}")]
    Limit {
        /// The limit's name.
        what: &'static str,
        /// What the peer asked for.
        value: u64,
        /// What is allowed.
        max: u64,
    },
}

impl Error {
    /// Shorthand for [`Error::Malformed`].
    #[must_use]
    pub const fn malformed(what: &'static str, why: &'static str) -> Self {
        Self::Malformed { what, why }
    }
}
