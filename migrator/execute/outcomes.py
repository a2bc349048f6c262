"""The result of a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Literal

from attrs import field, frozen

from migrator.canonical import JobRef
from migrator.json_document import OPTIONAL
from migrator.plan.changes import Action
from migrator.store.records import InactiveJob

Status = Literal["done", "failed", "skipped"]


@frozen(kw_only=True)
class Outcome:
    """The result of one change.

    Attributes:
        action: the planned action.
        source: the source job.
        target: the target job, the new one where there is one.
        name: the job's visible name.
        status: done, failed, or skipped (not tried).
        error: why not.
        follows: True where it is not done only because another part of its job failed; else None.
    """

    action: Action
    source: JobRef | None
    target: JobRef | None
    name: str
    status: Status
    error: str = ""
    follows: bool | None = field(default=None, metadata=OPTIONAL)


@frozen(kw_only=True)
class Applied:
    """The result of a plan.

    Attributes:
        run: the run's id, None when nothing was begun.
        outcomes: one for each change that was to be made, in the plan's order.
        requests: how many requests each provider got, reading and writing.
        stopped: whether it was interrupted.
        inactive: the jobs of the sync that are active nowhere, also where the plan does not change them.
    """

    run: str | None = None
    outcomes: tuple[Outcome, ...] = field(default=(), repr=False)
    requests: Mapping[str, int] = field(factory=dict)
    stopped: bool = False
    inactive: tuple[InactiveJob, ...] = ()

    @property
    def summary(self) -> Mapping[str, int]:
        """How many outcomes of each status."""
        counts = Counter(outcome.status for outcome in self.outcomes)
        return {status: counts[status] for status in ("done", "failed", "skipped")}
