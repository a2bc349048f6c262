"""Whole platforms at once: the sandbox's samples, a folder of real records where one is named, ten thousand jobs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from migrator.plan.changes import Change
from migrator.sandbox import Options, World, load_samples
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import HTTP, Lab
from tests.conformance.platforms import Raw, wish

BETWEEN_PLATFORMS: Final = [(source, target) for source in HTTP for target in HTTP if source != target]
MONTH: Final = timedelta(days=30)
ROOMY: Final = Options(omni_quota=20_000)

SAMPLES: Final[Mapping[tuple[str, str], tuple[int, int, int]]] = {
    ("omni", "devin"): (12, 0, 1),
    ("omni", "scrip"): (12, 0, 1),
    ("devin", "omni"): (8, 3, 1),
    ("devin", "scrip"): (10, 1, 1),
    ("scrip", "omni"): (7, 5, 1),
    ("scrip", "devin"): (9, 3, 1),
}
"""How many samples are moved, refused, and over already."""

FILES: Final = {"omni": "omni-routines.json", "devin": "devin-schedules.json", "scrip": "scrip-automations.json"}


async def move_all(lab: Lab) -> tuple[int, int, int]:
    """Move everything; see that it works, that every refusal says why, and that what was moved fires as its source.

    Returns:
        How many source jobs were moved, refused, and over already.
    """
    planned, applied = await lab.carry_out()
    await lab.settled()
    assert [] == [outcome for outcome in applied.outcomes if outcome.status != "done"]
    assert [] == [change for change in planned.blocked if not change.reason]
    assert set(lab.source.records()) == {change.source.id for change in planned.changes if change.source}

    switched = {change.source.id: change for change in planned.pending if change.source}
    copies: dict[str, set[str]] = {}
    for binding in lab.bindings():
        copies.setdefault(binding.source.id, set()).add(binding.target.id)
    lab.world.advance(by=MONTH)
    for key, change in switched.items():
        end = _end(change, lab)
        assert _fires(lab, {key}, end) == _fires(lab, copies[key], end), change
    assert any(_fires(lab, keys, lab.world.now()) for keys in copies.values())
    over = [change for change in planned.changes if "nothing to migrate" in change.reason]
    return len(switched), len({change.source for change in planned.blocked}), len(over)


def _end(change: Change, lab: Lab) -> datetime:
    """The instant up to which the schedule promises to be exact, at most the month that was lived through."""
    assert change.schedule
    return min(change.schedule.until or lab.world.now(), lab.world.now())


def _fires(lab: Lab, keys: set[str], end: datetime) -> list[str]:
    return sorted(
        fire["at"] for fire in lab.world.fires if fire["id"] in keys and datetime.fromisoformat(fire["at"]) < end
    )


@pytest.mark.parametrize(("source", "target"), SAMPLES)
async def test_the_samples_move_in_every_direction(make_lab: MakeLab, source: str, target: str) -> None:
    """Every sample is moved or refused with a reason, and what is moved fires at its source's instants for a month."""
    world = World(options=ROOMY)
    load_samples(world)
    for provider in {*HTTP} - {source}:
        world.stores[provider].clear()

    assert SAMPLES[source, target] == await move_all(make_lab(source, target, world=world))


def real_records(provider: str) -> list[Raw]:
    """The records of a platform in the folder that the environment names."""
    found: list[Raw] = json.loads(Path(os.environ["MIGRATOR_CORPUS"], FILES[provider]).read_text("utf-8"))
    return found


@pytest.mark.skipif("MIGRATOR_CORPUS" not in os.environ, reason="MIGRATOR_CORPUS names no folder of real records")
@pytest.mark.parametrize("mode", [{"mode": "window", "days": 8}, {"mode": "year"}], ids=["window", "year"])
@pytest.mark.parametrize(("source", "target"), BETWEEN_PLATFORMS)
async def test_real_records_move_in_every_direction(
    make_lab: MakeLab, source: str, target: str, mode: Mapping[str, object]
) -> None:
    """The same for any folder of records: nothing crashes, nothing is refused without a reason, fires agree."""
    world = World(options=ROOMY)
    records = real_records(source)
    world.load(source, records)

    switched, refused, over = await move_all(make_lab(source, target, world=world, schedule=mode))

    assert len(records) >= switched + refused + over
    assert switched > 0


@pytest.mark.slow
async def test_ten_thousand_jobs(make_lab: MakeLab) -> None:
    """Ten thousand jobs of a file arrive, each once, with one request for each; doing it again changes nothing."""
    lab = make_lab("json", "devin")
    lab.source.put(*(lab.source.platform.write(n, wish(n)) for n in range(10_000)))

    await lab.carry_out()

    assert 10_000 + 1 == len(lab.world.requests)
    assert [f"Job {n:03}" for n in range(10_000)] == sorted(
        (job.name for job in lab.held()), key=lambda name: (len(name), name)
    )
    await lab.settled()
