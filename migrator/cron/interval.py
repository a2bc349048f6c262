"""How close two fires of a schedule come, and jobs that keep a platform's minimum interval and together say the same.

The interval is that of the expression: of the wall clock, as platforms judge it when a job is made. That clocks change
is not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

from attrs import evolve

from migrator.cron.clocks import changes_ever_met, clock_rule
from migrator.cron.days import day_bits
from migrator.cron.firesets import EPOCH_ORDINAL
from migrator.cron.model import Cron
from migrator.cron.task import Rendered, TranslationTask, say
from migrator.cron.verdict import Translation, Verdict
from migrator.cron.zones import DAY

_YEARS: Final = 28 * 366
"""Days to search for two dates in a row: calendars of this century repeat after 28 years."""

Minutes = frozenset[int]


def shortest_interval(cron: Cron, start: int = 0) -> int:
    """Minutes between the two closest fires by the wall clock; a day's worth or more where no fires are closer.

    Args:
        cron: the schedule.
        start: the minute since 1970 from which dates matter.
    """
    if len(cron.seconds) > 1:
        return 0
    within, over_night = _intervals(cron.minutes, cron.hours)
    if over_night < within and _days_in_a_row(cron, start // DAY):
        return over_night
    return within


@lru_cache(maxsize=4096)
def _intervals(minutes: Minutes, hours: Minutes) -> tuple[int, int]:
    """The shortest interval within a day, and that from a day's last fire to the first one of the next."""
    if not (minutes and hours):
        return DAY, DAY
    spread_over = max(minutes) - min(minutes)
    apart = min((b - a for a, b in pairwise(sorted(hours))), default=DAY) * 60 - spread_over
    within = min((b - a for a, b in pairwise(sorted(minutes))), default=DAY)
    return min(within, apart, DAY), DAY - 60 * (max(hours) - min(hours)) - spread_over


def _days_in_a_row(cron: Cron, today: int) -> bool:
    """Whether it ever fires on two days that follow each other."""
    if cron.dates.every_date:
        return True
    days = day_bits(cron.dates, EPOCH_ORDINAL + today, _YEARS)
    return bool(days & days >> 1)


def spread(task: TranslationTask, said: tuple[Rendered, ...], interval: int, most: int) -> tuple[Rendered, ...] | None:
    """Pieces none of which fires more often than every `interval` minutes, at most `most` for one; None if none are.

    The parts of a piece share its dates and divide its times, so that together they fire when it does, each time once.
    Where clocks change that holds if the platform treats every time by itself, or if no time is skipped or repeated.
    """
    if not interval:
        return said
    found: list[Rendered] = []
    for piece in said:
        if piece.cron is None or shortest_interval(piece.cron, task.window.start) >= interval:
            found.append(piece)
            continue
        parts = _parted(piece.cron, interval, most, task.window.start)
        if parts is None:
            return None
        target = evolve(task, target_zone=piece.zone)
        told = say(target, parts)
        if not _alike(target, piece.cron, told):
            return None
        found += told
    return tuple(found)


def too_often(task: TranslationTask, said: tuple[Rendered, ...], interval: int, most: int) -> Translation:
    """The refusal of pieces that come too close, and how many jobs would not, if at most `most` do."""
    close = min(shortest_interval(piece.cron, task.window.start) for piece in said if piece.cron)
    evidence = {"closest_minutes": close, "min_interval": interval}
    reason = (
        f"it fires every {close} min at its closest, and {task.target} takes at least {interval} min between two fires"
    )
    divided = spread(task, said, interval, most)
    if divided and len(divided) <= most:
        evidence["split_for_interval"] = -(-len(divided) // len(said))
        reason += f"; {len(divided)} jobs together keep that"
    else:
        reason += "; no set of jobs that keeps it is proved to fire alike"
    return Translation(verdict=Verdict(kind="impossible", reason=reason, flags=task.cron.flags, evidence=evidence))


def _alike(task: TranslationTask, whole: Cron, parts: tuple[Rendered, ...]) -> bool:
    """Whether the parts fire when the whole does, at every change of clocks."""
    rule = clock_rule(whole, task.target)
    same = rule[0] == "skip" and all(part.cron and clock_rule(part.cron, task.target) == rule for part in parts)
    return same or next(changes_ever_met(whole, task.target_zone, task.window.start), None) is None


def _parted(cron: Cron, interval: int, most: int, start: int) -> list[Cron] | None:
    """The fewest parts found, each with some of the minutes and some of the hours."""
    best: list[Cron] | None = None
    for minutes in _shares(cron.minutes, interval, 60):
        for hours in _shares(cron.hours, -(-interval // 60), 24):
            if len(minutes) * len(hours) > most or (best and len(minutes) * len(hours) >= len(best)):
                continue
            parts = [evolve(cron, minutes=m, hours=h, text="", follows_clock=False) for m in minutes for h in hours]
            if all(shortest_interval(part, start) >= interval for part in parts):
                best = parts
    return best


def _shares(values: Minutes, interval: int, size: int) -> Iterator[list[Minutes]]:
    """Ways to deal values out: each n-th, and to the first share whose last value is far enough before."""
    ordered = sorted(values)
    for n in range(1, len(ordered) + 1):
        yield [frozenset(ordered[i::n]) for i in range(n)]
    shares: list[list[int]] = []
    for value in ordered:
        fits = (s for s in shares if value - s[-1] >= interval and s[0] + size - value >= interval)
        share = next(fits, None)
        if share is None:
            shares.append([value])
        else:
            share.append(value)
    yield [frozenset(share) for share in shares]
