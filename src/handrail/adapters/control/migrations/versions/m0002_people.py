"""Identity keys, enforcement, erasures and what a project keeps; the catalogue of attributes and events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identity_key",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("method", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_identity_key_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_key")),
    )
    op.create_table(
        "environment_privacy",
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("environment_id", sa.String(length=36), nullable=False),
        sa.Column("verify_identity", sa.Boolean(), nullable=False),
        sa.Column("scrub", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "environment_id"],
            ["environment.project_id", "environment.id"],
            name=op.f("fk_environment_privacy_project_id"),
        ),
        sa.PrimaryKeyConstraint("environment_id", name=op.f("pk_environment_privacy")),
    )
    op.create_table(
        "erasure",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("environment_id", sa.String(length=36), nullable=False),
        sa.Column("digests", sa.Text(), nullable=False),
        sa.Column("subjects", sa.Text(), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "environment_id"],
            ["environment.project_id", "environment.id"],
            name=op.f("fk_erasure_project_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
    )
    op.create_table(
        "catalogue",
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("environment_id", sa.String(length=36), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "environment_id"],
            ["environment.project_id", "environment.id"],
            name=op.f("fk_catalogue_project_id"),
        ),
        sa.PrimaryKeyConstraint("environment_id", name=op.f("pk_catalogue")),
    )
    op.create_table(
        "follower",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("position", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_follower")),
    )
