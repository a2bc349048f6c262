"""Cut over: bring the target in line, staged; prove it; then switch the active side, job by job."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import attrs

from migrator.active_side import ActiveStatus
from migrator.cutover.context import CutoverContext, cutover_context, switch_planner_of
from migrator.cutover.cutover_run import CutoverRun, SwitchProgress, preview, result_of
from migrator.cutover.deferred import check_in_effect, deferred_sides
from migrator.cutover.switches import Cutover, Order, Switch
from migrator.errors import RefusedError, UsageError
from migrator.locking import locking
from migrator.plan.changes import Plan
from migrator.store import State
from migrator.sync.active_status import ActiveStatuses
from migrator.sync.endpoints import Runtime, reconcile_source_writes
from migrator.sync.execution import Execution
from migrator.sync.runs import run_id
from migrator.sync.session import Session, session_of

Consent = Callable[[Cutover, Plan], Awaitable[bool]]
"""Asked with the switches, and with the plan of what is created first, before anything is written."""


async def cutover(
    runtime: Runtime,
    state: State,
    sync: str,
    order: Order,
    *,
    agree: Consent,
    stop: asyncio.Event,
    progress: SwitchProgress,
) -> Cutover:
    """Switch the active side of a sync's jobs to the target, or back; return the result.

    Args:
        runtime: what the command brings along.
        state: the open state.
        sync: its name.
        order: what is asked for.
        agree: asked before anything is written.
        stop: set it to begin no new switch.
        progress: called with each result.

    Raises:
        UsageError: a job is unknown, or the sync is two-way.
        RefusedError: what has to be created first is unsafe as a whole, or a side follows changes later.
        LockedError: another run writes to one of the two sides.
    """
    async with session_of(runtime, state, sync) as session:
        if session.sync.two_way:
            what, hint = "a two-way sync has no cutover", "set two_way = false, then cut over"
            raise UsageError(what, where=f"syncs.{sync}", hint=hint)
        command = "cutover" if order.goal == "target" else "cutover --back"
        check_in_effect(session, command, is_in_effect=order.in_effect, counts=("source", "target"), goal=order.goal)
        if order.is_dry:
            context = await cutover_context(session, await session.snapshot(locked=False, hold=True))
            return preview(session, order, _switches(context, order, is_preview=True))
        if not await _prepared(session, order, agree=agree, stop=stop):
            return result_of(session, order)
        run = run_id(runtime)
        async with both_locked(session, run, stop=stop):
            await reconcile_source_writes(runtime, state, session.source)
            context = await cutover_context(session, await session.snapshot(locked=True, hold=True))
            switches = _switches(context, order)
            cutover_run = CutoverRun(
                context=context, order=order, run=run, kind="cutover", stop=stop, progress=progress
            )
            return await cutover_run.apply(switches)


async def active_statuses(runtime: Runtime, state: State, sync: str) -> tuple[ActiveStatus, ...]:
    """Return which side of each job of a sync fires, from what both of them hold; writes to no provider."""
    async with session_of(runtime, state, sync) as session:
        snapshot = await session.snapshot(locked=False)
        statuses = ActiveStatuses(session=session, snapshot=snapshot)
        state.put_inactive_jobs(sync, statuses.inactive_jobs())
        found = [statuses.status(ref) for ref in statuses.bindings]
        return tuple(sorted(found, key=lambda one: (one.name.casefold(), str(one.source))))


async def _prepared(session: Session, order: Order, *, agree: Consent, stop: asyncio.Event) -> bool:
    """Ask, and bring the target in line; return whether there is agreement.

    Raises:
        RefusedError: the plan is unsafe as a whole.
    """
    state, run = session.state, run_id(session.runtime)
    async with locking(state, session.target.lock, run, fence=session.fence, lost=stop.set):
        snapshot = await session.snapshot(locked=True, hold=True)
        context = await cutover_context(session, snapshot)
        chosen = context.chosen(order.jobs)
        first = attrs.evolve(snapshot.plan, changes=tuple(c for c in snapshot.plan.changes if c.source in chosen))
        if order.goal == "source":
            first = attrs.evolve(first, changes=())
        if first.pending and first.refusal:
            hint = f"see why: migrator plan {session.sync.name}"
            raise RefusedError(first.refusal, where=f"sync {session.sync.name}", hint=hint)
        if first.pending and (late := deferred_sides(session).get("target")):
            hint = f"run migrator apply {session.sync.name}, merge the changes, then run again"
            raise RefusedError(f"{late} is not in line yet", where=f"sync {session.sync.name}", hint=hint)
        switches = _switches(context, order, is_preview=True)
        if not first.pending and not any(switch.status == "planned" for switch in switches):
            return True
        if not await agree(preview(session, order, switches), first):
            return False
        if first.pending:
            execution = Execution.of_session(session, run, "apply", stop=stop)
            await execution.apply(attrs.evolve(snapshot, plan=first), session=session)
        return True


def _switches(context: CutoverContext, order: Order, *, is_preview: bool = False) -> list[Switch]:
    planner = switch_planner_of(context, order)
    found = [context.switch(ref, planner, order.goal, is_preview=is_preview) for ref in context.chosen(order.jobs)]
    return sorted(found, key=lambda switch: (switch.name.casefold(), str(switch.source)))


@asynccontextmanager
async def both_locked(session: Session, run: str, *, stop: asyncio.Event) -> AsyncIterator[None]:
    """Hold the locks of both sides: of every scope of the source, and of the target."""
    source = session.source.adapter
    locks = {session.target.lock, *(f"{source.provider}:{scope}" for scope in source.scopes)}
    async with AsyncExitStack() as stack:
        for lock in sorted(locks):
            await stack.enter_async_context(locking(session.state, lock, run, fence=session.fence, lost=stop.set))
        yield
