"""Remove target jobs of which there may be one for each source job and part, and are several; a person says which."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence

import attrs

from migrator.canonical import JobRef, flatten
from migrator.errors import RefusedError, UsageError
from migrator.execute.outcomes import Applied
from migrator.extract import Extracted
from migrator.plan.changes import Change, Plan
from migrator.plan.duplicates import Duplicate
from migrator.store import State
from migrator.store.records import Binding
from migrator.sync.checkpoint import record_duplicates
from migrator.sync.endpoints import Runtime
from migrator.sync.execution import Execution
from migrator.sync.runs import Agree, Progress, locked_session, silently
from migrator.sync.session import Session, Snapshot

Choose = Callable[[Sequence[Duplicate], Extracted], Awaitable[Collection[str]]]
"""Asked with the duplicates and the target's listing; returns the ids of the target jobs that are to be removed."""


async def dedupe(
    runtime: Runtime,
    state: State,
    sync: str,
    *,
    choose: Choose,
    agree: Agree,
    stop: asyncio.Event,
    progress: Progress = silently,
) -> tuple[Plan, Applied]:
    """Remove the target jobs that a person chooses among the duplicates; return the plan and its result.

    Args:
        runtime: what the command brings along.
        state: the open state.
        sync: its name.
        choose: asked which jobs are to be removed.
        agree: asked with the plan before anything is written.
        stop: set it to begin no new change.
        progress: called after each change.

    Returns:
        The plan that removes what was chosen, and its result: no run where nothing was.

    Raises:
        UsageError: a chosen id is none of the duplicates.
        RefusedError: no job of a source job would be left.
        LockedError: another run writes to the same target.
    """
    async with locked_session(runtime, state, sync, stop=stop) as (session, run):
        snapshot = await session.snapshot(locked=True)
        found = snapshot.duplicates
        chosen = _checked(sync, found, await choose(found, snapshot.target))
        plan = attrs.evolve(snapshot.plan, changes=tuple(_changes(found, chosen)), refusal="")
        if not plan.pending or not await agree(plan):
            return plan, Applied(requests=session.requests)
        state.put_binding(*_bindings(session, snapshot, found, chosen), dialect=plan.dialect)
        execution = Execution.of_session(session, run, "dedupe", stop=stop, progress=progress)
        plan, outcomes = await execution.apply(attrs.evolve(snapshot, plan=plan), session=None)
        deleted = {outcome.target for outcome in outcomes if outcome.status == "done"}
        record_duplicates(state, sync, _remaining(found, deleted))
        return plan, Applied(run=run, outcomes=outcomes, requests=session.requests, stopped=stop.is_set())


def _checked(sync: str, found: Iterable[Duplicate], ids: Collection[str]) -> frozenset[JobRef]:
    known = {job.id: job for one in found for job in one.jobs}
    if unknown := [one for one in ids if one not in known]:
        what, hint = "not one of the duplicates", f"list them: migrator dedupe {sync}"
        raise UsageError(what, where="--remove", actual=unknown[0], allowed=", ".join(known), hint=hint)
    chosen = frozenset(known[one] for one in ids)
    for one in found:
        if chosen >= set(one.jobs):
            what = f"no job would be left of {one.name}"
            hint = "leave one out; to remove them all, delete the job at the source"
            raise RefusedError(what, where="--remove", actual=", ".join(job.id for job in one.jobs), hint=hint)
    return chosen


def _changes(found: Iterable[Duplicate], chosen: Collection[JobRef]) -> Iterator[Change]:
    seen: set[JobRef] = set()
    for one in found:
        for job in one.jobs:
            if job in chosen and job not in seen:
                seen.add(job)
                yield Change(
                    action="delete",
                    source=one.source,
                    target=job,
                    name=one.name,
                    piece=one.piece,
                    pieces=one.pieces,
                    reason="it is one of several copies, and was chosen for removal",
                )


def _bindings(
    session: Session, snapshot: Snapshot, found: Iterable[Duplicate], chosen: Collection[JobRef]
) -> Iterator[Binding]:
    """Yield superseded bindings of what is chosen, so that it is deleted even if this run dies; and of what is left."""
    known = {binding.target: binding for binding in snapshot.bindings}
    for one in found:
        if one.source is None:
            continue
        remaining = [job for job in one.jobs if job not in chosen]
        removed = [job for job in one.jobs if job in chosen]
        for ref in removed:
            yield attrs.evolve(known.get(ref) or _binding(session, snapshot, one, ref), superseded=True)
        if len(remaining) == 1 and removed and any(job in known for job in removed) and remaining[0] not in known:
            yield _binding(session, snapshot, one, remaining[0])


def _binding(session: Session, snapshot: Snapshot, one: Duplicate, ref: JobRef) -> Binding:
    assert one.source is not None
    job = snapshot.target.job(ref)
    fields = flatten(job)
    return Binding(
        source=one.source,
        target=ref,
        piece=one.piece,
        pieces=one.pieces,
        sync=session.sync.name,
        applied=fields,
        seen=fields,
        tagged=job.ownership_tag is not None,
    )


def _remaining(found: Iterable[Duplicate], deleted: Collection[JobRef | None]) -> Iterator[Duplicate]:
    for one in found:
        jobs = tuple(job for job in one.jobs if job not in deleted)
        if len(jobs) > 1:
            yield attrs.evolve(one, jobs=jobs, bound=tuple(job for job in one.bound if job in jobs))
