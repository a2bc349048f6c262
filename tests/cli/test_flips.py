"""A state whose bits flip: every command works or says that the state is damaged, and no job is made twice."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from migrator.sandbox import World
from tests.cli.bench import Run

SYNC = "omni-to-devin"
COMMANDS = (["status"], ["history"], ["state", "export"], ["doctor"], ["plan", SYNC], ["sync", SYNC])
KNOWN = {0, 1, 3, 4, 10}
"""Exit codes of a damaged state: it works, it is refused, or a job is blocked."""


def flipped(path: Path, chance: random.Random, *, bits: int) -> None:
    """Flip bits of a file, anywhere in it."""
    data = bytearray(path.read_bytes())
    for _bit in range(bits):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def used(here: Path, run: Run) -> Path:
    """A state with three bindings, a journal and a saved plan's run, in one file."""
    run("apply", SYNC, "--yes")
    run("sync", SYNC)
    with sqlite3.connect(here / "migrator.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    return shutil.copy(here / "migrator.db", here / "sound")


def play(here: Path, run: Run, world: World, *, seed: int, flips: int) -> Counter[int]:
    """Flip, and run every command each time; how often each exit code came."""
    sound, chance, codes = used(here, run), random.Random(seed), Counter[int]()  # noqa: S311 (no secret)
    for number in range(flips):
        for leftover in here.glob("migrator.db*"):
            leftover.unlink()
        shutil.copy(sound, here / "migrator.db")
        flipped(here / "migrator.db", chance, bits=1 + number % 2)
        for command in COMMANDS:
            ended = run(*command)
            codes[ended.code] += 1
            place = f"seed {seed}, flip {number}, {command}: {ended.err[-800:]}"
            assert "unexpected" not in ended.err, place
            assert ended.code in KNOWN, place
            if "is damaged" in ended.err:
                assert "adopt = " in ended.out + ended.err, place
        live = [row["record"]["name"] for row in world.records("devin") if not row["gone"]]
        assert sorted(live) == ["Alpha", "Beta", "Gamma"], f"seed {seed}, flip {number}"
    return codes


@pytest.mark.slow
def test_flipped_bits_are_noticed_or_harmless(here: Path, run: Run, world: World) -> None:
    """A few flips, always the same ones."""
    codes = play(here, run, world, seed=13, flips=12)
    assert codes[0]
    assert codes[1]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_many_flipped_bits(here: Path, run: Run, world: World, seed: int) -> None:
    """Dozens of flips in all parts of the file."""
    play(here, run, world, seed=seed, flips=40)
