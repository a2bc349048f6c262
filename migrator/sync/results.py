"""The results of a sync run, as values: what a report, a notification or an exit code is made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from attrs import field, frozen

from migrator.canonical import JobRef
from migrator.errors import MigratorError
from migrator.execute.outcomes import Applied
from migrator.plan.changes import Change, Plan
from migrator.plan.compare import BOTH, TARGET
from migrator.sync.orphaned import Orphans

_REFUSED: Final = 3
_SOME_FAILED: Final = 4
_FROM_BAD_TO_GOOD: Final = (1, 2, 5, _SOME_FAILED, _REFUSED, 0)
"""Exit codes: which of several syncs a sync run ends with."""


@frozen(kw_only=True)
class Drift:
    """A managed job that somebody has edited at the target.

    Attributes:
        change: what the plan makes of it, with the fields in their three states.
        is_conflict: whether the source has changed the same field.
        since: when a sync first saw it as it is now.
        is_new: whether this sync was the first; what waits for a person is announced once.
    """

    change: Change
    is_conflict: bool
    since: datetime
    is_new: bool

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the canonical paths that were edited at the target, without those that only the source has changed."""
        edited = [field.path for field in self.change.fields if field.reason in {TARGET, BOTH}]
        return (*edited, *(self.change.back.paths if self.change.back else ()))


@frozen(kw_only=True)
class Expiry:
    """A job whose schedule expires before the next run.

    Attributes:
        source: the source job.
        target: the target job.
        name: its visible name.
        until: when it stops being exact.
        reason: why it was not renewed.
    """

    source: JobRef
    target: JobRef
    name: str
    until: datetime
    reason: str


@frozen(kw_only=True)
class SyncResult:
    """The result of one sync.

    Attributes:
        name: the sync.
        source: the source connection.
        target: the target connection.
        started_at: when it began.
        ended_at: when it ended.
        plan: what it was to change; None when it did not get so far.
        applied: the result of that.
        error: what ended it early.
        strict: whether a refused job counts (`on_refused = "fail"`).
        drifted: the jobs that somebody has edited at the target.
        expiring: the schedules that expire before the next run.
        warnings: what a person should know that stopped nothing.
        dry_run: whether it was only planned.
    """

    name: str
    source: str
    target: str
    started_at: datetime
    ended_at: datetime
    plan: Plan | None = None
    applied: Applied = field(factory=Applied)
    error: Exception | None = None
    strict: bool = True
    drifted: tuple[Drift, ...] = ()
    expiring: tuple[Expiry, ...] = ()
    warnings: tuple[str, ...] = ()
    dry_run: bool = False

    @property
    def exit_code(self) -> int:
        """Return what a command with this sync alone ends with."""
        if self.error:
            return self.error.exit_code if isinstance(self.error, MigratorError) else 1
        if self.applied.inactive or any(outcome.status != "done" for outcome in self.applied.outcomes):
            return _SOME_FAILED
        is_refused = self.plan is not None and (self.plan.refusal or (self.strict and self.plan.blocked))
        return _REFUSED if is_refused or self.expiring else 0

    @property
    def needs_a_look(self) -> bool:
        """Return whether somebody should read about it: it did not end in order, or there is something new to know."""
        return bool(self.exit_code or self.warnings or any(drift.is_new for drift in self.drifted))

    @property
    def conflicts(self) -> tuple[Drift, ...]:
        """Return the jobs that both sides have changed, each otherwise than the other."""
        return tuple(drift for drift in self.drifted if drift.is_conflict)

    @property
    def drift(self) -> tuple[Drift, ...]:
        """Return the jobs that were edited at the target alone."""
        return tuple(drift for drift in self.drifted if not drift.is_conflict)

    @property
    def needs_resync_by(self) -> datetime | None:
        """Return when the first job stops being exact unless a sync renews it; None when none does."""
        dates = [expiry.until for expiry in self.expiring]
        if self.plan and self.plan.needs_resync_by:
            dates.append(self.plan.needs_resync_by)
        return min(dates, default=None)

    @property
    def requests(self) -> Mapping[str, int]:
        """Return how many requests each provider got."""
        return self.applied.requests


@frozen(kw_only=True)
class SyncRun:
    """The results of several syncs.

    Attributes:
        results: one for each sync, in the order in which they were named.
        started_at: when it began.
        ended_at: when it ended.
        stopped: whether it was interrupted.
        dry_run: whether everything was only planned.
        orphans: managed jobs that no sync of the config owns.
    """

    results: tuple[SyncResult, ...]
    started_at: datetime
    ended_at: datetime
    stopped: bool = False
    dry_run: bool = False
    orphans: tuple[Orphans, ...] = ()

    @property
    def exit_code(self) -> int:
        """Return the worst of the syncs' exit codes."""
        return min((result.exit_code for result in self.results), key=_FROM_BAD_TO_GOOD.index, default=0)

    @property
    def needs_resync_by(self) -> datetime | None:
        """Return the earliest date of all syncs."""
        return min((by for result in self.results if (by := result.needs_resync_by)), default=None)

    @property
    def requests(self) -> Mapping[str, int]:
        """Return how many requests each provider got."""
        total: Counter[str] = Counter()
        for result in self.results:
            total.update(result.requests)
        return dict(total)
