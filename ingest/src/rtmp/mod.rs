//! The server side of RTMP without sockets: a publisher's bytes in, events and answers out.
//!
//! [`Session`] is the whole connection. Below it: [`ChunkReader`] turns bytes into messages, commands are read from AMF0
//! (`command`), the publish URL is made whole again (`name`), and answers are written (`reply`). rml_rtmp shakes hands and
//! serialises; nothing that a peer sends reaches its readers.

mod acknowledgement;
mod aggregate;
mod chunk;
mod chunk_header;
mod command;
mod handshake;
mod limits;
mod metadata;
mod name;
mod reply;
mod session;

pub use chunk::{ChunkLimits, ChunkReader, Message};
pub use limits::Limits;
pub use metadata::Metadata;
pub use name::{BadName, PublishKey, StreamName};
pub use reply::Refusal;
pub use session::{Event, Session};
