//! RTMP without sockets: a peer's bytes in, events and answers out.
//!
//! [`Session`] is a publisher's whole connection, server side; [`PlaySession`] is ours to another server, whose stream we play. Below them: [`ChunkReader`] turns bytes into messages, commands are read from AMF0
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
mod play;
mod play_requests;
mod play_url;
mod reply;
mod session;

pub use chunk::{ChunkLimits, ChunkReader, Message};
pub use limits::Limits;
pub use metadata::Metadata;
pub use name::{BadName, PublishKey, StreamName};
pub use play::{PlayEvent, PlaySession};
pub use play_url::{BadPlayUrl, PlayUrl};
pub use reply::Refusal;
pub use session::{Event, Session};
