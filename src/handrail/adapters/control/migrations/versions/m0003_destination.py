"""Segment destinations of each environment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "destination",
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("environment_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "environment_id"],
            ["environment.project_id", "environment.id"],
            name=op.f("fk_destination_project_id"),
        ),
        sa.PrimaryKeyConstraint("environment_id", "key", name=op.f("pk_destination")),
    )
