"""`AsyncMigrator`: the commands as coroutines, with values instead of text."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from migrator import doctor
from migrator import export as exports
from migrator.audit import Audit
from migrator.config import Config, Schedule, load
from migrator.cutover import commands as cutovers
from migrator.cutover import retire as retiring
from migrator.cutover.commands import Consent
from migrator.cutover.switches import Cutover, Goal, Order, SwitchResult
from migrator.doctor.check import Check
from migrator.errors import UsageError
from migrator.execute.outcomes import Applied
from migrator.plan.changes import Plan
from migrator.providers.registry import PROVIDERS
from migrator.store import State, open_state
from migrator.store.records import Run, Write
from migrator.sync import commands, runs, undo
from migrator.sync.endpoints import Runtime
from migrator.sync.results import SyncRun
from migrator.sync.sync_run import SyncRunner
from migrator.verify import Verification

GUARD: Final = timedelta(minutes=5)
"""Least time from a switch to the fires before and after it, by default."""

Agree = Callable[[Plan], bool]
"""Called with a plan before anything is written; False declines it."""


def load_config(path: str | Path) -> Config:
    """Read a config file.

    Raises:
        ConfigError: it cannot be read, or is wrong; `problems` holds every error.
    """
    return load(Path(path), providers=PROVIDERS)


def agreed(_plan: Plan) -> bool:
    """Agree to any plan, as `--yes` does."""
    return True


class AsyncMigrator:
    """A config file and its state, open; use it as an async context manager.

    Args:
        config: the config file, or its path.
        state: URL of the state, as `--state` takes it; by default a file beside the config.
        environ: has the secrets of the form env:NAME; the environment of the process by default.
        mappings: a folder of mapping files to use instead of the built-in ones.

    Raises:
        ConfigError: the config file is wrong.
        StateError: the state cannot be opened.
    """

    def __init__(
        self,
        config: Config | str | Path = "migrator.toml",
        *,
        state: str | None = None,
        environ: Mapping[str, str] | None = None,
        mappings: str | Path | None = None,
    ) -> None:
        self.config = config if isinstance(config, Config) else load_config(config)
        folder = None if mappings is None else Path(mappings)
        self._runtime = Runtime(config=self.config, environ=os.environ if environ is None else environ, mappings=folder)
        self._url = state or f"sqlite:///{self.config.path.parent / 'migrator.db'}"
        self._opened: State | None = None

    @property
    def _state(self) -> State:
        """Return the state, opened when it is first needed: reading connections alone creates no file."""
        if self._opened is None:
            self._opened = open_state(self._url, now=self._runtime.clock.now)
        return self._opened

    def close(self) -> None:
        """Close the state."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def doctor(self) -> tuple[Check, ...]:
        """Return the checks of every connection, of the state and of the time zones; change nothing."""
        now = self._runtime.clock.now
        asked = await doctor.check_connections(self._runtime)
        return (*asked, *doctor.check_state(self._url, now=now), doctor.check_time_zones(now()))

    async def export(self, connection: str) -> dict[str, Any]:
        """Return every job of a connection as a `migrator/jobs@1` document."""
        return await exports.export(self._runtime, connection)

    async def audit(self, connection: str, *, to: str, schedule: Schedule | None = None) -> Audit:
        """Return what a migration of a connection's jobs to a provider would do; write nothing.

        Args:
            connection: the connection that has the jobs.
            to: the provider.
            schedule: how their schedules are translated; the exact window of eight days by default.
        """
        if to not in PROVIDERS:
            raise UsageError("unknown provider", where="audit", actual=to, allowed=PROVIDERS)
        return await commands.audit(self._runtime, connection, to, schedule or Schedule())

    async def plan(self, sync: str) -> Plan:
        """Return what a sync would change; write to no provider."""
        found, _requests = await commands.plan(self._runtime, self._state, sync)
        return found

    async def apply(
        self,
        what: str | Plan,
        *,
        agree: Agree = agreed,
        max_deletes: int | None = None,
        stop: asyncio.Event | None = None,
    ) -> tuple[Plan, Applied]:
        """Apply a sync, or a plan that was made before and must not be stale.

        Args:
            what: the sync's name, or its plan.
            agree: asked before anything is written.
            max_deletes: refuse the plan when it deletes more jobs than this.
            stop: set it to begin no further change.

        Returns:
            The plan and its result.

        Raises:
            StalePlanError: a side changed since the plan was made.
            RefusedError: the plan is unsafe as a whole.
            LockedError: another run writes to the same target.
        """
        return await commands.apply(
            self._runtime,
            self._state,
            what.sync if isinstance(what, Plan) else what,
            saved=what if isinstance(what, Plan) else None,
            max_deletes=max_deletes,
            agree=_asking(agree),
            stop=stop or asyncio.Event(),
        )

    async def sync(self, *names: str, stop: asyncio.Event | None = None) -> SyncRun:
        """Plan and apply syncs within their limits, as a nightly run does; all of the config by default.

        An error of one sync is in its result, and the others continue.
        """
        syncing = SyncRunner(runtime=self._runtime, state=self._state, stop=stop or asyncio.Event())
        return await syncing.all(names or tuple(self.config.syncs))

    async def cutover(
        self,
        sync: str,
        *,
        jobs: Sequence[str] = (),
        guard: timedelta = GUARD,
        back: bool = False,
        dry_run: bool = False,
        in_effect: bool = False,
        agree: Agree = agreed,
    ) -> Cutover:
        """Switch the active side from source to target, job by job; with `back`, to the source.

        Args:
            sync: its name.
            jobs: names or ids of source jobs; all by default.
            guard: least time from a switch to the fires before and after it.
            back: switch back to the source.
            dry_run: only plan, and write nothing.
            in_effect: a platform that follows a change later, follows what it holds now: the checkout was merged.
            agree: asked with the plan of the jobs that are created first.
        """
        goal: Goal = "source" if back else "target"
        order = Order(goal=goal, jobs=tuple(jobs), guard=guard, is_dry=dry_run, in_effect=in_effect)
        return await cutovers.cutover(
            self._runtime, self._state, sync, order, agree=_consenting(agree), stop=asyncio.Event(), progress=_quietly
        )

    async def retire(
        self,
        sync: str,
        *,
        jobs: Sequence[str] = (),
        delete: bool = False,
        max_deletes: int | None = None,
        dry_run: bool = False,
        in_effect: bool = False,
        agree: Agree = agreed,
    ) -> Cutover:
        """Stop, or with `delete` delete, source jobs whose target is verified.

        Args:
            sync: its name.
            jobs: names or ids of source jobs; all by default.
            delete: delete the source jobs that are inactive.
            max_deletes: most source jobs to stop or delete; the limit of the sync by default.
            dry_run: only plan, and write nothing.
            in_effect: a target that follows a change later, follows what it holds now: the checkout was merged.
            agree: asked before anything is written.
        """
        return await retiring.retire(
            self._runtime,
            self._state,
            sync,
            Order(jobs=tuple(jobs), is_dry=dry_run, in_effect=in_effect),
            delete=delete,
            at_most=max_deletes,
            agree=_consenting(agree),
            stop=asyncio.Event(),
            progress=_quietly,
        )

    async def verify(self, sync: str, *, days: int | None = None) -> Verification:
        """Read both endpoints again and prove, job by job, that they agree; write to no provider."""
        return await commands.verify(self._runtime, self._state, sync, days=days)

    async def rollback(self, run: str, *, agree: Agree = agreed) -> tuple[Plan, Applied]:
        """Put the target back as it was before a run, by a run of its own."""
        return await undo.rollback(self._runtime, self._state, run, agree=_asking(agree), stop=asyncio.Event())

    async def settle(self, run: str, job: str, *, created: str | None) -> Write:
        """Resolve a write whose result is unknown: `created` is the id of the job that it created, None for none."""
        return await undo.settle(self._runtime, self._state, run, job, created=created)

    async def history(self, sync: str | None = None) -> Sequence[Run]:
        """Return the runs, latest first."""
        return self._state.runs(sync)

    async def unresolved_writes(self) -> Sequence[Write]:
        """Return the unresolved writes."""
        return self._state.all_unresolved_writes()


def _quietly(_moved: SwitchResult) -> None:
    """Report no progress."""


def _consenting(agree: Agree) -> Consent:
    async def ask(_moves: Cutover, plan: Plan) -> bool:
        return agree(plan)

    return ask


def _asking(agree: Agree) -> runs.Agree:
    async def ask(plan: Plan) -> bool:
        return agree(plan)

    return ask
