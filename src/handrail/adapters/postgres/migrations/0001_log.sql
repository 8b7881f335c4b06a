-- The log, and the state that follows it. The schema `ingest` itself is made by schema.py.

CREATE TABLE ingest.events (
  transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
  sequence bigint GENERATED ALWAYS AS IDENTITY,
  id bytea NOT NULL,
  received_at bigint NOT NULL,
  name text,
  event text NOT NULL,
  CONSTRAINT pk_events PRIMARY KEY (transaction, sequence),
  CONSTRAINT uq_events_id UNIQUE (id)
);
COMMENT ON COLUMN ingest.events.id IS '128 bits of BLAKE2b of environment and message id: an event counts once';

CREATE TABLE ingest.subjects (
  environment text NOT NULL, id text NOT NULL, body text NOT NULL,
  CONSTRAINT pk_subjects PRIMARY KEY (environment, id)
);
CREATE TABLE ingest.companies (
  environment text NOT NULL, id text NOT NULL, body text NOT NULL,
  CONSTRAINT pk_companies PRIMARY KEY (environment, id)
);
CREATE TABLE ingest.links (
  environment text NOT NULL, id text NOT NULL, user_id text NOT NULL,
  timestamp bigint NOT NULL, message_id text NOT NULL,
  CONSTRAINT pk_links PRIMARY KEY (environment, id)
);
CREATE INDEX ix_links_user ON ingest.links (environment, user_id);
CREATE TABLE ingest.aliases (
  environment text NOT NULL, id text NOT NULL, canonical text NOT NULL,
  CONSTRAINT pk_aliases PRIMARY KEY (environment, id)
);
CREATE INDEX ix_aliases_canonical ON ingest.aliases (environment, canonical);
CREATE TABLE ingest.counters (
  environment text NOT NULL, id text NOT NULL, zone text NOT NULL,
  CONSTRAINT pk_counters PRIMARY KEY (environment, id)
);
CREATE TABLE ingest.followed (transaction xid8 NOT NULL, sequence bigint NOT NULL);
INSERT INTO ingest.followed VALUES ('0', 0);
