"""One expression that comes closest, and how far off it is: for those who ask for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from attrs import evolve

from migrator.cron.cover import products
from migrator.cron.dialects import DIALECTS
from migrator.cron.firesets import FireSet, Window, fires_of, instants, minus, rotate, size, times_of_day
from migrator.cron.model import EVERY_DAY, EVERY_WEEKDAY, NO_NTH, NOTHING, Cron, Dates
from migrator.cron.parser import parse
from migrator.cron.renderer import can_say, render
from migrator.cron.task import TranslationTask, source_fires
from migrator.cron.verdict import Piece, Translation, Verdict
from migrator.cron.window import differences
from migrator.cron.zones import DAY, from_minutes, tzdata_version

_SPAN: Final = 365 * DAY
_SHOWN: Final = 5


def closest(task: TranslationTask, now: datetime) -> Translation:
    """The single expression with the fewest wrong instants in a year; the verdict counts them."""
    window = Window(task.window.start, max(task.window.end, task.window.start + _SPAN))
    wide = evolve(task, window=window)
    wanted = source_fires(wide, window)
    best: tuple[int, str, FireSet, FireSet] | None = None
    for cron in _candidates(wide):
        text = render(cron, task.target)
        got = fires_of(parse(text, task.target), task.target, task.target_zone, window)
        missing, extra = minus(wanted, got), minus(got, wanted)
        wrong = size(missing) + size(extra)
        if best is None or wrong < best[0]:
            best = (wrong, text, missing, extra)
    if best is None:
        reason = f"no single {task.target} expression approximates it"
        return Translation(verdict=Verdict(kind="impossible", reason=reason, flags=task.cron.flags))
    _, text, missing, extra = best
    differing = sorted([*instants(missing, window), *instants(extra, window)])
    evidence = {
        "horizon": [now.isoformat(), from_minutes(window.end).isoformat()],
        "tzdata": tzdata_version(),
        "proof": "difference of fire sets",
        "source_fires": size(wanted),
        "target_fires": size(wanted) - size(missing) + size(extra),
        "missing": size(missing),
        "extra": size(extra),
        "shift_minutes": _shift(missing, extra, window),
        "differing": [from_minutes(m).isoformat() for m in differing[:_SHOWN]],
    }
    first = from_minutes(differing[0]) if differing else None
    return Translation(
        pieces=(Piece(text=text, timezone=task.target_zone, dialect=task.target),),
        verdict=Verdict(
            kind="approximate" if differing else "exact_until",
            until=first or from_minutes(window.end),
            reason=f"one expression misses {size(missing)} of {size(wanted)} fires ahead and adds {size(extra)}",
            flags=task.cron.flags,
            evidence=evidence,
        ),
    )


def _shift(missing: FireSet, extra: FireSet, window: Window) -> int:
    """The largest distance, in minutes, from a missing instant to the nearest added one; 0 if none is added."""
    added = list(instants(extra, window))
    if not added:
        return 0
    worst, i = 0, 0
    for minute in instants(missing, window):
        while i + 1 < len(added) and abs(added[i + 1] - minute) <= abs(added[i] - minute):
            i += 1
        worst = max(worst, abs(added[i] - minute))
    return worst


def _candidates(task: TranslationTask) -> Iterator[Cron]:
    """Each day rule that the target can say, loosened where it must be, with each product of times."""
    times = times_of_day(task.cron.minutes, task.cron.hours)
    for difference in differences(task):
        moved = rotate(times, difference)
        whole = sum(minutes for _, minutes in moved)
        for by, minutes in moved:
            for dates in _loosened(task.cron.dates, by, task.target):
                for some in {minutes, whole}:
                    for m, h in products(some):
                        yield Cron(minutes=m, hours=h, dates=dates, seconds=task.cron.seconds)


def _loosened(dates: Dates, by: int, target: str) -> Iterator[Dates]:
    plain = frozenset(d if d > 0 else 29 + d for d in dates.days) | {abs(n) for n in dates.nearest}
    days = frozenset(d + by for d in plain if 1 <= d + by <= len(EVERY_DAY)) or EVERY_DAY
    weekdays = frozenset((w + by) % 7 for w in dates.weekdays | {w for _, w in dates.nth})
    years = dates.years if "year" in DIALECTS[target].fields else None
    base = dates.but(nearest=NOTHING, nth=NO_NTH, years=years, day_rule="and")
    for candidate in (
        base if by else dates.but(years=years),
        base.but(days=days, weekdays=EVERY_WEEKDAY),
        base.but(days=EVERY_DAY, weekdays=weekdays or EVERY_WEEKDAY),
    ):
        if can_say(candidate, target):
            yield candidate
