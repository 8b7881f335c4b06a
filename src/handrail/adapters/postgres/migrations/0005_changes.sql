-- Who folds keeps rows in memory: `changes` grows with whatever else changes the state or cuts events, so that they
-- hear of it. And a body that grows finds room beside itself, so that no index has to follow it.

ALTER TABLE ingest.followed ADD COLUMN changes bigint NOT NULL DEFAULT 0;
ALTER TABLE ingest.subjects SET (fillfactor = 50);
