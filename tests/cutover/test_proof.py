"""A thousand random jobs are switched while requests fail and runs die: each instant fires once, or is in the ledger.

Minutely to yearly jobs in several zones, between all pairs and under both of Omni's contracts; the platforms' clock
goes on with every request, so that what is slow is late. What was to fire is told by platforms that nobody touches.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from migrator.active_side import ActiveStatus
from migrator.cutover.commands import active_statuses
from migrator.sandbox import BackgroundServer, Options
from tests.conformance.lab import Lab
from tests.conformance.platforms import Raw, wish
from tests.cutover.cases import CASE_IDS, CASES
from tests.cutover.crashing import VARIANTS, CutoverTally, cut_short
from tests.cutover.simulated_time import START, SimulatedTime, compared, cut, expected

pytestmark = pytest.mark.slow

SEED: Final = 20261125
DARK: Final = {"neither", "part"}
JOBS: Final = 100
"""For each of the ten ways: a thousand."""
TROUBLED: Final = 6
"""Runs in which something goes wrong, before those in which nothing does."""
_CALM: Final = 4
_LAST: Final = 80
"""Among so many requests of a run is the one that fails."""
_END: Final = timedelta(hours=40)
ZONES: Final = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata")
Record = Callable[[str, object], None]


def crons(chance: random.Random) -> Iterator[tuple[int, str, str]]:
    """Weight, five fields, and the same for Omni, "" where it is more often than Omni allows."""
    minute, hour, day = chance.randrange(60), chance.randrange(24), chance.randrange(23, 26)
    step, hours = chance.choice([2, 5, 10, 15, 20]), chance.choice([2, 3, 6, 8])
    yield 3, "* * * * *", ""
    yield 5, f"*/{step} * * * *", ""
    yield 5, f"{minute % 30},{minute % 30 + 30} * * * *", ""
    yield 15, f"{minute} * * * *", f"{minute} * * * ? *"
    yield 10, f"{minute} */{hours} * * *", f"{minute} 0/{hours} * * ? *"
    yield 20, f"{minute} {hour} * * *", f"{minute} {hour} * * ? *"
    yield 10, f"{minute} {hour} * * 1-5", f"{minute} {hour} ? * MON-FRI *"
    yield 8, f"{minute} {hour} * * {day - 22}", f"{minute} {hour} ? * {day - 21} *"
    yield 8, f"{minute} {hour} {day} * *", f"{minute} {hour} {day} * ? *"
    yield 8, f"{minute} {hour} {day} 11 *", f"{minute} {hour} {day} 11 ? *"


def schedule(provider: str, chance: random.Random) -> dict[str, Any]:
    """The schedule of a record, minutely to yearly or for one instant."""
    zone = chance.choice(ZONES)
    at = (START + timedelta(minutes=chance.randrange(30, 2000))).replace(second=0)
    if chance.random() < 1 / 12:
        stamp = at.isoformat().replace("+00:00", "Z")
        return {
            "omni": {"schedule": f"{at.minute} {at.hour} {at.day} {at.month} ? {at.year}", "timezone": "UTC"},
            "devin": {"schedule_type": "one_time", "scheduled_at": stamp, "frequency": None},
            "scrip": {"trigger_type": "one_time", "trigger_at": stamp, "cron_expression": None},
        }[provider]
    known = [(weight, five, omni) for weight, five, omni in crons(chance) if omni or provider != "omni"]
    _weight, five, omni = chance.choices(known, [weight for weight, _five, _omni in known])[0]
    return {
        "omni": {"schedule": omni, "timezone": zone},
        "devin": {"frequency": five},
        "scrip": {"cron_expression": five, "timezone": zone},
    }[provider]


def jobs(lab: Lab, chance: random.Random) -> list[Raw]:
    """A hundred source jobs; some are paused."""
    platform = lab.source.platform
    return [
        {
            **platform.write(number, wish(number, enabled=chance.random() > 1 / 15)),
            **schedule(platform.name, chance),
        }
        for number in range(1, JOBS + 1)
    ]


async def troubled(lab: Lab, chance: random.Random) -> bool:
    """A cutover, or a switch back of some jobs, in which something goes wrong; whether it did."""
    dying = [name for name, variant in VARIANTS.items() if variant.dies]
    variant = VARIANTS[chance.choice(dying if chance.random() < 1 / 2 else list(VARIANTS))]
    nth = chance.randrange(1, _LAST)
    goal = "source" if chance.random() < 1 / 4 else "target"
    jobs = tuple(chance.sample(NAMES, JOBS // 5))
    return await cut_short(lab, {**variant.rule, "nth": nth}, dies=variant.dies, goal=goal, jobs=jobs)


async def shown(lab: Lab) -> tuple[ActiveStatus, ...]:
    """Which side of each job is active, by somebody who has the run's own notes and writes none."""
    recorded = dict(lab.state.inactive_jobs())
    found = await active_statuses(lab.runtime, lab.state, "it")
    lab.state.put_inactive_jobs("it", recorded.get("it", ()))
    return found


NAMES: Final = [wish(number).name for number in range(1, JOBS + 1)]


@pytest.mark.parametrize(("source", "target", "options"), CASES, ids=CASE_IDS)
async def test_a_hundred_random_jobs_are_switched(
    folder: Path, record_property: Record, source: str, target: str, options: Options
) -> None:
    """Through failures and deaths all that can move moves, and no instant is missed or doubled without a word."""
    chance = random.Random(f"{SEED} {source} {target} {options.omni_update}")  # noqa: S311 (repeatable, and no secret)
    simulated, tally, unnamed = SimulatedTime(), CutoverTally(jobs=JOBS), list[str]()
    with ExitStack() as stack:
        stack.enter_context(simulated.counted())
        world = simulated.world(attrs.evolve(options, omni_quota=10 * JOBS))
        port = stack.enter_context(BackgroundServer(world)).port
        lab = stack.enter_context(Lab(world, port, folder, source, target))
        simulated.rule(lab)
        records = jobs(lab, chance)
        lab.source.put(*records)
        await lab.carry_out(hold=True)
        for _run in range(TROUBLED):
            tally.cases += 1
            tally.struck += await troubled(lab, chance)
            named = {one.name for inactive in lab.state.inactive_jobs().values() for one in inactive}
            unnamed += [one.name for one in await shown(lab) if one.live in DARK and one.name not in named]
            await simulated.sleep(chance.uniform(0, 2400))
        for _run in range(_CALM):
            await cut(lab)
            await simulated.sleep(600)
        found = await active_statuses(lab.runtime, lab.state, "it")
        inactive = dict(lab.state.inactive_jobs())
        await simulated.sleep(_END.total_seconds() - simulated.elapsed())
        lab.world.tick()
        count = compared(lab, expected(source, records, lab.world.now()), lab.state.missed())
    tally.add(count)
    record_property("cutover", attrs.asdict(tally))
    assert ({}, []) == (count.wrong, unnamed)
    assert {} == inactive
    assert 0 < tally.struck
    odd = [one for one in found if one.live not in {"target", "paused", "over"}]
    assert [] == [one for one in odd if one.live != "source" or one.meant == "target" or one.is_unfinished]
    assert len(odd) < JOBS / 5
    assert count.in_ledger < count.once / 100
