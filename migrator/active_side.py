"""The active side of a job: which endpoint's copy fires, by what both of them hold. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Container, Mapping
from datetime import datetime
from typing import Literal

from attrs import field, frozen

from migrator.canonical import Fields, Job, JobRef, Unportable, flatten
from migrator.cron import Cron, next_fires
from migrator.execute.read_back import fields_after
from migrator.plan.compare import same
from migrator.plan.staging import may_fire
from migrator.store.records import ActiveSide, Binding, Live

FiringSide = Literal["source", "target", "both", "part", "neither", "paused", "over", "unknown"]
"""Which side fires, as read: one, both, some parts of the target only, none although its owner wants it to, none
because its owner paused it, or because it was due for the last time; or a side could not be read."""


@frozen(kw_only=True)
class SwitchContext:
    """One source job and its target jobs, as read and as recorded.

    Attributes:
        source: the source job as it is.
        wanted: as its owner wants it.
        active_side: what is recorded of its active side.
        bindings: its target jobs, by part.
        targets: the target jobs as they are.
        due: what each target job holds once it may fire, by target job; only the fields that keep it staged now.
        spent: which of all these jobs will never be due again, paused or not.
    """

    source: Job
    wanted: Job
    active_side: ActiveSide | None
    bindings: tuple[Binding, ...]
    targets: Mapping[JobRef, Job]
    due: Mapping[JobRef, Fields] = field(factory=dict)
    spent: Container[JobRef] = frozenset()

    def activated(self, binding: Binding) -> Fields:
        """Return all fields of a target job once it may fire."""
        return fields_after(flatten(self.targets[binding.target]), self.due.get(binding.target, {}))


@frozen(kw_only=True)
class ActiveStatus:
    """The active side of a job.

    Attributes:
        name: the job's name.
        source: the source job.
        targets: the target jobs.
        live: the active side, as read.
        meant: the active side, as recorded in the state.
        since: since when that is recorded; None when it was never switched.
        is_unfinished: whether a cutover of it was started and did not end.
    """

    name: str
    source: JobRef
    targets: tuple[JobRef, ...]
    live: FiringSide
    meant: Live
    since: datetime | None = None
    is_unfinished: bool = False


def firing_side(context: SwitchContext) -> FiringSide:
    """Return which side fires, by what both of them hold."""
    is_over = context.source.ref in context.spent
    source = may_fire(context.source, context.active_side) and not is_over
    active = [_is_active(context, number) for number in range(len(context.bindings))]
    if source:
        return "both" if any(active) else "source"
    if all(active) and active:
        return "target"
    if any(active):
        return "part"
    return "over" if is_over else "neither" if context.wanted.live else "paused"


def _is_active(context: SwitchContext, number: int) -> bool:
    """Return whether a target job fires: it is enabled, not staged, and has a fire ahead."""
    job, due = context.targets[context.bindings[number].target], context.due.get(context.bindings[number].target, {})
    fields = flatten(job)
    return (
        job.live and job.ref not in context.spent and all(same(fields.get(path), value) for path, value in due.items())
    )


def is_spent(job: Job, dialect: str, now: datetime) -> bool:
    """Return whether a job will never be due again, paused or not; False where its trigger cannot be read."""
    return not isinstance(job.trigger, Unportable) and not coming_fires(job, dialect, now)


def coming_fires(job: Job, dialect: str, now: datetime) -> list[datetime]:
    """Return the next two instants at which a job is due, or as many as there are."""
    fields = flatten(job)
    cron, at = fields.get("trigger.cron"), fields.get("trigger.at")
    if isinstance(cron, Cron):
        return next_fires(cron, fields["trigger.timezone"], now, 2, dialect=dialect or cron.dialect)
    return [at] if isinstance(at, datetime) and at > now else []


def lasting_fields(job: Job) -> Fields:
    """Return the fields of a job for a time without it: what its platform has stopped is paused."""
    return {**flatten(job), "enabled": job.live}


def switch_back_command(sync: str, job: Job) -> str:
    """Return the command that switches one job back to its source."""
    return shlex.join(["migrator", "cutover", sync, "--back", "--job", job.name])
