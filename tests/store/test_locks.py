"""Locks: one run at a time for each target, on both databases; a dead owner does not stand in the way."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from migrator.errors import LockedError
from migrator.mapping.codecs import write_time
from migrator.store import State
from migrator.store import tables as t
from migrator.store.lock_owners import LEASE, database_now
from tests.store.conftest import Time

OpenOne = Callable[[], State]
SCOPE = "devin:org-1"


def moved_away(state: State, **changes: object) -> None:
    """The lock's owner is another process than it was."""
    with state.transaction() as connection:
        connection.execute(t.locks.update().values(**changes))


def test_a_second_run_is_told_who_writes(open_one: OpenOne) -> None:
    """The lock names its owner to whoever comes second; another target is free."""
    open_one().lock(SCOPE, "one")
    second = open_one()

    with pytest.raises(LockedError, match=re.escape(f"run one (process {os.getpid()} on ")):
        second.lock(SCOPE, "two")
    assert "two" == second.lock("devin:org-2", "two").run


def test_a_lock_that_is_given_back_is_free(open_one: OpenOne) -> None:
    """A run that ends leaves no trace of its lock."""
    state = open_one()
    state.unlock(SCOPE, state.lock(SCOPE, "one"))

    assert {} == state.owners()
    assert "two" == open_one().lock(SCOPE, "two").run


ELSEWHERE = {"boot": "another", "uptime": None}
"""A machine whose processes cannot be seen from here."""


def renewed(state: State, seconds_ago: float) -> None:
    """The lease was renewed so long ago by the database's clock."""
    with state.transaction() as connection:
        at = database_now(connection) - timedelta(seconds=seconds_ago)
    moved_away(state, beat=write_time(at), expires=write_time(at + LEASE))


@pytest.mark.parametrize(("seconds", "free"), [(57, False), (61, True)])
def test_a_lease_ends_a_minute_after_it_was_renewed(open_one: OpenOne, seconds: int, free: bool) -> None:
    """An owner on another machine that gives no sign of life loses its lease, and learns of it."""
    state = open_one()
    owner = state.lock(SCOPE, "one")
    assert state.beat(SCOPE, owner)
    moved_away(state, **ELSEWHERE)
    renewed(state, seconds)

    if not free:
        with pytest.raises(LockedError):
            open_one().lock(SCOPE, "two")
    else:
        open_one().lock(SCOPE, "two")
        assert not state.beat(SCOPE, owner)
        state.unlock(SCOPE, owner)
        assert ["two"] == [other.run for other in state.owners().values()]


@pytest.mark.parametrize("offset", [timedelta(minutes=2), timedelta(days=400), -timedelta(days=400)])
def test_the_clock_of_a_run_decides_nothing_about_a_lease(open_one: OpenOne, clock: Time, offset: timedelta) -> None:
    """A second run whose clock is off takes no lease: only the database's clock is asked."""
    open_one().lock(SCOPE, "one")
    clock.at += offset

    with pytest.raises(LockedError):
        open_one().lock(SCOPE, "two")


@pytest.mark.parametrize(
    "change",
    [{"boot": "another"}, {"namespace": "pid:[1] time:[1]"}, {"boot": "", "namespace": ""}, {"started": "?"}],
)
def test_an_owner_that_cannot_be_seen_is_not_taken_for_dead(open_one: OpenOne, change: dict[str, str]) -> None:
    """Another machine of the same name, another container, a system that shows no processes: the pid says nothing."""
    state = open_one()
    state.lock(SCOPE, "one")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    moved_away(state, pid=os.getpid() if "started" in change else ended.pid, **change)

    with pytest.raises(LockedError, match="wait for it"):
        open_one().lock(SCOPE, "two")
    moved_away(state, uptime=None)
    renewed(state, 61)
    assert "two" == open_one().lock(SCOPE, "two").run


def test_a_lease_from_a_clock_in_the_future_is_explained(open_one: OpenOne) -> None:
    """The database's clock was set back: the lease is kept, and who comes is told how to free it."""
    state = open_one()
    state.lock(SCOPE, "one")
    moved_away(state, **ELSEWHERE)
    renewed(state, -3600)

    with pytest.raises(LockedError, match=r"set back.*migrator unlock"):
        open_one().lock(SCOPE, "two")
    assert "future" == state.leases()[SCOPE].state


def test_a_jump_of_the_time_of_day_does_not_end_the_lease_of_a_living_owner(open_one: OpenOne) -> None:
    """Two processes of one machine share a clock that nobody sets, and it must agree."""
    state = open_one()
    state.lock(SCOPE, "one")
    renewed(state, 3600)

    with pytest.raises(LockedError):
        open_one().lock(SCOPE, "two")


def test_a_dead_process_on_this_machine_loses_its_lock_at_once(open_one: OpenOne) -> None:
    """Neither a process that has ended, nor another one that got its number, holds the lock."""
    state = open_one()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for trace in ({"pid": ended.pid}, {"started": "1"}):
        state.lock(SCOPE, "one")
        moved_away(state, **trace)

        assert {} == state.owners()
        state.unlock(SCOPE, open_one().lock(SCOPE, "two"))


def test_a_killed_process_that_nobody_has_asked_after_loses_its_lock_too(open_one: OpenOne) -> None:
    """In a container without an init that reaps, a killed process stays listed; it holds nothing for all that."""
    state = open_one()
    killed = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    stat = Path(f"/proc/{killed.pid}/stat")
    state.lock(SCOPE, "one")
    moved_away(state, pid=killed.pid, started=stat.read_text().rpartition(")")[2].split()[19])
    assert ["one"] == [owner.run for owner in state.owners().values()]

    killed.kill()
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)

    assert {} == state.owners()
    killed.communicate()


def test_of_many_that_come_at_once_one_gets_the_lock(open_one: OpenOne) -> None:
    """Whatever the interleaving, the lock has one owner, and the others are told so in words."""
    states = [open_one() for _ in range(6)]
    gate, got, refused = threading.Barrier(len(states)), list[str](), list[Exception]()

    def run(number: int) -> None:
        gate.wait()
        try:
            got.append(states[number].lock(SCOPE, str(number)).run)
        except LockedError as error:
            refused.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(states))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (1, 5) == (len(got), len(refused))
    with states[0].transaction() as connection:
        assert got == [row.run for row in connection.execute(sa.select(t.locks))]
