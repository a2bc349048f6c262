"""Every provider to every other: each job of a corpus is moved or refused with a reason, and fires as its source does.

The corpus of a platform of the sandbox is its samples, or its file in the folder that MIGRATOR_CORPUS names. A file
holds the jobs of all of them, and any other platform those that it takes from that file: a new provider joins with its
`Platform`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any, Final

import pytest

from migrator import export as exports
from migrator.plan.changes import Change
from migrator.providers.registry import built_in
from migrator.sandbox import Options, World, load_samples
from migrator.testing.lab import Lab
from migrator.testing.place import Place
from migrator.testing.platform import Platform
from tests.conformance.files import Crontab, GitHub
from tests.conformance.lab import started
from tests.conformance.platforms import Devin, File, Omni, Scrip, Simulated

ROOMY: Final = Options(omni_quota=20_000, scrip_reserve_names=False)
SANDBOX: Final = (Omni(ROOMY, still=True), Devin(ROOMY, still=True), Scrip(ROOMY, still=True))
FILE: Final = File()
PLATFORMS: Final[Mapping[str, Platform]] = {
    platform.provider: platform for platform in (*SANDBOX, FILE, Crontab(), GitHub())
}
SERVED_BY_OTHERS: Final = frozenset({"langgraph"})
"""Providers whose own software is needed, so that the corpus meets them in `make platforms` alone."""
MONTH: Final = timedelta(days=30)
FILES: Final = {"omni": "omni-routines.json", "devin": "devin-schedules.json", "scrip": "scrip-automations.json"}

SAMPLES: Final[Mapping[tuple[str, str], tuple[int, int, int]]] = {
    ("omni", "devin"): (12, 0, 1),
    ("omni", "scrip"): (12, 0, 1),
    ("devin", "omni"): (8, 3, 1),
    ("devin", "scrip"): (10, 1, 1),
    ("scrip", "omni"): (7, 5, 1),
    ("scrip", "devin"): (9, 3, 1),
}
"""How many samples are migrated, refused, and expired, where each of them has been checked."""


def fill(world: World, provider: str) -> None:
    """Put the corpus of a platform of the sandbox into its world."""
    if folder := os.environ.get("MIGRATOR_CORPUS"):
        world.load(provider, json.loads(Path(folder, FILES[provider]).read_text("utf-8")))
        return
    load_samples(world)
    for other in FILES.keys() - {provider}:
        world.stores[other].clear()


async def filled(place: Place, folder: Path, stack: ExitStack) -> None:
    """Give a place its corpus."""
    if isinstance(place.platform, Simulated):
        assert place.platform.world
        fill(place.platform.world, place.platform.provider)
        return
    jobs: dict[str, Any] = {}
    for platform in SANDBOX:
        fresh = type(platform)(ROOMY, still=True)  # the platform itself may be the target
        other = stack.enter_context(started(fresh, folder / f"corpus-{platform.provider}"))
        await filled(other, folder, stack)
        path = folder / f"export-{platform.provider}"
        path.mkdir()
        with Lab(other, stack.enter_context(started(FILE, path / "target")), path) as lab:
            jobs |= {job["id"]: job for job in (await exports.export(lab.runtime, "source"))["jobs"]}
    file = place if place.platform is FILE else stack.enter_context(started(FILE, folder / "corpus"))
    write_jobs(Path(file.given["path"]), [*jobs.values()])
    if place is not file:
        (folder / "filling").mkdir()
        with Lab(file, place, folder / "filling", on_refused="report") as lab:
            await lab.carry_out()


def write_jobs(path: Path, jobs: list[Any]) -> None:
    """Write a file of jobs."""
    path.write_text(json.dumps({"schema": "migrator/jobs@1", "jobs": jobs}), "utf-8")


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

    moved = {change.source.id: change for change in planned.pending if change.source}
    fire_alike(lab, moved)
    over = [change for change in planned.changes if "nothing to migrate" in change.reason]
    return len(moved), len({change.source for change in planned.blocked}), len(over)


def fire_alike(lab: Lab, moved: Mapping[str, Change]) -> None:
    """Let a month pass, and see that each copy fires when its source does, where both platforms fire on our clock."""
    source, target = (place.platform for place in (lab.source, lab.target))
    if not isinstance(source, Simulated) or not isinstance(target, Simulated):
        return
    assert source.world
    assert target.world
    copies: dict[str, set[str]] = {}
    for binding in lab.bindings():
        copies.setdefault(binding.source.id, set()).add(binding.target.id)
    source.world.advance(by=MONTH)
    target.world.advance(by=MONTH)
    now = source.world.now()
    for key, change in moved.items():
        assert change.schedule
        end = min(change.schedule.until or now, now)
        assert fires(source.world, {key}, end) == fires(target.world, copies[key], end), change
    assert any(fires(target.world, keys, now) for keys in copies.values())


def fires(world: World, keys: set[str], end: datetime) -> list[str]:
    """When jobs fired before an instant."""
    return sorted(fire["at"] for fire in world.fires if fire["id"] in keys and datetime.fromisoformat(fire["at"]) < end)


@pytest.mark.slow
@pytest.mark.parametrize("mode", [{"mode": "window", "days": 8}, {"mode": "year"}], ids=["window", "year"])
@pytest.mark.parametrize(("source", "target"), list(permutations(PLATFORMS, 2)))
async def test_every_provider_migrates_to_every_other(
    tmp_path: Path, source: str, target: str, mode: Mapping[str, Any]
) -> None:
    """Each job of the corpus is moved, refused with a reason, or over; doing it again changes nothing."""
    with ExitStack() as stack:
        places = [stack.enter_context(started(PLATFORMS[name], tmp_path / name)) for name in (source, target)]
        await filled(places[0], tmp_path, stack)
        with Lab(*places, tmp_path, schedule=mode) as lab:
            found = await move_all(lab)

            assert len(lab.source.records()) >= sum(found)
            assert found[0] > 0
            if "MIGRATOR_CORPUS" not in os.environ and mode["mode"] == "window":
                assert SAMPLES.get((source, target), found) == found


def test_every_provider_takes_part() -> None:
    """A provider that is registered has a platform here, and so moves to and from every other."""
    assert set(built_in()) - SERVED_BY_OTHERS == PLATFORMS.keys()
