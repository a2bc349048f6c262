"""The schema version of the tables: a new database gets them, one of another version is refused and stays as it is."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from attrs import frozen

from migrator.errors import StateError
from migrator.store import tables as t

_ONE_AT_A_TIME: Final = 0x6D696772
"""The advisory lock under which a PostgreSQL database gets its tables."""


def check(connection: sa.Connection, shown: str) -> int | None:
    """Return the schema version of a database; None when it has no tables yet. Change nothing.

    Raises:
        StateError: it is of another version, or no state at all.
    """
    inspector = sa.inspect(connection)
    tables = inspector.get_table_names()
    if t.meta.name not in tables:
        if connection.dialect.name == "sqlite" and tables:
            what, hint = "not a state of migrator", "name another one with --state"
            raise StateError(what, where=shown, actual=f"a database with the tables {', '.join(tables)}", hint=hint)
        return None
    found = connection.scalar(sa.select(t.meta.c.value).where(t.meta.c.key == "version"))
    if found is None:
        return None
    if found == str(t.VERSION):
        return t.VERSION
    raise StateError(
        "the state was written by another version of migrator",
        where=shown,
        actual=f"schema version {found!r:.20}",
        allowed=f"schema version {t.VERSION}",
        hint="use that version of migrator, or name another state with --state",
    )


@frozen(kw_only=True)
class SchemaVersion:
    """Schema version of a state as it was found, and as it is.

    Attributes:
        found: the version that was found; None when it was new.
        now: the version that it has now.
        backup: the copy of the file as it was before an upgrade.
    """

    found: int | None
    now: int
    backup: Path | None = None


def make_tables(connection: sa.Connection, shown: str, *, must_exist: bool) -> SchemaVersion:
    """Make the tables of a new database, in the transaction of `connection`.

    Raises:
        StateError: as `check`; or there are no tables, and they must exist.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
    found = check(connection, shown)
    if found is None:
        if must_exist:
            raise no_state(shown)
        t.metadata.create_all(connection)
        told = {"version": str(t.VERSION), t.SEAL: secrets.token_hex(32)}
        connection.execute(t.meta.insert(), [{"key": key, "value": value} for key, value in told.items()])
    return SchemaVersion(found=found, now=t.VERSION)


def no_state(shown: str) -> StateError:
    """There is nothing to be read."""
    return StateError("there is no state", where=shown, hint="name another one with --state; the first run creates one")
