"""When several target jobs may be changed: at no instant at which a state between fires too often or too seldom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migrator.cron import parse
from migrator.execute.gaps import coming, wait_for_gap

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def job(cron: str = "0 9 * * *", **rest: Any) -> dict[str, Any]:
    """Return a job as flat fields."""
    return {"enabled": True, "trigger.cron": parse(cron, "vixie"), "trigger.timezone": "UTC", **rest}


def before_nine(seconds: float) -> datetime:
    """Return the time so many seconds before nine."""
    return NINE - timedelta(seconds=seconds)


async def waited(
    *states: Sequence[dict[str, Any]], at: datetime, guard: float = 10, begun: bool = False, stands_still: bool = False
) -> list[float]:
    """Return the seconds of each wait."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    def now() -> datetime:
        return at if stands_still else at + timedelta(seconds=sum(slept))

    guarded = timedelta(seconds=guard)
    await wait_for_gap(states, dialect="vixie", guard=guarded, now=now, sleep=sleep, begun=begun)
    return slept


MOVED = ([job()], [job("30 9 * * *")])
"""One job gets another schedule, so what fires at nine depends on when that happens."""


@pytest.mark.parametrize(("seconds", "slept"), [(5, [6]), (10, [11]), (10.5, []), (-1, []), (0, [])])
async def test_an_instant_within_the_guard_is_waited_for(seconds: float, slept: list[float]) -> None:
    """And a second more, so that the platform has begun what is due."""
    assert await waited(*MOVED, at=before_nine(seconds)) == slept


@pytest.mark.parametrize(
    "states",
    [
        ([job()], [job()]),
        ([job(), job("30 9 * * *")], [job("0,30 9 * * *")]),
        ([job()], [job(), job("0 10 * * *")]),
        ([job(enabled=False)], []),
    ],
)
async def test_an_instant_at_which_all_states_fire_alike_is_not_waited_for(states: Any) -> None:
    """Which of the jobs fires does not matter; paused ones do not fire."""
    assert await waited(*states, at=before_nine(5)) == []


@pytest.mark.parametrize("states", [([job()], [job(), job()]), ([job()], []), ([job()], [], [job()])])
async def test_an_instant_that_fires_twice_or_never_is_waited_for(states: Any) -> None:
    """Also in between alone."""
    assert await waited(*states, at=before_nine(5)) == [6]


@pytest.mark.parametrize(("seconds", "slept"), [(49, []), (48, [49]), (20, [21])])
async def test_where_fires_are_frequent_the_time_right_after_one_has_to_do(seconds: float, slept: list[float]) -> None:
    """Every minute, and requests that may take two: four fifths of the minute are enough."""
    states: tuple[list[dict[str, Any]], ...] = ([job("* * * * *")], [])

    assert await waited(*states, at=before_nine(seconds), guard=120) == slept


async def test_after_a_wait_the_next_instant_counts() -> None:
    """Only an hour without a fire has room for it."""
    states: tuple[list[dict[str, Any]], ...] = ([job("0,1 9 * * *")], [])

    assert await waited(*states, at=before_nine(30), guard=70) == [31, 60]


async def test_a_change_under_way_is_finished_where_what_is_live_now_is_wrong() -> None:
    """Waiting would miss the fire at nine, or make it twice."""
    assert await waited([], [job()], at=before_nine(5), begun=True) == []
    assert await waited([], [job()], at=before_nine(5)) == [6]


async def test_a_change_under_way_waits_where_what_is_live_now_is_right() -> None:
    """Only the states between do harm."""
    assert await waited([job()], [], [job()], at=before_nine(5), begun=True) == [6]


async def test_a_clock_that_stands_still_is_not_waited_for() -> None:
    """Nothing will ever fire."""
    assert await waited(*MOVED, at=before_nine(5), stands_still=True) == [6]


def test_what_is_coming() -> None:
    """After the beginning, up to the end."""
    assert coming(job(), "vixie", NINE - SECOND, NINE) == [NINE]
    assert coming(job(), "vixie", NINE, NINE + SECOND) == []
    assert coming(job(), "", NINE - SECOND, NINE - SECOND) == []
    assert coming(job(enabled=False), "vixie", NINE - SECOND, NINE) == []
    every = coming(job("*/20 * * * *"), "", NINE - SECOND, NINE + timedelta(hours=1))
    assert every == [NINE + timedelta(minutes=number) for number in (0, 20, 40, 60)]
    assert coming({"trigger.event": "push"}, "vixie", NINE - SECOND, NINE) == []


@pytest.mark.parametrize(("after", "until", "is_due"), [(1, 0, True), (0, -1, False), (2, 1, False), (1, -1, True)])
def test_a_single_instant_is_coming_once(after: float, until: float, *, is_due: bool) -> None:
    """Not at the beginning itself, but at the end."""
    fields = {"enabled": True, "trigger.at": NINE}

    assert coming(fields, "vixie", before_nine(after), before_nine(until)) == ([NINE] if is_due else [])
