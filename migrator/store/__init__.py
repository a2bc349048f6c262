"""The state: bindings, active sides, journal, saved records and locks, in SQLite or PostgreSQL.

Every public method is one transaction: when it returns, what it was told is on disk. `GroupCommit` brings what a run
records while it writes to disk in larger batches.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from attrs import frozen

from migrator.store.active_sides import ActiveSides
from migrator.store.bindings import Bindings
from migrator.store.database import Condition, connect, inspect
from migrator.store.dump import Dump
from migrator.store.group_commit import GroupCommit
from migrator.store.journal import Journal
from migrator.store.lock_owners import LEASE
from migrator.store.locks import Locks
from migrator.store.pruning import Pruned, Pruning
from migrator.store.rebinding import Rebinder
from migrator.store.records import ActiveSide, Binding, Lease, Missed, Owner, Run, SavedRecord, Write
from migrator.store.relocation import Rebinding, Relocation
from migrator.store.schema_version import SchemaVersion


@frozen(kw_only=True)
class State(Bindings, ActiveSides, Journal, Locks, Dump, Pruning, Rebinder):
    """An open state."""


def open_state(
    url: str,
    *,
    now: Callable[[], datetime],
    must_exist: bool = False,
    upgrade: bool = False,
    lease: timedelta = LEASE,
) -> State:
    """Open the state, making its tables when it is new.

    Args:
        url: "sqlite:///migrator.db" or "postgresql://user@host/name".
        now: the clock.
        must_exist: whether a state that is not there is an error; nothing is made then.
        upgrade: whether an older one is brought to this version's schema, after a backup; else it is an error.
        lease: how long a lock lasts after its last renewal.

    Raises:
        StateError: it cannot be opened, is damaged, or is of another version; nothing was changed then.
        LockedError: it is to be upgraded, and a run is under way.
    """
    engine, shown, version = connect(url, now=now, must_exist=must_exist, upgrade=upgrade)
    return State(engine=engine, now=now, shown=shown, schema_version=version, lease=lease)


__all__ = [
    "ActiveSide",
    "Binding",
    "Condition",
    "GroupCommit",
    "Lease",
    "Missed",
    "Owner",
    "Pruned",
    "Rebinding",
    "Relocation",
    "Run",
    "SavedRecord",
    "SchemaVersion",
    "State",
    "Write",
    "inspect",
    "open_state",
]
