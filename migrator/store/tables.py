"""The tables of the state, in SQLAlchemy Core; the same on SQLite and PostgreSQL.

A change here is a change of the schema version: it needs a revision in `versions`.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Float, Index, Integer, MetaData, String, Table, Text, column, table

from migrator.store import checksums

VERSION: Final = 1
"""The schema version: the number of the newest revision in `versions`."""

metadata: Final = MetaData()

schema_version: Final = table("schema_version", column("version_num"))
"""Where Alembic keeps the number of the revision that a database has."""

SEAL: Final = "seal"
"""The key of `meta` that holds what saved plans are sealed with; it is never exported."""


def _job(role: str, *, key: bool = False, optional: bool = False) -> tuple[Column[str], ...]:
    """Return the columns that name a job: provider, scope and id."""
    return tuple(
        Column(f"{role}_{part}", String(length), primary_key=key, nullable=optional)
        for part, length in (("provider", 32), ("scope", 512), ("id", 255))
    )


meta: Final = Table(
    "meta", metadata, Column("key", String(64), primary_key=True), Column("value", Text, nullable=False)
)

syncs: Final = Table(
    "syncs",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("lineage", String(64), nullable=False),
    Column("serial", Integer, nullable=False),
    checksums.column(),
)

bindings: Final = Table(
    "bindings",
    metadata,
    *_job("target", key=True),
    *_job("source"),
    Column("piece", Integer, nullable=False),
    Column("pieces", Integer, nullable=False),
    Column("sync", String(255), nullable=False),
    Column("applied", Text, nullable=False),
    Column("seen", Text, nullable=False),
    Column("tagged", Integer, nullable=False),
    Column("superseded", Integer, nullable=False),
    Column("stands_for", Text, nullable=False),
    Column("until", String(40)),
    checksums.column(),
)
Index("bindings_source", bindings.c.source_provider, bindings.c.source_scope, bindings.c.source_id)

active_sides: Final = Table(
    "active_sides",
    metadata,
    *_job("source", key=True),
    Column("target_provider", String(32), primary_key=True),
    Column("target_scope", String(512), primary_key=True),
    Column("sync", String(255), nullable=False),
    Column("name", Text, nullable=False),
    Column("live", String(16), nullable=False),
    Column("parked", Text, nullable=False),
    Column("wish", Text, nullable=False),
    Column("since", String(40), nullable=False),
    Column("begun", String(40)),
    checksums.column(),
)

definitions: Final = Table(
    "definitions",
    metadata,
    *_job("source", key=True),
    Column("sync", String(255), primary_key=True),
    Column("fields", Text, nullable=False),
    Column("retired", Integer, nullable=False),
    checksums.column(),
)

takeovers: Final = Table(
    "takeovers",
    metadata,
    *_job("source", key=True),
    Column("sync", String(255), primary_key=True),
    Column("origin_provider", String(32), nullable=False),
    Column("origin_scope", String(512), nullable=False),
    Column("origin_id", String(255), nullable=False),
    Column("origin_sync", String(255), nullable=False),
    checksums.column(),
)

missed: Final = Table(
    "missed",
    metadata,
    *_job("source", key=True),
    Column("at", String(40), primary_key=True),
    Column("sync", String(255), nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("cause", Text, nullable=False),
    Column("run", String(64), nullable=False),
    checksums.column(),
)

facts: Final = Table(
    "facts",
    metadata,
    Column("scope", String(512), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    checksums.column(),
)

runs: Final = Table(
    "runs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("sync", String(255), nullable=False),
    Column("target_provider", String(32), nullable=False),
    Column("target_scope", String(512), nullable=False),
    Column("plan_digest", String(64), nullable=False),
    Column("started_at", String(40), nullable=False),
    Column("ended_at", String(40)),
    Column("result", Text),
    Column("kind", String(16), nullable=False),
    Column("of", String(64)),
    Column("goal", String(16)),
    Column("plan", Text, info={checksums.APART: True}),
    Column("place", Integer, nullable=False),
    checksums.column(),
)

writes: Final = Table(
    "writes",
    metadata,
    Column("run", String(64), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("sync", String(255), nullable=False),
    Column("action", String(16), nullable=False),
    *_job("source", optional=True),
    Column("target_provider", String(32), nullable=False),
    Column("target_scope", String(512), nullable=False),
    Column("target_id", String(255)),
    Column("piece", Integer, nullable=False),
    Column("pieces", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("at", String(40), nullable=False),
    Column("state", String(16), nullable=False),
    Column("error", Text, nullable=False),
    Column("ended_at", String(40)),
    checksums.column(),
)
Index("writes_unresolved", writes.c.target_provider, writes.c.target_scope, writes.c.state)

saved_records: Final = Table(
    "saved_records",
    metadata,
    Column("run", String(64), primary_key=True),
    Column("provider", String(32), primary_key=True),
    Column("scope", String(512), primary_key=True),
    Column("id", String(255), primary_key=True),
    Column("record", Text, nullable=False),
    Column("binding", Text),
    checksums.column(),
)

locks: Final = Table(
    "locks",
    metadata,
    Column("scope", String(600), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("boot", String(64), nullable=False),
    Column("namespace", String(128), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", String(64), nullable=False),
    Column("run", String(64), nullable=False),
    Column("beat", String(40), nullable=False),
    Column("expires", String(40), nullable=False),
    Column("uptime", Float),
)
