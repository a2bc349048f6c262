"""The whole state as a JSON document (`migrator/state@1`), and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

import sqlalchemy as sa
from attrs import frozen

from migrator.errors import StateError
from migrator.json_document import Document
from migrator.json_schema import Schema, document_schema, list_schema, object_schema
from migrator.store import tables as t
from migrator.store.dump import MOVED, Contents, Row

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


@frozen(kw_only=True)
class StateDocument(Document):
    """Everything that a state holds but locks, as migrator state export writes it.

    Attributes:
        layout: the schema version of the tables.
        tables: rows as the database holds them; texts that hold JSON stay texts.
    """

    NAME: ClassVar[str] = "state"
    layout: int
    exported_at: datetime
    tables: Mapping[str, Any]


def state_document(contents: Contents, *, at: datetime) -> StateDocument:
    """Return everything that a state holds; `at` is when it was read."""
    return StateDocument(layout=contents.schema_version, exported_at=at, tables=dict(contents.tables))


def state_schema() -> Schema:
    """Return the JSON Schema of the document, with the columns of the tables."""
    schema = document_schema(StateDocument)
    tables = {name: list_schema(_row_schema(held)) for name, held in columns().items()}
    schema["properties"]["tables"] |= object_schema(tables)
    return schema


def _row_schema(held: Mapping[str, Column]) -> Schema:
    return object_schema({name: _value_schema(column) for name, column in held.items()})


def _value_schema(column: Column) -> Schema:
    schema: Schema = {"type": "integer" if column.type is int else "string"}
    return {"anyOf": [schema, {"type": "null"}]} if column.optional else schema


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
    if known != StateDocument.schema_name():
        raise StateError(
            "not an exported state", where=where, actual=repr(known), allowed=StateDocument.schema_name(), hint=_WHOLE
        )
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
    return Contents(schema_version=layout, tables=_tables(tables, where))


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
