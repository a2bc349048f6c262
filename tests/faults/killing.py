"""The real command as a process of its own, and what kills it while one of its requests is on its way."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from migrator.sandbox import BackgroundServer, World, settings
from tests.conformance.lab import Lab
from tests.faults.machine import DEATH
from tests.faults.scenarios import PUT

HELD: Final = 60.0
"""A slowness of so many seconds at most stands for a wait until it is released."""


class Killer:
    """Stands in for the simulators' waiting: kills a process while its request is on its way."""

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


class Labs:
    """Laboratories one after another, on platforms that go by the time of day, as the command does.

    Args:
        world: the platforms, which a killer waits for.
        port: where they are served.
        folder: for everything that a laboratory holds.
    """

    def __init__(self, world: World, port: int, folder: Path) -> None:
        self._world, self._port, self._folder = world, port, folder
        self._stack = contextlib.ExitStack()

    def __call__(self, pair: tuple[str, str]) -> Lab:
        """An empty one."""
        self._world.clear()
        for old in self._folder.glob("*"):
            old.unlink()
        lab = Lab(self._world, self._port, self._folder, *pair)
        self._stack.callback(lab.state.close)
        return lab

    def close(self) -> None:
        """Let go of their states."""
        self._stack.close()


@contextlib.contextmanager
def laboratories(folder: Path, killer: Killer) -> Iterator[Labs]:
    """Laboratories whose platforms a killer waits for."""
    world = World(clock=None, options=PUT, sleep=killer)
    with BackgroundServer(world) as server, contextlib.closing(Labs(world, server.port, folder)) as labs:
        yield labs


def command(lab: Lab, *arguments: str) -> subprocess.Popen[str]:
    """The real command, started in the laboratory."""
    tokens = {path["env"]: path["token"] for path in settings(lab.world, lab.port).values() if "env" in path}
    environ = {**os.environ, **tokens, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        [sys.executable, "-m", "migrator", *arguments],
        cwd=lab.folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
