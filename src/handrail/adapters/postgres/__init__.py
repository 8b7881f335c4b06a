"""Several processes on one PostgreSQL: the log and the state that follows it, in the schema `ingest`."""
