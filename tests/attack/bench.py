"""What every attack needs: the command as a process of its own, waiting, and looking."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg

from migrator.sandbox import settings
from tests.conformance.lab import Lab

Attack = Callable[[], AbstractContextManager[None]]
"""Counts an attack: tried when its block begins, withstood when it ends without an error."""

LEASE: Final = 3.0
"""Seconds that a lease lasts."""

COMMAND: Final = (sys.executable, "-m", "tests.attack.impatient")


def start(lab: Lab, *arguments: str, before: Sequence[str] = ()) -> subprocess.Popen[str]:
    """Start the command in a laboratory; `before` is what starts it in surroundings of its own."""
    tokens = {way["env"]: way["token"] for way in settings(lab.world, lab.port).values() if "env" in way}
    return subprocess.Popen(
        [*before, *COMMAND, *arguments],
        cwd=lab.folder,
        env={**os.environ, **tokens, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str], code: int, seconds: float = 60.0) -> str:
    """Wait for the end of a process, which must have that exit code and no trace: what it said."""
    out, err = process.communicate(timeout=seconds)
    assert (process.returncode, "Traceback" in err, "unexpected" in err) == (code, False, False), out + err
    return out + err


def until(true: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not become so in time"
        time.sleep(0.02)


def fresh(url: str) -> str:
    """URL of an empty schema on a PostgreSQL server."""
    name = f"attack_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    return f"{url}&options={quote(f'-csearch_path={name}', safe='')}"


def names(lab: Lab) -> list[str]:
    """The names of the jobs that were made at the target."""
    return sorted(str(raw["name"]) for raw in lab.made.values())


def posts(lab: Lab) -> int:
    """How many creates reached the target."""
    return sum(entry["method"] == "POST" for entry in lab.world.requests)


def stopped(process: subprocess.Popen[str]) -> None:
    """Stop a process as a laptop's lid does."""
    process.send_signal(signal.SIGSTOP)
    until(lambda: Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
