"""Versions of the tables: an older layout is brought up to this one, a newer one is refused untouched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

from migrator.errors import StateError
from migrator.state import tables as t

_MIGRATIONS: Final[Mapping[int, tuple[str, ...]]] = {
    1: (
        "ALTER TABLE runs ADD COLUMN kind VARCHAR(16) NOT NULL DEFAULT 'apply'",
        'ALTER TABLE runs ADD COLUMN "of" VARCHAR(64)',
        "ALTER TABLE runs ADD COLUMN plan TEXT",
        "ALTER TABLE runs ADD COLUMN place INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE intents ADD COLUMN ended_at VARCHAR(40)",
        "ALTER TABLE snapshots ADD COLUMN link TEXT",
    ),
    2: (),
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


def bring_up(connection: sa.Connection, shown: str) -> None:
    """Give the database this version's tables, in the transaction of `connection`: all of it, or nothing.

    Raises:
        StateError: as `check`.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
    found = check(connection, shown)
    for version in range(found or t.VERSION, t.VERSION):
        for statement in _MIGRATIONS[version]:
            connection.exec_driver_sql(statement)
    t.metadata.create_all(connection)
    if found is None:
        connection.execute(t.meta.insert().values(key="version", value=str(t.VERSION)))
    elif found < t.VERSION:
        connection.execute(t.meta.update().where(t.meta.c.key == "version").values(value=str(t.VERSION)))
