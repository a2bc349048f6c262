"""Choosing a moment at which a job may be changed in several requests: one at which it is not about to fire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice, pairwise
from typing import Final

from migrator.canonical import Fields
from migrator.cron import Cron, next_fires

_SHARE: Final = 0.8
"""How much of the time between two fires a guard may take up; the rest is left for the requests to begin in."""
_AFTER: Final = timedelta(seconds=1)
"""How long after a fire the platform has surely begun it."""


async def wait_for_gap(
    jobs: Iterable[Fields],
    *,
    dialect: str,
    guard: timedelta,
    now: Callable[[], datetime],
    sleep: Callable[[float], Awaitable[None]],
) -> None:
    """Wait until none of these jobs is due within the guard.

    A job that fires more often than the guard is long gets the narrowest gap that there is: right after a fire.

    Args:
        jobs: flat fields of what fires before the change, and of what fires after it.
        dialect: their cron dialect.
        guard: how long the change may take.
        now: the clock.
        sleep: waits that many seconds.
    """
    jobs = list(jobs)
    while True:
        coming = _coming(jobs, dialect, now())
        if not coming:
            return
        room = min((later - sooner for sooner, later in pairwise(coming)), default=guard / _SHARE)
        wait = coming[0] - now()
        if wait > min(guard, room * _SHARE):
            return
        await sleep((wait + _AFTER).total_seconds())


def _coming(jobs: Iterable[Fields], dialect: str, now: datetime) -> list[datetime]:
    """The next instants at which any of the jobs fires, each once."""
    fires = [_next_two(fields, dialect, now) for fields in jobs if fields.get("enabled", True)]
    return sorted(set(islice(merge(*fires), 4)))


def _next_two(fields: Fields, dialect: str, now: datetime) -> list[datetime]:
    cron, at = fields.get("trigger.cron"), fields.get("trigger.at")
    if isinstance(cron, Cron):
        return next_fires(cron, fields["trigger.timezone"], now, 2, dialect=dialect or cron.dialect)
    return [at] if isinstance(at, datetime) and at > now else []
