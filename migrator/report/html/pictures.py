"""The geometry of charts: numbers in, numbers and paths out. The templates draw them.

A chart is as wide as the page lets it be: x goes from 0 to `WIDTH`, at any width in pixels.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from attrs import define, field, frozen

from migrator.forecast import Forecast, Stretch, Week
from migrator.report.views import Category

WIDTH: Final = 1000
SHADES: Final = 5
"""Shades of a heat map, without the one of zero."""

_MERGED: Final = 4.0
"""Ticks nearer to each other than this are drawn as a bar."""
_DAY: Final = timedelta(days=1)
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@frozen(kw_only=True)
class Segment:
    """A part of a bar: where it begins, how wide it is, and what it stands for."""

    x: float
    width: float
    category: Category


def stacked(categories: Iterable[Category], *, gap: float = 3) -> list[Segment]:
    """Return one bar of all categories side by side, as wide as the page."""
    shown = [one for one in categories if one.jobs]
    total = sum(one.jobs for one in shown)
    room = WIDTH - gap * max(len(shown) - 1, 0)
    segments: list[Segment] = []
    x = 0.0
    for one in shown:
        width = room * one.jobs / total
        segments.append(Segment(x=round(x, 1), width=round(width, 1), category=one))
        x += width + gap
    return segments


@frozen(kw_only=True)
class Cell:
    """An hour of the week: its place in the map, its shade from 0, and its fires on both sides."""

    day: str
    hour: int
    row: int
    shade: int
    fires: int
    other: int


@frozen(kw_only=True)
class Heat:
    """Two maps in the same shades.

    Attributes:
        before: the source's hours.
        after: the target's.
        shades: each shade with the least and the most fires that it stands for.
    """

    before: tuple[Cell, ...]
    after: tuple[Cell, ...]
    shades: tuple[tuple[int, int, int], ...]


def heat(week: Week) -> Heat:
    """Return the maps before and after.

    Shades follow the rank of a number among those that there are, so that one busy hour does not make all others alike.
    """
    numbers = sorted({0, *week.before, *week.after})
    steps = max(len(numbers) - 1, 1)
    shade = {fires: math.ceil(SHADES * rank / steps) for rank, fires in enumerate(numbers)}
    spans = {one: [fires for fires in numbers if shade[fires] == one] for one in dict.fromkeys(shade.values())}
    return Heat(
        before=_cells(week.before, week.after, shade),
        after=_cells(week.after, week.before, shade),
        shades=tuple((one, span[0], span[-1]) for one, span in spans.items()),
    )


def _cells(side: Sequence[int], opposite: Sequence[int], shade: Mapping[int, int]) -> tuple[Cell, ...]:
    return tuple(
        Cell(
            day=_WEEKDAYS[number // 24],
            hour=number % 24,
            row=number // 24,
            shade=shade[fires],
            fires=fires,
            other=other,
        )
        for number, (fires, other) in enumerate(zip(side, opposite, strict=True))
    )


Days = tuple[tuple[float, datetime], ...]
"""The beginnings of days, with their places."""


@define
class Shared:
    """Paths and axes, each once: most jobs share their schedule with another, and have the same one on both sides.

    Attributes:
        paths: the names of paths.
        axes: the names of axes.
    """

    paths: dict[str, str] = field(factory=dict)
    axes: dict[Days, str] = field(factory=dict)

    def path(self, path: str) -> str:
        """Return the name of a path in the document; "" for an empty one."""
        return self.paths.setdefault(path, f"t{len(self.paths)}") if path else ""

    def axis(self, days: Days) -> str:
        """Return the name of the axis of these days."""
        return self.axes.setdefault(days, f"d{len(self.axes)}")


@frozen(kw_only=True)
class Track:
    """The fires of a job in a stretch of time.

    Attributes:
        stretch: what is shown.
        before: name of the path of the source's fires.
        after: of the target's.
        missing: of those that the target lacks.
        extra: of those that only the target has.
        days: name of the axis.
        migrates: whether there is a target.
    """

    stretch: Stretch
    before: str
    after: str
    missing: str
    extra: str
    days: str
    migrates: bool


def track(stretch: Stretch, shared: Shared, *, migrates: bool) -> Track:
    """Return a stretch of time as paths."""

    def path(fires: Sequence[datetime]) -> str:
        return shared.path(ticks([_place(at, stretch) for at in fires]))

    return Track(
        stretch=stretch,
        before=path(stretch.before),
        after=path(stretch.after),
        missing=path(stretch.missing) if migrates else "",
        extra=path(stretch.extra) if migrates else "",
        days=shared.axis(tuple(_days(stretch))),
        migrates=migrates,
    )


def _place(at: datetime, stretch: Stretch) -> float:
    return WIDTH * ((at - stretch.start) / (stretch.end - stretch.start))


def _days(stretch: Stretch) -> Iterator[tuple[float, datetime]]:
    day = stretch.start.replace(hour=0, minute=0)
    while day < stretch.end:
        if day >= stretch.start:
            yield round(_place(day, stretch), 1), day
        day += _DAY


def ticks(places: Sequence[float]) -> str:
    """Return a path of one upright line for each place, from y = 0 to 1; a bar where they stand too close."""
    runs: list[list[float]] = []
    for place in places:
        if runs and place - runs[-1][1] < _MERGED:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    return "".join(
        f"M{first:.4g} 0v1" if first == last else f"M{first:.4g} 0h{last - first:.3g}v1h-{last - first:.3g}z"
        for first, last in runs
    )


@frozen(kw_only=True)
class Instant:
    """One instant of a job and who fires then."""

    at: datetime
    before: bool
    after: bool


def instants(forecast: Forecast, *, number: int = 6) -> list[Instant]:
    """Return the next instants, and the first that differ."""
    found: dict[datetime, Instant] = {}
    for stretch in (forecast.coming, forecast.later, forecast.around):
        if stretch is None:
            continue
        before, after = frozenset(stretch.before), frozenset(stretch.after)
        every = sorted(before | after)
        differing = [at for at in every if (at in before) != (at in after)] if forecast.migrates else []
        coming = () if stretch is forecast.around else [at for at in every if at >= (forecast.next or at)][:number]
        for at in {*coming, *differing[:4]}:
            found[at] = Instant(at=at, before=at in before, after=at in after)
    return [found[at] for at in sorted(found)]
