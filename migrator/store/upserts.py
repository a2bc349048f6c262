"""The single writes that the state is made of, each within somebody's transaction; many of a kind cost one statement.

The statements are made once: building them again takes longer than running them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa

from migrator.store import tables as t
from migrator.store.checksums import amend

Row = Mapping[str, Any]

TARGET: Final = ("target_provider", "target_scope", "target_id")
_PIECE: Final = ("source_provider", "source_scope", "source_id", "piece", "target_provider", "target_scope")
_INTENT: Final = ("run", "seq")
_RIGHT: Final = ("source_provider", "source_scope", "source_id", "target_provider", "target_scope")
_DEFINITION: Final = ("source_provider", "source_scope", "source_id", "sync")
_SNAPSHOT: Final = ("run", "provider", "scope", "id")


def _is(table: sa.Table, names: Iterable[str]) -> list[sa.ColumnElement[bool]]:
    """Whether these columns hold what the parameters of a statement say, whose names begin with is_."""
    return [table.c[name] == sa.bindparam(f"is_{name}") for name in names]


def _key(row: Row, names: Iterable[str]) -> dict[str, Any]:
    return {f"is_{name}": row[name] for name in names}


_NO_INTENT: Final = t.writes.delete().where(*_is(t.writes, _INTENT))
_NEW_INTENT: Final = t.writes.insert()
_NO_LINK: Final = t.bindings.delete().where(*_is(t.bindings, TARGET))
_NO_PIECE: Final = t.bindings.delete().where(*_is(t.bindings, _PIECE), t.bindings.c.superseded == 0)
_NEW_LINK: Final = t.bindings.insert()
_NO_RIGHT: Final = t.active_sides.delete().where(*_is(t.active_sides, _RIGHT))
_NEW_RIGHT: Final = t.active_sides.insert()
_NO_DEFINITION: Final = t.definitions.delete().where(*_is(t.definitions, _DEFINITION))
_NEW_DEFINITION: Final = t.definitions.insert()
_SNAPSHOT_THERE: Final = sa.select(t.saved_records.c.id).where(*_is(t.saved_records, _SNAPSHOT))
_NEW_SNAPSHOT: Final = t.saved_records.insert()


def upsert_writes(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Note writes as sent; a claim of the same number becomes the write, also one that was given up meanwhile."""
    if rows:
        connection.execute(_NO_INTENT, [_key(row, _INTENT) for row in rows])
        connection.execute(_NEW_INTENT, list(rows))


def upsert_outcomes(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Note what became of writes.

    Args:
        connection: in a transaction.
        rows: run, seq, state, error, ended_at, and target_id: what a create made, else None.
    """
    told = (row if row["target_id"] else {k: v for k, v in row.items() if k != "target_id"} for row in rows)
    for _named, alike in groupby(sorted(told, key=len), key=len):
        amend(connection, t.writes, _INTENT, alike)


def upsert_bindings(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Put bindings; one takes the place of an older one of its part, unless that one still waits to be deleted.

    Args:
        connection: in a transaction.
        rows: bindings of different targets and of different parts.
    """
    if rows:
        connection.execute(_NO_LINK, [_key(row, TARGET) for row in rows])
        if standing := [_key(row, _PIECE) for row in rows if not row["superseded"]]:
            connection.execute(_NO_PIECE, standing)
        connection.execute(_NEW_LINK, list(rows))


def drop_bindings(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Forget target jobs, named by the three columns of a target."""
    if rows:
        connection.execute(_NO_LINK, [_key(row, TARGET) for row in rows])


def upsert_active_sides(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Remember active sides, each in place of what was remembered of the same job and target."""
    drop_active_sides(connection, rows)
    if rows:
        connection.execute(_NEW_RIGHT, list(rows))


def drop_active_sides(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Forget active sides, named by the five columns of a job and a target."""
    if rows:
        connection.execute(_NO_RIGHT, [_key(row, _RIGHT) for row in rows])


def upsert_definitions(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Keep source jobs, each in place of what was kept of it before."""
    if rows:
        connection.execute(_NO_DEFINITION, [_key(row, _DEFINITION) for row in rows])
        connection.execute(_NEW_DEFINITION, list(rows))


def write_snapshot(connection: sa.Connection, row: Row) -> None:
    """Keep a record as it was, unless the run has kept that job's before."""
    if connection.execute(_SNAPSHOT_THERE, _key(row, _SNAPSHOT)).first() is None:
        connection.execute(_NEW_SNAPSHOT, row)


def in_turn(rows: Iterable[Row]) -> Iterable[list[Row]]:
    """Bindings in batches of which each can be written at once: no two of a batch concern one target or one part."""
    part: list[Row] = []
    taken: set[tuple[Any, ...]] = set()
    for row in rows:
        keys = {("target", *(row[name] for name in TARGET)), ("piece", *(row[name] for name in _PIECE))}
        if taken & keys:
            yield part
            part, taken = [], set()
        part.append(row)
        taken |= keys
    if part:
        yield part
