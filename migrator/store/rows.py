"""Values as rows of the tables, and back."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from migrator.canonical import JobRef
from migrator.document import fields_from_json, fields_to_json
from migrator.mapping.codecs import read_time, write_time
from migrator.soundness import storable
from migrator.store import tables as t
from migrator.store.checksums import SUM, checked
from migrator.store.records import (
    ActiveSide,
    Binding,
    Bound,
    Definition,
    ExpiringSchedule,
    InactiveJob,
    IntentState,
    Missed,
    Run,
    Takeover,
    Write,
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


def active_side_row(active_side: ActiveSide, dialect: str) -> dict[str, Any]:
    """An active side; `dialect` is the source's."""
    return {
        **active_side_key(active_side.source, active_side.target),
        "sync": active_side.sync,
        "name": storable(active_side.name),
        "live": active_side.live,
        "parked": json.dumps(fields_to_json(active_side.parked, dialect)),
        "wish": json.dumps(fields_to_json(active_side.wish, dialect)),
        "since": write_time(active_side.since),
        "begun": active_side.begun and write_time(active_side.begun),
    }


def active_side_key(source: JobRef, target: tuple[str, str]) -> dict[str, Any]:
    """The part of a right that says which source job it is about, and towards which target."""
    return {
        "source_provider": source.provider,
        "source_scope": source.scope,
        "source_id": source.id,
        "target_provider": target[0],
        "target_scope": target[1],
    }


def active_side_of(row: Any, dialect: str) -> ActiveSide:
    """The reverse of `active_side_row`."""
    checked(t.active_sides, row)
    return ActiveSide(
        source=JobRef(provider=row.source_provider, scope=row.source_scope, id=row.source_id),
        target=(row.target_provider, row.target_scope),
        sync=row.sync,
        name=row.name,
        live=row.live,
        parked=fields_from_json(json.loads(row.parked), dialect),
        wish=fields_from_json(json.loads(row.wish), dialect),
        since=read_time(row.since),
        begun=row.begun and read_time(row.begun),
    )


def definition_row(one: Definition) -> dict[str, Any]:
    """A source job that is kept; its schedule names its own dialect, because a file may have brought it."""
    return {
        "source_provider": one.source.provider,
        "source_scope": one.source.scope,
        "source_id": one.source.id,
        "sync": one.sync,
        "fields": json.dumps(fields_to_json(one.fields, "")),
        "retired": int(one.retired),
    }


def definition_of(row: Any) -> Definition:
    """The reverse of `definition_row`, of a mapping."""
    checked(t.definitions, row)
    return Definition(
        source=job_ref(row["source_provider"], row["source_scope"], row["source_id"]),
        sync=row["sync"],
        fields=fields_from_json(json.loads(row["fields"]), ""),
        retired=bool(row["retired"]),
    )


def takeover_of(row: Any) -> Takeover:
    """A job of a file that took the place of a retired one, of a mapping."""
    checked(t.takeovers, row)
    return Takeover(
        source=job_ref(row["source_provider"], row["source_scope"], row["source_id"]),
        sync=row["sync"],
        origin=job_ref(row["origin_provider"], row["origin_scope"], row["origin_id"]),
        origin_sync=row["origin_sync"],
    )


def dark_json(one: InactiveJob) -> dict[str, Any]:
    """A job that is active nowhere."""
    return {**attrs.asdict(one), "since": write_time(one.since)}


def dark_of(data: Any) -> InactiveJob:
    """The reverse of `dark_json`."""
    return InactiveJob(**{**data, "source": JobRef(**data["source"]), "since": read_time(data["since"])})


def unfinished_of(row: Any) -> InactiveJob:
    """A job whose cutover was begun and has not ended: what it left is not known before somebody looks."""
    checked(t.active_sides, row)
    return InactiveJob(
        source=job_ref(row.source_provider, row.source_scope, row.source_id),
        name=row.name,
        live="unknown",
        since=read_time(row.begun),
        repair=shlex.join(["migrator", "cutover", row.sync, "--job", row.name or row.source_id]),
    )


def missed_row(missed: Missed) -> dict[str, Any]:
    """An instant of the ledger."""
    return {
        "source_provider": missed.source.provider,
        "source_scope": missed.source.scope,
        "source_id": missed.source.id,
        "at": write_time(missed.at),
        "sync": missed.sync,
        "name": storable(missed.name),
        "kind": missed.kind,
        "cause": storable(missed.cause),
        "run": missed.run,
    }


def missed_of(row: Any) -> Missed:
    """The reverse of `missed_row`."""
    checked(t.missed, row)
    return Missed(
        source=JobRef(provider=row.source_provider, scope=row.source_scope, id=row.source_id),
        at=read_time(row.at),
        sync=row.sync,
        name=row.name,
        kind=row.kind,
        cause=row.cause,
        run=row.run,
    )
