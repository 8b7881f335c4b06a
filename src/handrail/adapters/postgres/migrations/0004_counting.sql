-- How far new counters have been counted back: sequence numbers, for every process to see.

CREATE UNLOGGED TABLE ingest.counting (environment text PRIMARY KEY, done bigint NOT NULL, total bigint NOT NULL);
