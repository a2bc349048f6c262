"""A checksum in every row: what is damaged is named where it is read, with the way to build the state again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from migrator.errors import StateError
from migrator.store import State
from migrator.store import tables as t
from migrator.store.dump import MOVED
from migrator.store.records import Definition
from tests.store.records import HOME, LOCK, TARGET, active_side, begun, binding, missed, write

Read = Callable[[State], Any]
READS: dict[str, Read] = {
    "bindings": lambda state: state.bindings("devin", ("org-1",), "vixie"),
    "active_sides": lambda state: state.active_sides(*HOME, "eventbridge"),
    "definitions": lambda state: state.definitions(*HOME),
    "takeovers": lambda state: state.takeovers(),
    "missed": lambda state: state.missed(),
    "facts": lambda state: (state.recall("org-1", "contract"), state.in_order()),
    "syncs": lambda state: state.lineage("it", fresh="new"),
    "runs": lambda state: (state.runs(), state.run("one")),
    "writes": lambda state: state.writes("one", "vixie"),
    "saved_records": lambda state: state.saved_records("one", "vixie"),
}


@pytest.fixture
def full(state: State) -> State:
    """A state that holds a row of every table."""
    begun(state, write(state="claimed"), write(2, state="claimed"))
    state.dispatch(write(2), "devin", "vixie", lock=LOCK)
    state.put_binding(binding(), dialect="vixie", settles=write(2))
    state.save_record("one", TARGET, {"name": "Job"}, binding=binding(), dialect="vixie")
    state.remember("org-1", "contract", "put")
    state.put_order("it")
    state.put_active_side(active_side(), dialect="eventbridge")
    state.keep_definitions([Definition(source=active_side().source, sync="it", fields={"name": "Job"})])
    taken = {"source_provider": "json", "source_scope": "jobs.json", "source_id": "1", "sync": "file"}
    origin = {"origin_provider": "omni", "origin_scope": "acme", "origin_id": "gone", "origin_sync": "it"}
    with state.transaction() as connection:
        connection.execute(t.takeovers.insert().values(taken | origin))
    state.put_missed([missed()])
    state.end_run("one", {"done": 1})
    return state


def test_every_table_is_read(full: State) -> None:
    """What stands in the table below is all that there is, and whole."""
    assert READS.keys() == {table.name for table in MOVED}
    full.check()
    for read in READS.values():
        assert read(full)


COLUMNS = [
    (table.name, column.name)
    for table in MOVED
    for column in table.columns
    if not column.info and not (table.name == "runs" and column.name == "id") and column.name not in {"run", "sum"}
]


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_damaged_column_is_noticed(full: State, table: str, column: str) -> None:
    """Whatever column of whatever row changes behind the program's back: the whole is refused, and says what to do."""
    found = t.metadata.tables[table].c[column]
    other: Any = found + 1000 if isinstance(found.type, sa.Integer) else sa.func.coalesce(found, "") + "x"
    with full.transaction() as connection:
        connection.execute(t.metadata.tables[table].update().values({column: other}))

    for read in (State.check, State.contents):
        with pytest.raises(StateError, match=rf"row {table} .*its checksum does not fit") as caught:
            read(full)
        assert 'set adopt = "identical"' in caught.value.hint


@pytest.mark.parametrize("table", READS)
def test_a_damaged_row_is_never_used(full: State, table: str) -> None:
    """Each way of reading a table checks what it reads."""
    found = t.metadata.tables[table]
    with full.transaction() as connection:
        connection.execute(found.update().values(sum="00000000"))

    with pytest.raises(StateError, match="the state is damaged"):
        READS[table](full)


def test_a_damaged_row_is_not_made_whole_by_a_change(full: State) -> None:
    """An outcome, a schedule or a count that is noted does not give a damaged row a checksum that fits."""
    with full.transaction() as connection:
        for name in ("bindings", "writes", "syncs", "facts"):
            table = t.metadata.tables[name]
            connection.execute(table.update().values(sum="00000000"))

    for change in (
        lambda: full.settle(write(2), "failed", "no"),
        lambda: full.put_schedules({TARGET: ("text", None)}),
        lambda: begun(full, run="two"),
    ):
        with pytest.raises(StateError, match="the state is damaged"):
            change()
