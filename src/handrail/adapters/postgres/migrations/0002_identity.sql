-- Which log this is: whoever keeps a position in it elsewhere can tell it from another database's.

CREATE TABLE ingest.identity (id uuid NOT NULL DEFAULT gen_random_uuid());
INSERT INTO ingest.identity DEFAULT VALUES;
