"""Commands that run at a terminal of their own."""

from __future__ import annotations

import os
import pty
import sys
import time
from pathlib import Path

from attrs import frozen

import migrator

COMMAND = [sys.executable, "-m", "migrator"]


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a command of this package."""
    return {**os.environ, "PYTHONPATH": str(Path(migrator.__file__).parent.parent), "TERM": "xterm", **more}


@frozen
class Typed:
    """How a session at a terminal ended."""

    code: int
    shown: str


def type_at_terminal(
    arguments: list[str], answer: bytes, *, columns: int = 100, pause: float = 0.0, **more: str
) -> Typed:
    """Run a command on a terminal of its own, and answer its question after a pause."""
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover (another process)
        os.execve(sys.executable, [*COMMAND, *arguments], environment(COLUMNS=str(columns), **more))  # noqa: S606 (our own command)
    shown, asked = b"", False
    while True:
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not asked and b"[y/N]" in shown:
            asked = True
            time.sleep(pause)
            os.write(terminal, answer)
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return Typed(os.waitstatus_to_exitcode(status), shown.decode())
