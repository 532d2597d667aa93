-- Rooms, what plays in them, and which node does what. Times are milliseconds since the Unix epoch by the database's clock.

CREATE TABLE rooms (
    id               TEXT COLLATE "C" PRIMARY KEY,
    name             TEXT COLLATE "C" NOT NULL UNIQUE,
    password_hash    TEXT,
    mode             TEXT NOT NULL CHECK (mode IN ('sequential', 'repeat_one', 'repeat_all', 'shuffle')),
    advance_delay_ms BIGINT NOT NULL CHECK (advance_delay_ms >= 0),
    control          TEXT NOT NULL CHECK (control IN ('viewer', 'controller', 'owner')),
    -- Number of the newest event. Whoever posts one holds this row until it commits: numbers follow the order of commits.
    head             BIGINT NOT NULL DEFAULT 0,
    created_at       BIGINT NOT NULL DEFAULT now_ms()
);

CREATE TABLE room_tokens (
    id         TEXT COLLATE "C" PRIMARY KEY,
    room_id    TEXT COLLATE "C" NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    role       TEXT NOT NULL CHECK (role IN ('viewer', 'controller', 'owner')),
    label      TEXT,
    hash       BYTEA NOT NULL UNIQUE CHECK (length(hash) = 32),
    created_at BIGINT NOT NULL DEFAULT now_ms(),
    expires_at BIGINT,
    revoked_at BIGINT,
    -- Order of making, also within one millisecond.
    ordinal    BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY
);

CREATE INDEX room_tokens_by_room ON room_tokens (room_id, ordinal);
CREATE INDEX room_tokens_by_end ON room_tokens (LEAST(expires_at, revoked_at));

CREATE TABLE playlists (
    id         TEXT COLLATE "C" PRIMARY KEY,
    room_id    TEXT COLLATE "C" NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    name       TEXT COLLATE "C" NOT NULL,
    -- Grows with every change of order or contents.
    revision   BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL DEFAULT now_ms(),
    -- Order of making, also within one millisecond.
    ordinal    BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
    UNIQUE (room_id, name)
);

CREATE TABLE media (
    id          TEXT COLLATE "C" PRIMARY KEY,
    playlist_id TEXT COLLATE "C" NOT NULL REFERENCES playlists (id) ON DELETE CASCADE,
    -- Order within the playlist; sparse, so that a move writes one row.
    rank        BIGINT NOT NULL,
    name        TEXT NOT NULL,
    source      TEXT NOT NULL,
    target_hash BYTEA NOT NULL CHECK (length(target_hash) = 32),
    -- What whoever added it said; such a media is not probed.
    given_ms    BIGINT CHECK (given_ms > 0),
    created_at  BIGINT NOT NULL DEFAULT now_ms(),
    UNIQUE (playlist_id, rank) DEFERRABLE INITIALLY IMMEDIATE
);

-- The durations of targets, and who is finding them out.
CREATE TABLE lengths (
    room_id     TEXT COLLATE "C" NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    target_hash BYTEA NOT NULL CHECK (length(target_hash) = 32),
    status      TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'known', 'live', 'failed')),
    duration_ms BIGINT CHECK (duration_ms > 0),
    failures    INTEGER NOT NULL DEFAULT 0,
    reason      TEXT,
    -- No attempt before this time.
    retry_at    BIGINT NOT NULL DEFAULT 0,
    node        TEXT,
    lease_until BIGINT,
    fence       BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (room_id, target_hash)
);

CREATE INDEX lengths_by_node ON lengths (node) WHERE node IS NOT NULL;

CREATE TABLE playbacks (
    room_id     TEXT COLLATE "C" PRIMARY KEY REFERENCES rooms (id) ON DELETE CASCADE,
    version     BIGINT NOT NULL DEFAULT 0,
    generation  BIGINT NOT NULL DEFAULT 0,
    playlist_id TEXT COLLATE "C" REFERENCES playlists (id),
    media_id    TEXT COLLATE "C" REFERENCES media (id),
    target_hash BYTEA CHECK (length(target_hash) = 32),
    playing     BOOLEAN NOT NULL DEFAULT FALSE,
    ended       BOOLEAN NOT NULL DEFAULT FALSE,
    anchor_ms   BIGINT NOT NULL DEFAULT 0 CHECK (anchor_ms >= 0),
    anchored_at BIGINT NOT NULL DEFAULT 0,
    -- Also keeps NaN out, which is greater than every number.
    speed       DOUBLE PRECISION NOT NULL DEFAULT 1.0 CHECK (speed BETWEEN 0.01 AND 100)
);

CREATE INDEX playbacks_by_media ON playbacks (media_id);
CREATE INDEX playbacks_by_playlist ON playbacks (playlist_id);

-- When an item that plays comes to its end. One place for the three statements that judge it.
CREATE FUNCTION ends_at(anchored_at BIGINT, anchor_ms BIGINT, speed DOUBLE PRECISION, duration_ms BIGINT) RETURNS BIGINT
    LANGUAGE SQL IMMUTABLE PARALLEL SAFE
    AS $$ SELECT anchored_at + CEIL(GREATEST(duration_ms - anchor_ms, 0) / speed)::BIGINT $$;

-- One row for each state that was left for another item. A partition a day (UTC), made ahead of time by the leader; rows of a day that has
-- none go to the default one. What makes a turn unique over all partitions stands in `turns`. No foreign key to rooms: with one, making
-- a partition would lock that table. Whoever writes or deletes here holds the room's row.
CREATE TABLE history (
    room_id      TEXT COLLATE "C" NOT NULL,
    from_version BIGINT NOT NULL,
    from_media   TEXT,
    to_media     TEXT,
    cause        TEXT NOT NULL CHECK (cause IN ('command', 'advance', 'end')),
    at           BIGINT NOT NULL,
    PRIMARY KEY (room_id, from_version, at)
) PARTITION BY RANGE (at);

CREATE TABLE history_default PARTITION OF history DEFAULT;

CREATE INDEX history_default_by_age ON history_default (at);

-- Makes the partition of the day that begins at this time; false when it exists. Rows of that day leave the default partition for it.
CREATE FUNCTION make_history_day(day_start BIGINT) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE
    day_end BIGINT := day_start + 86400000;
    partition TEXT := 'history_' || to_char(to_timestamp(day_start / 1000) AT TIME ZONE 'UTC', 'YYYYMMDD');
BEGIN
    IF to_regclass(partition) IS NOT NULL THEN
        RETURN FALSE;
    END IF;
    LOCK TABLE history IN ACCESS EXCLUSIVE MODE;
    -- Somebody else may have made it while this waited.
    IF to_regclass(partition) IS NOT NULL THEN
        RETURN FALSE;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE history INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition);
    EXECUTE format(
        'WITH moved AS (DELETE FROM history_default WHERE at >= %s AND at < %s RETURNING *) INSERT INTO %I SELECT * FROM moved',
        day_start, day_end, partition);
    EXECUTE format('ALTER TABLE history ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', partition, day_start, day_end);
    RETURN TRUE;
END $$;

-- Drops the partitions whose day was over before this time; how many.
CREATE FUNCTION drop_history_before(cutoff BIGINT) RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
    -- The last day that was over by then.
    newest TEXT := 'history_' || to_char(to_timestamp(cutoff / 1000) AT TIME ZONE 'UTC' - INTERVAL '1 day', 'YYYYMMDD');
    partition TEXT;
    dropped BIGINT := 0;
BEGIN
    FOR partition IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'history'::regclass AND c.relname ~ '^history_[0-9]{8}$' AND c.relname COLLATE "C" <= newest COLLATE "C"
    LOOP
        EXECUTE format('DROP TABLE %I', partition);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;

CREATE TABLE turns (
    room_id      TEXT COLLATE "C" NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    from_version BIGINT NOT NULL,
    at           BIGINT NOT NULL DEFAULT now_ms(),
    PRIMARY KEY (room_id, from_version)
);

CREATE INDEX turns_by_age ON turns (at);

CREATE TABLE room_events (
    room_id TEXT COLLATE "C" NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    seq     BIGINT NOT NULL,
    kind    TEXT NOT NULL,
    body    TEXT NOT NULL,
    at      BIGINT NOT NULL DEFAULT now_ms(),
    PRIMARY KEY (room_id, seq)
);

CREATE INDEX room_events_by_kind ON room_events (room_id, kind, seq);
CREATE INDEX room_events_by_age ON room_events (at);

CREATE TABLE nodes (
    id           TEXT COLLATE "C" PRIMARY KEY,
    heartbeat_at BIGINT NOT NULL
);

CREATE TABLE presence (
    node        TEXT COLLATE "C" NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
    room_id     TEXT COLLATE "C" NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    connections INTEGER NOT NULL CHECK (connections > 0),
    members     TEXT NOT NULL,
    PRIMARY KEY (room_id, node)
);

CREATE INDEX presence_by_node ON presence (node);

-- Chores that one node does for all.
CREATE TABLE leases (
    name        TEXT COLLATE "C" PRIMARY KEY,
    node        TEXT COLLATE "C" NOT NULL,
    lease_until BIGINT NOT NULL,
    fence       BIGINT NOT NULL
);
