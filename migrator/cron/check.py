"""A second opinion on a translation, by an engine that is not ours: croniter.

It is given the text as it stands at the platform, so that it can contradict our reading, and nothing that it is known
to read in its own way. It walks the wall clock without zones: what it does when clocks change is no platform's rule, so
the days around a change are left out.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Final, NotRequired, TypedDict

from migrator.cron.comparison import Timed
from migrator.cron.croniter_text import UnaskableError, ask
from migrator.cron.days import is_empty
from migrator.cron.model import EVERY_WEEKDAY, ON_THE_MINUTE, Cron, Once
from migrator.cron.parser import parse
from migrator.cron.zones import from_minutes, load_zone, next_change, to_minutes

SAMPLED: Final = 50
"""How many fires of the first side are compared."""

_SHOWN: Final = 5
_AROUND: Final = timedelta(days=1)
_SHORTEST_MONTH: Final = 28
_LAST_YEAR: Final = 2099


class SecondOpinion(TypedDict):
    """What an engine that is not ours says of sampled instants.

    Attributes:
        engine: its name and version.
        instants: how many were compared.
        agrees: whether it fires at the same ones.
        differing: the first ones that differ.
        unasked: what this engine cannot judge.
    """

    engine: str
    instants: NotRequired[int]
    agrees: NotRequired[bool]
    differing: NotRequired[list[str]]
    unasked: NotRequired[str]


def second_opinion(wanted: Iterable[Timed], got: Iterable[Timed], start: datetime, end: datetime) -> SecondOpinion:
    """Whether croniter, too, finds that both sides fire at the same instants in [start, end).

    Returns:
        JSON-able: `engine`, and either how many `instants` were compared, whether it `agrees` and the first `differing`
        ones, or what it could not be asked (`unasked`).
    """
    known: SecondOpinion = {"engine": f"croniter {version('croniter')}"}
    one, other = list(wanted), list(got)
    doubts = [why for job in (*one, *other) if (why := _unaskable(job))]
    if doubts:
        return {**known, "unasked": doubts[0]}
    try:
        return _compared(known["engine"], one, other, start, end)
    except ValueError as error:  # what croniter raises for a text that it refuses
        return {**known, "unasked": f"a text that it refuses: {error}"}


def _compared(engine: str, one: list[Timed], other: list[Timed], start: datetime, end: datetime) -> SecondOpinion:
    changes = {at for job in (*one, *other) for at in _changes(job, start, end)}
    left: list[datetime] = []
    for at in _fires(one, start, end):
        left.append(at)
        if len(left) == SAMPLED:
            end = at + timedelta(minutes=1)
            break
    right = list(_fires(other, start, end))
    differing = sorted(
        at for at in set(left).symmetric_difference(right) if not any(abs(at - c) <= _AROUND for c in changes)
    )
    shown = [at.isoformat() for at in differing[:_SHOWN]]
    return {"engine": engine, "instants": len(left), "agrees": not differing, "differing": shown}


def _fires(jobs: Iterable[Timed], start: datetime, end: datetime) -> Iterator[datetime]:
    return heapq.merge(*(_job_fires(job, start, end) for job in jobs))


def _job_fires(job: Timed, start: datetime, end: datetime) -> Iterator[datetime]:
    from croniter import CroniterBadDateError, croniter  # noqa: PLC0415 (a heavy import for this alone)

    if isinstance(job.trigger, Once):
        if start <= job.trigger.at < end:
            yield job.trigger.at
        return
    zone = load_zone(job.trigger.timezone)
    wall = start.astimezone(zone).replace(tzinfo=None) - timedelta(microseconds=1)
    cron = _meaning(job)
    asked = ask(cron.text, cron.dialect, cron.decided) if cron.text else None
    if asked:
        walk = croniter(asked.text, wall, implement_cron_bug=asked.bug, max_years_between_matches=10)
    else:
        walk = croniter(_text(cron), wall, day_or=cron.day_rule == "or", max_years_between_matches=10)
    while True:
        try:
            at = walk.get_next(datetime).replace(tzinfo=zone).astimezone(UTC)
        except CroniterBadDateError:  # its word for: none in the years it looks at
            return
        if at >= end:
            return
        if at >= start:
            yield at


def _meaning(job: Timed) -> Cron:
    assert not isinstance(job.trigger, Once)
    cron = job.trigger.cron
    return cron if isinstance(cron, Cron) else parse(cron, job.dialect)


def _changes(job: Timed, start: datetime, end: datetime) -> Iterator[datetime]:
    if isinstance(job.trigger, Once):
        return
    at = next_change(job.trigger.timezone, to_minutes(start - _AROUND))
    while at is not None and from_minutes(at) < end + _AROUND:
        yield from_minutes(at)
        at = next_change(job.trigger.timezone, at)


def _unaskable(job: Timed) -> str:
    """Why croniter cannot be asked about a job, "" when it can."""
    if isinstance(job.trigger, Once):
        return ""
    cron = _meaning(job)
    if cron.flags:
        return "a text that engines read differently"
    try:
        ask(cron.text, cron.dialect, cron.decided) if cron.text else None
    except UnaskableError as error:
        return str(error)
    dates = cron.dates
    if cron.seconds != ON_THE_MINUTE:
        return "seconds"
    if not (cron.minutes and cron.hours) or is_empty(dates):
        return "a schedule that never fires"
    if any(d < -1 for d in dates.days) or any(not 0 < d <= _SHORTEST_MONTH for d in dates.nearest):
        return "days counted from the end of the month, and working days near it"
    if dates.nearest and (len(dates.nearest) > 1 or dates.days):
        return "working days beside other days"
    if dates.years is not None and max(dates.years, default=0) > _LAST_YEAR:
        return f"years after {_LAST_YEAR}"
    return ""


def _text(cron: Cron) -> str:
    """Minute, hour, day, month, weekday, second and year, each as a list of values."""
    dates = cron.dates
    days = [*("L" if d == -1 else str(d) for d in sorted(dates.days)), *(f"{d}W" for d in dates.nearest)]
    weekdays = [str(d) for d in sorted(dates.weekdays)]
    weekdays += [f"L{day}" if k == -1 else f"{day}#{k}" for k, day in sorted(dates.nth)]
    fields = [
        _list(cron.minutes),
        _list(cron.hours),
        "*" if dates.any_day else ",".join(days),
        _list(dates.months),
        "*" if dates.weekdays == EVERY_WEEKDAY else ",".join(weekdays),
    ]
    if dates.years is not None:
        fields += ["0", _list(dates.years)]
    return " ".join(fields)


def _list(values: frozenset[int]) -> str:
    return ",".join(str(v) for v in sorted(values))
