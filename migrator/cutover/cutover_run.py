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
from migrator.execute.writer import Writer
from migrator.store.records import InactiveJob, Missed, Run, RunKind
from migrator.sync.active_status import INACTIVE, job_in
from migrator.sync.endpoints import remember_contract
from migrator.sync.execution import journal_at, source_writer
from migrator.sync.session import Session

SwitchProgress = Callable[[SwitchResult], None]
"""Called with the result of each switch."""

_NOT_FIRING: Final = "after the switch it was found stopped where it was to be active, by its platform or by somebody"
_MINUTE: Final = timedelta(minutes=1)


@frozen(kw_only=True)
class CutoverRun:
    """Applies switches as a run, and checks their results.

    Attributes:
        context: both sides, both locked.
        order: what is asked for.
        run: the run's id.
        kind: what kind of run it is.
        stop: set when no new switch may be begun.
        progress: called with each result.
    """

    context: CutoverContext
    order: Order
    run: str
    kind: RunKind
    stop: asyncio.Event
    progress: SwitchProgress

    async def apply(self, switches: list[Switch]) -> Cutover:
        """Return the results of the switches."""
        session = self.context.session
        planned = [switch for switch in switches if switch.status == "planned"]
        unswitched = as_planned([switch for switch in switches if switch.status != "planned"])
        state = session.state
        if not planned:
            inactive = state.put_inactive_jobs(session.sync.name, self.context.inactive_jobs())
            return result_of(session, self.order, switches=unswitched, inactive=inactive)
        self._begin()
        switcher = self._switcher()
        with session.runtime.instrumentation.stage("switch", run=self.run):
            results, _ledger = await switcher.all(planned)
        for endpoint in (session.source, session.target):
            if found := await endpoint.adapter.update_contract():
                remember_contract(state, endpoint, found)
        results, inactive = await self._read_back(results)
        if await self._switched_back(switcher, results):
            results, inactive = await self._read_back(results)
        inactive = state.put_inactive_jobs(session.sync.name, inactive)
        ledger = tuple(switcher.record.ledger)
        done = result_of(
            session, self.order, switches=(*results, *unswitched), run=self.run, ledger=ledger, inactive=inactive
        )
        state.end_run(self.run, {status: number for status, number in done.summary.items() if number})
        return attrs.evolve(done, stopped=self.stop.is_set())

    def _begin(self) -> None:
        session = self.context.session
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

    def _switcher(self) -> Switcher:
        session, snapshot = self.context.session, self.context.snapshot
        clock, source, target = session.runtime.clock, session.source, session.target
        writer = Writer(
            adapter=target.adapter,
            mapping=target.mapping,
            journal=journal_at(target, session.runtime, session.state, run=self.run, sync=session.sync.name),
            contract=self.context.contracts[1],
            sleep=clock.sleep,
            listing=snapshot.target,
            accepted=session.sync.accept_stored,
        )
        origin = source_writer(source, writer, self.context.contracts[0])
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
        """Return the side that is not to be active."""
        return "source" if self.order.goal == "target" else "target"

    async def _switched_back(self, switcher: Switcher, results: tuple[SwitchResult, ...]) -> bool:
        """Switch jobs back that do not fire after all where they were switched to; return whether there were any."""
        not_firing = [result.switch.source for result in results if result.reason == _NOT_FIRING]
        if not not_firing:
            return False
        session = self.context.session
        try:
            context = await cutover_context(session, await session.snapshot(locked=True, hold=True))
        except StateError:
            raise
        except MigratorError:
            return False
        planner = switch_planner_of(context, self.order)
        switches = [
            switch for ref in not_firing if (switch := context.switch(ref, planner, self._before)).status == "planned"
        ]
        again = attrs.evolve(switcher, begin=session.runtime.clock.now(), progress=lambda _result: None)
        await again.all(switches)
        return True

    async def _read_back(
        self, results: tuple[SwitchResult, ...]
    ) -> tuple[tuple[SwitchResult, ...], tuple[InactiveJob, ...]]:
        """Return the results, each with its active side as read and its proof; and the jobs that are active nowhere.

        Where nothing can be read, the results are those of the writes.
        """
        session = self.context.session
        try:
            snapshot = await session.snapshot(locked=True, hold=True)
            context = await cutover_context(session, snapshot)
        except StateError:
            raise
        except MigratorError:
            return results, self._unread(results)
        return tuple(self._checked(context, result) for result in results), context.inactive_jobs()

    def _unread(self, results: tuple[SwitchResult, ...]) -> tuple[InactiveJob, ...]:
        """Return the jobs that may be active nowhere, as far as that is known without reading both sides again."""
        name, now = self.context.session.sync.name, self.context.session.runtime.clock.now()
        command = ["migrator", "cutover", name, *(["--back"] if self.order.goal == "source" else []), "--job"]
        touched = {result.switch.source for result in results if result.sent}
        before = [one for one in self.context.inactive_jobs() if one.source not in touched]
        found = [
            InactiveJob(
                source=result.switch.source,
                name=result.switch.name,
                live=INACTIVE[result.live],
                since=now,
                repair=shlex.join([*command, result.switch.name]),
            )
            for result in results
            if result.sent and result.live in INACTIVE
        ]
        return (*before, *found)

    def _checked(self, context: CutoverContext, result: SwitchResult) -> SwitchResult:
        ref = result.switch.source
        live = context.status(ref).live
        proof = context.proofs.get(ref) if self.kind == "cutover" and result.status == "moved" else None
        proved = proof.status if proof else ""
        source = job_in(context.snapshot.listed, ref)
        is_stopped = self.order.goal == "source" and source is not None and source.suspended is not None
        if self.kind == "cutover" and result.status == "moved" and (live in INACTIVE or (is_stopped and result.sent)):
            return attrs.evolve(result, status="failed", live=live, proof=proved, reason=_NOT_FIRING)
        if result.reason == _NOT_FIRING:
            end = "it was switched back" if live == self._before else "it could not be switched back"
            return attrs.evolve(result, live=live, proof="", reason=f"{_NOT_FIRING}; {end}")
        return attrs.evolve(result, live=live, proof=proved)


def preview(session: Session, order: Order, switches: list[Switch]) -> Cutover:
    """Return what would be done."""
    return result_of(session, order, switches=as_planned(switches))


def as_planned(switches: list[Switch]) -> tuple[SwitchResult, ...]:
    """Return switches as they were planned, without anything done."""
    return tuple(
        SwitchResult(switch=switch, status=switch.status, live=switch.live, reason=switch.reason) for switch in switches
    )


def result_of(
    session: Session,
    order: Order,
    *,
    switches: tuple[SwitchResult, ...] = (),
    run: str | None = None,
    ledger: tuple[Missed, ...] = (),
    inactive: tuple[InactiveJob, ...] = (),
) -> Cutover:
    """Return the result of an order."""
    return Cutover(
        sync=session.sync.name,
        source=session.sync.source,
        target=session.sync.target,
        goal=order.goal,
        run=run,
        is_dry=order.is_dry,
        switches=tuple(sorted(switches, key=lambda result: (result.switch.name.casefold(), str(result.switch.source)))),
        ledger=tuple(sorted(ledger, key=lambda entry: (entry.at, entry.name))),
        inactive=inactive,
        requests=session.requests,
    )
