"""Apply switches as a run, check them, and switch back what does not fire."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import attrs
from attrs import frozen

from migrator.cutover.context import CutoverContext, cutover_context, switch_planner_of
from migrator.cutover.journal import CutoverJournal
from migrator.cutover.switcher import Switcher
from migrator.cutover.switches import Cutover, Goal, Order, Switch, SwitchResult
from migrator.errors import MigratorError, StateError
from migrator.execute.source_writer import SourceWriter
from migrator.execute.writer import Writer
from migrator.store.records import InactiveJob, Missed, Run, RunKind
from migrator.sync.active_status import DARK, job_in
from migrator.sync.endpoints import remember_contract
from migrator.sync.session import Session

Told = Callable[[SwitchResult], None]
"""Told after each move."""

_LOST: Final = "after the switch it was found stopped where it was to be active, by its platform or by somebody"
_MINUTE: Final = timedelta(minutes=1)


@frozen(kw_only=True)
class CutoverRun:
    """Applies switches as a run, and checks their results.

    Attributes:
        stage: both sides, both locked.
        order: what is asked for.
        run: the run's id.
        kind: what kind of run it is.
        stop: set when no new move may be begun.
        progress: told after each move.
    """

    stage: CutoverContext
    order: Order
    run: str
    kind: RunKind
    stop: asyncio.Event
    progress: Told

    async def out(self, moves: list[Switch]) -> Cutover:
        """Return the results of the switches."""
        session = self.stage.session
        planned = [move for move in moves if move.status == "planned"]
        stays = as_planned([move for move in moves if move.status != "planned"])
        state = session.state
        if not planned:
            dark = state.note_dark(session.sync.name, self.stage.dark())
            return told(session, self.order, moves=stays, dark=dark)
        self._begin()
        changeover = self._changeover()
        with session.runtime.instrumentation.stage("switch", run=self.run):
            ended, _ledger = await changeover.all(planned)
        for side in (session.source, session.target):
            if found := await side.adapter.update_contract():
                remember_contract(state, side, found)
        ended, dark = await self._looked_at(ended)
        if await self._taken_back(changeover, ended):
            ended, dark = await self._looked_at(ended)
        dark = state.note_dark(session.sync.name, dark)
        ledger = tuple(changeover.record.ledger)
        done = told(session, self.order, moves=(*ended, *stays), run=self.run, ledger=ledger, dark=dark)
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
            goal=self.order.goal if self.kind == "cutover" else None,
            started_at=session.runtime.clock.now(),
        )
        session.state.begin_run(run, plan_digest="", dialect=session.target.dialect)

    def _changeover(self) -> Switcher:
        session, snapshot = self.stage.session, self.stage.snapshot
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
            target=snapshot.target,
            lock=target.lock,
            sleep=clock.sleep,
            accepted=session.sync.accept_stored,
        )
        origin = SourceWriter(
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
        return Switcher(
            record=CutoverJournal(run=self.run, state=session.state, origin=origin, writer=writer, clock=clock),
            origin=origin,
            writer=writer,
            clock=clock,
            guard=self.order.guard,
            after=max(self.order.guard, late * _MINUTE),
            begin=self.order.at or now,
            stop=self.stop,
            progress=self.progress,
        )

    @property
    def _before(self) -> Goal:
        """The side that is not to be active."""
        return "source" if self.order.goal == "target" else "target"

    async def _taken_back(self, changeover: Switcher, ended: tuple[SwitchResult, ...]) -> bool:
        """Switch jobs back that do not fire after all where they were switched to; whether there were any."""
        lost = [switched.move.source for switched in ended if switched.reason == _LOST]
        if not lost:
            return False
        session = self.stage.session
        try:
            stage = await cutover_context(session, await session.snapshot(locked=True, hold=True))
        except StateError:
            raise
        except MigratorError:
            return False
        mover = switch_planner_of(stage, self.order)
        back = [move for ref in lost if (move := stage.move(ref, mover, self._before)).status == "planned"]
        again = attrs.evolve(changeover, begin=session.runtime.clock.now(), progress=lambda _moved: None)
        await again.all(back)
        return True

    async def _looked_at(
        self, ended: tuple[SwitchResult, ...]
    ) -> tuple[tuple[SwitchResult, ...], tuple[InactiveJob, ...]]:
        """The moves, each with which side is active as read and with its proof; and the jobs that are active nowhere.

        Where nothing can be read, the moves are as they were carried out.
        """
        session = self.stage.session
        try:
            snapshot = await session.snapshot(locked=True, hold=True)
            stage = await cutover_context(session, snapshot)
        except StateError:
            raise
        except MigratorError:
            return ended, self._unread(ended)
        return tuple(self._seen(stage, switched) for switched in ended), stage.dark()

    def _unread(self, ended: tuple[SwitchResult, ...]) -> tuple[InactiveJob, ...]:
        """The jobs that may be active nowhere, as far as that is known without reading both sides again."""
        name, now = self.stage.session.sync.name, self.stage.session.runtime.clock.now()
        touched = {switched.move.source for switched in ended if switched.sent}
        before = [one for one in self.stage.dark() if one.source not in touched]
        found = [
            InactiveJob(
                source=switched.move.source,
                name=switched.move.name,
                live=DARK[switched.live],
                since=now,
                repair=shlex.join(["migrator", "cutover", name, "--job", switched.move.name]),
            )
            for switched in ended
            if switched.sent and switched.live in DARK
        ]
        return (*before, *found)

    def _seen(self, stage: CutoverContext, switched: SwitchResult) -> SwitchResult:
        ref = switched.move.source
        live = stage.standing(ref).live
        proof = stage.proofs.get(ref) if self.kind == "cutover" and switched.status == "moved" else None
        told = proof.status if proof else ""
        source = job_in(stage.snapshot.listed, ref)
        is_stopped = self.order.goal == "source" and source is not None and source.suspended is not None
        if self.kind == "cutover" and switched.status == "moved" and (live in DARK or (is_stopped and switched.sent)):
            return attrs.evolve(switched, status="failed", live=live, proof=told, reason=_LOST)
        if switched.reason == _LOST:
            end = "it was switched back" if live == self._before else "it could not be switched back"
            return attrs.evolve(switched, live=live, proof="", reason=f"{_LOST}; {end}")
        return attrs.evolve(switched, live=live, proof=told)


def preview(session: Session, order: Order, moves: list[Switch]) -> Cutover:
    """What would be done."""
    return told(session, order, moves=as_planned(moves))


def as_planned(moves: list[Switch]) -> tuple[SwitchResult, ...]:
    """Moves as they were planned, without anything done."""
    return tuple(SwitchResult(move=move, status=move.status, live=move.live, reason=move.reason) for move in moves)


def told(
    session: Session,
    order: Order,
    *,
    moves: tuple[SwitchResult, ...] = (),
    run: str | None = None,
    ledger: tuple[Missed, ...] = (),
    dark: tuple[InactiveJob, ...] = (),
) -> Cutover:
    """Return the result of an order."""
    return Cutover(
        sync=session.sync.name,
        source=session.sync.source,
        target=session.sync.target,
        goal=order.goal,
        run=run,
        is_dry=order.is_dry,
        moves=tuple(sorted(moves, key=lambda switched: (switched.move.name.casefold(), str(switched.move.source)))),
        ledger=tuple(sorted(ledger, key=lambda entry: (entry.at, entry.name))),
        dark=dark,
        requests=session.requests,
    )
