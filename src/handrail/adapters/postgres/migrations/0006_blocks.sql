-- A row for many events, and a narrow one for each event's id: most of a row's cost was its head and its indexes.
-- Events that were kept before stand in blocks of their own, at the positions they had.

CREATE TABLE ingest.ids (id bytea NOT NULL);
COMMENT ON COLUMN ingest.ids.id IS '128 bits of BLAKE2b of environment and message id: an event counts once';

CREATE TABLE ingest.blocks (
  transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
  sequence bigint GENERATED ALWAYS AS IDENTITY (INCREMENT BY 500),
  environment text NOT NULL,
  day date NOT NULL,
  ids bytea NOT NULL,
  events text NOT NULL,
  CONSTRAINT pk_blocks PRIMARY KEY (transaction, sequence)
);
COMMENT ON COLUMN ingest.blocks.sequence IS 'that of the last event; the others have those in front of it';
COMMENT ON COLUMN ingest.blocks.day IS 'on which its events were received, in UTC';
COMMENT ON COLUMN ingest.blocks.events IS 'a JSON list; null where an event was cut';
ALTER TABLE ingest.blocks ALTER ids SET STORAGE EXTERNAL;
DO $$
BEGIN
  EXECUTE 'ALTER TABLE ingest.blocks ALTER events SET COMPRESSION lz4';
EXCEPTION WHEN feature_not_supported OR syntax_error THEN
  -- A server without LZ4. What it has instead takes more than twice as long as writing blocks as they are.
  ALTER TABLE ingest.blocks ALTER events SET STORAGE EXTERNAL;
END $$;

INSERT INTO ingest.blocks (transaction, sequence, environment, day, ids, events) OVERRIDING SYSTEM VALUE
SELECT
  transaction, sequence, coalesce(substring(event FROM '^\{"environment":"([^"\\]*)"'), ''),
  (to_timestamp(received_at / 1000.0) AT TIME ZONE 'UTC')::date, id, '[' || event || ']'
FROM ingest.events ORDER BY transaction, sequence;
-- The index after the ids: sorted, instead of one page here and one there for each.
INSERT INTO ingest.ids SELECT id FROM ingest.events;
ALTER TABLE ingest.ids ADD CONSTRAINT pk_ids PRIMARY KEY (id);
SELECT setval(pg_get_serial_sequence('ingest.blocks', 'sequence'), coalesce(max(sequence), 0) + 500, false)
FROM ingest.events;
DROP TABLE ingest.events;
