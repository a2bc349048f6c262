"""How fast the cron engine is, as ratios of two figures from one run. Run it: python benchmarks/cron.py.

Each figure is the best of several rounds of processor time, so that a busy machine disturbs it least. The schedules are
made here, in a dozen zones and in the proportions found in the wild: two in five daily, one in five on working days,
one in eight monthly or on an n-th weekday, with every minute and hour.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from croniter import croniter
from cronsim import CronSim

from migrator.cron import Recurring, Timed, compare, parse, translate
from migrator.cron.zones import load_zone

NOW: Final = datetime(2026, 11, 22, tzinfo=UTC)
WEEK: Final = timedelta(days=8)
YEAR: Final = timedelta(days=365)
ROUNDS: Final = 7
ZONES: Final = (
    "UTC",
    "America/New_York",
    "Europe/London",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Sydney",
    "America/Sao_Paulo",
    "America/Chicago",
    "America/Los_Angeles",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
)
DATES: Final = (
    *["* * ?"] * 6,
    *["? * MON-FRI"] * 3,
    "? * MON",
    "? * SUN",
    "? * SAT,SUN",
    "? * TUE",
    "1 * ?",
    "? * FRI#1",
)


def jobs(count: int) -> list[tuple[str, str]]:
    """Texts for Omni and their zones."""
    hours = [str(h) for h in range(24)] + ["*/6", "9-17", "8,20", "*"]
    every = (itertools.cycle(part) for part in (range(7, 60), hours, DATES, ZONES))
    return [(f"{m} {h} {d} *", zone) for m, h, d, zone in itertools.islice(zip(*every, strict=False), count)]


def best(work: Callable[[], object]) -> float:
    """Seconds of processor time of the fastest round."""
    seconds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return min(seconds)


def drain(items: Iterable[object]) -> None:
    """Walk through the items and forget them."""
    for _ in items:
        pass


def parsing() -> None:
    """Reading texts, against constructing croniter with them."""
    texts = [f"{m} {h} * * {d}" for m in range(60) for h in range(0, 24, 2) for d in ("1-5", "*", "0")]
    ours = best(lambda: drain(parse(text, "vixie") for text in texts)) / len(texts)
    few = texts[::10]
    croniters = best(lambda: drain(croniter(text, NOW) for text in few)) / len(few)
    cronsims = best(lambda: drain(CronSim(text, NOW) for text in few)) / len(few)
    print(f"parse              {1 / ours:>9,.0f} texts/s   {croniters / ours:6.1f} x croniter's construction (goal 20)")
    print(f"{'':<38}{cronsims / ours:6.1f} x cronsim's construction")


def translating() -> None:
    """Text to proved pieces, from any zone to UTC, for a window of eight days."""
    todo = jobs(6000)

    def work() -> None:
        for text, zone in todo:
            found = translate(
                Recurring(parse(text, "eventbridge"), zone),
                source="eventbridge",
                target="vixie",
                target_timezone="UTC",
                now=NOW,
                horizon=WEEK,
                mode="window",
            )
            assert found.verdict.faithful

    rate = len(todo) / best(work)
    print(f"translate, prove   {rate:>9,.0f} jobs/s    {rate / 20_000:6.1f} x the goal of 20,000 a core")


def verifying() -> None:
    """A year of two schedules compared as sets, against stepping croniter through both."""
    pairs = [
        (f"{minute} {hour} * * {days}", f"{minute} {(hour + 3) % 24} * * {days}")
        for minute, hour, days in itertools.product(range(0, 60, 20), range(9, 17, 4), ("*", "1-5"))
    ]
    sides = [
        (
            [Timed(trigger=Recurring(parse(one, "robfig"), "America/Sao_Paulo"), dialect="robfig")],
            [Timed(trigger=Recurring(parse(other, "vixie"), "UTC"), dialect="vixie")],
        )
        for one, other in pairs
    ]
    assert all(compare(wanted, got, NOW, NOW + YEAR).equal for wanted, got in sides)
    ours = best(lambda: drain(compare(wanted, got, NOW, NOW + YEAR) for wanted, got in sides))

    def step(text: str, zone: str) -> set[float]:
        times = croniter(text, NOW.astimezone(load_zone(zone)))
        end = (NOW + YEAR).timestamp()
        return set(itertools.takewhile(lambda at: at < end, iter(lambda: times.get_next(float), None)))

    def step_cronsim(text: str, zone: str) -> set[datetime]:
        end = NOW + YEAR
        return set(itertools.takewhile(lambda at: at < end, CronSim(text, NOW.astimezone(load_zone(zone)))))

    def seconds(stepping: Callable[[str, str], set[float] | set[datetime]]) -> float:
        started = time.process_time()
        assert all(stepping(one, "America/Sao_Paulo") == stepping(other, "UTC") for one, other in pairs)
        return time.process_time() - started

    rate, croniters, cronsims = len(pairs) / ours, seconds(step), seconds(step_cronsim)
    print(f"verify a year      {rate:>9,.0f} jobs/s    {croniters / ours:6.1f} x stepping croniter (goal 100)")
    print(f"{'':<38}{cronsims / ours:6.1f} x stepping cronsim")


if __name__ == "__main__":
    parsing()
    translating()
    verifying()
