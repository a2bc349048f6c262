"""Who holds a lease, and whether that process is known to be dead.

A process is judged only where it can be seen: on the same boot of the same machine and in the same namespaces. Of any
other process nothing is known but its lease, which ends at its expiry by the database's clock.
"""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from migrator.errors import LockedError
from migrator.mapping.codecs import read_time
from migrator.store import tables as t
from migrator.store.records import Lease, LeaseState, Owner

LEASE: Final = timedelta(seconds=60)
"""How long a lease lasts after its last renewal."""

UNLOCK: Final = "free it: migrator unlock"

_FUTURE: Final = timedelta(seconds=5)
"""How much later than now a renewal may be before the clock is taken to have been set back."""
_ENDED: Final = {"Z", "X"}
"""States of a process that has ended and was not waited for, as in a container whose init does not."""
_UNKNOWN: Final = "?"
_PROC: Final = Path("/proc")


def database_now(connection: sa.Connection) -> datetime:
    """The time by the database's clock: that of the server, or of the machine for a file."""
    if connection.dialect.name == "sqlite":
        return read_time(connection.exec_driver_sql("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')").scalar_one())
    found: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    return found


def leases(connection: sa.Connection) -> dict[str, Lease]:
    """Return every lease by its scope, in a transaction."""
    rows = list(connection.execute(sa.select(t.locks)))
    now = database_now(connection) if rows else None
    return {row.scope: lease_of(row, now) for row in rows if now}


def living(connection: sa.Connection) -> dict[str, Owner]:
    """Return who holds which lock, in a transaction; without owners whose lease is free."""
    return {scope: lease.owner for scope, lease in leases(connection).items() if not lease.is_free}


def require_rest(connection: sa.Connection, shown: str) -> None:
    """Make sure that no run is under way, before something is done to the state as a whole.

    Raises:
        LockedError: one is.
    """
    if found := [lease for lease in leases(connection).values() if not lease.is_free]:
        told = ", ".join(f"{lease.scope} is held by {lease.owner}" for lease in found)
        what = "a run is writing; the state was not changed"
        raise LockedError(what, where=shown, actual=told, hint=waiting_hint(found[0]))


def waiting_hint(lease: Lease | None) -> str:
    """Say what to do about a lease that another run holds."""
    if lease and lease.state == "future":
        told = "it was renewed later than it is now by the database's clock, which was set back"
        return f"{told}: check that its process has ended, then {UNLOCK}"
    seconds = (lease.expires - lease.beat if lease else LEASE) / timedelta(seconds=1)
    return f"wait for it; the lease of a run that died ends {seconds:g} s after its last renewal"


def lease_of(row: Any, now: datetime) -> Lease:
    """Return the lease in a row of the locks, judged at `now` of the database's clock."""
    owner = owner_of(row)
    beat, expires = read_time(row.beat), read_time(row.expires)
    state = _state(owner, beat, expires, row.uptime, now)
    return Lease(scope=row.scope, owner=owner, beat=beat, expires=expires, state=state, is_seen=is_seen(owner))


def _state(owner: Owner, beat: datetime, expires: datetime, uptime: float | None, now: datetime) -> LeaseState:
    if is_dead(owner):
        return "dead"
    if beat > now + _FUTURE:
        return "future"
    here = uptime_here()
    if uptime is not None and here is not None and is_seen(owner) and here >= uptime:
        # One clock for both that is never set: a jump of the time of day does not end the lease of a living owner.
        return "expired" if now >= expires and here - uptime >= (expires - beat).total_seconds() else "held"
    return "expired" if now >= expires else "held"


def owner_of(row: Any) -> Owner:
    """Return the owner in a row of the locks."""
    return Owner(host=row.host, boot=row.boot, namespace=row.namespace, pid=row.pid, started=row.started, run=row.run)


def this_process(run: str) -> Owner:
    """Return the running process as the owner of a lock."""
    boot, namespace = place_here()
    pid = os.getpid()
    started = _started(pid) or _UNKNOWN
    return Owner(host=socket.gethostname(), boot=boot, namespace=namespace, pid=pid, started=started, run=run)


def place_here() -> tuple[str, str]:
    """Return the boot id of this machine and the namespaces of this process; "" for what cannot be told.

    A /proc that shows the processes of another namespace, as in a container that mounts its host's, tells nothing.
    """
    return _place(os.getpid())


@cache
def _place(pid: int) -> tuple[str, str]:
    try:
        if str((_PROC / "self").readlink()) != str(pid):
            return "", ""
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("utf-8").strip()
        own = _PROC / "self/ns"
        spaces = [str((own / name).readlink()) for name in ("pid", "time") if name == "pid" or (own / name).exists()]
    except OSError:
        return "", ""
    return boot, " ".join(spaces)


def uptime_here() -> float | None:
    """Return seconds since this machine started, suspension included; None where that cannot be told.

    Read as the kernel tells it, because it is compared with what another process has read.
    """
    try:
        return float((_PROC / "uptime").read_text("utf-8").split()[0])
    except (OSError, ValueError, IndexError):
        return None


def is_seen(owner: Owner) -> bool:
    """Return whether an owner is, or was, a process that can be seen from here."""
    boot, namespace = place_here()
    return bool(boot and namespace) and (owner.boot, owner.namespace) == (boot, namespace)


def is_dead(owner: Owner) -> bool:
    """Return whether a lock's owner is a process that can be seen from here, and has ended."""
    known = is_seen(owner) and owner.started != _UNKNOWN
    return known and _started(owner.pid) not in {owner.started, _UNKNOWN}


def _started(pid: int) -> str | None:
    """When a process started, in the system's own counting; None when it has ended, "?" when that is not shown."""
    try:
        stat = (_PROC / f"{pid}/stat").read_text("utf-8", "replace")
        state, *rest = stat.rpartition(")")[2].split()
        return None if state in _ENDED else rest[18]
    except (OSError, ValueError, IndexError):
        return _UNKNOWN if _exists(pid) else None


def _exists(pid: int) -> bool:
    """Whether there is such a process, also where /proc hides those of others."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
