"""Cut over: bring the target in line, held back; prove it; then move the right to fire, job by job."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Final

import attrs
from attrs import frozen

from migrator.apply.origin import Origin
from migrator.apply.writer import Writer
from migrator.cutover import Cutover, Move, Moved, Order, Standing
from migrator.errors import MigratorError, RefusedError, StateError, UsageError
from migrator.handover.changeover import Changeover
from migrator.handover.stage import Stage, mover_of, stage_of
from migrator.plan.values import Plan
from migrator.running import Carrying, run_id, silently
from migrator.session import Runtime, Session, locking, remember_contract, session_of, settle_origins
from migrator.state import Missed, Run, State
from migrator.state.values import RunKind

Consent = Callable[[Cutover, Plan], Awaitable[bool]]
"""Asked with the moves, and with the plan of what is made first, before anything is written."""
Told = Callable[[Moved], None]
"""Told after each move."""

_MINUTE: Final = timedelta(minutes=1)


async def cutover(
    runtime: Runtime, state: State, sync: str, order: Order, *, agree: Consent, stop: asyncio.Event, progress: Told
) -> Cutover:
    """Move the right to fire of a sync's jobs to the target, or back.

    Args:
        runtime: what the command brings along.
        state: the open state.
        sync: its name.
        order: what is asked for.
        agree: asked before anything is written.
        stop: set it to begin no new move.
        progress: told after each move.

    Raises:
        UsageError: there is no such job, or the sync goes both ways.
        RefusedError: what has to be made first is unsafe as a whole.
        LockedError: another run writes to one of the two sides.
    """
    async with session_of(runtime, state, sync) as session:
        if session.sync.two_way:
            what, hint = "a sync that goes both ways has no cut-over", "set two_way = false, then cut over"
            raise UsageError(what, where=f"syncs.{sync}", hint=hint)
        if order.is_dry:
            stage = await stage_of(session, await session.look(locked=False, hold=True))
            return preview(session, order, _moves(stage, order, is_preview=True))
        if not await _prepared(session, order, agree=agree, stop=stop):
            return _told(session, order)
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
        stage = Stage(session=session, look=look, contracts=("", ""), elsewhere={})
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
            hint = f"look at it with migrator plan {session.sync.name}"
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


@frozen(kw_only=True)
class Handing:
    """Carries moves out as a run, and looks afterwards at what came of them.

    Attributes:
        stage: both sides, both locked.
        order: what is asked for.
        run: the run's id.
        kind: what kind of run it is.
        stop: set when no new move may be begun.
        progress: told after each move.
    """

    stage: Stage
    order: Order
    run: str
    kind: RunKind
    stop: asyncio.Event
    progress: Told

    async def out(self, moves: list[Move]) -> Cutover:
        """What came of the moves."""
        session = self.stage.session
        planned = [move for move in moves if move.status == "planned"]
        stays = _as_planned([move for move in moves if move.status != "planned"])
        if not planned:
            return _told(session, self.order, moves=stays)
        state = session.state
        self._begin()
        ended, ledger = await self._changeover().all(planned)
        for side in (session.source, session.target):
            if found := await side.adapter.update_contract():
                remember_contract(state, side, found)
        ended = await self._looked_at(ended)
        done = _told(session, self.order, moves=(*ended, *stays), run=self.run, ledger=ledger)
        state.end_run(self.run, {status: number for status, number in done.summary.items() if number})
        return attrs.evolve(done, stopped=self.stop.is_set())

    def _begin(self) -> None:
        session = self.stage.session
        provider, scope = session.target.place
        run = Run(
            id=self.run,
            sync=session.sync.name,
            provider=provider,
            scope=scope,
            kind=self.kind,
            started_at=session.runtime.clock.now(),
        )
        session.state.begin_run(run, plan_digest="", dialect=session.target.dialect)

    def _changeover(self) -> Changeover:
        session, look = self.stage.session, self.stage.look
        clock, source, target = session.runtime.clock, session.source, session.target
        writer = Writer(
            run=self.run,
            sync=session.sync.name,
            state=session.state,
            now=clock.now,
            scope=target.place[1],
            adapter=target.adapter,
            mapping=target.mapping,
            contract=self.stage.contracts[1],
            target=look.target,
            lock=target.lock,
            sleep=clock.sleep,
            accepted=session.sync.accept_stored,
        )
        origin = Origin(
            run=self.run,
            sync=session.sync.name,
            state=session.state,
            now=clock.now,
            adapter=source.adapter,
            mapping=source.mapping,
            contract=self.stage.contracts[0],
            lock=source.lock,
            sleep=clock.sleep,
            numbers=writer.numbers,
        )
        late = source.mapping.rules.lateness if self.order.goal == "target" else target.mapping.rules.lateness
        now = clock.now()
        return Changeover(
            run=self.run,
            state=session.state,
            origin=origin,
            writer=writer,
            clock=clock,
            guard=self.order.guard,
            after=max(self.order.guard, late * _MINUTE),
            begin=self.order.at or now,
            stop=self.stop,
            progress=self.progress,
        )

    async def _looked_at(self, ended: tuple[Moved, ...]) -> tuple[Moved, ...]:
        """The moves, each with which side fires as read and with its proof; as they are where nothing can be read."""
        session = self.stage.session
        try:
            look = await session.look(locked=True, hold=True)
            stage = await stage_of(session, look)
        except StateError:
            raise
        except MigratorError:
            return ended
        return tuple(self._seen(stage, moved) for moved in ended)

    def _seen(self, stage: Stage, moved: Moved) -> Moved:
        ref = moved.move.source
        live = stage.standing(ref).live
        proof = stage.proofs.get(ref) if self.kind == "cutover" and moved.status == "moved" else None
        told = proof.status if proof else ""
        return attrs.evolve(moved, live=live, proof=told)


@asynccontextmanager
async def both_locked(session: Session, run: str, *, stop: asyncio.Event) -> AsyncIterator[None]:
    """Hold the locks of both sides: of every scope of the source, and of the target."""
    source = session.source.adapter
    locks = {session.target.lock, *(f"{source.provider}:{scope}" for scope in source.scopes)}
    async with AsyncExitStack() as stack:
        for lock in sorted(locks):
            await stack.enter_async_context(locking(session.state, lock, run, fence=session.fence, lost=stop.set))
        yield


def preview(session: Session, order: Order, moves: list[Move]) -> Cutover:
    """What would be done."""
    return _told(session, order, moves=_as_planned(moves))


def _as_planned(moves: list[Move]) -> tuple[Moved, ...]:
    """Moves as they were planned, without anything done."""
    return tuple(Moved(move=move, status=move.status, live=move.live, reason=move.reason) for move in moves)


def _told(
    session: Session,
    order: Order,
    *,
    moves: tuple[Moved, ...] = (),
    run: str | None = None,
    ledger: tuple[Missed, ...] = (),
) -> Cutover:
    return Cutover(
        sync=session.sync.name,
        source=session.sync.source,
        target=session.sync.target,
        goal=order.goal,
        run=run,
        is_dry=order.is_dry,
        moves=tuple(sorted(moves, key=lambda moved: (moved.move.name.casefold(), str(moved.move.source)))),
        ledger=tuple(sorted(ledger, key=lambda entry: (entry.at, entry.name))),
        requests=session.requests,
    )
