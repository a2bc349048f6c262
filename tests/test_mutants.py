"""What the trial of a mutant says: a test that fails or hangs notices it, and a process that somebody ends does not."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from tests.mutants import Deadline, Ending, in_a_fork


def _waits() -> bool:
    time.sleep(60)
    return True


def _is_killed() -> bool:
    os.kill(os.getpid(), signal.SIGKILL)
    return True


def _raises() -> NoReturn:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("run", "ending"),
    [
        (lambda: True, "passed"),
        (lambda: False, "failed"),
        (_waits, "hung"),
        (_is_killed, "undecided"),
        (_raises, "undecided"),
        (lambda: os._exit(3), "undecided"),
    ],
)
def test_how_a_trial_ends(run: Callable[[], bool], ending: Ending) -> None:
    """Only its tests and its time decide over a mutant."""
    assert in_a_fork(run, Deadline(0.3 if ending == "hung" else 30)) == ending


def test_what_a_trial_has_started_ends_with_it(tmp_path: Path) -> None:
    """A process of a test that failed does not go on beside the next trial."""
    told = tmp_path / "pid"

    def leaves_one() -> bool:
        told.write_text(str(subprocess.Popen(["sleep", "60"]).pid), "utf-8")
        return False

    assert in_a_fork(leaves_one, Deadline(30)) == "failed"

    state = Path("/proc", told.read_text("utf-8"), "stat")
    deadline = time.monotonic() + 10
    while state.exists() and ") Z " not in state.read_text("utf-8"):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_each_test_has_its_own_time() -> None:
    """A fork that gets on is waited for."""
    deadline = Deadline(0.3)

    def gets_on() -> bool:
        for _ in range(3):
            deadline.put_off(0.3)
            time.sleep(0.15)
        return True

    assert in_a_fork(gets_on, deadline) == "passed"
