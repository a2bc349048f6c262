"""The state: links, rights to fire, journal, snapshots and locks, in SQLite or PostgreSQL.

Every public method is one transaction: when it returns, what it was told is on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from attrs import frozen

from migrator.state.database import Condition, connect, inspect
from migrator.state.journal import Journal
from migrator.state.links import Links
from migrator.state.locks import Locks
from migrator.state.rights import Rights
from migrator.state.values import Intent, Link, Missed, Owner, Right, Run, Snapshot


@frozen(kw_only=True)
class State(Links, Rights, Journal, Locks):
    """An open state."""


def open_state(url: str, *, now: Callable[[], datetime]) -> State:
    """Open the state, making its tables when it is new.

    Args:
        url: "sqlite:///migrator.db" or "postgresql://user@host/name".
        now: the clock.

    Raises:
        StateError: it cannot be opened, is damaged, or was written by a newer version; nothing was changed then.
    """
    engine, shown = connect(url)
    return State(engine=engine, now=now, shown=shown)


__all__ = [
    "Condition",
    "Intent",
    "Link",
    "Missed",
    "Owner",
    "Right",
    "Run",
    "Snapshot",
    "State",
    "inspect",
    "open_state",
]
