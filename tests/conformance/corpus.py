"""The corpus of each platform, and how all of it is moved.

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
from pathlib import Path
from typing import Any, Final

from migrator import export as exports
from migrator.plan.changes import Change
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
MONTH: Final = timedelta(days=30)
FILES: Final = {"omni": "omni-routines.json", "devin": "devin-schedules.json", "scrip": "scrip-automations.json"}


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
    """Return when jobs fired before an instant."""
    return sorted(fire["at"] for fire in world.fires if fire["id"] in keys and datetime.fromisoformat(fire["at"]) < end)
