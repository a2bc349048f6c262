"""A run whose process dies, at any request and before any note that it takes, is finished by the next one."""

from __future__ import annotations

import itertools
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

import pytest

from migrator.store.database import Database
from migrator.testing.base import Base, MakeLab, synchronous
from migrator.testing.faults import Day
from migrator.testing.lab import Lab

MOST: Final = 60
"""More requests than the run takes."""
STRIDE: Final = 3
"""A run takes some fifty notes, of which every third one is tried."""
PATIENCE: Final = 60.0
"""Seconds that a command may take."""


class Killed(BaseException):
    """The process is no more."""


class Kills(Base):
    """Processes that are killed."""

    @synchronous
    async def test_killed_before_a_note(self, make_lab: MakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
        """A run that dies before one of its notes reaches the disk is finished by the next one."""
        lab = make_lab(on_missing="delete")
        day = Day(lab)
        await day.dusk()

        for number in itertools.count(1, STRIDE):
            await day.dawn()
            survived = await killed_at(lab, number, monkeypatch)
            await day.dusk(f"note {number}")
            if survived:
                break
        await lab.settled()
        assert number > 5

    @synchronous
    async def test_killed_at_any_request(self, make_lab: MakeLab) -> None:
        """SIGKILL of the real command before or after the effect of any request: the next runs finish its work."""
        lab = make_lab(on_missing="delete")
        proxy = lab.target.served()
        day = Day(lab)
        await day.dusk()

        for nth in range(1, MOST):
            await day.dawn()
            struck = killed_by_request(lab, nth)
            proxy.faults.clear()
            await day.dusk(f"killed at request {nth}")
            if not struck:
                break
        await lab.settled()
        assert nth > 4


def killed_by_request(lab: Lab, nth: int) -> bool:
    """Run the command, and kill it at a request to the target; whether there was one."""
    started, struck = threading.Event(), threading.Event()
    processes: list[subprocess.Popen[str]] = []

    def strike() -> None:
        started.wait(PATIENCE)
        struck.set()
        processes[0].kill()
        processes[0].wait(PATIENCE)

    lab.target.served().fault("call", nth=nth, after=nth % 2 == 0, strike=strike)
    processes.append(process := lab.command("apply", "it", "--yes"))
    started.set()
    out, err = process.communicate(timeout=PATIENCE)
    assert (-signal.SIGKILL if struck.is_set() else 0) == process.returncode, (out, err)
    return struck.is_set()


async def killed_at(lab: Lab, number: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Run the sync in a process that dies before its note of that number; whether it ended before that."""
    transaction: Callable[[Any], AbstractContextManager[Any]] = Database.transaction
    notes = itertools.count(1)

    @contextmanager
    def mortal(self: Database) -> Iterator[Any]:
        if next(notes) >= number:
            raise Killed
        with transaction(self) as connection:
            yield connection

    with monkeypatch.context() as patch:
        patch.setattr(Database, "transaction", mortal)
        try:
            await lab.carry_out()
        except Killed:
            survived = False
        else:
            survived = True
    lab.state.close()
    with sqlite3.connect(lab.folder / "migrator.db") as database:
        database.execute("DELETE FROM locks")  # as for any process that is no more
    database.close()
    lab.state = lab.open_state()
    return survived
