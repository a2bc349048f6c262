"""Whose turn it is: one run per target scope, on one machine or on several.

A lock says who holds it (host, process and when that process started), beats while its owner lives, and lapses a minute
after the last beat; a dead process on the same host loses it at once.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.exc import IntegrityError

from migrator.errors import LockedError
from migrator.mapping.codecs import read_time, write_time
from migrator.state import tables as t
from migrator.state.database import Database
from migrator.state.values import Owner

LAPSE: Final = timedelta(seconds=60)
"""How long a lock outlives its owner's last beat."""


@frozen(kw_only=True)
class Locks(Database):
    """The part of the state that keeps two runs apart."""

    def lock(self, scope: str, run: str) -> Owner:
        """Take the lock of a target scope.

        Raises:
            LockedError: another run holds it.
        """
        me = this_process(run)
        try:
            with self.transaction() as connection:
                if row := connection.execute(_held(scope).with_for_update()).first():
                    owner = _owner(row)
                    if not is_dead(owner, read_time(row.beat), now=self.now()):
                        raise _locked(scope, owner)
                    connection.execute(t.locks.delete().where(t.locks.c.scope == scope))
                connection.execute(
                    t.locks.insert().values(
                        scope=scope,
                        host=me.host,
                        pid=me.pid,
                        started=me.started,
                        run=me.run,
                        beat=write_time(self.now()),
                    )
                )
        except IntegrityError as error:
            raise _locked(scope, None) from error
        return me

    def beat(self, scope: str, owner: Owner) -> bool:
        """Say that the owner of a lock lives; False when the lock is no longer its own."""
        with self.transaction() as connection:
            done = connection.execute(
                t.locks.update()
                .where(t.locks.c.scope == scope, t.locks.c.run == owner.run)
                .values(beat=write_time(self.now()))
            )
            return done.rowcount == 1

    def unlock(self, scope: str, owner: Owner) -> None:
        """Give a lock back."""
        with self.transaction() as connection:
            connection.execute(t.locks.delete().where(t.locks.c.scope == scope, t.locks.c.run == owner.run))

    def owners(self) -> Mapping[str, Owner]:
        """Who holds which lock; those whose owner is gone left out."""
        with self.transaction() as connection:
            rows = list(connection.execute(sa.select(t.locks)))
        now = self.now()
        return {row.scope: _owner(row) for row in rows if not is_dead(_owner(row), read_time(row.beat), now=now)}


def require(connection: sa.Connection, scope: str, run: str) -> None:
    """Make sure, within a transaction, that a run still holds a lock.

    Raises:
        LockedError: it has lost it.
    """
    row = connection.execute(_held(scope).with_for_update()).first()
    if row is None or row.run != run:
        taken = f"held by {_owner(row)}" if row else "held by nobody"
        hint = "nothing more is sent; run the command again when the other run has ended"
        raise LockedError("this run has lost its lock", where=scope, actual=taken, hint=hint)


_ENDED: Final = {"Z", "X"}
"""States of a process that has ended and that nobody has asked after yet, as in a container whose init does not."""


def this_process(run: str) -> Owner:
    """The running process as the owner of a lock."""
    return Owner(host=socket.gethostname(), pid=os.getpid(), started=_started(os.getpid()) or "?", run=run)


def is_dead(owner: Owner, beat: datetime, *, now: datetime) -> bool:
    """Whether a lock's owner is gone: no beat for `LAPSE`, or no such process on this host."""
    if now - beat > LAPSE:
        return True
    return owner.host == socket.gethostname() and _started(owner.pid) != owner.started


def _started(pid: int) -> str | None:
    """When a process started, in the system's own counting; None when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except OSError:
        return _alive_elsewhere(pid)
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in _ENDED else fields[19]


def _alive_elsewhere(pid: int) -> str | None:
    """The same where there is no /proc: only whether the process exists."""
    if Path("/proc/self").exists():
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        return "?"
    return "?"


def _held(scope: str) -> sa.Select[Any]:
    return sa.select(t.locks).where(t.locks.c.scope == scope)


def _owner(row: Any) -> Owner:
    return Owner(host=row.host, pid=row.pid, started=row.started, run=row.run)


def _locked(scope: str, owner: Owner | None) -> LockedError:
    return LockedError(
        "another run is writing to this target",
        where=scope,
        actual=f"held by {owner}" if owner else "held by a run that started at the same moment",
        hint=f"wait for it; a dead run's lock lapses after {LAPSE.seconds} s",
    )
