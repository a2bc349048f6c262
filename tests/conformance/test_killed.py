"""The real command, killed for real while the platform works on its request."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from migrator.sandbox import World
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import Lab
from tests.conformance.platforms import Wish, wish

pytestmark = pytest.mark.slow

ONE, TWO = wish(1), wish(2)
ROOT: Final = Path(__file__).parents[2]
_PATIENCE: Final = 20.0

WRITES: Final[Mapping[str, tuple[Callable[[Lab], Any], tuple[Wish, ...]]]] = {
    "POST": (lambda lab: lab.source.wish(3), (ONE, TWO, wish(3))),
    "PATCH": (lambda lab: lab.source.wish(1, name="Renamed"), (wish(1, name="Renamed"), TWO)),
    "DELETE": (lambda lab: lab.source.remove("job-1"), (TWO,)),
}


def wait_until(happened: Callable[[], bool]) -> None:
    """Wait until something has happened."""
    end = time.monotonic() + _PATIENCE
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.parametrize(("target", "method"), [("devin", "POST"), ("scrip", "PATCH"), ("omni", "DELETE")])
async def test_a_killed_command_is_finished_by_the_next_run(make_lab: MakeLab, target: str, method: str) -> None:
    """SIGKILL while the answer to a write is on its way: the next run, at once, ends with exactly the planned jobs."""
    lab = make_lab("json", target, world=World(clock=None), on_missing="delete")
    lab.source.wish(1)
    lab.source.wish(2)
    await lab.run()
    change, holds = WRITES[method]
    change(lab)
    before = lab.made
    lab.world.fault("slow", provider=target, method=method, seconds=1.5, after=True)

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "migrator", "apply", "it", "--yes", "--config", str(lab.folder / "migrator.toml")),
        cwd=ROOT,
        env={**os.environ, **lab.runtime.environ},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await asyncio.to_thread(wait_until, lambda: lab.made != before)
    process.kill()

    assert -signal.SIGKILL == await process.wait()
    await lab.carry_out()
    await lab.settled()
    assert lab.expected(*holds) == lab.held()
