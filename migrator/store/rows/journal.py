"""Runs, writes and saved records as rows, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from migrator.canonical import JobRef
from migrator.document import fields_from_json, fields_to_json
from migrator.mapping.codecs import read_time, write_time
from migrator.soundness import storable
from migrator.store import tables as t
from migrator.store.checksums import checked
from migrator.store.records import (
    Binding,
    IntentState,
    Run,
    Write,
)
from migrator.store.rows.bindings import binding_row


def write_row(write: Write, provider: str, dialect: str) -> dict[str, Any]:
    """A planned write to `provider`, whose dialect is `dialect`."""
    source = write.source
    return {
        "run": write.run,
        "seq": write.seq,
        "sync": write.sync,
        "action": write.action,
        "source_provider": source and source.provider,
        "source_scope": source and source.scope,
        "source_id": source and source.id,
        "target_provider": provider,
        "target_scope": write.target_scope,
        "target_id": write.target_id,
        "piece": write.piece,
        "pieces": write.pieces,
        "name": storable(write.name),
        "fields": json.dumps(fields_to_json(write.fields, dialect)),
        "at": write_time(write.at),
        "state": write.state,
        "error": storable(write.error),
    }


def outcome_row(
    write: Write, state: IntentState, error: str, *, now: datetime, target_id: str | None = None
) -> dict[str, Any]:
    """What became of a write; a create that worked has the id of what it made."""
    return {
        "run": write.run,
        "seq": write.seq,
        "state": state,
        "error": storable(error),
        "ended_at": write_time(now),
        "target_id": target_id,
    }


def saved_record_row(
    run: str, ref: JobRef, record: Mapping[str, Any], *, binding: Binding | None, dialect: str
) -> dict[str, Any]:
    """A job's record, and its binding, as they were before a run touched it."""
    return {
        "run": run,
        "provider": ref.provider,
        "scope": ref.scope,
        "id": ref.id,
        "record": json.dumps(record),
        "binding": json.dumps(binding_row(binding, dialect)) if binding else None,
    }


def write_of(row: Any, dialect: str | None) -> Write:
    """The reverse of `write_row`; without a dialect, the fields are left out."""
    checked(t.writes, row)
    source = row.source_id and JobRef(provider=row.source_provider, scope=row.source_scope, id=row.source_id)
    return Write(
        run=row.run,
        seq=row.seq,
        sync=row.sync,
        action=row.action,
        source=source or None,
        target_scope=row.target_scope,
        target_id=row.target_id,
        piece=row.piece,
        pieces=row.pieces,
        name=row.name,
        fields={} if dialect is None else fields_from_json(json.loads(row.fields), dialect),
        at=read_time(row.at),
        state=row.state,
        error=row.error,
        ended_at=row.ended_at and read_time(row.ended_at),
    )


def run_of(row: Any) -> Run:
    """A run."""
    checked(t.runs, row)
    return Run(
        id=row.id,
        sync=row.sync,
        provider=row.target_provider,
        scope=row.target_scope,
        kind=row.kind,
        of=row.of,
        goal=row.goal,
        started_at=read_time(row.started_at),
        ended_at=row.ended_at and read_time(row.ended_at),
        summary=json.loads(row.result) if row.result else {},
        plan=getattr(row, "plan", None),
    )
