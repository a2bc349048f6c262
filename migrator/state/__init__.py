"""The state: links, rights to fire, journal, snapshots and locks, in SQLite or PostgreSQL.

Every public method is one transaction: when it returns, what it was told is on disk. `Notes` brings what a run notes
while it writes to disk in larger pieces.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from attrs import frozen

from migrator.state.database import Condition, connect, inspect
from migrator.state.journal import Journal
from migrator.state.layout import Layout
from migrator.state.links import Links
from migrator.state.locks import Locks
from migrator.state.moving import Moving, Rebinding, Relocation
from migrator.state.notes import Notes
from migrator.state.owners import LEASE
from migrator.state.pruning import Pruned, Pruning
from migrator.state.rights import Rights
from migrator.state.values import Intent, Lease, Link, Missed, Owner, Right, Run, Snapshot
from migrator.state.whole import Whole


@frozen(kw_only=True)
class State(Links, Rights, Journal, Locks, Whole, Pruning, Moving):
    """An open state."""


def open_state(url: str, *, now: Callable[[], datetime], must_exist: bool = False, lease: timedelta = LEASE) -> State:
    """Open the state, making its tables when it is new.

    Args:
        url: "sqlite:///migrator.db" or "postgresql://user@host/name".
        now: the clock.
        must_exist: whether a state that is not there is an error; nothing is made then.
        lease: how long a lock lasts after its last renewal.

    Raises:
        StateError: it cannot be opened, is damaged, or was written by another version; nothing was changed then.
    """
    engine, shown, layout = connect(url, must_exist=must_exist)
    return State(engine=engine, now=now, shown=shown, layout=layout, lease=lease)


__all__ = [
    "Condition",
    "Intent",
    "Layout",
    "Lease",
    "Link",
    "Missed",
    "Notes",
    "Owner",
    "Pruned",
    "Rebinding",
    "Relocation",
    "Right",
    "Run",
    "Snapshot",
    "State",
    "inspect",
    "open_state",
]
