"""The writes that a run plans when it begins: one for each change, by number, before the first of them is sent."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from migrator.canonical import JobRef
from migrator.mapping import ProviderMapping
from migrator.plan.changes import Change
from migrator.store.records import Write

WriteKey = tuple[JobRef | None, int, str | None]
"""Source job, part, and id of the target job: what a change is about."""
_CREATES: Final = uuid.UUID("5f0c9a44-6c0f-4f0b-9d25-0a1b1f2f7a31")
"""The namespace of our ids."""


def write_key(source: JobRef | None, piece: int, target: JobRef | None) -> WriteKey:
    """Return what a change is about."""
    return source, piece, target.id if target else None


def planned_writes(changes: Iterable[Change], *, run: str, sync: str, scope: str, now: datetime) -> Iterator[Write]:
    """Return the writes that a run plans when it begins: one for each of its changes, numbered from 1."""
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


def chosen_id(write: Write, mapping: ProviderMapping) -> str:
    """Return the id of the job that a create makes, always the same one; "" where the platform chooses it."""
    return uuid.uuid5(_CREATES, f"{write.run}/{write.seq}").hex if mapping.rules.identity.chosen else ""
