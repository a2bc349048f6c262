"""What a run claims when it begins: every change of its plan, by number, before the first of them is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from migrator.canonical import JobRef
from migrator.plan.changes import Change
from migrator.store.records import Write

WriteKey = tuple[JobRef | None, int, str | None]
"""Source job, part, and id of the target job: what a change is about."""


def write_key(source: JobRef | None, piece: int, target: JobRef | None) -> WriteKey:
    """What a change is about."""
    return source, piece, target.id if target else None


def planned_writes(changes: Iterable[Change], *, run: str, sync: str, scope: str, now: datetime) -> Iterator[Write]:
    """What a run claims when it begins: one planned write for each of its changes, numbered from 1."""
    return (
        Write(
            run=run,
            seq=seq,
            sync=sync,
            action=change.action,
            source=change.source,
            target_scope=change.target.scope if change.target else scope,
            target_id=change.target.id if change.target else None,
            piece=change.piece,
            pieces=change.pieces,
            name=change.label,
            at=now,
            state="claimed",
        )
        for seq, change in enumerate(changes, 1)
    )
