-- Times are milliseconds since the Unix epoch, written by the database's own clock.

CREATE TABLE streams (
    name       TEXT PRIMARY KEY NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
    private    INTEGER NOT NULL DEFAULT 0 CHECK (private IN (0, 1)),
    kind       TEXT NOT NULL DEFAULT 'push' CHECK (kind IN ('push', 'pull')),
    created_at INTEGER NOT NULL DEFAULT (CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER))
) STRICT, WITHOUT ROWID;

CREATE TABLE publish_keys (
    id             TEXT PRIMARY KEY NOT NULL,
    stream         TEXT NOT NULL REFERENCES streams (name) ON DELETE CASCADE,
    label          TEXT,
    hash           BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    created_at     INTEGER NOT NULL DEFAULT (CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)),
    expires_at     INTEGER,
    revoked_at     INTEGER,
    last_used_at   INTEGER,
    last_used_peer TEXT,
    replaced_by    TEXT REFERENCES publish_keys (id) ON DELETE SET NULL
) STRICT;

CREATE INDEX publish_keys_by_stream ON publish_keys (stream, created_at);
CREATE INDEX publish_keys_by_expiry ON publish_keys (expires_at) WHERE expires_at IS NOT NULL;

-- What the server generates once and keeps: the key that signs play URLs.
CREATE TABLE server_secrets (
    name  TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL CHECK (length(value) = 32)
) STRICT, WITHOUT ROWID;
