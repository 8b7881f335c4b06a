"""How Alembic reaches the database: through the connection that `database.migrate` hands it."""

from __future__ import annotations

from alembic import context

from handrail.adapters.control.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
