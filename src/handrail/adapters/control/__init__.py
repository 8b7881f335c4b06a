"""The control database: who may do what, what is written, what is live. SQLAlchemy on SQLite or PostgreSQL."""
