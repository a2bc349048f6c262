"""Databases under attack: a server that is stopped, a disk that is full, bits that flip in the file."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.attack.bench import LEASE, Attack, ended, fresh, names, posts, start, until
from tests.faults.killing import Labs

pytestmark = pytest.mark.slow

FLIPS = 24
MOST_SECONDS = 90.0
"""How long a run may wait for a server that is stopped: its own time limits end it long before, and it would otherwise
wait until the server goes on."""


@contextmanager
def frozen(url: str) -> Iterator[None]:
    """Stop every process of a PostgreSQL server for as long as the block lasts."""
    data = Path(parse_qs(urlsplit(url).query)["host"][0]).parent / "data"
    first = int((data / "postmaster.pid").read_text().split()[0])
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [tuple(map(int, row.split())) for row in listed.splitlines()]
    processes = [first, *(pid for pid, parent in pairs if parent == first)]
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("interrupted", [False, True], ids=["waits", "SIGTERM"])
def test_a_server_that_is_stopped(make_lab: Labs, own_server: str, attack: Attack, interrupted: bool) -> None:
    """A run whose PostgreSQL answers no more ends, sends nothing after its lease, and the next one goes on."""
    lab = make_lab(("omni", "devin"))
    for number in range(4):
        lab.source.wish(number)
    lab.connection["devin"]["concurrency"] = 1
    lab.configure()
    lab.world.fault("throttle", provider="devin", method="POST", retry_after=2 * LEASE, times=1)
    state = ("--state", fresh(own_server))
    with attack():
        process = start(lab, "apply", "it", "--yes", *state)
        until(lambda: posts(lab) == 1)
        with frozen(own_server):
            if interrupted:
                process.send_signal(signal.SIGTERM)
            said = ended(process, 1, MOST_SECONDS)
            assert posts(lab) == 1
        assert ("run the command again" in said) is True, said
        time.sleep(LEASE)
        ended(start(lab, "apply", "it", "--yes", *state), 0)
        assert (4, 4) == (len(names(lab)), len(set(names(lab))))


def test_a_disk_that_is_full(make_lab: Labs, attack: Attack) -> None:
    """Wherever the file may grow no further, the run ends with its name, and the next one completes the work."""
    for blocks in (1, 40, 80, 120, 150, 200):
        lab = make_lab(("omni", "devin"))
        for number in range(8):
            lab.source.wish(number)
        with attack():
            limited = ("bash", "-c", f'trap "" XFSZ; ulimit -f {blocks}; exec "$0" "$@"')
            process = start(lab, "apply", "it", "--yes", before=limited)
            out, err = process.communicate(timeout=60)
            assert ("Traceback" in err, "unexpected" in err) == (False, False), out + err
            assert process.returncode in {0, 1, 4}, out + err
            ended(start(lab, "apply", "it", "--yes"), 0)
            assert (8, 8) == (len(names(lab)), len(set(names(lab))))


def test_bits_that_flip_in_the_file(make_lab: Labs, attack: Attack, tmp_path: Path) -> None:
    """A damaged state is refused in words, or harmless: no job is made a second time."""
    lab = make_lab(("omni", "devin"))
    for number in range(6):
        lab.source.wish(number)
    ended(start(lab, "apply", "it", "--yes"), 0)
    file = lab.folder / "migrator.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    whole = file.read_bytes()
    chance = random.Random(13)  # noqa: S311 (the same flips each time)
    for _flip in range(FLIPS):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        file.write_bytes(damaged)
        with attack():
            process = start(lab, "apply", "it", "--yes")
            out, err = process.communicate(timeout=60)
            assert ("Traceback" in err, "unexpected" in err) == (False, False), out + err
            assert 6 == len(names(lab)) == len(set(names(lab))), out + err
        for extra in ("migrator.db-wal", "migrator.db-shm"):
            (lab.folder / extra).unlink(missing_ok=True)
    file.write_bytes(whole)
