"""The database behind the state: opened durably, checked, and every failure put into words."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from migrator.errors import StateError
from migrator.store.checksums import REBUILD, damaged
from migrator.store.lock_owners import LEASE
from migrator.store.schema_version import SchemaVersion, check, make_newest, no_state
from migrator.store.servers import SILENT, bound
from migrator.store.versions import REVISIONS, Revisions

_NOTED: Final = "what was recorded is kept; run the command again when the state can be written"
_ELSEWHERE: Final = "make the file or server reachable and writable, or name another state with --state"
_ROOM: Final = "make room on the disk; what was recorded is kept, and the next run finishes the rest"
_RIGHTS: Final = (
    "the file, its folder or the disk is missing or read-only: make it writable, or name another state with --state"
)
_SILENT: Final = (
    "what was noted before stays noted; the next run looks up what became of the writes that were sent since: "
    "run the command again when the database answers"
)
_PRIVATE: Final = 0o600
_HINTS: Final = (
    ("malformed", REBUILD),
    ("not a database", REBUILD),
    ("could not decode", REBUILD),
    ("no such column", REBUILD),
    ("no such table", REBUILD),
    ("corrupt", REBUILD),
    ("unsupported file format", REBUILD),
    ("disk i/o error", f"the disk is full or failing: {_ROOM}"),
    ("readonly", _RIGHTS),
    ("unable to open database file", _RIGHTS),
    ("is full", _ROOM),
    (SILENT, _SILENT),
    ("timeout", _SILENT),
    ("is locked", "another program holds the file, perhaps a backup: wait for it, then run the command again"),
)


@frozen(kw_only=True)
class Database:
    """An open database.

    Attributes:
        engine: the way to it.
        now: the clock.
        shown: its URL without the password.
        schema_version: how it was found, and what became of it.
        lease: how long a lock lasts after its last renewal.
    """

    engine: sa.Engine
    now: Callable[[], datetime]
    shown: str
    schema_version: SchemaVersion
    lease: timedelta = LEASE

    def close(self) -> None:
        """Let go of the file or the server."""
        self.engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """One transaction: on disk when the block ends without an error, else without effect.

        Raises:
            StateError: the database cannot be used.
            IntegrityError: two processes recorded the same thing at once.
        """
        try:
            with self.engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise _unusable("the state cannot be used", self.shown, error, _NOTED) from error
        except UnicodeDecodeError as error:
            raise damaged(self.shown, f"a text that is not UTF-8: {error}") from error


@frozen(kw_only=True)
class Condition:
    """What a look at a state told.

    Attributes:
        shown: its URL without the password.
        schema_version: the version of its tables, None when there are none yet.
        size: bytes of its file, None where there is no file.
        unwritable: why its file or folder cannot be written; "" where they can, or where there is no file.
    """

    shown: str
    schema_version: int | None
    size: int | None
    unwritable: str = ""


def connect(
    url: str,
    *,
    now: Callable[[], datetime],
    must_exist: bool = False,
    upgrade: bool = False,
    revisions: Revisions = REVISIONS,
) -> tuple[sa.Engine, str, SchemaVersion]:
    """An engine on a state, the URL to show, and its schema version.

    Args:
        url: names the state.
        now: the clock; its time goes into the name of a backup.
        must_exist: whether a state that is not there is an error; nothing is made then.
        upgrade: whether an older one is brought to the newest schema version, after a backup; else it is an error.
        revisions: the schema versions that the program knows.

    Raises:
        StateError: it cannot be opened, is damaged, or is of another version; nothing was changed then.
        LockedError: it is to be upgraded, and a run is under way.
    """
    parsed, shown = _read(url)
    try:
        if _is_file(parsed):
            _look(parsed, shown, revisions, upgrade=upgrade)
        elif parsed.get_backend_name() == "sqlite":
            if must_exist:
                raise no_state(shown)
            _make_private(parsed, shown)
        engine = sa.create_engine(parsed)
        try:
            _configure(engine)
            with engine.begin() as connection:
                version = make_newest(connection, shown, revisions, must_exist=must_exist, upgrade=upgrade, now=now)
            return engine, shown, version  # noqa: TRY300 (what fails at the end of the transaction is caught, too)
        except BaseException:
            engine.dispose()
            raise
    except UnicodeDecodeError as error:
        raise damaged(shown, f"a text that is not UTF-8: {error}") from error
    except (SQLAlchemyError, ImportError) as error:
        raise _unusable("the state cannot be opened", shown, error, _ELSEWHERE) from error


def inspect(url: str) -> Condition:
    """Look at a state without making, upgrading or changing it.

    Raises:
        StateError: it cannot be opened, is damaged, or was written by another version.
    """
    parsed, shown = _read(url)
    is_file = parsed.get_backend_name() == "sqlite"
    unwritable = _why_unwritable(parsed) if is_file else ""
    if is_file and not _is_file(parsed):
        return Condition(shown=shown, schema_version=None, size=None, unwritable=unwritable)
    try:
        found = _look(parsed, shown, REVISIONS)
    except UnicodeDecodeError as error:
        raise damaged(shown, f"a text that is not UTF-8: {error}") from error
    except (SQLAlchemyError, ImportError) as error:
        raise _unusable("the state cannot be opened", shown, error, _ELSEWHERE) from error
    size = Path(parsed.database or "").stat().st_size if is_file else None
    return Condition(shown=shown, schema_version=found, size=size, unwritable=unwritable)


def _read(url: str) -> tuple[sa.URL, str]:
    """A URL with its driver, and as it is shown."""
    try:
        parsed = sa.engine.make_url(url)
        shown = parsed.render_as_string(hide_password=True)
    except SQLAlchemyError as error:
        raise StateError("the state's URL cannot be read", hint=_ELSEWHERE) from error
    return (parsed.set(drivername="postgresql+psycopg") if parsed.drivername == "postgresql" else parsed), shown


def _is_file(url: sa.URL) -> bool:
    """Whether it names a file that is there and holds something."""
    place = Path(url.database or "")
    return url.get_backend_name() == "sqlite" and place.is_file() and place.stat().st_size > 0


def _why_unwritable(url: sa.URL) -> str:
    """Return why a state's file, or its folder, where SQLite keeps its journal, cannot be written; "" when both can."""
    name = url.database or ""
    if name in {"", ":memory:"} or name.startswith("file:"):
        return ""
    place = Path(name)
    try:
        with tempfile.TemporaryFile(dir=place.parent):
            pass
    except OSError as error:
        return f"the folder {place.parent} cannot be written: {error.strerror}"
    try:
        if place.exists():
            os.close(os.open(place, os.O_RDWR))
    except OSError as error:
        return f"the file cannot be written: {error.strerror}"
    return ""


def _make_private(url: sa.URL, shown: str) -> None:
    """Make the file for its owner alone, because it holds prompts and addresses; also one that is there and empty.

    SQLite gives the files beside it the same rights. Where it cannot be made, opening it says why.

    Raises:
        StateError: an empty file of somebody else stands there, or something that is no file.
    """
    name = url.database or ""
    if name == ":memory:" or name.startswith("file:"):
        return
    place = os.path.realpath(name)  # a link that leads nowhere: what it names is made
    with suppress(OSError):
        handle = os.open(place, os.O_CREAT | os.O_RDWR | getattr(os, "O_NONBLOCK", 0), 0o600)
        try:
            found = os.fstat(handle)
            is_ours = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
            if not stat.S_ISREG(found.st_mode) or not is_ours:
                actual = "not a regular file" if is_ours else "an empty file that belongs to another user"
                raise StateError("the state cannot be opened", where=shown, actual=actual, hint=_ELSEWHERE)
            if stat.S_IMODE(found.st_mode) != _PRIVATE:
                Path(place).chmod(_PRIVATE)
        finally:
            os.close(handle)


def _look(url: sa.URL, shown: str, revisions: Revisions, *, upgrade: bool = False) -> int | None:
    """The schema version of what is there, before anything is written to it: whole, ours, and one that can be used."""
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    if engine.dialect.name == "postgresql":
        bound(engine)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA busy_timeout=10000")
            found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
            if found != "ok":
                raise damaged(shown, str(found))
        return check(connection, shown, revisions, upgrade=upgrade)


def _configure(engine: sa.Engine) -> None:
    """Make every commit durable, under any settings of the server or the file."""
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _configure_sqlite)
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    else:
        bound(engine)


def _configure_sqlite(connection: Any, _record: Any) -> None:
    """Durable at every commit, readable while a run writes, patient with another process."""
    connection.isolation_level = None
    for pragma in ("busy_timeout=10000", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _unusable(what: str, shown: str, error: Exception, otherwise: str) -> StateError:
    reason = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    said = reason.casefold()
    hint = next((hint for sign, hint in _HINTS if sign in said), otherwise)
    return StateError(what, where=shown, actual=reason.strip(), hint=hint)
