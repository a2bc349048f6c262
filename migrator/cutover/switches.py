"""A cutover as data: what was read, what is to be done, and the results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from attrs import field, frozen

from migrator.active_side import FiringSide
from migrator.canonical import Fields, JobRef
from migrator.execute.gaps import coming
from migrator.store.records import ActiveSide, Binding, InactiveJob, Missed

Goal = Literal["target", "source"]
"""Which side is to be active."""

Status = Literal["moved", "planned", "there", "left", "refused", "failed", "skipped"]
"""moved: done and confirmed. planned: would be. there: nothing to do. left: better not switched. refused: unsafe.
failed: begun, and `live` says which side fires now. skipped: not begun."""

STATUSES: tuple[Status, ...] = get_args(Status)


Does = Literal["pause", "move away", "delete", "release", "hold", "restore"]
"""What a step does. To the source: pause it, park it ("move away"), delete it, or restore it. To a target job:
activate it ("release"), or stop it ("hold")."""


@frozen(kw_only=True)
class SwitchStep:
    """One write of a switch.

    Attributes:
        side: where it is sent.
        job: the job that it changes.
        does: what it does there.
        before: all of the job's fields until then.
        new: the fields that change.
        binding: the binding of a target job.
    """

    side: Goal
    job: JobRef
    does: Does
    before: Fields
    new: Mapping[str, Any] = field(factory=dict)
    binding: Binding | None = None

    @property
    def reverted(self) -> Mapping[str, Any]:
        """Return the fields that revert it."""
        return {path: self.before.get(path) for path in self.new}


@frozen(kw_only=True)
class Calendar:
    """When a job fires, if it may.

    Attributes:
        job: the job.
        fields: the job as it is while it may fire.
        dialect: the dialect of its schedule.
    """

    job: JobRef
    fields: Fields
    dialect: str

    def between(self, after: datetime, until: datetime) -> list[datetime]:
        """Return each instant in (after, until] at which it is due, whether it is paused or not."""
        return coming({**self.fields, "enabled": True}, self.dialect, after, until)


@frozen(kw_only=True)
class Switch:
    """What switches the active side of one source job.

    Attributes:
        source: the source job.
        name: its name.
        goal: which side is to be active.
        live: which side fires now.
        targets: the target jobs.
        steps: what is to be written, in order.
        active_side: what is recorded before the first step.
        switched: what is recorded after the last; None removes the record.
        calendars: when the source job fires, and then each target job.
        status: planned, or why not.
        reason: the same in words.
    """

    source: JobRef
    name: str
    goal: Goal
    live: FiringSide
    targets: tuple[JobRef, ...] = ()
    steps: tuple[SwitchStep, ...] = ()
    active_side: ActiveSide | None = None
    switched: ActiveSide | None = None
    calendars: tuple[Calendar, ...] = ()
    status: Status = "planned"
    reason: str = ""


@frozen(kw_only=True)
class Gap:
    """A time at which nothing fires.

    Attributes:
        start: when the first write may be sent.
        end: when something fires again; None when nothing does for as long as was looked ahead.
        asked: how long the guard was to be.
    """

    start: datetime
    end: datetime | None
    asked: timedelta

    @property
    def room(self) -> timedelta | None:
        """Return how much time there is; None for more than anybody needs."""
        return None if self.end is None else self.end - self.start

    @property
    def is_narrow(self) -> bool:
        """Return whether it is shorter than the guard that was asked for."""
        return self.room is not None and self.room < self.asked


@frozen(kw_only=True)
class Sent:
    """A write of a switch that was sent.

    Attributes:
        side: the side that it was sent to.
        job: the job that it changed.
        does: the step.
        at: when it was sent.
        confirmed: when its effect was read back; None when it was not.
    """

    side: Goal
    job: JobRef
    does: Does
    at: datetime
    confirmed: datetime | None = None


@frozen(kw_only=True)
class SwitchResult:
    """The result of one switch.

    Attributes:
        switch: what was planned.
        status: how it ended.
        live: which side fires now, as read; as planned where nothing was done.
        gap: the time that it was done in.
        sent: its writes.
        reason: why it did not end as it should.
        proof: what verifying it afterwards came to; "" where that was not done.
    """

    switch: Switch
    status: Status
    live: FiringSide
    gap: Gap | None = None
    sent: tuple[Sent, ...] = ()
    reason: str = ""
    proof: str = ""


@frozen(kw_only=True)
class Order:
    """What is asked for.

    Attributes:
        goal: which side is to be active.
        jobs: names or ids of source jobs; empty for all.
        guard: the time without a fire that a switch needs before and after it.
        at: no switch begins before; None for as soon as may be.
        is_dry: whether nothing is to be written.
        may_delete: whether a source job that cannot be stopped in another way may be deleted.
        in_effect: whether a platform that follows a change later, follows what it holds now.
    """

    goal: Goal = "target"
    jobs: tuple[str, ...] = ()
    guard: timedelta = timedelta(minutes=5)
    at: datetime | None = None
    is_dry: bool = False
    may_delete: bool = False
    in_effect: bool = False


@frozen(kw_only=True)
class Nightly:
    """A job whose target stays exact only while syncs renew it.

    Attributes:
        source: the source job.
        name: its name.
        until: when its target stops being exact unless a sync renews it.
        modes: by schedule.mode, the result that it would have.
    """

    source: JobRef
    name: str
    until: datetime
    modes: Mapping[str, str] = field(factory=dict)


@frozen(kw_only=True)
class Cutover:
    """The result of a cutover.

    Attributes:
        sync: name of the sync.
        source: name of the source connection.
        target: name of the target connection.
        goal: which side is to be active.
        run: the run; None when nothing was begun.
        is_dry: whether nothing was to be written.
        switches: one for each source job, by name.
        ledger: the instants at which not exactly one side was active.
        inactive: the jobs of the sync that are active nowhere now, whether they were asked for or not.
        nightly: the jobs whose retirement leaves them to nightly syncs.
        requests: how many requests each provider got.
        stopped: whether it was interrupted.
    """

    sync: str
    source: str
    target: str
    goal: Goal
    run: str | None = None
    is_dry: bool = False
    switches: tuple[SwitchResult, ...] = ()
    ledger: tuple[Missed, ...] = ()
    inactive: tuple[InactiveJob, ...] = ()
    nightly: tuple[Nightly, ...] = ()
    requests: Mapping[str, int] = field(factory=dict)
    stopped: bool = False

    @property
    def summary(self) -> Mapping[str, int]:
        """Return how many switches ended with each status."""
        counts = Counter(result.status for result in self.switches)
        return {status: counts[status] for status in STATUSES}
