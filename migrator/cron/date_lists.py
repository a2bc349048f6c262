"""Translations by lists of dates: they can say any fires, for up to a year, and then have to be renewed."""

from __future__ import annotations

from functools import lru_cache

from migrator.cron.cover import cover_days, products
from migrator.cron.date_rules import say_dates
from migrator.cron.dialects import DIALECTS
from migrator.cron.firesets import EPOCH_ORDINAL, FireSet, Window, add, add_clipped, rotate, shifted
from migrator.cron.model import EVERY_MONTH, Cron, Dates
from migrator.cron.task import TranslationPlan, TranslationTask, say, source_fires
from migrator.cron.zones import DAY, offset_at, stretches_around


def by_dates(task: TranslationTask, end: int, *, below: int) -> TranslationPlan | None:
    """The fires from the window's start to `end` as lists of dates, in fewer than `below` pieces; None if it fails."""
    days = Window(task.window.start // DAY * DAY - DAY, -(-end // DAY) * DAY + DAY)
    start = task.window.start + offset_at(task.target_zone, task.window.start)
    bounds = Window(start, end + offset_at(task.target_zone, end))
    local = _by_wall_clock(source_fires(task, days), task.target_zone, days)
    local = _within(local, bounds.start // DAY - days.base, bounds.end // DAY - days.base)
    if sum(len(products(minutes)) for minutes in local.values()) >= below:
        return None
    crons: list[Cron] = []
    for chosen, minutes in local.items():
        found = _split_dated(task, chosen, minutes, days, bounds)
        if found is None:
            return None
        crons += found
    return TranslationPlan(said=say(task, crons), until=end) if len(crons) < below else None


def _within(fires: FireSet, first: int, last: int) -> FireSet:
    """The fires on the days from bit `first` to bit `last`."""
    found: FireSet = {}
    for days, minutes in fires.items():
        add(found, days >> first << first & (1 << (last + 1)) - 1, minutes)
    return found


def _by_wall_clock(fires: FireSet, zone: str, window: Window) -> FireSet:
    """UTC fires by the wall clock of a zone."""
    zones = stretches_around(zone, window.start, window.end)
    if all(stretch.offset == 0 for stretch in zones):
        return fires
    found: FireSet = {}
    for stretch in zones:
        part: FireSet = {}
        for days, minutes in fires.items():
            add_clipped(part, days, minutes, window, max(stretch.start, window.start), min(stretch.end, window.end))
        for days, minutes in part.items():
            for by, some in rotate(minutes, -stretch.offset):
                add(found, shifted(days, by), some)
    return found


def _split_dated(task: TranslationTask, days: int, minutes: int, window: Window, bounds: Window) -> list[Cron] | None:
    """One product of days and times; split at the time of day of the window's start where a year comes full circle."""
    found = _dated(task, days, minutes, window, bounds)
    if found is not None:
        return found
    at = bounds.start % DAY
    early = _dated(task, days, minutes & (1 << at) - 1, window, bounds)
    late = _dated(task, days, minutes >> at << at, window, bounds)
    return None if early is None or late is None else early + late


def _dated(task: TranslationTask, days: int, minutes: int, window: Window, bounds: Window) -> list[Cron] | None:
    """One product of days and times; days on which none of the times lies within `bounds` do not matter."""
    first, from_minute = divmod(bounds.start, DAY)
    last, to_minute = divmod(bounds.end, DAY)
    first += not minutes >> from_minute
    last += bool(minutes & (1 << to_minute) - 1)
    chosen = days >> (first - window.base) & (1 << (last - first)) - 1
    if not minutes or not chosen:
        return []
    dates = _fewest_dates(task, chosen, first + EPOCH_ORDINAL, last - first)
    if dates is None:
        return None
    return [Cron(minutes=m, hours=h, dates=d, seconds=task.cron.seconds) for m, h in products(minutes) for d in dates]


def _fewest_dates(task: TranslationTask, days: int, first: int, span: int) -> tuple[Dates, ...] | None:
    """Date sets for the days; bound to their years where that can be said and takes no more of them."""
    shapes = _shapes(task.cron.dates, task.target)
    plain = cover_days(days, first, span, shapes=shapes)
    if "year" not in DIALECTS[task.target].fields:
        return plain
    bound = cover_days(days, first, span, shapes=shapes, years=True)
    return plain if plain is not None and bound is not None and len(plain) < len(bound) else bound


@lru_cache(maxsize=4096)
def _shapes(dates: Dates, target: str) -> tuple[Dates, ...]:
    """The source's dates as a rule for any month, moved by a day or not, where the target can say that at once."""
    whole = dates.but(months=EVERY_MONTH, years=None)
    said = (say_dates(whole, by, target) for by in (0, -1, 1))
    return tuple(found[0] for found in said if found and len(found) == 1 and not found[0].every_date)
