"""What the commands do, as coroutines."""

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
from migrator.sync import commands, execution, undo
from migrator.sync.endpoints import Runtime
from migrator.sync.results import SyncRun
from migrator.sync.sync_run import SyncRunner
from migrator.verify import Verification

GUARD: Final = timedelta(minutes=5)
"""Time without a fire that a switch needs before and after it, by default."""

Agree = Callable[[Plan], bool]
"""Asked with a plan before anything is written; False leaves everything as it is."""


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
        environ: where secrets of the form env:NAME are found; the process's environment by default.
        mappings: a folder of mapping files to use instead of ours.

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
        """The state, opened when it is first needed: looking at connections alone makes no file."""
        if self._opened is None:
            self._opened = open_state(self._url, now=self._runtime.clock.now)
        return self._opened

    def close(self) -> None:
        """Let go of the state."""
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
        """Whether every connection, the state and the time zones are in order; changes nothing."""
        now = self._runtime.clock.now
        asked = await doctor.check_connections(self._runtime)
        return (*asked, *doctor.check_state(self._url, now=now), doctor.check_time_zones(now()))

    async def export(self, connection: str) -> dict[str, Any]:
        """Every job of a connection as a `migrator/jobs@1` document."""
        return await exports.export(self._runtime, connection)

    async def audit(self, connection: str, *, to: str, schedule: Schedule | None = None) -> Audit:
        """What would become of a connection's jobs at a provider; writes nowhere.

        Args:
            connection: where the jobs live.
            to: the provider.
            schedule: how their schedules would be translated; the exact window of eight days by default.
        """
        if to not in PROVIDERS:
            raise UsageError("unknown provider", where="audit", actual=to, allowed=PROVIDERS)
        return await commands.audit(self._runtime, connection, to, schedule or Schedule())

    async def plan(self, sync: str) -> Plan:
        """What a sync would change; writes to no provider."""
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
        """Carry out a sync, or a plan that was made before and must still fit.

        Args:
            what: the sync's name, or its plan.
            agree: asked before anything is written.
            max_deletes: refuse everything when more than that many jobs would be deleted.
            stop: set it to begin no new change.

        Returns:
            The plan and its result.

        Raises:
            StalePlanError: the plan does not fit any more.
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
        """Carry out syncs within their limits, as a nightly run does; all of the config by default.

        An error of one sync stands in its result, and the others go on.
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
        """Let the target fire and the source stop, job by job; with `back`, the other way round.

        Args:
            sync: its name.
            jobs: names or ids of source jobs; all by default.
            guard: the time without a fire that a switch needs before and after it.
            back: make the source the active side again.
            dry_run: show what it takes, and write nothing.
            in_effect: a platform that follows a change later, follows what it holds now: the checkout was merged.
            agree: asked with the plan of what is made first.
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
        """Stop, or with `delete` remove, source jobs whose target is proved.

        Args:
            sync: its name.
            jobs: names or ids of source jobs; all by default.
            delete: whether those that stand still are deleted.
            max_deletes: how many may be touched; what the sync's limits allow by default.
            dry_run: show what it takes, and write nothing.
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
        """Read both sides again and prove, job by job, that they agree; writes to no provider."""
        return await commands.verify(self._runtime, self._state, sync, days=days)

    async def rollback(self, run: str, *, agree: Agree = agreed) -> tuple[Plan, Applied]:
        """Put the target back as it was before a run, by a run of its own."""
        return await undo.rollback(self._runtime, self._state, run, agree=_asking(agree), stop=asyncio.Event())

    async def settle(self, run: str, job: str, *, created: str | None) -> Write:
        """Say what became of an uncertain write: the id of the job that it made, or None when it made none."""
        return await undo.settle(self._runtime, self._state, run, job, created=created)

    async def history(self, sync: str | None = None) -> Sequence[Run]:
        """The runs so far, latest first."""
        return self._state.runs(sync)

    async def unsettled(self) -> Sequence[Write]:
        """Return the unresolved writes."""
        return self._state.unsettled()


def _quietly(_moved: SwitchResult) -> None:
    """Tell nobody."""


def _consenting(agree: Agree) -> Consent:
    async def ask(_moves: Cutover, plan: Plan) -> bool:
        return agree(plan)

    return ask


def _asking(agree: Agree) -> execution.Agree:
    async def ask(plan: Plan) -> bool:
        return agree(plan)

    return ask
