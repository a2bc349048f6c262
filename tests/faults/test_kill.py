"""The real command is killed at every request, in the middle of everything; the next run makes nothing twice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import attrs
import pytest

from migrator.sandbox import BackgroundServer, World, settings
from tests.conformance.lab import Lab
from tests.faults.machine import DEATH, Tally, apply, check, until_quiet, writes
from tests.faults.scenarios import PUT, SCENARIOS

pytestmark = pytest.mark.slow

PAIRS: Final = (("omni", "devin"), ("json", "omni"), ("devin", "scrip"))
LANES: Final = 6
"""A pair's requests are divided among so many tests."""
MOST: Final = 60
"""More requests than the run takes."""
HELD: Final = 60.0
"""A slowness of so many seconds at most stands for a wait until it is released."""

Record = Callable[[str, object], None]


class Killer:
    """Stands in for the stand-ins' waiting: kills a process while its request is on its way."""

    def __init__(self, number: int = signal.SIGKILL) -> None:
        self.process: subprocess.Popen[str] | None = None
        self.number = number
        self.struck = False
        self.released = threading.Event()

    async def __call__(self, seconds: float) -> None:
        """Wait, also for a release, or kill."""
        if seconds == HELD:
            await asyncio.to_thread(self.released.wait, seconds)
            return
        if seconds != DEATH or self.process is None:
            await asyncio.sleep(seconds)
            return
        self.struck = True
        self.process.send_signal(self.number)
        if self.number == signal.SIGKILL:
            await asyncio.to_thread(self.process.wait)
        else:
            await asyncio.sleep(0.05)


@pytest.fixture
def killer() -> Killer:
    """What kills."""
    return Killer()


@pytest.fixture
def make_lab(folder: Path, killer: Killer) -> Iterator[Callable[[tuple[str, str]], Lab]]:
    """Makes laboratories on platforms that go by the time of day, as the command does."""
    with contextlib.ExitStack() as stack:
        world = World(clock=None, options=PUT, sleep=killer)
        port = stack.enter_context(BackgroundServer(world)).port

        def make(pair: tuple[str, str]) -> Lab:
            world.clear()
            for old in folder.glob("*"):
                old.unlink()
            lab = Lab(world, port, folder, *pair)
            stack.callback(lab.state.close)
            return lab

        yield make


def command(lab: Lab, *arguments: str) -> subprocess.Popen[str]:
    """The real command, started in the laboratory."""
    tokens = {way["env"]: way["token"] for way in settings(lab.world, lab.port).values() if "env" in way}
    environ = {**os.environ, **tokens, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        [sys.executable, "-m", "migrator", *arguments],
        cwd=lab.folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("lane", range(LANES))
@pytest.mark.parametrize("pair", PAIRS, ids=" to ".join)
async def test_killed_at_every_request(
    make_lab: Callable[[tuple[str, str]], Lab],
    killer: Killer,
    record_property: Record,
    pair: tuple[str, str],
    lane: int,
) -> None:
    """SIGKILL before or after the effect of any request: the runs after it make exactly what was planned."""
    tally = Tally()
    try:
        for nth in range(1 + lane, MOST, LANES):
            lab = make_lab(pair)
            expected = lab.expected(*await SCENARIOS["everything"].prepare(lab, apply))
            sent: Counter[str] = writes(lab.world)
            killer.struck = False
            lab.world.fault("slow", seconds=DEATH, nth=nth, after=bool(nth // LANES % 2) != bool(lane % 2))
            killer.process = process = command(lab, "apply", "it", "--yes")
            process.communicate(timeout=60)
            lab.world.faults.clear()
            if not killer.struck:
                assert 0 == process.returncode
                return
            tally.cases += 1
            tally.faults += 1
            assert -signal.SIGKILL == process.returncode
            await until_quiet(lab, f"killed at request {nth}")
            check(lab, expected, sent, tally, f"killed at request {nth}")
    finally:
        record_property("faults", attrs.asdict(tally))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
async def test_an_interrupted_run_ends_in_order(
    make_lab: Callable[[tuple[str, str]], Lab], killer: Killer, number: signal.Signals
) -> None:
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
    assert ("Stopping when what is under way is finished" in err, "Go on with: migrator apply it" in out) == (
        True,
        True,
    )
    assert run.ended_at
    assert 0 < run.summary["done"] == len(lab.made) < 30
    assert run.summary["done"] + run.summary["skipped"] == 30
    assert {"done", "failed"} == {intent.state for intent in lab.state.intents(run.id)}

    process = command(lab, "apply", "--resume", run.id, "--yes")
    process.communicate(timeout=60)
    assert (0, lab.expected(*wanted)) == (process.returncode, lab.held())


async def test_two_runs_at_once(make_lab: Callable[[tuple[str, str]], Lab], killer: Killer) -> None:
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
    assert lab.expected(*wanted) == lab.held()
