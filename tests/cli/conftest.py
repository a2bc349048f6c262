"""Commands, run in this process against simulators that are served on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from migrator.cli import environment, main
from migrator.http.clock import Clock
from migrator.sandbox import BackgroundServer, World, migrator_toml, settings
from migrator.sync.endpoints import Runtime
from tests.cli.bench import SYNCS, Ended, Run, routine
from tests.conformance.lab import Leap


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command: `run("plan", "nightly")`."""

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        code = main(arguments)
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[World, int]]:
    """A world that is served throughout, and its port."""
    world = World(clock=None)
    with BackgroundServer(world) as server:
        yield world, server.port


@pytest.fixture
def world(served: tuple[World, int]) -> World:
    """Three Omni routines, and nothing elsewhere."""
    world, _port = served
    world.clear()
    world.load("omni", [routine("Alpha"), routine("Beta"), routine("Gamma")])
    return world


@pytest.fixture
def here(served: tuple[World, int], world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory whose migrator.toml leads to the served world, with the tokens in the environment.

    Waiting costs no time there: a job that a list may only be late to show is looked for several times.
    """
    _world, port = served
    leap = Leap()
    clock = Clock(monotonic=leap.monotonic, sleep=leap.sleep)
    monkeypatch.setattr(environment, "Runtime", partial(Runtime, clock=clock))
    (tmp_path / "migrator.toml").write_text(migrator_toml(world, port) + SYNCS, encoding="utf-8")
    for way in settings(world, port).values():
        if "env" in way:
            monkeypatch.setenv(way["env"], way["token"])
    monkeypatch.chdir(tmp_path)
    return tmp_path
