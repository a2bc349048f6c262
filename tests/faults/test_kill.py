"""The real command is killed at every request, in the middle of everything; the next run makes nothing twice."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.killing import HELD, Killer, Labs, command, laboratories
from tests.faults.machine import DEATH

pytestmark = pytest.mark.slow

"""A pair's requests are divided among so many tests."""
"""More requests than the run takes."""


@pytest.fixture
def killer() -> Killer:
    """What kills."""
    return Killer()


@pytest.fixture
def make_lab(folder: Path, killer: Killer) -> Iterator[Labs]:
    """Makes laboratories."""
    with laboratories(folder, killer) as labs:
        yield labs


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
async def test_an_interrupted_run_ends_in_order(make_lab: Labs, killer: Killer, number: signal.Signals) -> None:
    """It begins nothing new, finishes what is under way, closes its journal, and says how to go on; that then works."""
    lab = make_lab(("omni", "devin"))
    wanted = [lab.source.wish(number) for number in range(30)]
    killer.number = number
    lab.connection["devin"]["concurrency"] = 4
    lab.configure()
    lab.world.fault("slow", seconds=DEATH, method="POST", nth=10)
    lab.world.latency = 0.02
    killer.process = process = command(lab, "apply", "it", "--yes")
    out, err = process.communicate(timeout=60)
    lab.world.latency = 0.0

    (run,) = lab.state.runs()
    assert 4 == process.returncode
    assert ("Stopping after the writes in progress" in err, "To finish: migrator apply it" in out) == (
        True,
        True,
    )
    assert run.ended_at
    assert 0 < run.summary["done"] == len(lab.made) < 30
    assert run.summary["done"] + run.summary["skipped"] == 30
    assert {"done", "failed"} == {write.state for write in lab.state.writes(run.id)}

    process = command(lab, "apply", "--resume", run.id, "--yes")
    process.communicate(timeout=60)
    assert (0, lab.expected(*wanted)) == (process.returncode, lab.target_jobs())


async def test_two_runs_at_once(make_lab: Labs, killer: Killer) -> None:
    """The second of two runs ends with 5 and names the first; the first is not disturbed."""
    lab = make_lab(("omni", "devin"))
    wanted = [lab.source.wish(number) for number in range(5)]
    lab.world.fault("slow", seconds=HELD, method="POST", times=1)
    first = command(lab, "apply", "it", "--yes")
    until = time.monotonic() + 30
    while not lab.state.owners() and time.monotonic() < until:  # noqa: ASYNC110 (another process's lock rings no bell)
        await asyncio.sleep(0.01)
    second = command(lab, "apply", "it", "--yes")
    _, err = second.communicate(timeout=60)
    killer.released.set()
    first.communicate(timeout=60)

    assert (5, 0) == (second.returncode, first.returncode)
    assert f"(process {first.pid} on " in err
    assert lab.expected(*wanted) == lab.target_jobs()
