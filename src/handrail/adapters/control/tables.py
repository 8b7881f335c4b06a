"""The control database as it is declared. Migrations lead to exactly this; a test compares the two on both engines.

Every row that belongs to a project names it, and every reference between such rows carries the project along, so a
child cannot hang under another project's parent. Instants are milliseconds; documents are JSON text by msgspec.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _project() -> Column[str]:
    return Column("project_id", String(36), ForeignKey("project.id"), nullable=False)


project = Table(
    "project",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("public_id", String(36), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("alias", Boolean, nullable=False),
    Column("rate_limit", Text),
    Column("run_js", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

environment = Table(
    "environment",
    metadata,
    Column("id", String(36), primary_key=True),
    _project(),
    Column("key", String(64), nullable=False),
    Column("name", String(200), nullable=False),
    Column("origins", Text, nullable=False),
    Column("write_key", String(64), nullable=False, unique=True),
    Column("revision", BigInteger, nullable=False),
    UniqueConstraint("project_id", "key"),
    UniqueConstraint("project_id", "id"),
)

member = Table(
    "member",
    metadata,
    Column("id", String(36), primary_key=True),
    _project(),
    Column("email", String(320), nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("password", Text),
    UniqueConstraint("project_id", "email"),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", String(36), primary_key=True),
    _project(),
    Column("name", String(200), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("hint", String(16), nullable=False, server_default=""),
)

member_link = Table(
    "member_link",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("member_id", String(36), ForeignKey("member.id", ondelete="CASCADE"), nullable=False),
    Column("until", BigInteger, nullable=False),
)

sign_in = Table(
    "sign_in",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("member_id", String(36), ForeignKey("member.id", ondelete="CASCADE"), nullable=False),
    Column("until", BigInteger, nullable=False),
)

sign_in_try = Table(
    "sign_in_try",
    metadata,
    Column("kind", String(8), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("wrong", Integer, nullable=False),
    Column("last", BigInteger, nullable=False),
)

answered = Table(
    "answered",
    metadata,
    Column("caller", String(64), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("request", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("content_type", String(100), nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

job = Table(
    "job",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("payload", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("run_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("lease_until", BigInteger, nullable=False),
    Column("worker", String(200), nullable=False),
    Column("error", Text, nullable=False),
    Column("finished_at", BigInteger, nullable=False),
    Column("key", String(200), unique=True),
    Index(None, "status", "run_at"),
)

experience = Table(
    "experience",
    metadata,
    Column("id", String(36), primary_key=True),
    _project(),
    Column("key", String(200), nullable=False),
    UniqueConstraint("project_id", "key"),
    UniqueConstraint("project_id", "id"),
)

version = Table(
    "version",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("project_id", String(36), nullable=False),
    Column("experience_id", String(36), nullable=False),
    Column("number", Integer, nullable=False),
    Column("definition", Text, nullable=False),
    Column("theme", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    ForeignKeyConstraint(["project_id", "experience_id"], ["experience.project_id", "experience.id"]),
    UniqueConstraint("experience_id", "number"),
    UniqueConstraint("project_id", "id"),
)

publication = Table(
    "publication",
    metadata,
    Column("project_id", String(36), nullable=False),
    Column("environment_id", String(36), primary_key=True),
    Column("experience_id", String(36), primary_key=True),
    Column("version_id", String(36), nullable=False),
    Column("published_at", BigInteger, nullable=False),
    Column("paused", Boolean, nullable=False),
    ForeignKeyConstraint(
        ["project_id", "environment_id"], ["environment.project_id", "environment.id"], "fk_publication_environment"
    ),
    ForeignKeyConstraint(
        ["project_id", "experience_id"], ["experience.project_id", "experience.id"], "fk_publication_experience"
    ),
    ForeignKeyConstraint(["project_id", "version_id"], ["version.project_id", "version.id"], "fk_publication_version"),
)

preview = Table(
    "preview",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("project_id", String(36), nullable=False),
    Column("environment_id", String(36), nullable=False),
    Column("version_id", String(36), nullable=False),
    Column("persona", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["project_id", "environment_id"], ["environment.project_id", "environment.id"], "fk_preview_environment"
    ),
    ForeignKeyConstraint(["project_id", "version_id"], ["version.project_id", "version.id"], "fk_preview_version"),
)

code = Table(
    "code",
    metadata,
    Column("project_id", String(36), ForeignKey("project.id"), primary_key=True),
    Column("hash", String(43), primary_key=True),
    Column("code", Text, nullable=False),
    Column("proposed_by", String(320), nullable=False),
    Column("proposed_at", BigInteger, nullable=False),
    Column("approved_by", String(320), nullable=False),
    Column("approved_at", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("project_id", String(36), ForeignKey("project.id"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("who", String(320), nullable=False),
    Column("what", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    Column("seal", String(64), nullable=False),
)

segment = Table(
    "segment",
    metadata,
    Column("project_id", String(36), ForeignKey("project.id"), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("definition", Text, nullable=False),
)

theme = Table(
    "theme",
    metadata,
    Column("project_id", String(36), ForeignKey("project.id"), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("definition", Text, nullable=False),
)

destination = Table(
    "destination",
    metadata,
    Column("project_id", String(36), nullable=False),
    Column("environment_id", String(36), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("definition", Text, nullable=False),
    Column("paused", Boolean, nullable=False),
    ForeignKeyConstraint(["project_id", "environment_id"], ["environment.project_id", "environment.id"]),
)

identity_key = Table(
    "identity_key",
    metadata,
    Column("id", String(36), primary_key=True),
    _project(),
    Column("method", String(8), nullable=False),
    Column("name", String(200), nullable=False),
    Column("secret", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

environment_privacy = Table(
    "environment_privacy",
    metadata,
    Column("project_id", String(36), nullable=False),
    Column("environment_id", String(36), primary_key=True),
    Column("verify_identity", Boolean, nullable=False),
    Column("scrub", Text, nullable=False),
    ForeignKeyConstraint(["project_id", "environment_id"], ["environment.project_id", "environment.id"]),
)

erasure = Table(
    "erasure",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("project_id", String(36), nullable=False),
    Column("environment_id", String(36), nullable=False),
    Column("digests", Text, nullable=False),
    Column("subjects", Text),
    Column("receipt", Text),
    Column("requested_at", BigInteger, nullable=False),
    ForeignKeyConstraint(["project_id", "environment_id"], ["environment.project_id", "environment.id"]),
)

catalogue = Table(
    "catalogue",
    metadata,
    Column("project_id", String(36), nullable=False),
    Column("environment_id", String(36), primary_key=True),
    Column("body", Text, nullable=False),
    ForeignKeyConstraint(["project_id", "environment_id"], ["environment.project_id", "environment.id"]),
)

retention = Table(
    "retention",
    metadata,
    Column("project_id", String(36), ForeignKey("project.id"), primary_key=True),
    Column("settings", Text, nullable=False),
    Column("answers_from", BigInteger, nullable=False),
)

clock = Table(
    "clock",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("steady_since", BigInteger, nullable=False),
    Column("read_at", BigInteger, nullable=False),
    Column("jumped", BigInteger, nullable=False),
)

account = Table(
    "account",
    metadata,
    Column("environment", String(36), primary_key=True),
    Column("minute", BigInteger, primary_key=True, autoincrement=False),
    Column("what", String(200), primary_key=True),
    Column("number", BigInteger, nullable=False),
)

tally = Table(
    "tally",
    metadata,
    Column("environment", String(36), primary_key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String(64), primary_key=True),
    Column("outcome", String(16), primary_key=True),
    Column("number", BigInteger, nullable=False),
)

sample = Table(
    "sample",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("environment", String(36), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("name", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "environment", "kind", "name"),
)

follower = Table(
    "follower",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("position", String(40), nullable=False),
)
