"""A simulated year after a retirement: the source is empty, and the target fires on at the source's instants.

The jobs are cut over and deleted at the source; from then on nightly syncs renew their schedules from the definitions
that were kept. What they should fire is told by platforms that nobody has touched.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import attrs
import pytest

from migrator.cutover.retire import retire
from migrator.cutover.switches import Order
from migrator.sandbox import BackgroundServer, Options, World
from migrator.sync.commands import verify
from tests.conformance.lab import Lab
from tests.conformance.platforms import Raw, wish
from tests.cutover.simulated_time import cut, expected

pytestmark = pytest.mark.slow

START: Final = datetime(2026, 11, 25, 0, 7, tzinfo=UTC)
RETIRED: Final = datetime(2027, 1, 2, 0, 7, tzinfo=UTC)
END: Final = datetime(2028, 1, 3, 0, 7, tzinfo=UTC)
EVERY: Final = timedelta(days=5)
"""How far apart the nights are: less than the window, so that each renews it in time."""
SCHEDULES: Final = (
    "0 18 L * ? *",
    "0 9 * * ? *",
    "30 2 ? * MON-FRI *",
    "15 8,20 1 * ? *",
    "10 * ? * SUN *",
    "0 7 ? * MON#1 *",
)
ZONES: Final = ("America/New_York", "Europe/London")


def records(lab: Lab) -> list[Raw]:
    """Every schedule in both zones."""
    return [
        {**lab.source.platform.write(number, wish(number)), "schedule": schedule, "timezone": zone}
        for number, (zone, schedule) in enumerate(((z, s) for z in ZONES for s in SCHEDULES), 1)
    ]


async def test_a_year_after_the_source_is_gone(tmp_path: Path, folder: Path) -> None:
    """No fire is missing and none is extra; every night ends in order, and the last verification proves every job."""
    world = World(clock=START, options=Options(omni_update="put"))
    with BackgroundServer(world) as server, Lab(world, server.port, tmp_path, "omni", "devin") as lab:

        async def sleep(seconds: float) -> None:
            world.advance(by=timedelta(seconds=seconds))
            await asyncio.sleep(0)

        async def agree(*_asked: object) -> bool:
            return True

        lab.clock = attrs.evolve(lab.clock, sleep=sleep)
        lab.configure()
        made = records(lab)
        lab.source.put(*made)
        await cut(lab)
        while world.now() < RETIRED:
            await lab.night()
            world.advance(by=EVERY)
        await lab.night()
        gone = await retire(
            lab.runtime,
            lab.state,
            "it",
            Order(),
            delete=True,
            at_most=len(made),
            agree=agree,
            stop=asyncio.Event(),
            progress=lambda _moved: None,
        )
        assert ({}, len(made)) == (lab.source.records(), gone.summary["moved"]), gone.switches
        since, nights = world.now(), 0
        while world.now() < END:
            (night,) = (await lab.night()).results
            assert (0, ()) == (night.exit_code, night.applied.inactive), night
            nights += 1
            world.advance(by=EVERY)
        await lab.night()
        assert (await verify(lab.runtime, lab.state, "it")).is_well
    names = {raw["name"] for raw in made}
    fired = Counter(
        (fire["name"].partition(" (")[0], fire["at"])
        for fire in world.fires
        if fire["provider"] == "devin" and datetime.fromisoformat(fire["at"]) > since
    )
    got = Counter({key: number for key, number in fired.items() if key[0] in names})
    wanted = expected("omni", made, world.now(), since=since)
    assert ({}, {}) == (dict(wanted - got), dict(got - wanted))
    assert nights > 70
