-- Sources with tracks, pull streams that belong to media, and the keys that sign proxied URLs.

UPDATE media SET source = jsonb_build_object(
    'kind', 'direct_url', 'medias', jsonb_build_array(jsonb_build_object('url', source::jsonb ->> 'url')))::text
WHERE source::jsonb ->> 'kind' = 'direct_url' AND source::jsonb ->> 'url' IS NOT NULL;

-- Of a pull stream: the media that it goes with.
ALTER TABLE streams ADD COLUMN media_id TEXT COLLATE "C" REFERENCES media (id) ON DELETE CASCADE;
CREATE INDEX streams_by_media ON streams (media_id) WHERE media_id IS NOT NULL;

-- The newest key signs; those before it go on opening what they signed.
CREATE TABLE proxy_keys (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    value      BYTEA NOT NULL CHECK (length(value) = 32),
    created_at BIGINT NOT NULL DEFAULT now_ms()
);
