"""What the commands do, for programs without an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from migrator.api.awaited import GUARD, Agree, AsyncMigrator, agreed
from migrator.audit import Audit
from migrator.config import Config, Schedule
from migrator.cutover.switches import Cutover
from migrator.doctor.check import Check
from migrator.execute.outcomes import Applied
from migrator.plan.changes import Plan
from migrator.store.records import Run, Write
from migrator.sync.results import SyncRun
from migrator.verify import Verification

T = TypeVar("T")


class Migrator:
    """The same as `AsyncMigrator` for programs without an event loop; use it as a context manager.

    Each method waits until it is done. Within a running event loop, such as a notebook's, use `AsyncMigrator`.
    """

    def __init__(
        self,
        config: Config | str | Path = "migrator.toml",
        *,
        state: str | None = None,
        environ: Mapping[str, str] | None = None,
        mappings: str | Path | None = None,
    ) -> None:
        self._all = AsyncMigrator(config, state=state, environ=environ, mappings=mappings)

    @property
    def config(self) -> Config:
        """The config file."""
        return self._all.config

    def close(self) -> None:
        """Let go of the state."""
        self._all.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def doctor(self) -> tuple[Check, ...]:
        """As `AsyncMigrator.doctor`."""
        return _done(self._all.doctor())

    def export(self, connection: str) -> dict[str, Any]:
        """As `AsyncMigrator.export`."""
        return _done(self._all.export(connection))

    def audit(self, connection: str, *, to: str, schedule: Schedule | None = None) -> Audit:
        """As `AsyncMigrator.audit`."""
        return _done(self._all.audit(connection, to=to, schedule=schedule))

    def plan(self, sync: str) -> Plan:
        """As `AsyncMigrator.plan`."""
        return _done(self._all.plan(sync))

    def apply(self, what: str | Plan, *, agree: Agree = agreed, max_deletes: int | None = None) -> tuple[Plan, Applied]:
        """As `AsyncMigrator.apply`."""
        return _done(self._all.apply(what, agree=agree, max_deletes=max_deletes))

    def sync(self, *names: str) -> SyncRun:
        """As `AsyncMigrator.sync`."""
        return _done(self._all.sync(*names))

    def cutover(
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
        """As `AsyncMigrator.cutover`."""
        return _done(
            self._all.cutover(
                sync, jobs=jobs, guard=guard, back=back, dry_run=dry_run, in_effect=in_effect, agree=agree
            )
        )

    def retire(
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
        """As `AsyncMigrator.retire`."""
        return _done(
            self._all.retire(
                sync,
                jobs=jobs,
                delete=delete,
                max_deletes=max_deletes,
                dry_run=dry_run,
                in_effect=in_effect,
                agree=agree,
            )
        )

    def verify(self, sync: str, *, days: int | None = None) -> Verification:
        """As `AsyncMigrator.verify`."""
        return _done(self._all.verify(sync, days=days))

    def rollback(self, run: str, *, agree: Agree = agreed) -> tuple[Plan, Applied]:
        """As `AsyncMigrator.rollback`."""
        return _done(self._all.rollback(run, agree=agree))

    def settle(self, run: str, job: str, *, created: str | None) -> Write:
        """As `AsyncMigrator.settle`."""
        return _done(self._all.settle(run, job, created=created))

    def history(self, sync: str | None = None) -> Sequence[Run]:
        """As `AsyncMigrator.history`."""
        return _done(self._all.history(sync))

    def unsettled(self) -> Sequence[Write]:
        """As `AsyncMigrator.unsettled`."""
        return _done(self._all.unsettled())


def _done(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)
