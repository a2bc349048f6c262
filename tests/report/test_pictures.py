"""Charts as numbers: nothing is left out, and nothing is drawn twice."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from migrator.cron import Recurring, Timed
from migrator.forecast import CELLS, Week, forecast
from migrator.report.html.pictures import SHADES, WIDTH, Shared, heat, instants, stacked, ticks
from migrator.report.views import Category

COUNTS = st.lists(st.integers(0, 50), min_size=CELLS, max_size=CELLS).map(tuple)


@given(COUNTS, COUNTS)
def test_more_fires_are_never_lighter(before: tuple[int, ...], after: tuple[int, ...]) -> None:
    """Shades keep the order of the numbers, on both maps alike, and none is for none."""
    maps = heat(Week(before=before, after=after))
    shades = sorted({(cell.fires, cell.shade) for cell in (*maps.before, *maps.after)})

    assert len(dict(shades)) == len(shades)
    assert [shade for _, shade in shades] == sorted(shade for _, shade in shades)
    assert all((shade == 0) == (fires == 0) and shade <= SHADES for fires, shade in shades)
    for fires, shade in shades:
        assert any(one == shade and least <= fires <= most for one, least, most in maps.shades)


@given(st.lists(st.integers(0, 10_000), max_size=9))
def test_a_stacked_bar_is_as_wide_as_its_jobs(numbers: list[int]) -> None:
    """Parts stand side by side, within the bar, and as wide as their share."""
    parts = stacked([Category(str(n), "", jobs=number) for n, number in enumerate(numbers)])

    assert [part.category.jobs for part in parts] == [number for number in numbers if number]
    assert all(0 <= part.x and part.x + part.width <= WIDTH + 0.2 for part in parts)
    assert all(one.x + one.width <= other.x for one, other in itertools.pairwise(parts))


@given(st.lists(st.floats(0, WIDTH), max_size=60).map(sorted))
def test_every_fire_is_under_a_tick(places: list[float]) -> None:
    """Fires that stand close together become a bar that covers them; no other place is marked."""
    spans = []
    for first, width in re.findall(r"M([\d.e+-]+) 0(?:h([\d.e+-]+))?v1", ticks(places)):
        spans.append((float(first), float(first) + float(width or 0)))

    assert all(any(start - 1.5 <= place <= end + 1.5 for start, end in spans) for place in places)
    assert all(any(abs(start - place) < 1.5 for place in places) for start, _ in spans)


def test_equal_paths_are_drawn_once() -> None:
    """Jobs with one schedule share a path, and an empty one has no name."""
    shared = Shared()

    assert shared.path("M1 0v1") == shared.path("M1 0v1") != shared.path("M2 0v1")
    assert shared.path("") == ""
    assert len(shared.paths) == 2


def test_the_instants_of_a_job_are_its_next_ones_and_those_that_differ() -> None:
    """What a picture shows, in words: six fires, and the first that only one side has."""
    new_york = Timed(trigger=Recurring(cron="0 9 * * *", timezone="America/New_York"), dialect="vixie")
    utc = Timed(trigger=Recurring(cron="0 14 * * *"), dialect="vixie")
    found = forecast([new_york], [utc], start=datetime(2026, 11, 21, tzinfo=UTC))
    assert found
    listed = instants(found)

    assert [(one.at.day, one.before, one.after) for one in listed[:6]] == [(n, True, True) for n in range(21, 27)]
    assert [(one.at.isoformat()[5:13], one.before, one.after) for one in listed[6:]] == [
        ("03-14T13", True, False),
        ("03-14T14", False, True),
        ("03-15T13", True, False),
        ("03-15T14", False, True),
    ]
