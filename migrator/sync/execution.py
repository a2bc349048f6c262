"""Carry a plan out as a run: journalled from its beginning to its end, and again where responses were lost."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Self

import attrs

from migrator.errors import MigratorError, StateError
from migrator.execute.executor import Executor
from migrator.execute.journal import WriteJournal
from migrator.execute.outcomes import Applied, Outcome
from migrator.execute.planned_writes import WriteKey, planned_writes, write_key
from migrator.execute.writer import Writer
from migrator.extract import Extracted
from migrator.mapping import ProviderMapping
from migrator.plan.changes import Plan
from migrator.plan.document import pack_plan
from migrator.recovery.resume import joined, merged, replanned, unfinished
from migrator.store import State
from migrator.store.records import ActiveSide, Binding, Run, RunKind
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

    async def apply(self, snapshot: Snapshot, *, session: Session | None) -> tuple[Plan, tuple[Outcome, ...]]:
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
        self._begin(plan)
        executor = await self._executor(snapshot)
        try:
            outcomes = await executor.apply(plan)
            if session and not self.stop.is_set():
                outcomes = await self._once_more(executor, plan, outcomes, session, snapshot)
                if executor.target.contract != plan.contract and self.replans:
                    plan, outcomes = await self._by_other_contract(executor, plan, outcomes, session, snapshot)
        except BaseException:
            with suppress(StateError):  # what ended the run matters more
                await executor.target.journal.flush()
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

    async def _executor(self, snapshot: Snapshot) -> Executor:
        """Return what carries out the plan of a snapshot, with the hold of the target and, where needed, the source."""
        plan, target = snapshot.plan, self.endpoint
        keys = [write_key(change.source, change.piece, change.target) for change in plan.pending]
        planned = {key: number for number, key in enumerate(keys, 1)}
        writer = Writer(
            adapter=target.adapter,
            mapping=target.mapping,
            journal=journal_at(target, self.runtime, self.state, run=self.run, sync=plan.sync, planned=planned),
            contract=plan.contract,
            sleep=self.runtime.clock.sleep,
            listing=snapshot.target,
            bindings=self._bindings(plan),
            writes_tags=_takes_ownership_tags(target.mapping, snapshot.target),
            accepted=accepted_by(self.runtime, plan.sync),
        )
        source = source_writer(self.source, writer, await contract_of(self.state, self.source)) if self.source else None
        return Executor(target=writer, source=source, stop=self.stop, progress=self.progress)

    def _bindings(self, plan: Plan) -> Mapping[str, Binding]:
        """Return the bindings of the target jobs that a plan touches, by the jobs' ids."""
        touched = {change.target.id for change in plan.pending if change.target}
        adapter = self.endpoint.adapter
        found = self.state.bindings(adapter.provider, adapter.scopes, plan.dialect, only=touched)
        return {binding.target.id: binding for binding in found}

    async def _once_more(
        self, executor: Executor, plan: Plan, outcomes: tuple[Outcome, ...], session: Session, before: Snapshot
    ) -> tuple[Outcome, ...]:
        """Find out with one more listing what became of writes without a response, and finish their jobs.

        Where that cannot be found out now, the next run does.
        """
        open_now = self.state.unresolved_writes(self.endpoint.adapter.provider, self.endpoint.adapter.scopes, None)
        unclear = {write.source for write in open_now if write.run == self.run and write.source}
        if not unclear:
            return outcomes
        if (snapshot := await _listed_again(session, before, hold=False)) is None:
            return outcomes
        rest = unfinished(plan.pending, outcomes, snapshot.plan, unclear)
        later = await self._rest(executor, rest, snapshot).apply(rest)
        return merged(plan.pending, outcomes, rest, later, unclear)

    async def _by_other_contract(
        self, executor: Executor, plan: Plan, outcomes: tuple[Outcome, ...], session: Session, before: Snapshot
    ) -> tuple[Plan, tuple[Outcome, ...]]:
        """Plan again what could not be done, because the target follows another update contract than was assumed."""
        if (snapshot := await _listed_again(session, before, hold=before.hold)) is None:
            return plan, outcomes
        rest = replanned(plan, outcomes, snapshot.plan)
        if snapshot.plan.refusal or not rest.changes:
            return plan, outcomes
        self._record_active_sides(rest, self.runtime.clock.now())
        executor.target.contract = rest.contract
        later = await self._rest(executor, rest, snapshot).apply(rest)
        return joined(plan, outcomes, rest, later)

    def _rest(self, executor: Executor, rest: Plan, snapshot: Snapshot) -> Executor:
        """Return what carries out the rest of the plan, by the latest listing."""
        executor.target.listing, executor.target.bindings = snapshot.target, self._bindings(rest)
        return Executor(target=executor.target, source=executor.source, stop=self.stop)


async def _listed_again(session: Session, before: Snapshot, *, hold: bool) -> Snapshot | None:
    """Return a snapshot with a new listing of the target; None where it cannot be read, which the next run does."""
    try:
        return await session.snapshot(locked=True, source=before.listed, hold=hold)
    except StateError:
        raise
    except MigratorError:
        return None


def journal_at(
    endpoint: Endpoint,
    runtime: Runtime,
    state: State,
    *,
    run: str,
    sync: str,
    planned: Mapping[WriteKey, int] | None = None,
) -> WriteJournal:
    """Return the journal of a run's writes to an endpoint."""
    provider, scope = endpoint.place
    return WriteJournal(
        run=run,
        sync=sync,
        state=state,
        now=runtime.clock.now,
        provider=provider,
        scope=scope,
        dialect=endpoint.dialect,
        lock=endpoint.lock,
        planned=planned or {},
    )


def source_writer(source: Endpoint, target: Writer, contract: str) -> Writer:
    """Return what writes to the source in the run that writes to the target; its journal is the same run's."""
    provider, scope = source.place
    return Writer(
        adapter=source.adapter,
        mapping=source.mapping,
        journal=attrs.evolve(
            target.journal,
            provider=provider,
            scope=scope,
            dialect=source.dialect,
            lock=source.lock,
            at_once=True,
            planned={},
        ),
        contract=contract,
        sleep=target.sleep,
    )


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
