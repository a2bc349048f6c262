"""The operations on one sync, each from open endpoints to its result.

open endpoints ─▶ list both ─▶ reconcile what a crashed run left ─▶ plan ─▶ apply ─▶ reconcile what got no response
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import attrs

from migrator.config import Schedule, Sync
from migrator.errors import RefusedError
from migrator.execute.outcomes import Applied, Outcome
from migrator.extract import extract
from migrator.plan.changes import Plan
from migrator.plan.narrowing import chosen, narrowed
from migrator.recovery.resume import is_staged, rest_of, still_fits
from migrator.store import State
from migrator.store.journal import NEVER_SENT
from migrator.store.records import InactiveJob
from migrator.sync.active_status import ActiveStatuses
from migrator.sync.checkpoint import (
    record_agreement,
    record_count,
    record_definitions,
    record_schedules,
    record_trouble,
)
from migrator.sync.endpoints import Runtime, opened, requests_of
from migrator.sync.execution import Execution
from migrator.sync.runs import Agree, Progress, locked_session, plan_of, run_of, silently
from migrator.sync.session import Session, Snapshot, session_of

if TYPE_CHECKING:
    from migrator import audit as auditing
    from migrator import listing
    from migrator import verify as verifying


async def plan(
    runtime: Runtime, state: State, sync: str, *, hold: bool = False, jobs: Sequence[str] = ()
) -> tuple[Plan, Mapping[str, int]]:
    """Return what `sync` would change, and the number of requests by provider; `hold` and `jobs` are as for `apply`."""
    async with session_of(runtime, state, sync) as session:
        snapshot = _narrowed(await session.snapshot(locked=False, hold=hold), jobs)
        return snapshot.plan, session.requests


def _narrowed(snapshot: Snapshot, jobs: Sequence[str]) -> Snapshot:
    """Return the snapshot with the plan of the named jobs alone."""
    if not jobs:
        return snapshot
    names = {job.ref: job.name for job in (*snapshot.listed.jobs, *snapshot.target.jobs)}
    return attrs.evolve(snapshot, plan=narrowed(snapshot.plan, jobs, names))


async def verify(runtime: Runtime, state: State, sync: str, *, days: int | None = None) -> verifying.Verification:
    """Return the proofs, job by job, that both sides of `sync` agree; reads both, writes to no provider.

    Args:
        runtime: what the command brings along.
        state: the open state.
        sync: its name.
        days: how long the instants have to agree; by default a day less than the sync promises, which is what the run
            of last night still does.
    """
    from migrator import verify as verifying  # noqa: PLC0415 (only here)
    from migrator.cron.check import second_opinion  # noqa: PLC0415 (only here)
    from migrator.sync.fire_logs import with_fire_logs  # noqa: PLC0415 (only here)

    async with session_of(runtime, state, sync) as session:
        snapshot = await session.snapshot(locked=False)
        endpoint = session.target
        bindings = state.bindings(endpoint.adapter.provider, endpoint.adapter.scopes, endpoint.dialect)
        with runtime.instrumentation.stage("verify"):
            found = verifying.verify(
                snapshot.plan,
                source=snapshot.source,
                target=snapshot.target,
                bindings=[binding for binding in bindings if binding.sync == sync],
                span=timedelta(days=days or max(session.sync.schedule.days - 1, 1)),
                spot=second_opinion,
                duplicates=snapshot.duplicates,
            )
        with runtime.instrumentation.stage("verify"):
            found = await with_fire_logs(found, session=session, snapshot=snapshot)
        return attrs.evolve(found, requests=session.requests)


async def audit(
    runtime: Runtime, connection: str, provider: str, schedule: Schedule, *, jobs: Sequence[str] = ()
) -> auditing.Audit:
    """Return what would become of every job of a connection at a provider; only the connection is read.

    Args:
        runtime: what the command brings along.
        connection: where the jobs live.
        provider: where they would go.
        schedule: how their schedules would be translated.
        jobs: names or ids of the jobs to audit; all of them when empty.
    """
    from migrator import audit as auditing  # noqa: PLC0415 (only here)

    assumed = Sync(name=f"{connection}-to-{provider}", source=connection, target=provider, schedule=schedule)
    async with opened(runtime, connection) as endpoint:
        with runtime.instrumentation.stage("list"):
            found = await extract(endpoint.adapter, endpoint.mapping, as_source=True)
        if jobs:
            found = attrs.evolve(found, jobs=chosen(found.jobs, jobs, where=f"connection {connection}"), problems=())
        now = runtime.clock.now()
        with runtime.instrumentation.stage("audit"):
            result = auditing.audit(found, target=runtime.mapping(provider), sync=assumed, now=now)
        return attrs.evolve(result, requests=requests_of(endpoint))


async def list_jobs(runtime: Runtime, state: State, connection: str) -> listing.Listing:
    """Return the jobs of a connection as a person looks at them; writes to no provider."""
    from migrator import listing  # noqa: PLC0415 (only here)

    async with opened(runtime, connection) as endpoint:
        with runtime.instrumentation.stage("list"):
            found = await extract(endpoint.adapter, endpoint.mapping, as_source=True)
        bound = state.bound_jobs(endpoint.adapter.provider, endpoint.adapter.scopes)
        now = runtime.clock.now()
        return listing.Listing(
            connection=connection,
            provider=endpoint.adapter.provider,
            title=endpoint.mapping.rules.title,
            at=now,
            rows=listing.rows_of(found, bound={target: source for source, _part, target in bound}, now=now),
            requests=requests_of(endpoint),
        )


async def apply(
    runtime: Runtime,
    state: State,
    sync: str,
    *,
    saved: Plan | None = None,
    resume: str | None = None,
    max_deletes: int | None = None,
    hold: bool = False,
    jobs: Sequence[str] = (),
    agree: Agree,
    stop: asyncio.Event,
    progress: Progress = silently,
) -> tuple[Plan, Applied]:
    """Apply the changes of a sync; return the plan and its result.

    Args:
        runtime: what the command brings along.
        state: the open state.
        sync: its name.
        saved: a plan that was made before; it must still fit.
        resume: a run whose plan was only partly applied; what is left of it must still fit.
        max_deletes: refuse everything when more than that many jobs would be deleted.
        hold: create new target jobs staged: they do not fire until the cutover.
        jobs: names or ids of the jobs to change; all of them when empty.
        agree: asked with the plan before anything is written.
        stop: set it to begin no new change.
        progress: called after each change.

    Returns:
        The plan and its result: no run when there was nothing to do or `agree` said no.

    Raises:
        StalePlanError: the saved plan does not fit any more.
        RefusedError: the plan is unsafe as a whole.
        LockedError: another run writes to the same target.
    """
    async with locked_session(runtime, state, sync, stop=stop) as (session, run):
        hold = hold or (saved is not None and is_staged(saved))
        snapshot = _narrowed(await session.snapshot(locked=True, hold=hold), jobs)
        current = snapshot.plan
        if saved:
            current = still_fits(saved, current)
            _guard(snapshot.plan, None)  # it may be unsafe by now, although it was safe when it was made
        elif resume:
            resume = run_of(state, resume).id
            current = _rest_of(state, resume, current)
        _guard(current, max_deletes)
        execution = Execution.of_session(
            session,
            run,
            "resume" if resume else "apply",
            of=resume,
            stop=stop,
            progress=progress,
            writes_back=True,
            replans=saved is None,
        )
        snapshot = attrs.evolve(snapshot, plan=current)
        return await _executed(execution, session, snapshot, agree, is_whole=not jobs)


async def sync(
    runtime: Runtime,
    state: State,
    sync: str,
    *,
    jobs: Sequence[str] = (),
    agree: Agree,
    stop: asyncio.Event,
    progress: Progress = silently,
) -> tuple[Plan, Applied]:
    """Plan, and apply what the limits allow; return the plan and its result. An unsafe plan is not applied.

    Args:
        runtime: what the command brings along.
        state: the open state.
        sync: its name.
        jobs: names or ids of the jobs to change; all of them when empty.
        agree: asked with the plan before anything is written.
        stop: set it to begin no new change.
        progress: called after each change.

    Raises:
        LockedError: another run writes to the same target.
    """
    async with locked_session(runtime, state, sync, stop=stop) as (session, run):
        snapshot = _narrowed(await session.snapshot(locked=True), jobs)
        if snapshot.plan.refusal:
            return snapshot.plan, Applied(requests=session.requests, inactive=_inactive(session, snapshot, ()))
        execution = Execution.of_session(session, run, "sync", stop=stop, progress=progress, writes_back=True)
        return await _executed(execution, session, snapshot, agree, is_whole=not jobs)


async def _executed(
    execution: Execution, session: Session, snapshot: Snapshot, agree: Agree, *, is_whole: bool
) -> tuple[Plan, Applied]:
    """Apply a plan that is safe, if it has changes; return it as it was in the end, and its result."""
    plan, state = snapshot.plan, session.state
    record_agreement(state, plan, snapshot.target, snapshot.bindings)
    if is_whole:
        record_trouble(state, plan, snapshot.source, snapshot.target)
    if not plan.pending:
        _record(snapshot, session)
        inactive = _inactive(session, snapshot, ())
        if is_whole and not inactive:
            state.put_order(plan.sync)  # what earlier runs left is history
        return plan, Applied(requests=session.requests, inactive=inactive)
    if not await agree(plan):
        return plan, Applied(requests=session.requests, inactive=_inactive(session, snapshot, ()))
    plan, outcomes = await execution.apply(snapshot, session=session)
    snapshot = attrs.evolve(snapshot, plan=plan)
    _record(snapshot, session, outcomes)
    return plan, Applied(
        run=execution.run,
        outcomes=outcomes,
        requests=session.requests,
        stopped=execution.stop.is_set(),
        inactive=_inactive(session, snapshot, outcomes),
    )


def _inactive(session: Session, snapshot: Snapshot, outcomes: Sequence[Outcome]) -> tuple[InactiveJob, ...]:
    """Record and return the jobs that are active nowhere, without those that the run has just brought in line."""
    if not snapshot.active_sides:
        return session.state.put_inactive_jobs(session.sync.name, ())
    done = {outcome.source for outcome in outcomes if outcome.status == "done"}
    not_done = {outcome.source for outcome in outcomes if outcome.status != "done"}
    statuses = ActiveStatuses(session=session, snapshot=snapshot)
    statuses.record_ended()
    found = [one for one in statuses.inactive_jobs() if one.source not in done - not_done]
    return session.state.put_inactive_jobs(session.sync.name, found)


def _record(snapshot: Snapshot, session: Session, outcomes: Sequence[Outcome] = ()) -> None:
    """Record what the next run needs to know of this snapshot; of a short listing the old count stays in force."""
    record_schedules(session.state, snapshot.plan, snapshot.bindings, outcomes)
    record_definitions(session.state, session.sync.name, snapshot.source, snapshot.active_sides, snapshot.retired)
    if not snapshot.is_short:
        record_count(session.state, session.sync.name, snapshot.source)


def _rest_of(state: State, run: str, fresh: Plan) -> Plan:
    found = run_of(state, run)
    runs = state.runs(found.sync)
    later = runs[: [other.id for other in runs].index(found.id)]
    sent = [write for one in (found, *later) for write in state.writes(one.id) if one.of in {None, found.id}]
    return rest_of(found, plan_of(found), fresh, later=later, sent=[i for i in sent if i.error != NEVER_SENT])


def _guard(current: Plan, max_deletes: int | None) -> None:
    """Refuse a plan that is unsafe as a whole."""
    where = f"sync {current.sync}"
    if current.refusal:
        raise RefusedError(current.refusal, where=where, hint=f"see why: migrator plan {current.sync}")
    deletes = current.summary["delete"]
    if max_deletes is not None and deletes > max_deletes:
        what = f"the plan deletes {deletes} jobs, and at most {max_deletes} may be deleted; nothing was changed"
        raise RefusedError(what, where=where, hint="check the plan, then allow more with --max-deletes")
