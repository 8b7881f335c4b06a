"""Previews: versions that are looked at before they are live."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "preview",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("environment_id", sa.String(length=36), nullable=False),
        sa.Column("version_id", sa.String(length=36), nullable=False),
        sa.Column("persona", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "environment_id"],
            ["environment.project_id", "environment.id"],
            name="fk_preview_environment",
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "version_id"], ["version.project_id", "version.id"], name="fk_preview_version"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_preview")),
    )
