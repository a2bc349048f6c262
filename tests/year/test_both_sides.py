"""A simulated year of nights in which people edit both sides, platforms fail, a key is changed, and so is a law.

In the end both sides are equal, nothing is there twice, nobody else's job was written to, and whatever both sides had
changed was announced once.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from migrator.sandbox import BackgroundServer, World
from migrator.sync import commands
from migrator.sync.results import SyncResult
from tests.conformance.lab import Lab
from tests.year.laws import HOUR, Releases, ZoneReleases, moment
from tests.year.people import People, ours

pytestmark = pytest.mark.slow

START: Final = datetime(2027, 1, 1, 0, 7, tzinfo=UTC)
DAY: Final = timedelta(days=1)
NIGHTS: Final = 365
SEED: Final = 5
JOBS: Final = 24
ROTATED: Final = range(200, 203)
"""The nights in which the old key is refused and the new one not yet in place."""
RELEASES: Final[Releases] = (
    (
        "2027-01-01",
        {"Africa/Casablanca": (HOUR, [(moment("2027-02-07T02:00"), 0), (moment("2027-03-14T02:00"), HOUR)])},
    ),
    ("2027-02-02", {"Africa/Casablanca": (HOUR, [])}),
)
"""Morocco gives up its winter time, days before it would have begun."""
OPTIONS: Final[Mapping[str, Any]] = {
    "on_drift": "target",
    "two_way": True,
    "on_missing": "delete",
    "on_deleted": "recreate",
    "adopt": "identical",
}
TROUBLE: Final[tuple[dict[str, Any], ...]] = (
    {"kind": "status", "status": 503, "times": 0},
    {"kind": "status", "status": 503, "times": 0, "method": "PATCH"},
    {"kind": "status", "status": 503, "times": 0, "method": "POST"},
    {"kind": "status", "status": 500, "times": 3},
    {"kind": "status", "status": 500, "after": True},
    {"kind": "reset"},
    {"kind": "reset", "after": True},
    {"kind": "throttle", "times": 8},
    {"kind": "html", "status": 200},
    {"kind": "broken_json"},
    {"kind": "truncated_page"},
    {"kind": "eventual", "reads": 3},
)


async def night(lab: Lab, counts: Counter[str]) -> SyncResult:
    """One night; where it refuses because there is much to do, somebody looks, and lets it pass."""
    (found,) = (await lab.night()).results
    if found.plan and found.plan.refusal:
        counts["let pass"] += 1
        lab.configure(limits={"changes": "100%", "deletes": "100%"})
        (found,) = (await lab.night()).results
        lab.configure(limits={})
    counts[f"ended with {found.exit_code}"] += 1
    counts["quiet"] += bool(found.plan and not found.plan.pending)
    counts["changes"] += len(found.applied.outcomes)
    counts["written back"] += sum(bool(change.back) for change in (found.plan.pending if found.plan else ()))
    return found


def break_something(lab: Lab, chance: random.Random) -> bool:
    """On one night in eight, a platform is not what it should be."""
    if chance.random() > 1 / 8:
        return False
    where = {"provider": chance.choice(("omni", "devin")), "nth": chance.randint(1, 3)}
    lab.world.fault(**{**where, **chance.choice(TROUBLE)})
    return True


def morning(world: World) -> None:
    """What was broken is mended, and what was late to show shows: the simulators count looks, not hours."""
    world.faults.clear()
    for store in world.stores.values():
        store.late.clear()


def foreign_writes(lab: Lab) -> int:
    """How many requests would have changed other people's jobs."""
    return sum(
        entry["method"] != "GET" and any(key in entry["path"] for key in lab.foreign) for entry in lab.world.requests
    )


async def test_a_year_of_edits_on_both_sides(tmp_path: Path, folder: Path) -> None:
    """365 nights: equal sides by verify, no duplicates, no foreign writes, and every conflict announced once."""
    chance = random.Random(SEED)  # noqa: S311 (the same year every time)
    world, counts = World(clock=START), Counter[str]()
    database = ZoneReleases(folder, world, RELEASES)
    database.keep_up(START)
    with BackgroundServer(world) as server, Lab(world, server.port, tmp_path, "omni", "devin", **OPTIONS) as lab:

        async def sleep(seconds: float) -> None:
            world.advance(by=timedelta(seconds=seconds))
            await asyncio.sleep(0)

        lab.clock = attrs.evolve(lab.clock, sleep=sleep)
        lab.configure()
        people = People(lab, chance)
        for _ in range(JOBS):
            people.add()
        for number in range(NIGHTS):
            world.advance(to=max(START + number * DAY, world.now()))
            counts["laws"] += database.keep_up(world.now())
            if number == ROTATED.start:
                world.rotated["devin"] = "cog_rotated"
            if number == ROTATED.stop:
                lab.configure()
            people.day()
            if chance.random() < 1 / 12:
                counts["skipped"] += 1
                continue
            counts["troubled"] += break_something(lab, chance)
            expected = people.before_the_night()
            found = await night(lab, counts)
            morning(world)
            counts["duplicates"] += sum(number - 1 for number in ours(lab).values())
            people.after_the_night(found, expected)
        for number in range(6):  # in the last week nobody edits anything, but for what has to be resolved
            world.advance(to=max(START + (NIGHTS + number) * DAY, world.now()))
            expected = people.before_the_night()
            found = await night(lab, counts)
            people.after_the_night(found, expected)
        proof = await commands.verify(lab.runtime, lab.state, "it")
        world.requests[:] = [entry for entry in world.requests if entry["method"] != "GET"]
        counts["foreign writes"] = foreign_writes(lab)
        counts["conflicts"] = len(people.due)
        print(dict(counts), dict(people.did), dict(proof.summary))  # noqa: T201 (shown where output is asked for)
        assert (proof.is_well, proof.summary["proved"] > JOBS / 2) == (True, True), proof.summary
        assert (found.exit_code, found.plan and found.plan.pending) == (0, ()), found
        assert (counts["duplicates"], counts["foreign writes"]) == (0, 0), counts
        assert people.told == Counter(people.due), people.told - Counter(people.due)
        met = [
            "conflicts",
            "written back",
            "troubled",
            "skipped",
            "laws",
            *(f"ended with {code}" for code in (0, 1, 3, 4)),
        ]
        assert min(counts[what] for what in met) > 0, counts
        assert people.did["settled by hand"] > 0
