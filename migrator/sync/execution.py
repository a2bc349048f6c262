"""Carry a plan out as a run: journalled from its beginning to its end, and taken up again where answers were lost."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import Self

import attrs

from migrator.errors import MigratorError, StateError
from migrator.execute.change_steps import ChangeSteps
from migrator.execute.executor import Executor
from migrator.execute.outcomes import Applied, Outcome
from migrator.execute.planned_writes import planned_writes, write_key
from migrator.execute.source_writer import SourceWriter
from migrator.execute.writer import Writer
from migrator.extract import Extracted
from migrator.mapping import ProviderMapping
from migrator.plan.changes import Plan
from migrator.plan.document import pack_plan
from migrator.recovery.resume import joined, merged, replanned, unfinished
from migrator.store import State
from migrator.store.records import ActiveSide, Run, RunKind
from migrator.sync.endpoints import Endpoint, Runtime, contract_of, remember_contract
from migrator.sync.runs import Progress, silently
from migrator.sync.session import Session, Snapshot


@attrs.frozen(kw_only=True)
class Execution:
    """One run that carries a plan out.

    Attributes:
        runtime: what the command brings along.
        state: the open state.
        endpoint: the target, whose lock is held.
        source: the source, where it is written to as well; then its lock is held, too.
        run: the run's id.
        kind: what kind of run it is.
        of: the run that it takes up or rolls back.
        stop: set when no new change may be begun.
        progress: told after each change.
        replans: whether changes that the target's update contract forbids are planned again in the run. Of a saved plan
            nothing is carried out but what was looked at.
    """

    runtime: Runtime
    state: State
    endpoint: Endpoint
    source: Endpoint | None = None
    run: str
    kind: RunKind
    of: str | None
    stop: asyncio.Event
    progress: Progress
    replans: bool = True

    @classmethod
    def of_session(
        cls,
        session: Session,
        run: str,
        kind: RunKind,
        *,
        stop: asyncio.Event,
        progress: Progress = silently,
        of: str | None = None,
        writes_back: bool = False,
        replans: bool = True,
    ) -> Self:
        """Return the execution of a plan by a run of an open sync; of a two-way one it may write back to the source."""
        return cls(
            runtime=session.runtime,
            state=session.state,
            endpoint=session.target,
            source=session.source if writes_back and session.sync.two_way else None,
            run=run,
            kind=kind,
            of=of,
            stop=stop,
            progress=progress,
            replans=replans,
        )

    async def out(self, snapshot: Snapshot, *, session: Session | None) -> tuple[Plan, tuple[Outcome, ...]]:
        """Journal the run from beginning to end; with a session, take up what lost its answer.

        Returns:
            The plan that was applied in the end, and the result of each of its changes. It is another one than was
            begun where the target's update contract turned out to be another one than was assumed.
        """
        instrumentation = self.runtime.instrumentation
        with instrumentation.stage("apply", run=self.run):
            plan, outcomes = await self._out(snapshot, session=session)
        for outcome in outcomes:
            instrumentation.job(sync=plan.sync, action=outcome.action, status=outcome.status)
        return plan, outcomes

    async def _out(self, snapshot: Snapshot, *, session: Session | None) -> tuple[Plan, tuple[Outcome, ...]]:
        plan = snapshot.plan
        writer = self._writer(snapshot)
        self._begin(plan)
        origin = await self._origin(writer)
        try:
            outcomes = await self._applier(writer, plan, self.progress, origin).apply(plan)
            if session and not self.stop.is_set():
                outcomes = await self._once_more(writer, plan, outcomes, session, snapshot, origin)
                if writer.contract != plan.contract and self.replans:
                    plan, outcomes = await self._by_other_contract(writer, plan, outcomes, session, snapshot, origin)
        except BaseException:
            with suppress(StateError):  # what ended the run matters more
                await writer.notes.flush()
            raise
        if found := await self.endpoint.adapter.update_contract():  # what was only assumed is not remembered
            remember_contract(self.state, self.endpoint, found)
        done = Applied(run=self.run, outcomes=outcomes)
        self.state.end_run(self.run, dict(done.summary))
        return plan, outcomes

    def _begin(self, plan: Plan) -> None:
        changes = tuple(plan.pending)  # what stays as it is would be kept again every night, for years
        now, kept = self.runtime.clock.now(), attrs.evolve(plan, changes=changes)
        packed, digest = pack_plan(kept)
        self.state.begin_run(
            Run(
                id=self.run,
                sync=plan.sync,
                provider=plan.target_provider,
                scope=plan.target_scope,
                kind=self.kind,
                of=self.of,
                started_at=now,
                plan=packed,
            ),
            plan_digest=digest,
            dialect=plan.dialect,
            claims=planned_writes(changes, run=self.run, sync=plan.sync, scope=plan.target_scope, now=now),
        )
        self._record_active_sides(plan, now)

    def _record_active_sides(self, plan: Plan, now: datetime) -> None:
        """Record whether jobs that are new at the target are staged, before any of them is created."""
        place = (plan.target_provider, plan.target_scope)
        known = {source for source, _piece, _target in self.state.bound_jobs(place[0], (place[1],))}
        new = {
            change.source: change
            for change in plan.pending
            if change.action in {"create", "adopt"} and change.source and change.source not in known
        }
        held = [
            ActiveSide(
                source=source,
                target=place,
                sync=plan.sync,
                name=change.name,
                live="source",
                since=now,
            )
            for source, change in new.items()
            if change.active_side == "source"
        ]
        self.state.put_active_side(*held, dialect=plan.dialect)
        live = new.keys() - {active_side.source for active_side in held}
        self.state.drop_active_sides(live & self.state.active_sides_towards(place), place)

    def _writer(self, snapshot: Snapshot) -> Writer:
        plan, clock = snapshot.plan, self.runtime.clock
        keys = [write_key(change.source, change.piece, change.target) for change in plan.pending]
        return Writer(
            run=self.run,
            sync=plan.sync,
            scope=plan.target_scope,
            adapter=self.endpoint.adapter,
            mapping=self.endpoint.mapping,
            state=self.state,
            contract=plan.contract,
            target=snapshot.target,
            now=clock.now,
            lock=self.endpoint.lock,
            sleep=clock.sleep,
            claims={key: number for number, key in enumerate(keys, 1)},
            marks=_takes_ownership_tags(self.endpoint.mapping, snapshot.target),
            accepted=accepted_by(self.runtime, plan.sync),
        )

    async def _origin(self, writer: Writer) -> SourceWriter | None:
        """What writes to the source in this run, if anything does."""
        if self.source is None:
            return None
        return SourceWriter(
            run=self.run,
            sync=writer.sync,
            adapter=self.source.adapter,
            mapping=self.source.mapping,
            state=self.state,
            contract=await contract_of(self.state, self.source),
            now=writer.now,
            lock=self.source.lock,
            sleep=writer.sleep,
            numbers=writer.numbers,
        )

    def _applier(self, writer: Writer, plan: Plan, progress: Progress, origin: SourceWriter | None) -> Executor:
        touched = {change.target.id for change in plan.pending if change.target}
        bindings = self.state.bindings(
            self.endpoint.adapter.provider, self.endpoint.adapter.scopes, plan.dialect, only=touched
        )
        return Executor(
            writer=writer,
            changer=ChangeSteps(
                writer=writer,
                bindings={binding.target.id: binding for binding in bindings},
                origin=origin,
                sleep=self.runtime.clock.sleep,
            ),
            stop=self.stop,
            progress=progress,
        )

    async def _once_more(
        self,
        writer: Writer,
        plan: Plan,
        outcomes: tuple[Outcome, ...],
        session: Session,
        before: Snapshot,
        origin: SourceWriter | None,
    ) -> tuple[Outcome, ...]:
        """Find out with one more listing what became of writes without an answer, and finish their jobs.

        Where that cannot be found out now, the next run does.
        """
        open_now = self.state.unresolved_writes(self.endpoint.adapter.provider, self.endpoint.adapter.scopes, None)
        unclear = {write.source for write in open_now if write.run == self.run and write.source}
        if not unclear:
            return outcomes
        if (snapshot := await _listed_again(session, before, hold=False)) is None:
            return outcomes
        rest = unfinished(plan.pending, outcomes, snapshot.plan, unclear)
        writer.target = snapshot.target
        later = await self._applier(writer, rest, silently, origin).apply(rest)
        return merged(plan.pending, outcomes, rest, later, unclear)

    async def _by_other_contract(
        self,
        writer: Writer,
        plan: Plan,
        outcomes: tuple[Outcome, ...],
        session: Session,
        before: Snapshot,
        origin: SourceWriter | None,
    ) -> tuple[Plan, tuple[Outcome, ...]]:
        """Plan again what could not be done, because the target follows another update contract than was assumed."""
        if (snapshot := await _listed_again(session, before, hold=before.hold)) is None:
            return plan, outcomes
        rest = replanned(plan, outcomes, snapshot.plan)
        if snapshot.plan.refusal or not rest.changes:
            return plan, outcomes
        self._record_active_sides(rest, self.runtime.clock.now())
        writer.target, writer.contract = snapshot.target, rest.contract
        later = await self._applier(writer, rest, silently, origin).apply(rest)
        return joined(plan, outcomes, rest, later)


async def _listed_again(session: Session, before: Snapshot, *, hold: bool) -> Snapshot | None:
    """Return a snapshot with a new listing of the target; None where it cannot be read, which the next run does."""
    try:
        return await session.snapshot(locked=True, source=before.listed, hold=hold)
    except StateError:
        raise
    except MigratorError:
        return None


def accepted_by(runtime: Runtime, sync: str) -> tuple[str, ...]:
    """Return the paths of which a sync accepts what the target keeps; none where the config lacks the sync."""
    known = runtime.config.syncs.get(sync)
    return known.accept_stored if known else ()


def _takes_ownership_tags(mapping: ProviderMapping, target: Extracted) -> bool:
    """Return whether the platform has the field of the ownership tag; where nothing is listed, it is tried."""
    marker = mapping.rules.marker
    if marker is None:
        return False
    return marker.form != "item" or not target.raws or any(marker.path in raw for raw in target.raws.values())
