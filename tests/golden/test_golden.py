"""The commands' outputs and documents, whole, against files that are kept.

`make golden` (MIGRATOR_UPDATE_GOLDEN=1) writes the files again; the difference is then read like any other change.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from migrator.cli import environment, main
from migrator.demo import VirtualTime
from migrator.http.clock import Clock
from migrator.sandbox import BackgroundServer, World, load_samples, migrator_toml, settings
from migrator.sync.endpoints import Runtime
from tests.golden.runs import DOCUMENTS, TEXTS, document, normalised

HERE: Final = Path(__file__).parent
UPDATE: Final = bool(os.environ.get("MIGRATOR_UPDATE_GOLDEN"))


@pytest.fixture
def served() -> Iterator[tuple[VirtualTime, World, int]]:
    """Simulators with the samples, that live in virtual time; a world of its own for each test."""
    time = VirtualTime()
    world = World(clock=None, time_of_day=time.now)
    load_samples(world)
    with BackgroundServer(world) as server:
        yield time, world, server.port


@pytest.fixture
def folder(served: tuple[VirtualTime, World, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory whose config leads to the samples, at the start of the virtual time."""
    time, world, port = served
    clock = Clock(now=time.now, monotonic=time.monotonic, sleep=time.sleep, random=lambda: 0.5)
    monkeypatch.setattr(environment, "Runtime", partial(Runtime, clock=clock))
    monkeypatch.setattr(environment, "REAL", clock)
    config = migrator_toml(world, port).replace('"6000/min"', '"60000/min burst 1000"')
    (tmp_path / "migrator.toml").write_text(config, encoding="utf-8")
    for way in settings(world, port).values():
        if "env" in way:
            monkeypatch.setenv(way["env"], way["token"])
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _compare(name: str, actual: str) -> None:
    path = HERE / name
    if UPDATE:
        path.write_text(actual, encoding="utf-8")
    kept = path.read_text("utf-8") if path.exists() else ""
    assert actual.splitlines() == kept.splitlines(), f"tests/golden/{name} differs; if that is meant: make golden"


@pytest.mark.parametrize("name", TEXTS)
def test_what_people_read(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command's stdout, stderr and exit code are those of the file."""
    told = []
    for typed in TEXTS[name]:
        code = main(shlex.split(typed))
        out, err = capsys.readouterr()
        told.append(f"$ migrator {typed}\n{out}{err}[exit {code}]\n")

    _compare(f"{name}.txt", normalised("\n".join(told), str(folder)))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_programs_read(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command's document is that of the file."""
    told = []
    for typed in DOCUMENTS[name]:
        main([*shlex.split(typed), "--json"])
        told.append(document(capsys.readouterr().out))

    _compare(f"{name}.json", normalised("[\n" + ",\n".join(told) + "\n]\n", str(folder)))


def test_every_file_belongs_to_a_run() -> None:
    """A run that is gone takes its file along."""
    kept = {path.name for suffix in ("txt", "json") for path in HERE.glob(f"*.{suffix}")}

    assert kept == {f"{name}.txt" for name in TEXTS} | {f"{name}.json" for name in DOCUMENTS}
