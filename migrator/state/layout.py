"""Versions of the tables: an older layout is brought up to this one, a newer one is refused untouched.

A file belongs to one machine, whose next run needs it: it is brought up when it is opened, after a copy of it was made.
A server may belong to several machines, and those that still have an older version of migrator cannot use it
afterwards: it is brought up when somebody says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import sqlalchemy as sa
from attrs import frozen

from migrator.errors import StateError
from migrator.state import tables as t
from migrator.state.backups import back_up
from migrator.state.owners import require_rest

Older = Literal["files", "upgrade", "keep"]
"""What becomes of an older layout: only files are brought up, or servers too, or it is left alone."""

_MIGRATIONS: Final[Mapping[int, tuple[str, ...]]] = {
    1: (
        "ALTER TABLE runs ADD COLUMN kind VARCHAR(16) NOT NULL DEFAULT 'apply'",
        'ALTER TABLE runs ADD COLUMN "of" VARCHAR(64)',
        "ALTER TABLE runs ADD COLUMN plan TEXT",
        "ALTER TABLE runs ADD COLUMN place INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE intents ADD COLUMN ended_at VARCHAR(40)",
        "ALTER TABLE snapshots ADD COLUMN link TEXT",
    ),
    2: (
        "ALTER TABLE links ADD COLUMN stands_for TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE links ADD COLUMN until VARCHAR(40)",
    ),
}
"""By version, what makes the next one of it; tables that are new need no word."""

_ONE_AT_A_TIME: Final = 0x6D696772
"""The advisory lock under which a PostgreSQL database gets its tables."""


def check(connection: sa.Connection, shown: str) -> int | None:
    """The version of the layout; None when there is none yet. Changes nothing.

    Raises:
        StateError: it is newer than this program, or no state at all.
    """
    inspector = sa.inspect(connection)
    tables = inspector.get_table_names()
    if t.meta.name not in tables:
        if connection.dialect.name == "sqlite" and tables:
            what, hint = "the file is no state of migrator", "name another one with --state"
            raise StateError(what, where=shown, actual=f"a database with the tables {', '.join(tables)}", hint=hint)
        return None
    found = connection.scalar(sa.select(t.meta.c.value).where(t.meta.c.key == "version"))
    if found is not None and int(found) > t.VERSION:
        raise StateError(
            "the state was written by a newer version of migrator, and stays as it is",
            where=shown,
            actual=f"layout {found}",
            allowed=f"layout {t.VERSION}",
            hint="upgrade migrator, or name another state with --state",
        )
    return None if found is None else int(found)


@frozen(kw_only=True)
class Layout:
    """How a state was found, and what became of it.

    Attributes:
        found: the version of its layout; None when it was new.
        now: the version that it has now.
        backup: the copy of the file as it was before.
    """

    found: int | None
    now: int
    backup: Path | None = None


def bring_up(connection: sa.Connection, shown: str, *, now: datetime, older: Older) -> Layout:
    """Give the database this version's tables, in the transaction of `connection`: all of it, or nothing.

    Raises:
        StateError: as `check`; or it is older and is not to be brought up here.
        LockedError: a run of an older version is under way.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
    found = check(connection, shown)
    if older == "keep":
        if found is None:
            raise no_state(shown)
        return Layout(found=found, now=found)
    if found is None:
        t.metadata.create_all(connection)
        connection.execute(t.meta.insert().values(key="version", value=str(t.VERSION)))
    if found is None or found == t.VERSION:
        return Layout(found=found, now=t.VERSION)
    if older == "files" and connection.dialect.name != "sqlite":
        raise _waits(found, shown)
    require_rest(connection, shown)
    backup = back_up(connection, f"layout-{found}", now=now)
    for version in range(found, t.VERSION):
        for statement in _MIGRATIONS[version]:
            connection.exec_driver_sql(statement)
    t.metadata.create_all(connection)
    connection.execute(t.meta.update().where(t.meta.c.key == "version").values(value=str(t.VERSION)))
    return Layout(found=found, now=t.VERSION, backup=backup)


def no_state(shown: str) -> StateError:
    """There is nothing to be read."""
    return StateError("there is no state", where=shown, hint="name another one with --state; the first run makes one")


def _waits(found: int, shown: str) -> StateError:
    return StateError(
        "the state has the layout of an older version of migrator, and others may still use it",
        where=shown,
        actual=f"layout {found}",
        allowed=f"layout {t.VERSION}",
        hint="when every machine that shares it has this version: migrator state upgrade",
    )
