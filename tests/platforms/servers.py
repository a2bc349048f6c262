"""Servers of others as processes of ours: started, waited for, ended; on the time of day or on a faked one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import httpx

from tests.platforms.installer import MissingError, environment

SECONDS: Final = 400.0
"""How long a server may take until its first answer."""


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def answers(url: str) -> Callable[[], bool]:
    """Return a check whether a URL answers with success, for `serving`."""

    def check() -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(url, timeout=1, trust_env=False).is_success
        return False

    return check


def listens(port: int) -> Callable[[], bool]:
    """Return a check whether anything accepts connections at a port of this machine, for `serving`."""

    def check() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    return check


@contextmanager
def serving(
    command: Sequence[str | Path],
    *,
    folder: Path,
    ready: Callable[[], bool],
    env: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in a folder for as long as the block lasts, from the moment when it is ready.

    Its output goes to `server.log` in the folder. At the end the whole process group is ended.

    Raises:
        RuntimeError: it ended, or was not ready in time; with the end of what it wrote.
    """
    log = folder / "server.log"
    given = environment(**(env or {}))
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env=given,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + SECONDS
        while not ready():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{command[0]} did not start: {log.read_text('utf-8', 'replace')[-2000:]}")
            time.sleep(0.1)
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)


def faketime() -> Path:
    """Return the library that gives a process another time.

    Raises:
        MissingError: it is not installed.
    """
    library = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)
    if library is None:
        raise MissingError("faketime is not installed (apt-get install faketime)")
    return library


def faked(at: str, *, speed: int = 1) -> dict[str, str]:
    """Return environment variables that make a process see another time, which then goes on `speed` times as fast.

    Args:
        at: where its clock starts, UTC, as `2027-03-14 06:50:00`.
        speed: how many seconds pass for it in one second.

    Raises:
        MissingError: libfaketime is not installed.
    """
    fake = f"@{at}" if speed == 1 else f"@{at} x{speed}"
    return {
        "LD_PRELOAD": str(faketime()),
        "FAKETIME": fake,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "TZ": "UTC",
    }
