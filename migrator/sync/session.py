"""Both sides of a sync, open: what is there, what a crashed run left, and the plan that follows.

list both sides ─▶ reconcile what a crashed run left ─▶ plan ─▶ prove what is missing ─▶ plan
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import attrs
from attrs import frozen

from migrator.canonical import Job, JobRef, unflatten
from migrator.concurrency import side_by_side
from migrator.config import Sync
from migrator.convert.schedule import prefetch
from migrator.errors import UsageError
from migrator.extract import Extracted, look_up
from migrator.http.server_clock import UNSAFE, clock_error
from migrator.isolation import attempt
from migrator.locking import Fence, limited, locking
from migrator.plan import make_plan, most_possible
from migrator.plan.changes import Plan
from migrator.plan.duplicates import duplicates_of
from migrator.plan.plan_input import PlanInput
from migrator.plan.staging import as_wanted, fires_again, is_cut_short
from migrator.providers import PROVIDERS
from migrator.providers.base import ExtractAdapter
from migrator.store import State
from migrator.store.records import ActiveSide, Bound, Definition, Home, Write
from migrator.sync.checkpoint import last_count, record_duplicates
from migrator.sync.endpoints import (
    Endpoint,
    Runtime,
    caught_up,
    contract_of,
    opened,
    reconcile_source_writes,
    reconciled,
    requests_of,
)
from migrator.sync.snapshot import Snapshot


@frozen(kw_only=True)
class Session:
    """Both sides of a sync, open; one fence stands before the requests to both."""

    runtime: Runtime
    sync: Sync
    state: State
    source: Endpoint
    target: Endpoint

    @property
    def fence(self) -> Fence:
        """Return what closes when a lock of the run is lost."""
        return self.target.fence

    async def snapshot(self, *, locked: bool, source: Extracted | None = None, hold: bool = False) -> Snapshot:
        """Return both sides as listed and the plan; what a crashed run left is reconciled first.

        Args:
            locked: whether this run holds the target's lock.
            source: the source's listing, when it was read before.
            hold: whether new target jobs are to be staged until the cutover.
        """
        stage = self.runtime.instrumentation.stage
        with stage("list"):
            listed = self._counted()

            def prefetched(job: Job) -> None:
                listed()
                self._prefetch(job)

            if source is None:
                listing = self.source.list_all(as_source=True, each=prefetched)
                source, target = await side_by_side([listing, self.target.list_all(each=lambda _job: listed())])
            else:
                target = await self.target.list_all(each=lambda _job: listed())
        if locked:
            check_clocks(self.source, self.target)
        with stage("settle"):
            if locked and self.sync.two_way:
                await reconcile_source_writes(self.runtime, self.state, self.source)
            source = await caught_up(self.runtime, self.state, self.source, source)
            target, uncertain = await reconciled(self.runtime, self.state, self.target, target, locked=locked)
        with stage("plan"):
            inputs = attrs.evolve(await self._inputs(source, target, uncertain), hold=hold)
            contract = await self.target.adapter.update_contract()
            each = self._counted(len(source.jobs))
            inputs, plan = (inputs, make_plan(inputs, each)) if contract else most_possible(inputs, each)
            snapshot = await self._proved(inputs, plan, source)
            record_duplicates(self.state, self.sync.name, snapshot.duplicates)
            return snapshot

    def _counted(self, total: int | None = None) -> Callable[[], None]:
        """Return what is to be called for each job of a stage, so that whoever watches knows how far it is."""
        numbers = itertools.count(1)
        return lambda: self.runtime.instrumentation.step(next(numbers), total)

    def _prefetch(self, job: Job) -> None:
        """Prove a schedule while the next jobs are on their way: what is left for the plan is soon done."""
        if self.sync.select.matches(job):
            rules, now = self.target.mapping.rules, self.runtime.clock.now()
            attempt("converted", prefetch, job, target=rules, sync=self.sync, now=now)  # planning says what is wrong

    async def _inputs(self, source: Extracted, target: Extracted, uncertain: tuple[Write, ...]) -> PlanInput:
        lineage, serial = self.state.lineage(self.sync.name, fresh=uuid.uuid4().hex)
        return PlanInput(
            sync=self.sync,
            target=target,
            target_scope=self.target.adapter.scopes[0],
            bindings=self.state.bindings(self.target.adapter.provider, self.target.adapter.scopes, self.target.dialect),
            reverse=self.state.bindings(self.source.adapter.provider, self.source.adapter.scopes, self.source.dialect),
            mapping=self.target.mapping,
            contract=await contract_of(self.state, self.target),
            origin=self.source.mapping,
            origin_contract=await contract_of(self.state, self.source) if self.sync.two_way else "",
            now=self.runtime.clock.now(),
            room=self.runtime.config.connections[self.sync.target].room,
            lineage=lineage,
            serial=serial,
            uncertain=uncertain,
            last_count=last_count(self.state, self.sync.name, source),
            elsewhere=self._elsewhere(),
            is_proved=False,
            removed=self.state.deleted_origins(self.sync.name),
            takeovers=self.state.takeovers(),
            unscoped=self._unscoped(source),
            **self._by_active_side(source),
        )

    def _elsewhere(self) -> tuple[Bound, ...]:
        """Return this sync's bindings outside its scopes, and those of others into other scopes of its platforms."""
        source, target = self.source.adapter, self.target.adapter

        def matters(home: Home) -> bool:
            at_source, at_target = _is_at(home.source, source), _is_at(home.target, target)
            if at_source and at_target:
                return False
            other = (not at_source and home.source[0] == source.provider) or (
                not at_target and home.target[0] == target.provider
            )
            return home.sync == self.sync.name or other

        return self.state.bound(*filter(matters, self.state.homes()))

    def _by_active_side(self, listed: Extracted) -> dict[str, Any]:
        """Return the source's jobs as their owners want them, and which of them are not on their active side."""
        known = self.state.active_sides(self.source.adapter.provider, listed.scopes, self.source.dialect)
        active_sides = {
            active_side.source: active_side for active_side in known if active_side.target == self.target.place
        }
        kept = self._kept(listed, active_sides)
        removed = tuple(unflatten(one.fields, ref=one.source) for one in kept)
        wanted = listed.with_jobs(lambda job: as_wanted(job, known)) if known else listed
        now = self.runtime.clock.now()
        recorded = [(job, active_sides[job.ref]) for job in listed.jobs if job.ref in active_sides]
        return {
            "source": attrs.evolve(wanted, jobs=(*wanted.jobs, *removed)) if removed else wanted,
            "kept": frozenset(one.source for one in kept),
            "retired": frozenset(one.source for one in kept if one.retired),
            "active_sides": active_sides,
            "revived": frozenset(
                job.ref
                for job, active_side in recorded
                if attempt("compared", fires_again, job, active_side, self.source.dialect, now=now) is True
            ),
            "unfinished": frozenset(job.ref for job, active_side in recorded if is_cut_short(job, active_side)),
        }

    def _kept(self, listed: Extracted, active_sides: Mapping[JobRef, ActiveSide]) -> tuple[Definition, ...]:
        """Return the jobs that are gone from the source and that the target alone fires, as they were kept."""
        alone = {ref for ref, active_side in active_sides.items() if active_side.live == "target"}
        present = {job.ref for job in listed.jobs} | {problem.ref for problem in listed.problems}
        if not alone - present:
            return ()
        provider = self.source.adapter.provider
        kept = self.state.definitions(provider, listed.scopes, sync=self.sync.name, without=present)
        return tuple(one for one in kept if one.source in alone)

    def _unscoped(self, source: Extracted) -> frozenset[str]:
        """Return the providers that a file's jobs come from of which no two jobs share an id, in any scope."""
        names = {job.origin.provider for job in source.jobs if job.origin}
        return frozenset(one for one in names & set(PROVIDERS) if self.runtime.mapping(one).rules.identity.unique)

    async def _proved(self, inputs: PlanInput, plan: Plan, listed: Extracted) -> Snapshot:
        """Return the snapshot, planned again with what the listings missed where the plan rests on a job's absence.

        A job that moved between two pages while we read is in none of them. So before anything is done to a target job
        because its source is missing, the source is asked for that job by its id; and likewise the target, before a
        managed job is recreated.
        """
        removed, absent = inputs.missing(plan)
        if (removed or absent) and not plan.refusal:
            found, found_absent = await side_by_side(
                [
                    look_up(self.source.adapter, self.source.mapping, removed, as_source=True),
                    look_up(self.target.adapter, self.target.mapping, absent, sleep=self.runtime.clock.sleep),
                ]
            )
            listed = listed.with_found(found)
            inputs = attrs.evolve(
                inputs,
                target=inputs.target.with_found(found_absent),
                unproved=found.unproved | found_absent.unproved,
                is_proved=True,
                **self._by_active_side(listed),
            )
            plan = make_plan(inputs)
        return Snapshot(
            plan=plan,
            source=inputs.source,
            target=inputs.target,
            is_short=bool(inputs.shrunk),
            bindings=inputs.bindings,
            listed=listed,
            active_sides=inputs.active_sides,
            retired=inputs.retired,
            hold=inputs.hold,
            duplicates=duplicates_of(inputs),
        )

    @asynccontextmanager
    async def locking(self, run: str, *, lost: Callable[[], None]) -> AsyncIterator[None]:
        """Hold the lock of what the sync writes to, its source too where it is two-way; for `run_timeout` at most.

        Args:
            run: who holds it.
            lost: as in `locking`; also called when the run has taken `run_timeout`.

        Raises:
            UsageError: it is two-way, and its source has more than one scope.
            LockedError: another run holds one.
        """
        where = f"syncs.{self.sync.name}"
        async with limited(self.sync.run_timeout, where=where, stop=lost), AsyncExitStack() as stack:
            await stack.enter_async_context(locking(self.state, self.target.lock, run, fence=self.fence, lost=lost))
            if self.sync.two_way:
                if len(self.source.adapter.scopes) > 1:
                    what = "a two-way sync needs a source of one scope"
                    hint = "give it a connection with one of user_ids"
                    raise UsageError(what, where=where, hint=hint)
                await stack.enter_async_context(locking(self.state, self.source.lock, run, fence=self.fence, lost=lost))
            yield

    @property
    def requests(self) -> dict[str, int]:
        """Return how many requests each provider got."""
        return requests_of(self.source, self.target)


def check_clocks(*endpoints: Endpoint) -> None:
    """Make sure that no platform's clock is so far from ours that nothing may be written.

    Raises:
        ClockError: one is.
    """
    for endpoint in endpoints:
        if endpoint.adapter.ahead and abs(endpoint.adapter.ahead) > UNSAFE:
            raise clock_error(endpoint.adapter.ahead, endpoint.adapter.provider, where=f"connections.{endpoint.name}")


def _is_at(place: tuple[str, str], adapter: ExtractAdapter) -> bool:
    return place[0] == adapter.provider and place[1] in adapter.scopes


@asynccontextmanager
async def session_of(runtime: Runtime, state: State, name: str) -> AsyncIterator[Session]:
    """A sync with both sides open for as long as the block lasts."""
    sync, fence = runtime.config.sync(name), Fence()
    with runtime.instrumentation.stage("sync", sync=name):
        async with (
            opened(runtime, sync.source, state=state, fence=fence) as source,
            opened(runtime, sync.target, state=state, target=True, fence=fence) as target,
        ):
            yield Session(runtime=runtime, sync=sync, state=state, source=source, target=target)


__all__ = ["Session", "Snapshot", "session_of"]
