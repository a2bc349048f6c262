"""When the active side may switch: between two fires, with time to spare before and after.

    fire ──── after ────▶ begin ──── guard ────▶ fire

`after` lets the platform begin what was due, which it may do late; `guard` is what the requests may take. Where fires
are closer together than the two, both shrink: first `after`, to a fifth of the time between the fires, then `guard`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from migrator.cutover.switches import Calendar, Gap

_AHEAD: Final = timedelta(hours=1)
"""How long anybody waits for a gap that is wide enough."""
_SETTLING: Final = 0.2
"""What part of a narrow gap is left for the platform to begin what was due."""
_AS_GOOD: Final = 0.95
"""A gap of that part of the widest one is as good, and the first such is taken."""


def next_gap(calendars: Iterable[Calendar], *, now: datetime, guard: timedelta, after: timedelta) -> Gap:
    """Return the first gap that is wide enough, or the widest one where none is within an hour.

    Args:
        calendars: everything that fires before or after the switch.
        now: the clock; the gap does not begin before.
        guard: the time without a fire after it has begun.
        after: the time without a fire before it.
    """
    until = now + _AHEAD + after + guard
    fires = sorted({at for calendar in calendars for at in calendar.between(now - after, until)})
    edges: list[datetime | None] = [None, *fires, None]
    narrow: list[Gap] = []
    for last, coming_next in pairwise(edges):
        earliest = now if last is None else max(now, last + after)
        if earliest + guard <= (coming_next or until):
            return Gap(start=earliest, end=coming_next, asked=guard)
        if coming_next is None:
            break
        start = earliest if last is None else max(now, _squeezed(last, coming_next, guard, after))
        if start < coming_next:
            narrow.append(Gap(start=start, end=coming_next, asked=guard))
    widest = max(gap.room for gap in narrow if gap.room)
    return next(gap for gap in narrow if gap.room and gap.room >= _AS_GOOD * widest)


def _squeezed(last: datetime, following: datetime, guard: timedelta, after: timedelta) -> datetime:
    """Return when to begin between two fires that are too close together."""
    between = following - last
    return last + min(after, max(between - guard, _SETTLING * between))
