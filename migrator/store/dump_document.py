"""The whole state as a JSON document (`migrator/state@1`), and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from attrs import frozen

from migrator.errors import StateError
from migrator.mapping.codecs import write_time
from migrator.store import tables as t
from migrator.store.dump import MOVED, Contents, Row

SCHEMA: Final = "migrator/state@1"

_WHOLE: Final = "use the file as this wrote it: migrator state export"


@frozen(kw_only=True)
class Column:
    """What a column of a table holds.

    Attributes:
        type: str or int.
        optional: whether it may hold nothing.
    """

    type: type[str | int]
    optional: bool

    def takes(self, value: Any) -> bool:
        """Whether a JSON value can stand in it."""
        return self.optional if value is None else type(value) is self.type


def columns() -> dict[str, dict[str, Column]]:
    """By table of the document and by column, what stands there."""
    return {table.name: {column.name: _column(column) for column in table.columns} for table in MOVED}


def _column(column: sa.Column[Any]) -> Column:
    return Column(type=int if isinstance(column.type, sa.Integer) else str, optional=bool(column.nullable))


def contents_to_json(contents: Contents, *, at: datetime) -> dict[str, Any]:
    """The document; `at` is when the state was read."""
    tables = {name: list(rows) for name, rows in contents.tables.items()}
    return {"schema": SCHEMA, "layout": contents.layout, "exported_at": write_time(at), "tables": tables}


def contents_from_json(text: str, *, where: str) -> Contents:
    """The reverse, checked row by row.

    Args:
        text: the document.
        where: what to call it in errors.

    Raises:
        StateError: it is no such document, was written by another version, or is not whole.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StateError("the document is not JSON", where=where, actual=str(error), hint=_WHOLE) from error
    known = document.get("schema") if isinstance(document, dict) else type(document).__name__
    if known != SCHEMA:
        raise StateError("not an exported state", where=where, actual=repr(known), allowed=SCHEMA, hint=_WHOLE)
    layout, tables = document.get("layout"), document.get("tables")
    if type(layout) is not int or not isinstance(tables, dict):
        raise StateError("the document lacks its layout or its tables", where=where, hint=_WHOLE)
    if layout != t.VERSION:
        raise StateError(
            "the state was exported by another version of migrator",
            where=where,
            actual=f"schema version {layout}",
            allowed=f"schema version {t.VERSION}",
            hint="import it with that version of migrator, or export it again with this one",
        )
    return Contents(layout=layout, tables=_tables(tables, where))


def _tables(tables: Mapping[str, Any], where: str) -> dict[str, tuple[Row, ...]]:
    known = columns()
    if wrong := [name for name in tables if name not in known] or [n for n in known if n not in tables]:
        what = "the document lacks the tables of a state"
        raise StateError(what, where=f"{where}, tables", actual=wrong[0], allowed=known, hint=_WHOLE)
    return {name: _rows(rows, known[name], f"{where}, tables.{name}") for name, rows in tables.items()}


def _rows(rows: Any, known: Mapping[str, Column], where: str) -> tuple[Row, ...]:
    if not isinstance(rows, list):
        raise StateError("a table is a list of rows", where=where, hint=_WHOLE)
    for number, row in enumerate(rows):
        if wrong := _fault(row, known):
            raise StateError("a row is not as the table has it", where=f"{where}[{number}]", actual=wrong, hint=_WHOLE)
    return tuple(rows)


def _fault(row: Any, known: Mapping[str, Column]) -> str:
    """What is wrong with a row, in a few words; "" when nothing is."""
    if not isinstance(row, dict):
        return f"a {type(row).__name__}"
    for name, column in known.items():
        if name not in row:
            return f"no {name}"
        if not column.takes(row[name]):
            return f"{name} holds {json.dumps(row[name])[:40]}"
    return next((f"a column {name}" for name in row if name not in known), "")
