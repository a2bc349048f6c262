"""Bindings as rows, and back."""

from __future__ import annotations

import json
import sys
from typing import Any

from migrator.canonical import JobRef
from migrator.document import fields_from_json, fields_to_json
from migrator.mapping.codecs import read_time, write_time
from migrator.store import tables as t
from migrator.store.checksums import SUM, checked
from migrator.store.records import (
    Binding,
    Bound,
    ExpiringSchedule,
)


def binding_row(binding: Binding, dialect: str) -> dict[str, Any]:
    """A binding; `dialect` is the target's."""
    return {
        **target_row(binding.target),
        "source_provider": binding.source.provider,
        "source_scope": binding.source.scope,
        "source_id": binding.source.id,
        "piece": binding.piece,
        "pieces": binding.pieces,
        "sync": binding.sync,
        "applied": json.dumps(fields_to_json(binding.applied, dialect)),
        "seen": json.dumps(fields_to_json(binding.seen, dialect)),
        "tagged": int(binding.tagged),
        "superseded": int(binding.superseded),
        "stands_for": binding.stands_for,
        "until": binding.until and write_time(binding.until),
    }


def target_row(ref: JobRef) -> dict[str, Any]:
    """The part of a binding that says which target job it is about."""
    return {"target_provider": ref.provider, "target_scope": ref.scope, "target_id": ref.id}


def binding_of(row: Any, dialect: str) -> Binding:
    """The reverse of `binding_row`, of a mapping."""
    if SUM in row:  # one that a snapshot keeps is covered by that of the snapshot
        checked(t.bindings, row)
    until = row["until"]
    applied = fields_from_json(json.loads(row["applied"]), dialect)
    seen = applied if row["seen"] == row["applied"] else fields_from_json(json.loads(row["seen"]), dialect)
    return Binding(
        source=job_ref(row["source_provider"], row["source_scope"], row["source_id"]),
        target=job_ref(row["target_provider"], row["target_scope"], row["target_id"]),
        piece=row["piece"],
        pieces=row["pieces"],
        sync=sys.intern(row["sync"]),
        applied=applied,
        seen=seen,
        tagged=bool(row["tagged"]),
        superseded=bool(row["superseded"]),
        stands_for=sys.intern(row["stands_for"]),
        until=until and read_time(until),
    )


def job_ref(provider: str, scope: str, job_id: str) -> JobRef:
    """A job, by texts that the listings and thousands of bindings share."""
    return JobRef(provider=sys.intern(provider), scope=sys.intern(scope), id=sys.intern(job_id))


def bound_of(row: Any) -> Bound:
    """The two ends of a binding, of a mapping."""
    return Bound(
        sync=row["sync"],
        source=job_ref(row["source_provider"], row["source_scope"], row["source_id"]),
        target=job_ref(row["target_provider"], row["target_scope"], row["target_id"]),
        name=str(json.loads(row["applied"]).get("name") or row["target_id"]),
    )


def lapsing_of(row: Any) -> ExpiringSchedule | None:
    """A binding whose schedule expires, of a mapping; None when the target job is paused, so that nothing does."""
    checked(t.bindings, row)
    applied = json.loads(row["applied"])
    if applied.get("enabled") is False:
        return None
    return ExpiringSchedule(
        source=JobRef(provider=row["source_provider"], scope=row["source_scope"], id=row["source_id"]),
        target=JobRef(provider=row["target_provider"], scope=row["target_scope"], id=row["target_id"]),
        name=str(applied.get("name") or row["target_id"]),
        until=read_time(row["until"]),
    )
