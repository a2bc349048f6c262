"""A schedule to translate, candidate expressions for it, and the proof that both fire alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

from attrs import frozen

from migrator.cron.date_rules import disjoint
from migrator.cron.firesets import FireSet, Window, add, fires_of, instants, minus, size, times_of_day
from migrator.cron.model import Cron
from migrator.cron.parser import parse
from migrator.cron.renderer import render
from migrator.cron.zones import DAY, to_minutes


@frozen(kw_only=True, slots=False)
class TranslationTask:
    """What is to be translated.

    Attributes:
        cron: the schedule.
        zone: its zone.
        source: its dialect.
        target: the dialect to say it in.
        target_zone: the zone to say it in.
        free_zone: whether a piece may name another zone.
        window: the time in which the pieces must be exact.
    """

    cron: Cron
    zone: str
    source: str
    target: str
    target_zone: str
    free_zone: bool
    window: Window


@frozen(kw_only=True, slots=False)
class Rendered:
    """A piece in the target's words.

    Attributes:
        cron: what the target reads in `text`; None for a one-time trigger.
        zone: the zone it is evaluated in.
        text: the expression; None for a one-time trigger.
        at: the instant of a job that fires once.
    """

    cron: Cron | None
    zone: str
    text: str | None = None
    at: datetime | None = None


@frozen(kw_only=True, slots=False)
class TranslationPlan:
    """Pieces that say a schedule.

    Attributes:
        said: the pieces.
        until: the minute up to which they are known to be exact; None without an end.
        tight: whether looking beyond `until` is pointless, because clocks change then.
    """

    said: tuple[Rendered, ...]
    until: int | None = None
    tight: bool = False


def say(task: TranslationTask, crons: Iterable[Cron], *, stars: bool = True) -> tuple[Rendered, ...]:
    """Schedules in the target's words, each as the target will read it; `stars` as `render` takes it."""
    target, zone = task.target, task.target_zone
    texts = [render(cron, target, stars=stars) for cron in crons]
    return tuple([Rendered(cron=parse(text, target), zone=zone, text=text) for text in texts])


def source_fires(task: TranslationTask, window: Window) -> FireSet:
    """When the source fires."""
    return fires_of(task.cron, task.source, task.zone, window)


def plan_fires(task: TranslationTask, said: Sequence[Rendered], window: Window) -> FireSet | None:
    """When the pieces fire; None if two of them fire at one instant."""
    if len(said) == 1:
        return _piece_fires(task, said[0], window)
    found: FireSet = {}
    count = 0
    for piece in said:
        fires = _piece_fires(task, piece, window)
        for days, minutes in fires.items():
            add(found, days, minutes)
        count += size(fires)
        if size(found) != count:
            return None
    return found


def _piece_fires(task: TranslationTask, piece: Rendered, window: Window) -> FireSet:
    if piece.cron is not None:
        return fires_of(piece.cron, task.target, piece.zone, window)
    assert piece.at is not None
    minute = to_minutes(piece.at)
    if not window.start <= minute < window.end:
        return {}
    return {1 << (minute // DAY - window.base): 1 << minute % DAY}


def is_exact(task: TranslationTask, said: Sequence[Rendered], fires: FireSet) -> bool:
    """Whether the pieces fire exactly at `fires` in the task's window, and no two of them ever together."""
    if len(said) == 1:
        return _piece_fires(task, said[0], task.window) == fires
    return plan_fires(task, said, task.window) == fires and _never_together(said)


def _never_together(said: Sequence[Rendered]) -> bool:
    crons = [(times_of_day(p.cron.minutes, p.cron.hours), p.cron.dates, p.zone) for p in said if p.cron and not p.at]
    return all(
        zone == other_zone and (not times & other_times or disjoint(dates, other_dates))
        for i, (times, dates, zone) in enumerate(crons)
        for other_times, other_dates, other_zone in crons[i + 1 :]
    )


def first_difference(task: TranslationTask, said: Sequence[Rendered], likely: int, end: int) -> int | None:
    """Return the first minute from the window's start to `end` at which the source and the pieces differ, or None.

    An instant at which two pieces fire differs, too. Somewhat beyond `likely` is looked at first, to be quick.
    """
    for a, b in pairwise((task.window.start, min(likely + 40 * DAY, end), end)):
        if a >= b:
            continue
        window = Window(a, b)
        wanted = source_fires(task, window)
        got = plan_fires(task, said, window)
        wrong = [_shared(task, said, window)] if got is None else [minus(wanted, got), minus(got, wanted)]
        firsts = [next(instants(fires, window)) for fires in wrong if fires]
        if firsts:
            return min(firsts)
    return None


def _shared(task: TranslationTask, said: Sequence[Rendered], window: Window) -> FireSet:
    """The instants at which the source and the pieces differ, where two of the pieces fire together."""
    union: FireSet = {}
    wrong: FireSet = {}
    for piece in said:
        fires = _piece_fires(task, piece, window)
        for days, minutes in minus(fires, minus(fires, union)).items():
            add(wrong, days, minutes)
        for days, minutes in fires.items():
            add(union, days, minutes)
    wanted = source_fires(task, window)
    for difference in (minus(wanted, union), minus(union, wanted)):
        for days, minutes in difference.items():
            add(wrong, days, minutes)
    return wrong
