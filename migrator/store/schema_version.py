"""The schema version of a state: found, and made the newest where the state is new or its upgrade is asked for."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from attrs import frozen

from migrator.errors import StateError
from migrator.store import tables as t
from migrator.store.backups import back_up
from migrator.store.lock_owners import require_rest
from migrator.store.versions import Revisions

_ONE_AT_A_TIME: Final = 0x6D696772
"""The advisory lock under which the tables of a PostgreSQL database are made or upgraded."""


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


def check(connection: sa.Connection, shown: str, revisions: Revisions, *, upgrade: bool) -> int | None:
    """Return the schema version of a database; None when it has no tables yet. Change nothing.

    Args:
        connection: to the database.
        shown: its URL without the password.
        revisions: the versions that the program knows.
        upgrade: whether it may be an older one.

    Raises:
        StateError: it is of another version, or no state at all.
    """
    tables = sa.inspect(connection).get_table_names()
    if t.schema_version.name not in tables:
        if tables and (connection.dialect.name == "sqlite" or t.meta.name in tables):
            what, hint = "not a state of migrator", "name another one with --state"
            raise StateError(what, where=shown, actual=f"a database with the tables {', '.join(tables)}", hint=hint)
        return None
    found = _version_text(connection)
    if upgrade and _is_older(found, revisions.newest):
        return int(found)
    require_version(connection, shown, revisions.newest)
    return revisions.newest


def require_version(connection: sa.Connection, shown: str, version: int) -> None:
    """Make sure that a state has this schema version.

    Raises:
        StateError: it has another one.
    """
    found = _version_text(connection)
    if found == str(version):
        return
    what = "the state was written by another version of migrator"
    hint = "use that version of migrator, or name another state with --state"
    if _is_older(found, version):
        what = "the state was written by an older version of migrator"
        hint = "upgrade it, which backs up a file first: migrator state upgrade"
    actual, allowed = f"schema version {found!r:.20}", f"schema version {version}"
    raise StateError(what, where=shown, actual=actual, allowed=allowed, hint=hint)


def _version_text(connection: sa.Connection) -> str:
    return str(connection.scalar(sa.select(t.schema_version)))


def _is_older(found: str, version: int) -> bool:
    return found.isascii() and found.isdecimal() and 0 < int(found) < version


def make_newest(
    connection: sa.Connection,
    shown: str,
    revisions: Revisions,
    *,
    must_exist: bool,
    upgrade: bool,
    now: Callable[[], datetime],
) -> SchemaVersion:
    """Make the tables of a new database, or upgrade those of an older one, in the transaction of `connection`.

    Raises:
        StateError: as `check`; there are no tables, and they must exist; a row is damaged, or no backup could be made.
        LockedError: it is older, and a run is under way.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
    found, backup = check(connection, shown, revisions, upgrade=upgrade), None
    if found is None and must_exist:
        raise no_state(shown)
    if found != revisions.newest:
        from migrator.store.revisions import run_revisions  # noqa: PLC0415 (slow to import, and seldom needed)

        if found is not None:
            keep_others_out(connection, t.locks.name)
            require_rest(connection, shown)
            backup = back_up(connection, f"version-{found}", now=now())
        run_revisions(connection, revisions)
        if found is None:
            connection.execute(t.meta.insert().values(key=t.SEAL, value=secrets.token_hex(32)))
    return SchemaVersion(found=found, now=revisions.newest, backup=backup)


def keep_others_out(connection: sa.Connection, *tables: str) -> None:
    """Keep other writers out until the transaction ends; a SQLite transaction does that by itself."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"LOCK TABLE {', '.join(tables)} IN EXCLUSIVE MODE")


def no_state(shown: str) -> StateError:
    """There is nothing to be read."""
    return StateError("there is no state", where=shown, hint="name another one with --state; the first run creates one")
