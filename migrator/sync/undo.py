"""What a person does about earlier runs: roll one back, and resolve an unresolved write."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable

from migrator.canonical import JobRef
from migrator.config.shapes import did_you_mean
from migrator.errors import NotFoundError, RefusedError, UsageError
from migrator.execute.outcomes import Applied
from migrator.extract import Extracted
from migrator.locking import locking
from migrator.plan.changes import Plan
from migrator.recovery.reconcile import bind_created
from migrator.recovery.rollback import RunTrace, rollback_plan
from migrator.store import State
from migrator.store.records import CUTOVER_KINDS, ORIGIN, Run, Write
from migrator.sync.endpoints import Endpoint, Runtime, contract_of, opened, reconciled, requests_of
from migrator.sync.execution import Execution
from migrator.sync.runs import Agree, Progress, run_id, run_of, silently
from migrator.sync.session import Snapshot


async def rollback(
    runtime: Runtime,
    state: State,
    run: str,
    *,
    agree: Agree,
    stop: asyncio.Event,
    progress: Progress = silently,
) -> tuple[Plan, Applied]:
    """Put the target back as it was before a run, by a run of its own; return the plan and its result.

    Returns:
        The rollback plan and its result.

    Raises:
        UsageError: the run is unknown.
        RefusedError: the sync writes elsewhere by now, or the run switched the active side.
        LockedError: another run writes to the same target.
    """
    undone, own = run_of(state, run), run_id(runtime)
    if undone.kind in {"move", "forget"}:
        what = f"a {undone.kind} changed what migrator knows, and no job"
        raise RefusedError(what, where=f"run {run}", hint=f"undo it: {undone.plan}")
    sync = runtime.config.sync(undone.sync)
    if undone.kind == "dedupe":
        what = "a dedupe run is not rolled back: the copies that it removed would run twice again"
        raise RefusedError(what, where=f"run {run}", hint="their records are kept: migrator state export")
    if undone.kind in CUTOVER_KINDS:
        raise _no_rollback(state, undone, sync.source)
    async with opened(runtime, sync.target, state=state, target=True) as endpoint:
        if (endpoint.adapter.provider, endpoint.adapter.scopes[0]) != (undone.provider, undone.scope):
            what = f"sync {sync.name} writes to another target than run {undone.id} did"
            raise RefusedError(what, actual=endpoint.adapter.scopes[0], allowed=undone.scope)
        async with locking(state, endpoint.lock, own, fence=endpoint.fence, lost=stop.set):
            listed = await endpoint.list_all()
            target, _unresolved_create = await reconciled(runtime, state, endpoint, listed, locked=True)
            trace = await _trace(runtime, state, endpoint, undone, target)
            plan = rollback_plan(trace)
            if not (plan.pending or trace.adopted) or not await agree(plan):
                return plan, Applied(requests=requests_of(endpoint))
            execution = Execution(
                runtime=runtime,
                state=state,
                endpoint=endpoint,
                run=own,
                kind="rollback",
                of=undone.id,
                stop=stop,
                progress=progress,
            )
            snapshot = Snapshot(plan=plan, source=Extracted(jobs=()), target=target, is_short=True)
            _back, outcomes = await execution.apply(snapshot, session=None)
            not_rolled_back = {o.target for o in outcomes if o.status != "done"}
            for ref in trace.adopted - not_rolled_back:
                state.drop_binding(ref)
            return plan, Applied(run=own, outcomes=outcomes, requests=requests_of(endpoint), stopped=stop.is_set())


def _no_rollback(state: State, run: Run, source: str) -> RefusedError:
    """Return why a run that switched the active side is not rolled back, and what can be done instead."""
    writes = state.writes(run.id)
    if any(write.action == "delete" and write.piece == ORIGIN and write.state == "done" for write in writes):
        what = "it deleted source jobs, which no platform brings back; their targets stay active, and syncs renew them"
        hint = f"export their kept definitions: migrator export {source} --retired"
        return RefusedError(what, where=f"run {run.id}", hint=hint)
    what = f"a {run.kind} switches the active side of jobs, and is not rolled back at the target alone"
    command = f"migrator cutover {run.sync}" if run.goal == "source" else f"migrator cutover {run.sync} --back"
    return RefusedError(what, where=f"run {run.id}", hint=f"switch the jobs back: {command}")


async def _trace(runtime: Runtime, state: State, endpoint: Endpoint, run: Run, target: Extracted) -> RunTrace:
    runs = [other for other in state.runs() if (other.provider, other.scope) == (run.provider, run.scope)]
    own = ("rollback", run.id)
    later = [one for one in runs[: [one.id for one in runs].index(run.id)] if (one.kind, one.of) != own]
    lineage, serial = state.lineage(run.sync, fresh=uuid.uuid4().hex)
    writes = tuple(write for write in state.writes(run.id) if write.piece != ORIGIN)
    return RunTrace(
        run=run,
        writes=writes,
        saved_records=state.saved_records(run.id, endpoint.dialect),
        later=tuple(write for other in later for write in state.writes(other.id)),
        bindings=state.bindings(run.provider, (run.scope,), endpoint.dialect),
        switched=_cut_over(runtime, state, endpoint, writes),
        retired=_retired(state, run, writes),
        target=target,
        mapping=endpoint.mapping,
        contract=await contract_of(state, endpoint),
        connection=endpoint.name,
        now=runtime.clock.now(),
        lineage=lineage,
        serial=serial,
    )


def _retired(state: State, run: Run, writes: Iterable[Write]) -> frozenset[JobRef]:
    """Return the source jobs among these that were deleted on purpose after a cutover."""
    homes = {(write.source.provider, write.source.scope) for write in writes if write.source}
    kept = (one for provider, scope in homes for one in state.definitions(provider, (scope,), sync=run.sync))
    return frozenset(one.source for one in kept if one.retired)


def _cut_over(runtime: Runtime, state: State, endpoint: Endpoint, writes: Iterable[Write]) -> frozenset[JobRef]:
    """Return the source jobs among these that a cutover has stopped."""
    homes = {(write.source.provider, write.source.scope) for write in writes if write.source}
    active_sides = [
        active_side
        for provider, scope in homes
        for active_side in state.active_sides(provider, (scope,), runtime.mapping(provider).rules.dialect)
    ]
    stopped = [active_side for active_side in active_sides if active_side.live == "target" or active_side.parked]
    return frozenset(active_side.source for active_side in stopped if active_side.target == endpoint.place)


async def settle(runtime: Runtime, state: State, run: str, job: str, *, created: str | None) -> Write:
    """Resolve an uncertain create as a person says.

    Args:
        runtime: what the command brings along.
        state: the open state.
        run: the run that sent it.
        job: id or name of the source job, or name of the job at the target.
        created: id of the job that it made; None when it made none.

    Returns:
        The write that was resolved.

    Raises:
        UsageError: the unresolved write or the job is unknown.
        RefusedError: that job is bound to something else.
        LockedError: another run writes to the same target.
    """
    found = run_of(state, run)
    sync = runtime.config.sync(found.sync)
    lock = f"{found.provider}:{found.scope}"
    async with (
        opened(runtime, sync.target, state=state, target=True) as endpoint,
        locking(state, lock, run_id(runtime), fence=endpoint.fence),
    ):
        write = _unresolved_create(state.writes(found.id, endpoint.dialect), found.id, job)
        if created is None:
            state.settle(write, "failed", "decided by a person: it was not created")
            return write
        if (endpoint.adapter.provider, endpoint.adapter.scopes[0]) != (found.provider, found.scope):
            what = f"sync {sync.name} writes to another target than run {found.id} did"
            raise RefusedError(what, actual=endpoint.adapter.scopes[0], allowed=found.scope)
        try:
            record = await endpoint.adapter.get_job(found.scope, created)
        except NotFoundError as error:
            what = "unknown job at the target"
            raise UsageError(what, actual=created, hint="give its id as the target names it") from error
        bindings = state.bindings(found.provider, (found.scope,), endpoint.dialect)
        it = endpoint.mapping.read(record.raw, scope=record.scope)
        bind_created(it, write, bindings=bindings, mapping=endpoint.mapping, state=state)
        return write


def _unresolved_create(writes: Iterable[Write], run: str, job: str) -> Write:
    unresolved = [i for i in writes if i.state in {"dispatched", "uncertain"} and i.action == "create" and i.source]
    found = [i for i in unresolved if job in {i.name, i.source and i.source.id}]
    if len(found) == 1:
        return found[0]
    allowed = sorted(i.name for i in (found or unresolved)) or "none is left in this run"
    what = "several unresolved writes have that name" if found else "unknown unresolved write in this run"
    hint = did_you_mean(job, (i.name for i in unresolved)) or "list them: migrator status"
    raise UsageError(what, where=f"run {run}", actual=job, allowed=allowed, hint=hint)


__all__ = ["rollback", "settle"]
