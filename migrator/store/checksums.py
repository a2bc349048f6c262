"""A checksum in every row, so that a damaged one is noticed where it is read, and never taken for what was written.

An insert computes it by itself; what changes a row that is there goes through `amend`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, Final

import sqlalchemy as sa

from migrator.errors import StateError

SUM: Final = "sum"
"""The column that holds the checksum."""
APART: Final = "apart"
"""Marks a column that its row's checksum leaves out: a long text that carries a digest of its own."""

REBUILD: Final = (
    "import a backup (migrator state import FILE --replace), or rebuild the bindings: move the file away, or name "
    'another state with --state, set adopt = "identical" in the sync and apply; existing jobs are then '
    "adopted, never created twice"
)
_PART: Final = 200
"""Rows that are looked up by one statement."""
_LACKING: Final = "\0"


def column() -> sa.Column[str]:
    """Make the column of a table that holds the checksum of its row."""
    return sa.Column(SUM, sa.String(8), nullable=False, default=_of_insert)


def sum_of(table: sa.Table, row: Mapping[str, Any]) -> str:
    """Return the checksum of a row, in hexadecimal; columns that it lacks count as empty."""
    values = [row.get(name) for name in _summed(table)]
    text = "\x1f".join([one if type(one) is str else _LACKING if one is None else repr(one) for one in values])
    return f"{zlib.crc32(text.encode('utf-8', 'surrogatepass')):08x}"


def checked(table: sa.Table, row: Any) -> Any:
    """Return a row of a result when its checksum fits.

    Args:
        table: where it is from.
        row: all columns of it, but for those that the checksum leaves out.

    Raises:
        StateError: the row is damaged.
    """
    found = row if isinstance(row, Mapping) else row._mapping  # noqa: SLF001 (a public name of SQLAlchemy)
    if found[SUM] != sum_of(table, found):
        key = "/".join(str(found[column.name]) for column in table.primary_key)
        raise damaged(f"the state's row {table.name} {key:.200}", "its checksum does not fit what it holds")
    return row


def check_sums(connection: sa.Connection, table: sa.Table) -> None:
    """Compare the checksum of every row.

    Raises:
        StateError: a row is damaged.
    """
    for row in connection.execute(sa.select(*_columns(table))):
        checked(table, row)


def set_sums(connection: sa.Connection, table: sa.Table) -> None:
    """Give every row the checksum of what it holds now."""
    key = [column.name for column in table.primary_key]
    rows = [*connection.execute(sa.select(*_columns(table))).mappings()]
    sums = [(row, new) for row in rows if (new := sum_of(table, row)) != row[SUM]]
    if sums:
        changes = [{**{f"is_{name}": row[name] for name in key}, f"to_{SUM}": new} for row, new in sums]
        connection.execute(_update(table, tuple(key), frozenset()), changes)


def damaged(where: str, found: str) -> StateError:
    """The error for a state that holds something that no version of migrator wrote."""
    return StateError("the state is damaged", where=where, actual=found, hint=REBUILD)


def amend(connection: sa.Connection, table: sa.Table, key: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> int:
    """Change columns of rows that are there, each with its checksum; how many were.

    Args:
        connection: in a transaction.
        table: the table.
        key: the columns that say which row is meant.
        rows: for each, its key and the columns that change; a row that is not there is left out.

    Raises:
        StateError: a row is damaged.
    """
    waiting, count = iter(rows), 0
    while part := list(islice(waiting, _PART)):
        by_key = {tuple(row[name] for name in key): row for row in part}
        known = connection.execute(_select(table, tuple(key)), {"keys": list(by_key)}).mappings()
        found = [{**checked(table, row), **by_key[tuple(row[name] for name in key)]} for row in known]
        names = {name for row in part for name in row if name not in key}
        if found:
            new = [
                {
                    **{f"is_{name}": row[name] for name in key},
                    **{f"to_{name}": row[name] for name in names},
                    f"to_{SUM}": sum_of(table, row),
                }
                for row in found
            ]
            connection.execute(_update(table, tuple(key), frozenset(names)), new)
        count += len(found)
    return count


@cache
def _select(table: sa.Table, key: tuple[str, ...]) -> sa.Select[Any]:
    """Return the statement that reads the rows of some keys; made once, as the one that changes them."""
    where = sa.tuple_(*(table.c[name] for name in key)).in_(sa.bindparam("keys", expanding=True))
    return sa.select(*_columns(table)).where(where)


@cache
def _update(table: sa.Table, key: tuple[str, ...], names: frozenset[str]) -> sa.Update:
    """The statement that changes these columns; made once, because making it takes longer than running it."""
    return (
        table.update()
        .where(*(table.c[name] == sa.bindparam(f"is_{name}") for name in key))
        .values({name: sa.bindparam(f"to_{name}") for name in (*sorted(names), SUM)})
    )


@cache
def _summed(table: sa.Table) -> tuple[str, ...]:
    """Return the columns that a checksum covers, by name: an upgrade adds columns behind those that are there."""
    return tuple(sorted(column.name for column in _columns(table) if column.name != SUM))


@cache
def _columns(table: sa.Table) -> tuple[sa.Column[Any], ...]:
    return tuple(column for column in table.columns if not column.info.get(APART))


def _of_insert(context: Any) -> str:
    """The checksum of a row that is inserted."""
    return sum_of(context.compiled.statement.table, context.get_current_parameters())
