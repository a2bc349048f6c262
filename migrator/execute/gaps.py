"""Choosing a moment at which jobs may be changed in several requests: one at which the states between do no harm.

What is live before the change, between its requests and after it are sets of jobs. An instant does no harm when as many
jobs of each set fire at it: then it does not matter which request has gone through by then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from migrator.canonical import Fields
from migrator.cron import Cron, next_fires

Live = Sequence[Fields]
"""Jobs as flat fields; those that are paused do not fire."""

_SHARE: Final = 0.8
"""How much of the time between two fires a change may take up; the rest is left for the requests to begin in."""
_AFTER: Final = timedelta(seconds=1)
"""How long after a fire the platform has surely begun it."""
_MINUTE: Final = timedelta(minutes=1)


async def wait_for_gap(
    states: Sequence[Live],
    *,
    dialect: str,
    guard: timedelta,
    now: Callable[[], datetime],
    sleep: Callable[[float], Awaitable[None]],
    begun: bool = False,
) -> None:
    """Wait until no instant at which these states differ is due within the guard.

    Where such instants are closer together than the guard is long, the narrowest gap has to do: right after one.

    Args:
        states: what is live now, between the requests, and after the last one.
        dialect: the dialect of their schedules.
        guard: how long the requests may take.
        now: the clock.
        sleep: waits that many seconds.
        begun: whether the change is under way: then what is live now may be wrong at the next instant, and haste is
            better than waiting.
    """
    while True:
        at = now()
        harmful = _harmful(states, dialect, at, 3 * guard)
        if not harmful:
            return
        first = harmful[0]
        room = min((later - sooner for sooner, later in pairwise(harmful)), default=guard / _SHARE)
        if first - at > min(guard, room * _SHARE):
            return
        if begun and _firing(states[0], dialect, first) != _firing(states[-1], dialect, first):
            return
        await sleep((first - at + _AFTER).total_seconds())
        if now() <= at:
            return  # the clock stands still, and nothing will ever fire


def _harmful(states: Sequence[Live], dialect: str, at: datetime, ahead: timedelta) -> list[datetime]:
    """The coming instants at which not all states fire equally often."""
    fires = {id(job): coming(job, dialect, at, at + ahead) for live in states for job in live}
    counted = [Counter(fire for job in live for fire in fires[id(job)]) for live in states]
    instants = sorted(set().union(*counted))
    return [instant for instant in instants if len({counts[instant] for counts in counted}) > 1]


def _firing(live: Live, dialect: str, at: datetime) -> int:
    """How many of these jobs fire at an instant."""
    return sum(at in coming(job, dialect, at - _MINUTE, at) for job in live)


def coming(fields: Fields, dialect: str, after: datetime, until: datetime) -> list[datetime]:
    """When a job fires in (after, until]."""
    if not fields.get("enabled", True):
        return []
    cron, at = fields.get("trigger.cron"), fields.get("trigger.at")
    if isinstance(cron, Cron):
        zone, rules = fields["trigger.timezone"], dialect or cron.dialect
        first = next_fires(cron, zone, after, 1, dialect=rules)
        if not first or first[0] > until:
            return []
        count = int((until - after) / _MINUTE) + 1
        return [fire for fire in next_fires(cron, zone, after, count, dialect=rules) if fire <= until]
    return [at] if isinstance(at, datetime) and after < at <= until else []
