"""Whose turn it is: one run per target scope, on one machine or on several.

A lock says who holds it (host, process and when that process started), beats while its owner lives, and lapses a minute
after the last beat; a dead process on the same host loses it at once.
"""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from migrator.state.values import Owner

LAPSE: Final = timedelta(seconds=60)
"""How long a lock outlives its owner's last beat."""


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
    return stat.rpartition(")")[2].split()[19]


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
