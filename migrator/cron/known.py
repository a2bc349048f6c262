"""What is known of the platforms and the time zones that concern a schedule."""

from __future__ import annotations

from functools import lru_cache

from attrs import frozen

from migrator.cron.dialects import oddities
from migrator.cron.model import Dates
from migrator.cron.task import TranslationTask
from migrator.cron.zone_laws import young_rule
from migrator.cron.zones import DAY, from_minutes


@frozen(kw_only=True)
class Known:
    """What is known.

    Attributes:
        oddities: faults of the engines concerned.
        young: zones whose rule for clock changes is young, each with the day from which it holds.
        flags: the flags of a verdict for these.
    """

    oddities: tuple[str, ...]
    young: tuple[tuple[str, str], ...]
    flags: frozenset[str]


def known_of(task: TranslationTask) -> Known:
    """Return what is known that concerns this schedule."""
    return _known(task.source, task.zone, task.target, task.target_zone, task.cron.dates, task.window.start // DAY)


@lru_cache(maxsize=4096)
def _known(source: str, zone: str, target: str, target_zone: str, dates: Dates, day: int) -> Known:
    here, there = oddities(source, zone, dates), oddities(target, target_zone, dates)
    ages = ((name, young_rule(name, day * DAY)) for name in dict.fromkeys((zone, target_zone)))
    young = tuple((name, f"{from_minutes(at):%Y-%m-%d}") for name, at in ages if at is not None)
    flags = {"engine_oddity": here + there, "young_zone_rule": young}
    return Known(oddities=here + there, young=young, flags=frozenset(flag for flag, found in flags.items() if found))
