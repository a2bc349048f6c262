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
from migrator.state import tables as t
from migrator.state.sums import SUM, checked
from migrator.state.values import Bound, Dark, Definition, Intent, IntentState, Lapsing, Link, Missed, Right, Run


def link_row(link: Link, dialect: str) -> dict[str, Any]:
    """A link; `dialect` is the target's."""
    return {
        **target_row(link.target),
        "source_provider": link.source.provider,
        "source_scope": link.source.scope,
        "source_id": link.source.id,
        "piece": link.piece,
        "pieces": link.pieces,
        "sync": link.sync,
        "applied": json.dumps(fields_to_json(link.applied, dialect)),
        "seen": json.dumps(fields_to_json(link.seen, dialect)),
        "marked": int(link.marked),
        "superseded": int(link.superseded),
        "stands_for": link.stands_for,
        "until": link.until and write_time(link.until),
    }


def target_row(ref: JobRef) -> dict[str, Any]:
    """The part of a link that says which target job it is about."""
    return {"target_provider": ref.provider, "target_scope": ref.scope, "target_id": ref.id}


def link_of(row: Any, dialect: str) -> Link:
    """The reverse of `link_row`, of a mapping."""
    if SUM in row:  # one that a snapshot keeps is covered by that of the snapshot
        checked(t.links, row)
    until = row["until"]
    applied = fields_from_json(json.loads(row["applied"]), dialect)
    seen = applied if row["seen"] == row["applied"] else fields_from_json(json.loads(row["seen"]), dialect)
    return Link(
        source=job_ref(row["source_provider"], row["source_scope"], row["source_id"]),
        target=job_ref(row["target_provider"], row["target_scope"], row["target_id"]),
        piece=row["piece"],
        pieces=row["pieces"],
        sync=sys.intern(row["sync"]),
        applied=applied,
        seen=seen,
        marked=bool(row["marked"]),
        superseded=bool(row["superseded"]),
        stands_for=sys.intern(row["stands_for"]),
        until=until and read_time(until),
    )


def job_ref(provider: str, scope: str, job_id: str) -> JobRef:
    """A job, by texts that the listings and thousands of links share."""
    return JobRef(provider=sys.intern(provider), scope=sys.intern(scope), id=sys.intern(job_id))


def bound_of(row: Any) -> Bound:
    """The two ends of a binding, of a mapping."""
    return Bound(
        sync=row["sync"],
        source=job_ref(row["source_provider"], row["source_scope"], row["source_id"]),
        target=job_ref(row["target_provider"], row["target_scope"], row["target_id"]),
        name=str(json.loads(row["applied"]).get("name") or row["target_id"]),
    )


def lapsing_of(row: Any) -> Lapsing | None:
    """A link whose schedule lapses, of a mapping; None when the target job is paused, so that nothing does."""
    checked(t.links, row)
    applied = json.loads(row["applied"])
    if applied.get("enabled") is False:
        return None
    return Lapsing(
        source=JobRef(provider=row["source_provider"], scope=row["source_scope"], id=row["source_id"]),
        target=JobRef(provider=row["target_provider"], scope=row["target_scope"], id=row["target_id"]),
        name=str(applied.get("name") or row["target_id"]),
        until=read_time(row["until"]),
    )


def intent_row(intent: Intent, provider: str, dialect: str) -> dict[str, Any]:
    """An intent to write to `provider`, whose dialect is `dialect`."""
    source = intent.source
    return {
        "run": intent.run,
        "seq": intent.seq,
        "sync": intent.sync,
        "action": intent.action,
        "source_provider": source and source.provider,
        "source_scope": source and source.scope,
        "source_id": source and source.id,
        "target_provider": provider,
        "target_scope": intent.target_scope,
        "target_id": intent.target_id,
        "piece": intent.piece,
        "pieces": intent.pieces,
        "name": storable(intent.name),
        "fields": json.dumps(fields_to_json(intent.fields, dialect)),
        "at": write_time(intent.at),
        "state": intent.state,
        "error": storable(intent.error),
    }


def outcome_row(
    intent: Intent, state: IntentState, error: str, *, now: datetime, target_id: str | None = None
) -> dict[str, Any]:
    """What became of a write; a create that worked has the id of what it made."""
    return {
        "run": intent.run,
        "seq": intent.seq,
        "state": state,
        "error": storable(error),
        "ended_at": write_time(now),
        "target_id": target_id,
    }


def snapshot_row(
    run: str, ref: JobRef, record: Mapping[str, Any], *, link: Link | None, dialect: str
) -> dict[str, Any]:
    """A job's record, and its link, as they were before a run touched it."""
    return {
        "run": run,
        "provider": ref.provider,
        "scope": ref.scope,
        "id": ref.id,
        "record": json.dumps(record),
        "link": json.dumps(link_row(link, dialect)) if link else None,
    }


def intent_of(row: Any, dialect: str | None) -> Intent:
    """The reverse of `intent_row`; without a dialect, the fields are left out."""
    checked(t.intents, row)
    source = row.source_id and JobRef(provider=row.source_provider, scope=row.source_scope, id=row.source_id)
    return Intent(
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


def right_row(right: Right, dialect: str) -> dict[str, Any]:
    """An active side; `dialect` is the source's."""
    return {
        **right_key(right.source, right.target),
        "sync": right.sync,
        "name": storable(right.name),
        "live": right.live,
        "parked": json.dumps(fields_to_json(right.parked, dialect)),
        "wish": json.dumps(fields_to_json(right.wish, dialect)),
        "since": write_time(right.since),
        "begun": right.begun and write_time(right.begun),
    }


def right_key(source: JobRef, target: tuple[str, str]) -> dict[str, Any]:
    """The part of a right that says which source job it is about, and towards which target."""
    return {
        "source_provider": source.provider,
        "source_scope": source.scope,
        "source_id": source.id,
        "target_provider": target[0],
        "target_scope": target[1],
    }


def right_of(row: Any, dialect: str) -> Right:
    """The reverse of `right_row`."""
    checked(t.rights, row)
    return Right(
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


def definition_row(one: Definition, dialect: str) -> dict[str, Any]:
    """A source job that is kept; `dialect` is the source's."""
    return {
        "source_provider": one.source.provider,
        "source_scope": one.source.scope,
        "source_id": one.source.id,
        "sync": one.sync,
        "fields": json.dumps(fields_to_json(one.fields, dialect)),
    }


def definition_of(row: Any, dialect: str) -> Definition:
    """The reverse of `definition_row`, of a mapping."""
    checked(t.definitions, row)
    return Definition(
        source=job_ref(row["source_provider"], row["source_scope"], row["source_id"]),
        sync=row["sync"],
        fields=fields_from_json(json.loads(row["fields"]), dialect),
    )


def dark_json(one: Dark) -> dict[str, Any]:
    """A job that is active nowhere."""
    return {**attrs.asdict(one), "since": write_time(one.since)}


def dark_of(data: Any) -> Dark:
    """The reverse of `dark_json`."""
    return Dark(**{**data, "source": JobRef(**data["source"]), "since": read_time(data["since"])})


def unfinished_of(row: Any) -> Dark:
    """A job whose cutover was begun and has not ended: what it left is not known before somebody looks."""
    checked(t.rights, row)
    return Dark(
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
