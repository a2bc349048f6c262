"""The jobs of a connection as a person looks at them: when each fires, what state it is in, who manages it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from attrs import field, frozen

from migrator.canonical import Job, JobRef, Unportable
from migrator.cron import Once, describe, next_fires
from migrator.errors import ScheduleError
from migrator.extract import Extracted, Problem
from migrator.isolation import attempt

_FIRES: Final = 3
"""Fires that are listed of each job."""

JobState = Literal["enabled", "paused", "stopped", "unreadable"]
"""enabled: it fires. paused: by its owner. stopped: by its platform. unreadable: its record cannot be read."""


@frozen(kw_only=True)
class ListedJob:
    """One job of a listing.

    Attributes:
        ref: the job.
        name: its name.
        state: whether it fires.
        reason: why not, in the platform's words; "" where there is nothing to say.
        failing: what its platform tells of runs that fail; "" when it tells of none.
        schedule: the schedule in words; why there is none, where it is not time-based.
        text: the cron expression as the platform holds it; "" where there is none.
        timezone: the zone of the expression.
        fires: the next fires, if it is enabled.
        manages: the source job of a managed copy; None for a job that migrator did not make.
    """

    ref: JobRef
    name: str
    state: JobState
    reason: str = ""
    failing: str = ""
    schedule: str = ""
    text: str = ""
    timezone: str = ""
    fires: tuple[datetime, ...] = ()
    manages: str | None = None


@frozen(kw_only=True)
class Listing:
    """The jobs of a connection, by name.

    Attributes:
        connection: its name.
        provider: its provider.
        title: the provider's name for people.
        at: when it was listed.
        rows: one for each record.
        requests: the number of requests by provider.
    """

    connection: str
    provider: str
    title: str
    at: datetime
    rows: tuple[ListedJob, ...] = field(repr=False)
    requests: Mapping[str, int] = field(factory=dict)

    @property
    def managed(self) -> int:
        """How many of the jobs migrator made or adopted."""
        return sum(row.manages is not None for row in self.rows)


def rows_of(found: Extracted, *, bound: Mapping[JobRef, JobRef], now: datetime) -> tuple[ListedJob, ...]:
    """Return the rows of a listing, by name.

    Args:
        found: the listing.
        bound: by target job, the source job that it was made for, as the state knows.
        now: the fires are those after.
    """
    rows = [*(_shown(job, bound, now) for job in found.jobs), *map(_unreadable, found.problems)]
    return tuple(sorted(rows, key=lambda row: (row.name.casefold(), str(row.ref))))


def _shown(job: Job, bound: Mapping[JobRef, JobRef], now: datetime) -> ListedJob:
    row = attempt("drawn", _row, job, bound, now)
    return row if isinstance(row, ListedJob) else _unreadable(Problem(ref=job.ref, name=job.name, error=row))


def _row(job: Job, bound: Mapping[JobRef, JobRef], now: datetime) -> ListedJob:
    source = bound.get(job.ref)
    tagged = f"{job.ownership_tag.provider}/{job.ownership_tag.id}" if job.ownership_tag else None
    text, zone, words, fires = _schedule(job, now)
    return ListedJob(
        ref=job.ref,
        name=job.name,
        state="stopped" if job.suspended is not None else "enabled" if job.enabled else "paused",
        reason=job.suspended or "",
        failing=job.failing or "",
        schedule=words,
        text=text,
        timezone=zone,
        fires=fires if job.live else (),
        manages=str(source) if source else tagged,
    )


def _schedule(job: Job, now: datetime) -> tuple[str, str, str, tuple[datetime, ...]]:
    """Return a job's expression, its zone, its schedule in words and its next fires."""
    trigger = job.trigger
    if isinstance(trigger, Unportable):
        return "", "", trigger.reason, ()
    if isinstance(trigger, Once):
        return "", "UTC", f"Once, at {trigger.at:%Y-%m-%d %H:%M} UTC.", (trigger.at,) if trigger.at > now else ()
    if isinstance(trigger.cron, str):
        return trigger.cron, trigger.timezone, trigger.cron, ()
    try:
        fires = next_fires(trigger.cron, trigger.timezone, now, _FIRES, dialect=trigger.cron.dialect)
    except ScheduleError as error:
        return trigger.cron.text, trigger.timezone, str(error), ()
    return trigger.cron.text, trigger.timezone, describe(trigger.cron, trigger.timezone), tuple(fires)


def _unreadable(problem: Problem) -> ListedJob:
    return ListedJob(
        ref=problem.ref, name=problem.name or problem.ref.id, state="unreadable", reason=str(problem.error)
    )
