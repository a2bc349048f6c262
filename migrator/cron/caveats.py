"""What is known of the platforms and the time zones of a schedule: faults of engines, young rules for clock changes."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Final

from attrs import frozen

from migrator.cron.clocks import Change, changes
from migrator.cron.dialects import oddities
from migrator.cron.model import Dates
from migrator.cron.task import TranslationTask
from migrator.cron.zones import DAY, from_minutes

_YOUNG: Final = 2 * 365 * DAY
_WEEK: Final = 7
_YEAR: Final = 365 * DAY


@lru_cache(maxsize=1024)
def young_rule(zone: str, now: int) -> int | None:
    """Return from which minute on a zone's clocks go otherwise than in the year before; None for more than two years.

    What comes within two years counts, too: a law that was passed for then. Zones whose changes are tabulated for each
    year (Morocco, Palestine) have a young rule always.
    """
    year = from_minutes(now).year
    known = changes(zone, year - 4, year + 3)
    found = []
    for this in range(year - 3, year + 4):
        mine, before = ([c for c in known if from_minutes(c[0]).year == y] for y in (this, this - 1))
        found += [c[0] for c in mine if not any(_alike(c, other) for other in before)]
        found += [c[0] + _YEAR for c in before if not any(_alike(c, other) for other in mine)]
    return min((at for at in found if abs(at - now) <= _YOUNG), default=None)


def _alike(one: Change, other: Change) -> bool:
    """Whether two changes, a year apart, follow one rule: the same date, or the same weekday about that date."""
    if one[1:] != other[1:]:
        return False
    a, b = (from_minutes(at) + timedelta(minutes=before) for at, before, _ in (one, other))
    same_date = (a.month, a.day) == (b.month, b.day)
    days = abs((a.replace(year=2000) - b.replace(year=2000)).days) if (a.month, a.day) != (2, 29) else _WEEK
    return a.time() == b.time() and (same_date or (a.weekday() == b.weekday() and min(days, 366 - days) <= _WEEK))


@frozen(kw_only=True)
class Caveats:
    """What is known that concerns a schedule.

    Attributes:
        oddities: faults of the engines concerned.
        young: zones whose rule for clock changes is young, each with the day from which it holds.
        flags: the flags of a verdict for these.
    """

    oddities: tuple[str, ...]
    young: tuple[tuple[str, str], ...]
    flags: frozenset[str]


def caveats_of(task: TranslationTask) -> Caveats:
    """Return what is known of the platforms and the time zones that concern a schedule."""
    return _caveats(task.source, task.zone, task.target, task.target_zone, task.cron.dates, task.window.start // DAY)


@lru_cache(maxsize=4096)
def _caveats(source: str, zone: str, target: str, target_zone: str, dates: Dates, day: int) -> Caveats:
    here, there = oddities(source, zone, dates), oddities(target, target_zone, dates)
    ages = ((name, young_rule(name, day * DAY)) for name in dict.fromkeys((zone, target_zone)))
    young = tuple((name, f"{from_minutes(at):%Y-%m-%d}") for name, at in ages if at is not None)
    flags = {"engine_oddity": here + there, "young_zone_rule": young}
    return Caveats(oddities=here + there, young=young, flags=frozenset(flag for flag, found in flags.items() if found))
