"""The state as a whole: taken out as plain rows, and put into another database.

Which rows there are, and of what, is read off the tables themselves. Two of them are not exported: `meta`, with the key
of saved plans, and the locks, which belong to processes that are running now.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cattrs
import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.exc import DataError, IntegrityError

from migrator.canonical import PATHS, unflatten
from migrator.errors import MigratorError, RefusedError, StateError
from migrator.store import tables as t
from migrator.store.backups import back_up
from migrator.store.checksums import SUM, checked, sum_of
from migrator.store.database import Database
from migrator.store.lock_owners import require_rest
from migrator.store.records import Definition
from migrator.store.rows import definition_of
from migrator.store.schema_version import keep_others_out

Row = Mapping[str, Any]

MOVED: Final = tuple(
    sorted((table for table in t.metadata.tables.values() if table not in {t.meta, t.locks}), key=lambda one: one.name)
)
"""The tables that are taken out and put back."""
_TEXTS: Final = frozenset({"name", "trigger.timezone", "action.text", "action.event"})
"""The fields that every job needs as a text, if it has them."""


@frozen(kw_only=True)
class Contents:
    """What a state holds.

    Attributes:
        schema_version: the version of the tables that the rows are of.
        tables: by table, its rows by column.
    """

    schema_version: int
    tables: Mapping[str, tuple[Row, ...]]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows of each table there are."""
        return {name: len(rows) for name, rows in self.tables.items()}


@frozen(kw_only=True)
class Dump(Database):
    """The part of the state that moves it."""

    def contents(self) -> Contents:
        """Everything, as it was at one moment; in the same order on every database."""
        with self.transaction() as connection:
            only_read(connection)
            tables = {table.name: _taken(connection, table) for table in MOVED}
        return Contents(schema_version=self.schema_version.now, tables=tables)

    def check(self) -> None:
        """Read every row.

        Raises:
            StateError: one is damaged.
        """
        with self.transaction() as connection:
            only_read(connection)
            for table in MOVED:
                for row in connection.execute(sa.select(table)):
                    checked(table, row)

    def fill(self, contents: Contents, *, replace: bool = False) -> Path | None:
        """Put everything in, or nothing.

        Args:
            contents: of this schema version.
            replace: what is there already goes.

        Returns:
            A copy of the file as it was before, when something was replaced in a file.

        Raises:
            LockedError: a run is under way.
            RefusedError: the state is not empty, and nothing is to be replaced.
            StateError: this database cannot hold it.
        """
        with self.transaction() as connection:
            keep_others_out(connection, "locks")
            require_rest(connection, self.shown)
            keep_others_out(connection, *(table.name for table in MOVED))
            backup = self._cleared(connection, replace=replace)
            for table in MOVED:
                self._put(connection, table, contents.tables.get(table.name, ()))
            return backup

    def _cleared(self, connection: sa.Connection, *, replace: bool) -> Path | None:
        """Make room; nothing is to be done in an empty state."""
        counted = {table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) for table in MOVED}
        held = ", ".join(f"{number:,} {name}" for name, number in counted.items() if number)
        if not held:
            return None
        if not replace:
            hint = "name an empty one with --state, or replace this one with --replace"
            raise RefusedError("the state is not empty; nothing was changed", where=self.shown, actual=held, hint=hint)
        backup = back_up(connection, "replaced", now=self.now())
        for table in MOVED:
            connection.execute(table.delete())
        return backup

    def _put(self, connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
        """Put rows into a table."""
        try:
            if rows:
                connection.execute(table.insert(), [self._whole(table, row) for row in rows])
        except (DataError, IntegrityError) as error:
            what = f"this database cannot hold the rows of {table.name}, and the state is as it was"
            hint = "take the document as migrator state export wrote it"
            raise StateError(what, where=self.shown, actual=str(error.orig).strip(), hint=hint) from error

    def _whole(self, table: sa.Table, row: Row) -> Row:
        """Return a row with its checksum; one without, a person has edited, and a definition is read to check it.

        Raises:
            StateError: the checksum does not fit, or the definition cannot be read.
        """
        if row[SUM]:
            try:
                return dict(checked(table, row))
            except StateError as error:
                hint = 'if you edited the row on purpose, set its "sum" to ""; else export the state again'
                raise StateError(error.what, where=error.where, actual=error.actual, hint=hint) from error
        edited = {**row, SUM: sum_of(table, row)}
        if table is t.definitions:
            try:
                _check_definition(definition_of(edited), json.loads(row["fields"]))
            except (ValueError, cattrs.BaseValidationError, MigratorError) as error:
                what = f"the edited definition of {row['source_id']} cannot be read; the state is as it was"
                raise StateError(
                    what, where="tables.definitions", actual=str(error), hint="correct its fields"
                ) from error
        return edited


def _check_definition(edited: Definition, fields: Mapping[str, Any]) -> None:
    """Refuse a definition that is no job: the next sync would carry it to the target.

    Args:
        edited: the definition.
        fields: its fields as they were typed, because reading makes a flag of any value.

    Raises:
        ValueError: a field is unknown, missing, or not of its type.
    """
    if unknown := [path for path in fields if path not in PATHS]:
        raise ValueError(f"unknown field {unknown[0]}")
    if type(fields.get("enabled", True)) is not bool:
        raise ValueError(f"enabled is {json.dumps(fields['enabled'])}, not true or false")
    if other := [path for path in fields if path in _TEXTS and not isinstance(fields[path], str)]:
        raise ValueError(f"{other[0]} is {json.dumps(fields[other[0]])}, not a text")
    try:
        unflatten(edited.fields, ref=edited.source)
    except KeyError as error:
        raise ValueError(f"{error.args[0]} is missing") from error


def only_read(connection: sa.Connection) -> None:
    """Let a transaction that has just begun see everything as it is now, without keeping writers waiting."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    else:
        connection.exec_driver_sql("COMMIT")  # of the transaction that writes; what follows is one that reads
        connection.exec_driver_sql("BEGIN")


def _taken(connection: sa.Connection, table: sa.Table) -> tuple[Row, ...]:
    """The rows of a table."""
    key = [column.name for column in table.primary_key]
    rows = (dict(checked(table, row)) for row in connection.execute(sa.select(table)).mappings())
    return tuple(sorted(rows, key=lambda row: [row[name] for name in key]))
