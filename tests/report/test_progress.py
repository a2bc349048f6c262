"""What a terminal shows while something goes on: how far, how fast, how long, and what it waits for."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console
from rich.progress import Progress

from migrator.report.screen import Activity, Pace


@pytest.mark.parametrize(
    ("done", "seconds", "held", "expected"),
    [
        (0, 0, 0.0, "0/500"),
        (100, 10, 0.0, "100/500  10.0/s  40 s left"),
        (20, 40, 0.4, "20/500  30.0/min  16:00 left"),
        (100, 10, 42.5, "100/500  10.0/s  40 s left  waiting 43 s for the platform's limit"),
        (500, 10, 0.0, "500/500  50.0/s"),
    ],
)
def test_the_words_beside_the_bar(done: int, seconds: int, held: float, expected: str) -> None:
    """They come from what was done so far, and from what the pacers say."""
    now = 0.0
    pace = Pace(lambda: held)
    bar = Progress(pace, console=Console(file=io.StringIO()), get_time=lambda: now)
    activity = Activity(bar=bar)
    activity.begin("applying", total=500)
    for _ in range(done):
        now += seconds / done
        activity.advance()
    assert expected == pace.render(bar.tasks[0]).plain
    activity.end()


def test_reading_has_no_number() -> None:
    """While nobody knows how much there is, only a wait is worth a word."""
    say: Callable[[float], str] = lambda held: Pace(lambda: held).render(task).plain  # noqa: E731 (said twice)
    bar = Progress(console=Console(file=io.StringIO()))
    Activity(bar=bar).begin("reading source and target")
    task = bar.tasks[0]
    assert ("", "waiting 1:05 for the platform's limit") == (say(0.2), say(65.0))
    bar.stop()
