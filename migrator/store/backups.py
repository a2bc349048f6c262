"""Copies of a SQLite file, made before something is done to it that cannot be taken back."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from migrator.errors import StateError


def back_up(connection: sa.Connection, label: str, *, now: datetime) -> Path | None:
    """Copy the file as it was when the transaction of `connection` began, beside it and under a name of its own.

    Args:
        connection: in a transaction that keeps other writers out, and has written nothing yet.
        label: what the copy is from: "version-2".
        now: goes into the name.

    Returns:
        The copy; None where there is no file: a server has backups of its own.

    Raises:
        StateError: it could not be made.
    """
    database = connection.engine.url.database
    if connection.dialect.name != "sqlite" or not database or not Path(database).is_file():
        return None
    path = Path(database)
    stamped = f"{path.name}.{label}.{now:%Y%m%dT%H%M%S}"
    numbered = (f"{stamped}-{number}" for number in itertools.count(2))  # several copies may be made in a second
    names = (path.with_name(name) for name in itertools.chain([stamped], numbered))
    copy = next(name for name in names if not name.exists())
    try:
        copy.touch(mode=0o600, exist_ok=False)
        shutil.copymode(path, copy)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    except (OSError, sqlite3.Error) as error:
        hint = "make room and write access beside it, then run the command again"
        what = "no copy of the state could be made, so the state stays as it is"
        raise StateError(what, where=str(copy), actual=str(error), hint=hint) from error
    return copy
