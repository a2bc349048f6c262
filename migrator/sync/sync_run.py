"""Several syncs in one go: side by side where they have nothing to do with each other, in order where they do.

Nobody is there to be asked, so every sync does what its limits allow, and says what it left. One that fails does not
stop the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import attrs
from attrs import frozen

from migrator.concurrency import side_by_side
from migrator.config import Sync
from migrator.errors import MigratorError, StateError
from migrator.execute.outcomes import Applied
from migrator.instrumentation import Instrumentation, Listeners
from migrator.plan.changes import Plan
from migrator.store import State
from migrator.sync import commands
from migrator.sync.drift import drift_at
from migrator.sync.endpoints import Runtime
from migrator.sync.expiry import expiries_of
from migrator.sync.order import in_order, meeting
from migrator.sync.orphaned import Orphans, orphans
from migrator.sync.results import Drift, Expiry, SyncResult, SyncRun
from migrator.sync.runs import Progress, silently


class _Warned(Listeners):
    """Keeps what was warned of during one sync, each text once."""

    def __init__(self, to: Instrumentation) -> None:
        super().__init__(to)
        self.warnings: dict[str, None] = {}

    def warn(self, text: str) -> None:
        """Keep it; the result of the sync tells it."""
        self.warnings[text] = None


@frozen(kw_only=True)
class SyncRunner:
    """Runs several syncs.

    Attributes:
        runtime: what the command brings along; its pacers are shared by all.
        state: the open state.
        jobs: names or ids of the jobs to change; all of them when empty.
        stop: set when no new change may be begun.
        began: called with each plan before anything of it is written.
        ended: called with each result as soon as it is there.
        progress: called after each change.
        dry_run: plan only; nothing is written to any provider.
    """

    runtime: Runtime
    state: State
    jobs: tuple[str, ...] = ()
    stop: asyncio.Event
    dry_run: bool = False
    began: Callable[[Plan], None] = lambda _plan: None
    ended: Callable[[SyncResult], None] = lambda _synced: None
    progress: Progress = silently

    async def all(self, names: Sequence[str]) -> SyncRun:
        """Run syncs, and return their results.

        Raises:
            UsageError: a sync is unknown; nothing was begun.
        """
        config, started = self.runtime.config, self.runtime.clock.now()
        syncs = [config.sync(name) for name in dict.fromkeys(names)]
        over = {sync.name: asyncio.Event() for sync in syncs}

        async def after_others(name: str, before: frozenset[str]) -> SyncResult:
            for other in before:
                await over[other].wait()
            found = await self._one(config.sync(name))
            over[name].set()
            self.ended(found)
            return found

        order = in_order(syncs, meeting(config))
        results = await side_by_side(after_others(name, before) for name, before in order.items())
        by_name = {result.name: result for result in results}
        return SyncRun(
            results=tuple(by_name[sync.name] for sync in syncs),
            started_at=started,
            ended_at=self.runtime.clock.now(),
            stopped=self.stop.is_set(),
            dry_run=self.dry_run,
            orphans=self._orphans(),
        )

    def _orphans(self) -> tuple[Orphans, ...]:
        with suppress(StateError):  # where that is not readable, the errors of the syncs say so
            return orphans(self.runtime.config, self.state, nearby=True)
        return ()

    async def _one(self, sync: Sync) -> SyncResult:
        now, instrumentation = self.runtime.clock.now, _Warned(self.runtime.instrumentation)
        found = SyncResult(
            name=sync.name,
            source=sync.source,
            target=sync.target,
            started_at=now(),
            ended_at=now(),
            strict=sync.on_refused == "fail",
            dry_run=self.dry_run,
        )
        try:
            if self.stop.is_set():
                raise MigratorError("interrupted before it was started", hint="run the command again")
            plan, applied = await self._run_sync(sync.name, attrs.evolve(self.runtime, instrumentation=instrumentation))
            drifted = () if self.dry_run else drift_at(plan, self.state, now=now())
        except Exception as error:  # noqa: BLE001 (any error: the other syncs go on, and it is reported)
            return self._with_expiring(attrs.evolve(found, error=error, warnings=tuple(instrumentation.warnings)))
        found = attrs.evolve(
            found, plan=plan, applied=applied, drifted=drifted, warnings=tuple(instrumentation.warnings)
        )
        return attrs.evolve(found, ended_at=now()) if self.dry_run else self._with_expiring(found)

    async def _run_sync(self, name: str, runtime: Runtime) -> tuple[Plan, Applied]:
        if self.dry_run:
            plan, requests = await commands.plan(runtime, self.state, name, jobs=self.jobs)
            return plan, Applied(requests=requests)
        async with self._own_stop() as stop:
            return await commands.sync(
                runtime, self.state, name, jobs=self.jobs, agree=self._agree, stop=stop, progress=self.progress
            )

    def _with_expiring(self, found: SyncResult) -> SyncResult:
        """Return the result of a sync, with the promises that it could not keep and the time that it ended."""
        now = self.runtime.clock.now()
        with suppress(StateError):  # where that is not readable either, the error that ended the sync says so
            expiring = expiries_of(
                found.name, self.state, now=now, plan=found.plan, applied=found.applied, error=found.error
            )
            return attrs.evolve(found, ended_at=now, expiring=tuple(expiring))
        return attrs.evolve(found, ended_at=now)

    @asynccontextmanager
    async def _own_stop(self) -> AsyncIterator[asyncio.Event]:
        """Yield what stops one sync: an interrupt of the run, or the loss of its own lock, which stops no other."""
        own = asyncio.Event()

        async def relay() -> None:
            await self.stop.wait()
            own.set()

        task = asyncio.create_task(relay())
        try:
            yield own
        finally:
            task.cancel()

    async def _agree(self, plan: Plan) -> bool:
        self.began(plan)
        return True


__all__ = ["Drift", "Expiry", "Orphans", "SyncResult", "SyncRun", "SyncRunner", "orphans"]
