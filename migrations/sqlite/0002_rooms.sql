-- Rooms, what plays in them, and which node does what. Times are milliseconds since the Unix epoch by the database's clock.

-- That clock. It is one row, and the same time throughout a statement.
CREATE VIEW clock AS SELECT CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) AS ms;

CREATE TABLE rooms (
    id               TEXT PRIMARY KEY NOT NULL,
    name             TEXT NOT NULL UNIQUE,
    password_hash    TEXT,
    mode             TEXT NOT NULL CHECK (mode IN ('sequential', 'repeat_one', 'repeat_all', 'shuffle')),
    advance_delay_ms INTEGER NOT NULL CHECK (advance_delay_ms >= 0),
    control          TEXT NOT NULL CHECK (control IN ('viewer', 'controller', 'owner')),
    -- Number of the newest event.
    head             INTEGER NOT NULL DEFAULT 0,
    created_at       INTEGER NOT NULL DEFAULT (CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER))
) STRICT, WITHOUT ROWID;

CREATE TABLE room_tokens (
    id         TEXT PRIMARY KEY NOT NULL,
    room_id    TEXT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    role       TEXT NOT NULL CHECK (role IN ('viewer', 'controller', 'owner')),
    label      TEXT,
    hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    created_at INTEGER NOT NULL DEFAULT (CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)),
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;

CREATE INDEX room_tokens_by_room ON room_tokens (room_id, created_at);

CREATE TABLE playlists (
    id         TEXT PRIMARY KEY NOT NULL,
    room_id    TEXT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    -- Grows with every change of order or contents.
    revision   INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL DEFAULT (CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)),
    UNIQUE (room_id, name)
) STRICT;

CREATE TABLE media (
    id          TEXT PRIMARY KEY NOT NULL,
    playlist_id TEXT NOT NULL REFERENCES playlists (id) ON DELETE CASCADE,
    -- Order within the playlist; sparse, so that a move writes one row.
    rank        INTEGER NOT NULL,
    name        TEXT NOT NULL,
    source      TEXT NOT NULL,
    target_hash BLOB NOT NULL CHECK (length(target_hash) = 32),
    -- What whoever added it said; such a media is not probed.
    given_ms    INTEGER CHECK (given_ms > 0),
    created_at  INTEGER NOT NULL DEFAULT (CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)),
    UNIQUE (playlist_id, rank)
) STRICT;

-- The durations of targets, and who is finding them out.
CREATE TABLE lengths (
    room_id     TEXT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    target_hash BLOB NOT NULL CHECK (length(target_hash) = 32),
    status      TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'known', 'live', 'failed')),
    duration_ms INTEGER CHECK (duration_ms > 0),
    failures    INTEGER NOT NULL DEFAULT 0,
    reason      TEXT,
    -- No attempt before this time.
    retry_at    INTEGER NOT NULL DEFAULT 0,
    node        TEXT,
    lease_until INTEGER,
    fence       INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (room_id, target_hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX lengths_by_node ON lengths (node) WHERE node IS NOT NULL;

CREATE TABLE playbacks (
    room_id     TEXT PRIMARY KEY NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    version     INTEGER NOT NULL DEFAULT 0,
    generation  INTEGER NOT NULL DEFAULT 0,
    playlist_id TEXT REFERENCES playlists (id),
    media_id    TEXT REFERENCES media (id),
    target_hash BLOB CHECK (length(target_hash) = 32),
    playing     INTEGER NOT NULL DEFAULT 0 CHECK (playing IN (0, 1)),
    ended       INTEGER NOT NULL DEFAULT 0 CHECK (ended IN (0, 1)),
    anchor_ms   INTEGER NOT NULL DEFAULT 0,
    anchored_at INTEGER NOT NULL DEFAULT 0,
    speed       REAL NOT NULL DEFAULT 1.0 CHECK (speed > 0)
) STRICT, WITHOUT ROWID;

-- Deleting a playlist or a media looks here for who has it selected.
CREATE INDEX playbacks_by_playlist ON playbacks (playlist_id);
CREATE INDEX playbacks_by_media ON playbacks (media_id);

-- One row for each state that was left for another item.
CREATE TABLE history (
    room_id      TEXT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    from_version INTEGER NOT NULL,
    from_media   TEXT,
    to_media     TEXT,
    cause        TEXT NOT NULL CHECK (cause IN ('command', 'advance', 'end')),
    at           INTEGER NOT NULL DEFAULT (CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)),
    PRIMARY KEY (room_id, from_version)
) STRICT, WITHOUT ROWID;

CREATE INDEX history_by_age ON history (at);

CREATE TABLE room_events (
    room_id TEXT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    seq     INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    body    TEXT NOT NULL,
    at      INTEGER NOT NULL DEFAULT (CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)),
    PRIMARY KEY (room_id, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX room_events_by_age ON room_events (at);
CREATE INDEX room_events_by_kind ON room_events (room_id, kind, seq);

CREATE TABLE nodes (
    id           TEXT PRIMARY KEY NOT NULL,
    heartbeat_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE presence (
    node        TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
    room_id     TEXT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    connections INTEGER NOT NULL CHECK (connections > 0),
    members     TEXT NOT NULL,
    PRIMARY KEY (room_id, node)
) STRICT, WITHOUT ROWID;

CREATE INDEX presence_by_node ON presence (node);

-- Chores that one node does for all.
CREATE TABLE leases (
    name        TEXT PRIMARY KEY NOT NULL,
    node        TEXT NOT NULL,
    lease_until INTEGER NOT NULL,
    fence       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
