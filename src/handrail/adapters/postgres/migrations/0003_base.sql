-- What the events said that retention has dropped: state folded up to a position, which a rebuild starts from.

CREATE SCHEMA ingest_base;
CREATE TABLE ingest_base.subjects (LIKE ingest.subjects INCLUDING ALL);
CREATE TABLE ingest_base.companies (LIKE ingest.companies INCLUDING ALL);
CREATE TABLE ingest_base.links (LIKE ingest.links INCLUDING ALL);
CREATE TABLE ingest_base.aliases (LIKE ingest.aliases INCLUDING ALL);
CREATE TABLE ingest_base.followed (transaction xid8 NOT NULL, sequence bigint NOT NULL);
INSERT INTO ingest_base.followed VALUES ('0', 0);

-- Up to where each environment's events were dropped; '' is every other environment.
CREATE TABLE ingest.dropped (environment text PRIMARY KEY, transaction xid8 NOT NULL, sequence bigint NOT NULL);
