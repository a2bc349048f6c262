"""A simulated year of nightly syncs: every job fires at the target when it does at the source, each time once.

Omni's routines follow the clocks of six zones; Devin knows UTC only, so they are renewed by syncs that come hours early
or late and skip nights. In between two countries change their minds about their clocks, and a new release of the time
zone database says so: once days before a change that does not come, once days before one that comes a week later.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import attrs
import pytest

from migrator.sandbox import BackgroundServer, World
from tests.conformance.lab import Lab
from tests.conformance.platforms import Raw, wish
from tests.year.laws import HOUR, Releases, ZoneReleases, moment

pytestmark = pytest.mark.slow

START: Final = datetime(2027, 1, 1, 0, 7, tzinfo=UTC)
END: Final = datetime(2028, 1, 1, 0, 7, tzinfo=UTC)
SEED: Final = 20270101
DAY: Final = timedelta(days=1)
ZONES: Final = (
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Kolkata",
    "Pacific/Chatham",
)
SCHEDULES: Final = (
    "0 9 * * ? *",
    "30 1 * * ? *",
    "30 2 * * ? *",
    "50 2 * * ? *",
    "15 8,20 ? * MON-FRI *",
    "45 23 L * ? *",
    "0 0 1 * ? *",
    "0 */6 * * ? *",
    "10 * ? * SUN *",
    "0 12 15 6 ? 2027",
)
"""By day, in the hours that clock changes skip or repeat, on working days, at month ends, across the day, once."""

_AFRICA, _EUROPE = "Africa/Casablanca", "Europe/London"


SPRING: Final = (moment("2027-03-28T01:00"), HOUR)
RELEASES: Final[Releases] = (
    (
        "2027-01-01",
        {
            _AFRICA: (HOUR, [(moment("2027-02-07T02:00"), 0), (moment("2027-03-14T02:00"), HOUR)]),
            _EUROPE: (0, [SPRING, (moment("2027-10-31T01:00"), 0)]),
        },
    ),
    ("2027-02-02", {_AFRICA: (HOUR, []), _EUROPE: (0, [SPRING, (moment("2027-10-31T01:00"), 0)])}),
    ("2027-10-26", {_AFRICA: (HOUR, []), _EUROPE: (0, [SPRING, (moment("2027-11-07T01:00"), 0)])}),
)
"""From which day on what is known: by zone, the offset at first, and its changes, in seconds."""


def nights() -> Iterator[datetime]:
    """When the syncs run: nightly, up to six hours early or late, and up to three nights in a row left out."""
    chance = random.Random(SEED)  # noqa: S311 (the same nights every time)
    missed = 0
    for number in range(1, (END - START).days):
        missed = missed + 1 if missed < 3 and chance.random() < 0.2 else 0
        if not missed:
            yield START + number * DAY + timedelta(hours=2, minutes=chance.randint(-360, 360))


def routines(lab: Lab) -> Iterator[Raw]:
    """Every schedule in every zone."""
    for number, (zone, schedule) in enumerate(((z, s) for z in ZONES for s in SCHEDULES), 1):
        made = lab.source.platform.write(number, wish(number, name=f"{schedule} ({zone})"))
        yield {**made, "schedule": schedule, "timezone": zone}


def fires(world: World, provider: str) -> dict[str, Counter[str]]:
    """When the jobs of a name fired, and how often at each instant."""
    found: dict[str, Counter[str]] = {}
    for fire in world.fires:
        if fire["provider"] == provider and not fire["name"].startswith("Foreign"):
            found.setdefault(fire["name"], Counter())[fire["at"]] += 1
    return found


async def test_a_year_of_nightly_syncs(tmp_path: Path, folder: Path) -> None:
    """Over a year, with clocks changed, nights skipped and laws changed: no fire is missing, and none is extra."""
    world = World(clock=START)
    database = ZoneReleases(folder, world, RELEASES)
    database.keep_up(START)
    counts: Counter[str] = Counter()
    with BackgroundServer(world) as server, Lab(world, server.port, tmp_path, "omni", "devin") as lab:

        async def sleep(seconds: float) -> None:
            world.advance(by=timedelta(seconds=seconds))

        lab.clock = attrs.evolve(lab.clock, sleep=sleep)
        lab.configure(schedule={"mode": "window", "days": 8})
        lab.source.put(*routines(lab))
        for night in (START, *nights()):
            world.advance(to=max(night, world.now()))
            is_news = database.keep_up(world.now())
            world.requests.clear()
            planned, applied = await lab.carry_out()
            assert {outcome.status for outcome in applied.outcomes} <= {"done"}, applied.outcomes
            assert not planned.blocked
            counts["syncs"] += 1
            counts["quiet"] += not planned.pending
            counts["requests on quiet nights"] += 0 if planned.pending else len(world.requests)
            counts["most pieces"] = max(counts["most pieces"], *(change.pieces for change in planned.changes))
            counts["changes"] += len(planned.pending)
            counts["changes by new laws"] += len(planned.pending) if is_news else 0
        world.advance(to=END)
    source, target = fires(world, "omni"), fires(world, "devin")
    missing = {name: found for name in source if (found := source[name] - target.get(name, Counter()))}
    extra = {name: found for name in target if (found := target[name] - source.get(name, Counter()))}
    counts["jobs"] = len(source)
    counts["fires"] = sum(found.total() for found in source.values())
    print(dict(counts))  # noqa: T201 (shown where output is asked for)
    assert ({}, {}) == (missing, extra), counts
    assert source == target
    assert (counts["jobs"], counts["fires"] > 25_000) == (len(ZONES) * len(SCHEDULES), True), counts
    assert counts["requests on quiet nights"] == 2 * counts["quiet"], counts
    assert min(counts["most pieces"] - 1, counts["changes by new laws"]) > 0, counts
    assert "2027-02-10T08:00:00Z" in source[f"0 9 * * ? * ({_AFRICA})"]
    assert "2027-11-03T08:00:00Z" in source[f"0 9 * * ? * ({_EUROPE})"]
