//! Rooms over HTTP: the API under `/api/v1/rooms` and its WebSocket.

pub(in crate::http) mod access;
