"""Who holds a lock: a process, recognised again on its host, and dead when it gives no sign of life."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from migrator.errors import LockedError
from migrator.mapping.codecs import read_time
from migrator.state import tables as t
from migrator.state.values import Owner

LAPSE: Final = timedelta(seconds=60)
"""How long a lock outlives its owner's last beat."""

_ENDED: Final = {"Z", "X"}
"""States of a process that has ended and that nobody has asked after yet, as in a container whose init does not."""


def living(connection: sa.Connection, now: datetime) -> dict[str, Owner]:
    """Who holds which lock, in a transaction; those whose owner is gone left out."""
    rows = list(connection.execute(sa.select(t.locks)))
    return {row.scope: owner_of(row) for row in rows if not is_dead(owner_of(row), read_time(row.beat), now=now)}


def require_rest(connection: sa.Connection, shown: str, *, now: datetime) -> None:
    """Make sure that no run is under way, before something is done to the state as a whole.

    Raises:
        LockedError: one is.
    """
    if found := living(connection, now):
        told = ", ".join(f"{scope} is held by {owner}" for scope, owner in found.items())
        hint = f"wait for it; a dead run's lock lapses after {LAPSE.seconds} s"
        raise LockedError("a run is writing, and the state stays as it is", where=shown, actual=told, hint=hint)


def owner_of(row: Any) -> Owner:
    """The owner in a row of the locks."""
    return Owner(host=row.host, pid=row.pid, started=row.started, run=row.run)


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
