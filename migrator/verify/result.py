"""What verifying a sync comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal, get_args

from attrs import field, frozen

from migrator.canonical import JobRef
from migrator.convert.schedule import ConvertedSchedule
from migrator.cron import Comparison
from migrator.fire_log import LoggedFires
from migrator.plan.changes import FieldChange
from migrator.plan.duplicates import Duplicate
from migrator.store.records import Live

Status = Literal["absent", "differs", "unproved", "approximate", "proved"]
"""absent: one side lacks the job. differs: fields or instants do not agree. unproved: unknown. approximate: the
instants differ as the sync allows. proved: fields and instants agree. The worst come first."""

STATUSES: Final[tuple[Status, ...]] = get_args(Status)

WELL: Final = frozenset({"approximate", "proved"})
"""What ends well: it agrees, or differs as the sync allows."""

MINUTE: Final = timedelta(minutes=1)


@frozen(kw_only=True)
class Proof:
    """What verifying one source job came to.

    Attributes:
        source: the source job.
        name: its name.
        targets: the target jobs that stand for it.
        status: see `Status`.
        reason: why it is not proved.
        fields: the fields that differ; schedules are not among them.
        schedule: what the plan says of its schedule.
        fires: the comparison of the instants, None where there was nothing to compare.
        agree_until: the first instant beyond it that differs, None when none does within a year.
        spot: what the second opinion says of sampled instants.
        live: which side may fire; of "source", what the target job is to become at the cutover was compared.
        next_runs: when the platform says that its target jobs fire next.
        logged: which of their fires that were due it logged.
    """

    source: JobRef
    name: str
    targets: tuple[JobRef, ...]
    status: Status
    reason: str = ""
    fields: tuple[FieldChange, ...] = ()
    schedule: ConvertedSchedule | None = None
    fires: Comparison | None = None
    agree_until: datetime | None = None
    spot: Mapping[str, Any] = field(factory=dict)
    live: Live = "both"
    next_runs: tuple[NextRun, ...] = ()
    logged: tuple[LoggedFires, ...] = ()


@frozen(kw_only=True)
class NextRun:
    """When a platform says that a target job fires next, and when its schedule says so.

    Attributes:
        target: the target job.
        reported: the platform's instant.
        expected: the schedule's, None where the schedule has expired.
    """

    target: JobRef
    reported: datetime
    expected: datetime | None

    @property
    def agrees(self) -> bool:
        """Whether they are the same instant; platforms add seconds of their own to spread their load."""
        return self.expected is not None and abs(self.reported - self.expected) < MINUTE


@frozen(kw_only=True)
class LeftOut:
    """A source job that has no target job of ours, or takes no part any more."""

    source: JobRef
    name: str
    reason: str


@frozen(kw_only=True)
class Verification:
    """What verifying a sync came to.

    Attributes:
        sync: name of the sync.
        source: name of the source connection.
        target: name of the target connection.
        start: from when on instants were compared.
        end: until when they have to agree; of a job that does not fire until then, up to its next fire.
        proofs: one for each job that was carried over, the worst first.
        left_out: the jobs that were not.
        duplicates: the target jobs of which there may be one for each source job and part, and are several.
        is_pending: whether applying the sync would change a job that does not agree.
        requests: how many requests each provider got.
    """

    sync: str
    source: str
    target: str
    start: datetime
    end: datetime
    proofs: tuple[Proof, ...] = field(repr=False)
    left_out: tuple[LeftOut, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    is_pending: bool = False
    requests: Mapping[str, int] = field(factory=dict)

    @property
    def summary(self) -> Mapping[str, int]:
        """How many jobs of each status, the worst first, and how many were not carried over."""
        counts = Counter(proof.status for proof in self.proofs)
        return {**{status: counts[status] for status in STATUSES}, "not_carried": len(self.left_out)}

    @property
    def is_well(self) -> bool:
        """Whether every job that was carried over is proved, or differs as the sync allows, and none is there twice."""
        return not self.duplicates and all(proof.status in WELL for proof in self.proofs)
