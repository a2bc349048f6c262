"""What a snapshot of both sides leaves in the state, although nothing is sent: the next run compares with it."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, Final, Literal, TypedDict

import attrs

from migrator.active_side import lasting_fields
from migrator.canonical import JobRef, flatten
from migrator.document import digest
from migrator.execute.outcomes import Outcome
from migrator.execute.read_back import with_values_of
from migrator.extract import Extracted
from migrator.plan.changes import Plan
from migrator.plan.duplicates import Duplicate
from migrator.soundness import storable
from migrator.store import State
from migrator.store.records import ActiveSide, Binding, Definition

_LISTED: Final = "jobs listed"
DUPLICATES: Final = "duplicates"
_LIMIT: Final = 100
"""How many jobs in trouble are recorded."""
TROUBLE: Final = "trouble"


class Trouble(TypedDict):
    """A job that its platform has disabled, or whose runs fail."""

    sync: str
    end: Literal["source", "target"]
    job: str
    name: str
    trouble: str


class KnownDuplicate(TypedDict):
    """Target jobs of one source job and part."""

    sync: str
    source: str
    name: str
    piece: int
    pieces: int
    targets: list[str]
    bound: list[str]


def record_agreement(state: State, plan: Plan, target: Extracted, bindings: Iterable[Binding]) -> None:
    """Record what both sides were changed to alike: a later change of one side is then no conflict."""
    alike = {change.target: change.agreed for change in plan.changes if change.target and change.agreed}
    for binding in bindings:
        if paths := alike.get(binding.target):
            remote = flatten(target.job(binding.target))
            applied, seen = with_values_of(binding.applied, remote, paths), with_values_of(binding.seen, remote, paths)
            state.put_binding(attrs.evolve(binding, applied=applied, seen=seen), dialect=plan.dialect)


def record_schedules(state: State, plan: Plan, bindings: Iterable[Binding], outcomes: Sequence[Outcome] = ()) -> None:
    """Record which target jobs are in step with their source's schedule, and until when they are exact by it.

    Those are the ones that a run has just written, and those that were up to date.
    """
    known = {binding.target: (binding.stands_for, binding.until) for binding in bindings}
    unchanged = {change.target: change for change in plan.changes if change.action == "none" and not change.fields}
    ended = zip(plan.pending, outcomes, strict=bool(outcomes))
    written = {o.target: change for change, o in ended if o.status == "done" and change.action != "delete"}
    found = {
        target: (change.schedule.stands_for, change.schedule.until)
        for target, change in {**unchanged, **written}.items()
        if target and change.schedule
    }
    state.put_schedules({target: now for target, now in found.items() if known.get(target) != now})


def record_definitions(
    state: State, sync: str, source: Extracted, active_sides: Mapping[JobRef, ActiveSide], retired: Container[JobRef]
) -> None:
    """Keep the source jobs whose target is the active side: a sync renews them also when they are gone."""
    alone = [
        job.ref for job in source.jobs if (active_side := active_sides.get(job.ref)) and active_side.live == "target"
    ]
    state.keep_definitions(
        Definition(source=ref, sync=sync, fields=lasting_fields(source.job(ref)), retired=ref in retired)
        for ref in alone
    )


def record_trouble(state: State, plan: Plan, source: Extracted, target: Extracted) -> None:
    """Record which jobs of a sync are stopped by their platform, or fail, as it reports; for `status`."""
    known = {*(change.source for change in plan.changes), *(change.target for change in plan.changes)}
    found = [
        {"end": end, "job": str(job.ref), "name": storable(job.name), "trouble": storable(job.trouble)}
        for end, listing in (("source", source), ("target", target))
        for job in listing.jobs
        if job.trouble and job.ref in known
    ]
    text = json.dumps(found[:_LIMIT])
    if (state.recall(plan.sync, TROUBLE) or "[]") != text:
        state.remember(plan.sync, TROUBLE, text)


def trouble_of(state: State, sync: str) -> list[Trouble]:
    """Return the recorded trouble of a sync: endpoint, job, name and trouble of each."""
    return _recalled(state, sync, TROUBLE)


def record_count(state: State, sync: str, source: Extracted) -> None:
    """Record how many jobs the source had when it was last in order."""
    state.remember(_listing(sync, source), _LISTED, str(len(source.jobs) + len(source.problems)))


def last_count(state: State, sync: str, source: Extracted) -> int | None:
    """Return how many jobs the source had then; None when that is not known."""
    known = state.recall(_listing(sync, source), _LISTED)
    return None if known is None else int(known)


def record_duplicates(state: State, sync: str, found: Iterable[Duplicate]) -> None:
    """Record surplus target jobs, for `status`, which asks no platform; no write where that is known."""
    text = json.dumps(
        [
            {
                "source": f"{one.key[0]}/{one.key[2]}",
                "name": one.name,
                "piece": one.piece,
                "pieces": one.pieces,
                "targets": [job.id for job in one.jobs],
                "bound": [job.id for job in one.bound],
            }
            for one in found
        ]
    )
    if text != (state.recall(sync, DUPLICATES) or "[]"):
        state.remember(sync, DUPLICATES, text)


def known_duplicates(state: State, syncs: Iterable[str]) -> dict[str, tuple[KnownDuplicate, ...]]:
    """Return, by sync, the target jobs that were one too many when both sides were last read."""
    return {sync: tuple(found) for sync in syncs if (found := _recalled(state, sync, DUPLICATES))}


def _recalled(state: State, sync: str, what: str) -> list[Any]:
    return [{"sync": sync, **one} for one in json.loads(state.recall(sync, what) or "[]")]


def _listing(sync: str, source: Extracted) -> str:
    """Return which listing a number of jobs is about."""
    return f"sync {sync} of {digest(sorted(source.scopes))[:16]}"
