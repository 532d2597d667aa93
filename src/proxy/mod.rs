//! URLs that prove by themselves that they were given out by this server.

pub mod sign;
