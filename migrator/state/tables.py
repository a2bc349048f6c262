"""The tables of the state, in SQLAlchemy Core; the same on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Float, Index, Integer, MetaData, String, Table, Text

VERSION: Final = 3
"""The version of this layout; a file with a newer one is refused untouched."""

metadata: Final = MetaData()

meta: Final = Table(
    "meta", metadata, Column("key", String(64), primary_key=True), Column("value", Text, nullable=False)
)

syncs: Final = Table(
    "syncs",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("lineage", String(64), nullable=False),
    Column("serial", Integer, nullable=False),
)

links: Final = Table(
    "links",
    metadata,
    Column("target_provider", String(32), primary_key=True),
    Column("target_scope", String(512), primary_key=True),
    Column("target_id", String(255), primary_key=True),
    Column("source_provider", String(32), nullable=False),
    Column("source_scope", String(512), nullable=False),
    Column("source_id", String(255), nullable=False),
    Column("piece", Integer, nullable=False),
    Column("pieces", Integer, nullable=False),
    Column("sync", String(255), nullable=False),
    Column("applied", Text, nullable=False),
    Column("seen", Text, nullable=False),
    Column("marked", Integer, nullable=False),
    Column("superseded", Integer, nullable=False),
    Column("stands_for", Text, nullable=False, server_default=""),
    Column("until", String(40)),
)
Index("links_source", links.c.source_provider, links.c.source_scope, links.c.source_id)

rights: Final = Table(
    "rights",
    metadata,
    Column("source_provider", String(32), primary_key=True),
    Column("source_scope", String(512), primary_key=True),
    Column("source_id", String(255), primary_key=True),
    Column("target_provider", String(32), primary_key=True),
    Column("target_scope", String(512), primary_key=True),
    Column("sync", String(255), nullable=False),
    Column("name", Text, nullable=False),
    Column("live", String(16), nullable=False),
    Column("was", String(16), nullable=False),
    Column("parked", Text, nullable=False),
    Column("wish", Text, nullable=False),
    Column("since", String(40), nullable=False),
    Column("begun", String(40)),
)

missed: Final = Table(
    "missed",
    metadata,
    Column("source_provider", String(32), primary_key=True),
    Column("source_scope", String(512), primary_key=True),
    Column("source_id", String(255), primary_key=True),
    Column("at", String(40), primary_key=True),
    Column("sync", String(255), nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("cause", Text, nullable=False),
    Column("run", String(64), nullable=False),
)

facts: Final = Table(
    "facts",
    metadata,
    Column("scope", String(512), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
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
    Column("kind", String(16), nullable=False, server_default="apply"),
    Column("of", String(64)),
    Column("plan", Text),
    Column("place", Integer, nullable=False, server_default="0"),
)

intents: Final = Table(
    "intents",
    metadata,
    Column("run", String(64), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("sync", String(255), nullable=False),
    Column("action", String(16), nullable=False),
    Column("source_provider", String(32)),
    Column("source_scope", String(512)),
    Column("source_id", String(255)),
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
)
Index("intents_open", intents.c.target_provider, intents.c.target_scope, intents.c.state)

snapshots: Final = Table(
    "snapshots",
    metadata,
    Column("run", String(64), primary_key=True),
    Column("provider", String(32), primary_key=True),
    Column("scope", String(512), primary_key=True),
    Column("id", String(255), primary_key=True),
    Column("record", Text, nullable=False),
    Column("link", Text),
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
