"""Active sides as rows, and back; with what is kept of source jobs whose target alone is active."""

from __future__ import annotations

import json
import shlex
from typing import Any

import attrs

from migrator.canonical import JobRef
from migrator.document import fields_from_json, fields_to_json
from migrator.mapping.codecs import read_time, write_time
from migrator.soundness import storable
from migrator.store import tables as t
from migrator.store.checksums import checked
from migrator.store.records import (
    ActiveSide,
    Definition,
    InactiveJob,
    Missed,
    Takeover,
)
from migrator.store.rows.bindings import job_ref


def active_side_row(active_side: ActiveSide, dialect: str) -> dict[str, Any]:
    """An active side; `dialect` is the source's."""
    return {
        **active_side_key(active_side.source, active_side.target),
        "sync": active_side.sync,
        "name": storable(active_side.name),
        "live": active_side.live,
        "parked": json.dumps(fields_to_json(active_side.parked, dialect)),
        "wish": json.dumps(fields_to_json(active_side.original, dialect)),
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
        original=fields_from_json(json.loads(row.wish), dialect),
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


def inactive_job_json(one: InactiveJob) -> dict[str, Any]:
    """A job that is active nowhere."""
    return {**attrs.asdict(one), "since": write_time(one.since)}


def inactive_job_of(data: Any) -> InactiveJob:
    """The reverse of `inactive_job_json`."""
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
