"""Find out what became of writes whose outcome nobody noted: by looking, never by sending again.

A run that died leaves intents without an outcome. One listing of the target answers most of them: a created job shows
itself by our mark, or by being new and exactly what was sent; an update by its values; a delete by its absence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

import attrs

from migrator.canonical import Job, flatten
from migrator.extract import Extracted
from migrator.mapping import ProviderMapping
from migrator.mapping.marks import scope_digest
from migrator.plan.compare import identical, same
from migrator.state import State
from migrator.state.values import Intent, Link

_SKEW: Final = timedelta(minutes=5)
"""How far the platform's clock may be from ours."""


def settle(
    intents: Iterable[Intent], *, target: Extracted, links: Iterable[Link], mapping: ProviderMapping, state: State
) -> tuple[Intent, ...]:
    """Settle what can be settled, and return what cannot: writes that only a person can judge."""
    by_target = {link.target.id: link for link in links}
    jobs = {job.ref.id: job for job in target.jobs}
    left: list[Intent] = []
    for intent in intents:
        if intent.action == "create":
            left += _settle_create(intent, [job for job in target.jobs if job.ref.id not in by_target], mapping, state)
        elif intent.action == "update":
            _settle_update(
                intent, jobs.get(intent.target_id or ""), by_target.get(intent.target_id or ""), mapping, state
            )
        elif intent.target_id in jobs:
            state.settle(intent, "failed", "the job is still there")
        elif link := by_target.get(intent.target_id or ""):
            state.drop_link(link.target, settles=intent)
        else:
            state.settle(intent, "done")
    return tuple(left)


def _settle_create(intent: Intent, free: list[Job], mapping: ProviderMapping, state: State) -> Iterator[Intent]:
    found = [job for job in free if _marked(job, intent)] or [
        job
        for job in free
        if job.mark is None and _fresh(job, intent) and identical(intent.fields, flatten(job), mapping)
    ]
    if not found:
        state.settle(intent, "failed", "it was never made")
        return
    if len(found) > 1 or intent.source is None:
        yield attrs.evolve(intent, state="uncertain", error=f"could be any of {', '.join(job.ref.id for job in found)}")
        return
    fields = flatten(found[0])
    link = Link(
        source=intent.source,
        target=found[0].ref,
        piece=intent.piece,
        pieces=intent.pieces,
        sync=intent.sync,
        applied=fields,
        seen=fields,
        marked=found[0].mark is not None,
    )
    state.put_link(link, dialect=mapping.rules.dialect, settles=intent)


def _settle_update(intent: Intent, job: Job | None, link: Link | None, mapping: ProviderMapping, state: State) -> None:
    """Values that are there now as they were sent were sent by us, not by somebody who edited the target."""
    if job is None or link is None:
        state.settle(intent, "failed", "the job is gone")
        return
    remote = flatten(job)
    arrived = {path for path, value in intent.fields.items() if same(value, remote.get(path))}
    if not arrived:
        state.settle(intent, "failed", "it never arrived")
        return
    known = {path: remote.get(path) for path in arrived}
    applied = {path: value for path, value in {**link.applied, **known}.items() if value is not None}
    seen = {path: value for path, value in {**link.seen, **known}.items() if value is not None}
    state.put_link(attrs.evolve(link, applied=applied, seen=seen), dialect=mapping.rules.dialect, settles=intent)


def _marked(job: Job, intent: Intent) -> bool:
    mark, source = job.mark, intent.source
    return (
        mark is not None
        and source is not None
        and (mark.provider, mark.scope, mark.id) == (source.provider, scope_digest(source.scope), source.id)
        and mark.piece == intent.piece
    )


def _fresh(job: Job, intent: Intent) -> bool:
    return job.created_at is not None and job.created_at >= intent.at - _SKEW
