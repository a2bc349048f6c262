"""status: when the next sync has to come."""

from __future__ import annotations

from pathlib import Path

from migrator.sandbox import World
from tests.cli.bench import Run, routine
from tests.cli.documents import faults


def test_status_says_until_when_schedules_are_exact(here: Path, run: Run, world: World) -> None:
    """A schedule in a time zone that changes its clocks is exact for a while; one in UTC is for ever."""
    run("sync", "backup")
    world.load("omni", [routine("Alpha", timezone="America/New_York")])
    synced = run("sync", "omni-to-devin", "--json").document
    status = run("status", "--json").document

    assert (faults(status, "status"), faults(synced, "run")) == ([], [])
    assert {one["sync"]: one["needs_resync_by"] for one in status["syncs"]} == {
        "omni-to-devin": synced["needs_resync_by"],
        "backup": None,
    }
    assert synced["needs_resync_by"]
    assert f"exact until {synced['needs_resync_by'][:10]}" in run("status").out
