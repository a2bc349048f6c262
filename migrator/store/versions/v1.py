"""Version 1: the tables of the first release."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import Column, Float, Integer, String, Text

revision = "1"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table("meta", Column("key", String(64), primary_key=True), _text("value"))
    _create_bindings()
    _create_active_sides()
    _create_journal()
    op.create_table("locks", Column("scope", String(600), primary_key=True), *_owner(), Column("uptime", Float))


def _create_bindings() -> None:
    _create_summed("syncs", Column("name", String(255), primary_key=True), _short("lineage", 64), _number("serial"))
    _create_summed(
        "bindings",
        *_job("target", key=True),
        *_job("source"),
        _number("piece"),
        _number("pieces"),
        _short("sync", 255),
        _text("applied"),
        _text("seen"),
        _number("tagged"),
        _number("superseded"),
        _text("stands_for"),
        Column("until", String(40)),
    )
    op.create_index("bindings_source", "bindings", ["source_provider", "source_scope", "source_id"])
    _create_summed(
        "facts",
        Column("scope", String(512), primary_key=True),
        Column("key", String(64), primary_key=True),
        _text("value"),
    )


def _create_active_sides() -> None:
    _create_summed(
        "active_sides",
        *_job("source", key=True),
        Column("target_provider", String(32), primary_key=True),
        Column("target_scope", String(512), primary_key=True),
        _short("sync", 255),
        _text("name"),
        _short("live", 16),
        _text("parked"),
        _text("wish"),
        _short("since", 40),
        Column("begun", String(40)),
    )
    for name, columns in {
        "definitions": (_text("fields"), _number("retired")),
        "takeovers": (*_job("origin"), _short("origin_sync", 255)),
    }.items():
        _create_summed(name, *_job("source", key=True), Column("sync", String(255), primary_key=True), *columns)
    _create_summed(
        "missed",
        *_job("source", key=True),
        Column("at", String(40), primary_key=True),
        _short("sync", 255),
        _text("name"),
        _short("kind", 16),
        _text("cause"),
        _short("run", 64),
    )


def _create_journal() -> None:
    _create_summed(
        "runs",
        Column("id", String(64), primary_key=True),
        _short("sync", 255),
        _short("target_provider", 32),
        _short("target_scope", 512),
        _short("plan_digest", 64),
        _short("started_at", 40),
        Column("ended_at", String(40)),
        Column("result", Text),
        _short("kind", 16),
        Column("of", String(64)),
        Column("goal", String(16)),
        Column("plan", Text),
        _number("place"),
    )
    _create_summed("writes", *_write())
    op.create_index("writes_unresolved", "writes", ["target_provider", "target_scope", "state"])
    _create_summed(
        "saved_records",
        Column("run", String(64), primary_key=True),
        Column("provider", String(32), primary_key=True),
        Column("scope", String(512), primary_key=True),
        Column("id", String(255), primary_key=True),
        _text("record"),
        Column("binding", Text),
    )


def _write() -> tuple[Column[Any], ...]:
    """Return the columns of a write."""
    return (
        Column("run", String(64), primary_key=True),
        Column("seq", Integer, primary_key=True),
        _short("sync", 255),
        _short("action", 16),
        *_job("source", nullable=True),
        _short("target_provider", 32),
        _short("target_scope", 512),
        Column("target_id", String(255)),
        _number("piece"),
        _number("pieces"),
        _text("name"),
        _text("fields"),
        _short("at", 40),
        _short("state", 16),
        _text("error"),
        Column("ended_at", String(40)),
    )


def _owner() -> tuple[Column[Any], ...]:
    """Return the columns that say who holds a lock, and until when."""
    lengths = {"host": 255, "boot": 64, "namespace": 128, "started": 64, "run": 64, "beat": 40, "expires": 40}
    return (_number("pid"), *(_short(name, length) for name, length in lengths.items()))


def _create_summed(name: str, *columns: Column[Any]) -> None:
    """Create a table whose rows have checksums."""
    op.create_table(name, *columns, _short("sum", 8))


def _job(role: str, *, key: bool = False, nullable: bool = False) -> tuple[Column[Any], ...]:
    """Return the columns that name a job: provider, scope and id."""
    lengths = {"provider": 32, "scope": 512, "id": 255}
    return tuple(
        Column(f"{role}_{part}", String(length), primary_key=key, nullable=nullable) for part, length in lengths.items()
    )


def _short(name: str, length: int) -> Column[Any]:
    return Column(name, String(length), nullable=False)


def _text(name: str) -> Column[Any]:
    return Column(name, Text, nullable=False)


def _number(name: str) -> Column[Any]:
    return Column(name, Integer, nullable=False)
