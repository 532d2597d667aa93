//! Rooms in `/metrics`.

use std::fmt::Write;
use std::time::Duration;

use tokio::time::timeout;

use crate::room::RoomPlane;

/// Rooms that have a line of their own.
const HOTTEST: u32 = 20;
/// A scrape does not wait longer for the store.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// What is known here, and the hottest rooms over all nodes when the store says in time which they are.
pub(in crate::http) async fn render(plane: &RoomPlane) -> String {
    let (active, connections) = plane.runtime.counts();
    let mut out = String::with_capacity(1024);
    let _ = writeln!(out, "# HELP synctv_rooms_active Rooms with a connection on this process");
    let _ = writeln!(out, "# TYPE synctv_rooms_active gauge\nsynctv_rooms_active {active}");
    let _ = writeln!(out, "# HELP synctv_members_connected Members connected to this process, in all rooms");
    let _ = writeln!(out, "# TYPE synctv_members_connected gauge\nsynctv_members_connected {connections}");
    if let Ok(Ok(hottest)) = timeout(ANSWERS_WITHIN, plane.store.hot_rooms(HOTTEST)).await {
        // A family of its own: these are of all nodes, and their sum over rooms or nodes is not the number above.
        let _ = writeln!(out, "# HELP synctv_room_connections Members of a room over all nodes, for the hottest rooms");
        let _ = writeln!(out, "# TYPE synctv_room_connections gauge");
        for (room, connections) in hottest {
            // Ids are letters, digits and `_`: nothing to escape.
            let _ = writeln!(out, "synctv_room_connections{{room=\"{room}\"}} {connections}");
        }
    }
    out
}
