-- Times are milliseconds since the Unix epoch, written by the database's own clock.

-- The clock itself, not the beginning of the transaction.
CREATE FUNCTION now_ms() RETURNS BIGINT LANGUAGE SQL VOLATILE PARALLEL SAFE
    AS $$ SELECT FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT $$;

CREATE TABLE streams (
    name       TEXT COLLATE "C" PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 128),
    private    BOOLEAN NOT NULL DEFAULT FALSE,
    kind       TEXT NOT NULL DEFAULT 'push' CHECK (kind IN ('push', 'pull')),
    created_at BIGINT NOT NULL DEFAULT now_ms()
);

CREATE TABLE publish_keys (
    id             TEXT COLLATE "C" PRIMARY KEY,
    stream         TEXT COLLATE "C" NOT NULL REFERENCES streams (name) ON DELETE CASCADE,
    label          TEXT,
    hash           BYTEA NOT NULL UNIQUE CHECK (length(hash) = 32),
    created_at     BIGINT NOT NULL DEFAULT now_ms(),
    expires_at     BIGINT,
    revoked_at     BIGINT,
    last_used_at   BIGINT,
    last_used_peer TEXT,
    replaced_by    TEXT COLLATE "C" REFERENCES publish_keys (id) ON DELETE SET NULL
);

CREATE INDEX publish_keys_by_stream ON publish_keys (stream, created_at);
CREATE INDEX publish_keys_by_expiry ON publish_keys (expires_at) WHERE expires_at IS NOT NULL;

-- What the server generates once and keeps: the key that signs play URLs.
CREATE TABLE server_secrets (
    name  TEXT PRIMARY KEY,
    value BYTEA NOT NULL CHECK (length(value) = 32)
);
