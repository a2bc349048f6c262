"""Cut over: bring the target in line, staged; prove it; then switch the active side, job by job."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import attrs

from migrator.cutover import Cutover, Move, Order, Standing
from migrator.errors import RefusedError, UsageError
from migrator.handover.handing import Handing, Told, preview, told
from migrator.handover.stage import Stage, mover_of, stage_of
from migrator.handover.standing import Standings
from migrator.plan.values import Plan
from migrator.running import Carrying, run_id, silently
from migrator.session import Runtime, Session, locking, session_of, settle_origins
from migrator.state import State

Consent = Callable[[Cutover, Plan], Awaitable[bool]]
"""Asked with the moves, and with the plan of what is made first, before anything is written."""


async def cutover(
    runtime: Runtime, state: State, sync: str, order: Order, *, agree: Consent, stop: asyncio.Event, progress: Told
) -> Cutover:
    """Switch the active side of a sync's jobs to the target, or back.

    Args:
        runtime: what the command brings along.
        state: the open state.
        sync: its name.
        order: what is asked for.
        agree: asked before anything is written.
        stop: set it to begin no new move.
        progress: told after each move.

    Raises:
        UsageError: a job is unknown, or the sync is two-way.
        RefusedError: what has to be made first is unsafe as a whole.
        LockedError: another run writes to one of the two sides.
    """
    async with session_of(runtime, state, sync) as session:
        if session.sync.two_way:
            what, hint = "a two-way sync has no cutover", "set two_way = false, then cut over"
            raise UsageError(what, where=f"syncs.{sync}", hint=hint)
        if order.is_dry:
            stage = await stage_of(session, await session.look(locked=False, hold=True))
            return preview(session, order, _moves(stage, order, is_preview=True))
        if not await _prepared(session, order, agree=agree, stop=stop):
            return told(session, order)
        run = run_id(runtime)
        async with both_locked(session, run, stop=stop):
            await settle_origins(runtime, state, session.source)
            stage = await stage_of(session, await session.look(locked=True, hold=True))
            moves = _moves(stage, order)
            handing = Handing(stage=stage, order=order, run=run, kind="cutover", stop=stop, progress=progress)
            return await handing.out(moves)


async def standings(runtime: Runtime, state: State, sync: str) -> tuple[Standing, ...]:
    """Which side of each job of a sync fires, from what both of them hold; writes to no provider."""
    async with session_of(runtime, state, sync) as session:
        look = await session.look(locked=False)
        stage = Standings(session=session, look=look)
        state.note_dark(sync, stage.dark())
        found = [stage.standing(ref) for ref in stage.links]
        return tuple(sorted(found, key=lambda one: (one.name.casefold(), str(one.source))))


async def _prepared(session: Session, order: Order, *, agree: Consent, stop: asyncio.Event) -> bool:
    """Ask, and bring the target in line; whether there is agreement.

    Raises:
        RefusedError: the plan is unsafe as a whole.
    """
    runtime, state, run = session.runtime, session.state, run_id(session.runtime)
    async with locking(state, session.target.lock, run, fence=session.fence, lost=stop.set):
        look = await session.look(locked=True, hold=True)
        stage = await stage_of(session, look)
        chosen = stage.chosen(order.jobs)
        first = attrs.evolve(look.plan, changes=tuple(c for c in look.plan.changes if c.source in chosen))
        if order.goal == "source":
            first = attrs.evolve(first, changes=())
        if first.pending and first.refusal:
            hint = f"see why: migrator plan {session.sync.name}"
            raise RefusedError(first.refusal, where=f"sync {session.sync.name}", hint=hint)
        moves = _moves(stage, order, is_preview=True)
        if not first.pending and not any(move.status == "planned" for move in moves):
            return True
        if not await agree(preview(session, order, moves), first):
            return False
        if first.pending:
            carrying = Carrying(
                runtime=runtime,
                state=state,
                side=session.target,
                run=run,
                kind="apply",
                of=None,
                stop=stop,
                progress=silently,
            )
            await carrying.out(attrs.evolve(look, plan=first), session=session)
        return True


def _moves(stage: Stage, order: Order, *, is_preview: bool = False) -> list[Move]:
    mover = mover_of(stage, order)
    found = [stage.move(ref, mover, order.goal, is_preview=is_preview) for ref in stage.chosen(order.jobs)]
    return sorted(found, key=lambda move: (move.name.casefold(), str(move.source)))


@asynccontextmanager
async def both_locked(session: Session, run: str, *, stop: asyncio.Event) -> AsyncIterator[None]:
    """Hold the locks of both sides: of every scope of the source, and of the target."""
    source = session.source.adapter
    locks = {session.target.lock, *(f"{source.provider}:{scope}" for scope in source.scopes)}
    async with AsyncExitStack() as stack:
        for lock in sorted(locks):
            await stack.enter_async_context(locking(session.state, lock, run, fence=session.fence, lost=stop.set))
        yield
