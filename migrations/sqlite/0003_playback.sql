-- Sources with tracks, pull streams that belong to media, and the keys that sign proxied URLs.

UPDATE media SET source = json_object('kind', 'direct_url', 'medias', json_array(json_object('url', source ->> '$.url')))
WHERE source ->> '$.kind' = 'direct_url' AND source ->> '$.url' IS NOT NULL;

-- Of a pull stream: the media that it goes with.
ALTER TABLE streams ADD COLUMN media_id TEXT REFERENCES media (id) ON DELETE CASCADE;
CREATE INDEX streams_by_media ON streams (media_id) WHERE media_id IS NOT NULL;

-- The newest key signs; those before it go on opening what they signed.
CREATE TABLE proxy_keys (
    id         INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    value      BLOB NOT NULL CHECK (length(value) = 32),
    created_at INTEGER NOT NULL DEFAULT (CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER))
) STRICT;
