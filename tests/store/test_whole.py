"""The whole state as a document: exact, on both databases and between them, and put back as a whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import attrs
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from migrator.errors import LockedError, MigratorError, RefusedError, StateError
from migrator.report.schemas import SCHEMAS
from migrator.store import State, open_state
from migrator.store import tables as t
from migrator.store.checksums import SUM, sum_of
from migrator.store.dump import MOVED, Contents, only_read
from migrator.store.dump_document import contents_from_json, state_document
from tests.store.conftest import START, Time
from tests.store.records import FIELDS, LOCK, begun, binding, used, write

OpenOne = Callable[[], State]
INTEGERS = st.integers(-(2**31), 2**31 - 1)


def through(contents: Contents) -> Contents:
    """What is left of it after it was written as a document and read again; the document is what its schema says."""
    document = state_document(contents, at=START).to_json()
    checker = Draft202012Validator(SCHEMAS["state"](), format_checker=FormatChecker())
    assert [] == [error.message for error in checker.iter_errors(document)]
    return contents_from_json(json.dumps(document, ensure_ascii=False), where="it")


def _values(column: sa.Column[Any]) -> st.SearchStrategy[Any]:
    texts = st.text(
        st.characters(codec="utf-8", exclude_characters="\0"), max_size=getattr(column.type, "length", None)
    )
    kind = INTEGERS if isinstance(column.type, sa.Integer) else texts
    return st.none() | kind if column.nullable else kind


def _rows(table: sa.Table) -> st.SearchStrategy[tuple[dict[str, Any], ...]]:
    key = [column.name for column in table.primary_key]
    row = st.fixed_dictionaries({column.name: _values(column) for column in table.columns if column.name != SUM})
    rows = st.lists(row, max_size=3, unique_by=lambda found: tuple(found[name] for name in key))
    summed = rows.map(lambda found: [one | {SUM: sum_of(table, one)} for one in found])
    return summed.map(lambda found: tuple(sorted(found, key=lambda one: [one[name] for name in key])))


anything = st.fixed_dictionaries({table.name: _rows(table) for table in MOVED}).map(
    lambda tables: Contents(schema_version=t.VERSION, tables=tables)
)


@pytest.fixture(scope="module")
def pair(fresh_schema: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[State, State]]:
    """An open state of each kind, on a clock that no two copies read alike."""
    file = tmp_path_factory.mktemp("state") / "migrator.db"
    times = (START + timedelta(seconds=number) for number in count())
    states = [open_state(url, now=lambda: next(times)) for url in (f"sqlite:///{file}", fresh_schema())]
    yield states[0], states[1]
    for state in states:
        state.close()


@settings(max_examples=25)
@given(contents=anything, to_server=st.booleans())
def test_what_goes_in_comes_out(pair: tuple[State, State], contents: Contents, to_server: bool) -> None:
    """Whatever a state can hold is the same after a way through documents and both databases, in either direction."""
    first, second = pair if to_server else reversed(pair)
    first.fill(through(contents), replace=True)
    assert contents == first.contents()
    second.fill(through(first.contents()), replace=True)
    assert contents == second.contents()


def test_it_goes_on_where_it_was(state: State, fresh_schema: Callable[[], str], tmp_path: Path, clock: Time) -> None:
    """A state that moved to another database answers as the old one did, and the next run goes on from there."""
    contents = through(used(state).contents())
    for url in (fresh_schema(), f"sqlite:///{tmp_path}/other.db"):
        other = open_state(url, now=clock)
        assert None is other.fill(contents)
        assert [(binding(),), ("first", 1), "put"] == [
            other.bindings("devin", ("org-1",), "vixie"),
            other.lineage("it", fresh="new"),
            other.recall("org-1", "contract"),
        ]
        assert (state.runs(), state.writes("one", "vixie")) == (other.runs(), other.writes("one", "vixie"))
        assert state.saved_records("one", "vixie") == other.saved_records("one", "vixie")
        assert FIELDS == other.writes("one", "vixie")[1].fields
        begun(other, run="two")
        assert ["two", "one"] == [run.id for run in other.runs()]
        other.close()


def test_locks_stay_behind(state: State, tmp_path: Path, clock: Time) -> None:
    """A state that is read while a run writes holds that run's writes, and not its lock."""
    begun(state)
    state.dispatch(write(), "devin", "vixie", lock=LOCK)
    other = open_state(f"sqlite:///{tmp_path}/other.db", now=clock)
    other.fill(through(state.contents()))

    assert ({}, (write(),)) == (other.owners(), other.unresolved_writes("devin", ("org-1",), "vixie"))
    other.close()


def test_reading_keeps_nobody_waiting(open_one: OpenOne) -> None:
    """While the whole is read, another process writes; what is read is as it was when it began, throughout."""
    reader, writer = open_one(), open_one()
    writer.remember("org-1", "contract", "put")
    query = sa.select(t.facts.c.value)
    with reader.transaction() as connection:
        only_read(connection)
        before = connection.scalar(query)
        writer.remember("org-1", "contract", "patch")
        assert ("put", "put") == (before, connection.scalar(query))

    assert "patch" == reader.contents().tables["facts"][0]["value"]
    reader.remember("org-1", "contract", "put")


def test_a_state_that_is_not_empty_stays(state: State) -> None:
    """Nothing is replaced unless it is said; then everything is, and a file is copied first."""
    before = used(state).contents()
    other = attrs.evolve(before, tables={**before.tables, "bindings": (), "facts": ()})

    with pytest.raises(RefusedError, match=r"1 facts, 1 runs, 1 saved_records, 1 syncs, 2 writes"):
        state.fill(other)
    assert before == state.contents()

    backup = state.fill(other, replace=True)
    assert other == state.contents()
    if state.shown.startswith("sqlite"):
        assert backup
        copy = open_state(f"sqlite:///{backup}", now=state.now)
        assert before == copy.contents()
        copy.close()


def test_a_run_that_is_under_way_keeps_its_state(state: State) -> None:
    """Neither is an empty state filled nor another one replaced while a run writes; a dead run is no hindrance."""
    begun(state)
    before = state.contents()

    for replace in (False, True):
        with pytest.raises(LockedError, match=r"devin:org-1 is held by run one"):
            state.fill(attrs.evolve(before, tables={}), replace=replace)
    assert before == state.contents()
    with state.transaction() as connection:
        connection.execute(t.locks.update().values(started="1"))  # by another process of that number
    state.fill(attrs.evolve(before, tables={}), replace=True)


def test_all_or_nothing(state: State) -> None:
    """Rows that a database cannot hold leave everything as it was."""
    before = used(state).contents()
    twice = attrs.evolve(before, tables={**before.tables, "syncs": before.tables["syncs"] * 2})

    with pytest.raises(StateError, match="cannot hold the rows of syncs, and the state is as it was"):
        state.fill(twice, replace=True)
    assert before == state.contents()


def test_what_a_server_cannot_hold_is_named(fresh_schema: Callable[[], str], tmp_path: Path, clock: Time) -> None:
    """SQLite takes texts that PostgreSQL does not: longer ones than the table says, and signs without a meaning."""
    file, server = (open_state(url, now=clock) for url in (f"sqlite:///{tmp_path}/migrator.db", fresh_schema()))
    for key, value in (("k" * 65, "v"), ("k", "\0")):
        file.remember("scope", key, value)
        with pytest.raises(StateError, match="cannot hold the rows of facts, and the state is as it was"):
            server.fill(through(file.contents()))
        assert {0} == set(server.contents().counts.values())
        with file.transaction() as connection:
            connection.execute(t.facts.delete())
    file.close()
    server.close()


def _document(**changes: Any) -> dict[str, Any]:
    empty: dict[str, list[Any]] = {table.name: [] for table in MOVED}
    return (
        state_document(Contents(schema_version=t.VERSION, tables={}), at=START).to_json() | {"tables": empty} | changes
    )


FACT = {"scope": "a", "key": "b", "value": "c", "sum": sum_of(t.facts, {"scope": "a", "key": "b", "value": "c"})}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the document is not JSON"),
        ("[]", "not an exported state; got: 'list'"),
        (json.dumps({"schema": "migrator/plan@1"}), "not an exported state; got: 'migrator/plan@1'"),
        (json.dumps({"schema": "migrator/state@2"}), "not an exported state; got: 'migrator/state@2'"),
        (json.dumps(_document(layout="2")), "lacks its layout or its tables"),
        (json.dumps(_document(layout=99)), "exported by another version of migrator; got: schema version 99"),
        (json.dumps(_document(layout=0)), "exported by another version of migrator; got: schema version 0"),
        (json.dumps(_document(tables={})), "lacks the tables of a state; got: active_sides"),
        (json.dumps(_document(tables={"locks": []})), "lacks the tables of a state; got: locks"),
    ],
)
def test_what_is_no_state_is_refused(text: str, said: str) -> None:
    """A document of another kind, of another version, or with other tables is named as what it is."""
    with pytest.raises(MigratorError) as caught:
        contents_from_json(text, where="it.json")

    assert said in str(caught.value)
    assert "it.json" in str(caught.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("x", "a str"),
        ({"scope": "a", "key": "b", "sum": ""}, "no value"),
        (FACT | {"value": None}, "value holds null"),
        (FACT | {"value": 1}, "value holds 1"),
        (FACT | {"note": "d"}, "a column note"),
    ],
)
def test_a_wrong_row_is_named(row: Any, said: str) -> None:
    """A row that the table could not have held is refused with its place."""
    tables = _document()["tables"] | {"facts": [FACT, row]}

    with pytest.raises(StateError) as caught:
        contents_from_json(json.dumps(_document(tables=tables)), where="it.json")
    assert ("it.json, tables.facts[1]", said) == (caught.value.where, caught.value.actual)
    assert not Draft202012Validator(SCHEMAS["state"]()).is_valid(_document(tables=tables))


def test_a_damaged_row_of_a_document_is_refused(state: State) -> None:
    """What is no row that this program wrote is not taken over, and the state is as it was."""
    before = used(state).contents()
    rows = tuple(row | {"target_id": "another"} for row in before.tables["bindings"])
    wrong = attrs.evolve(before, tables={**before.tables, "bindings": rows})

    with pytest.raises(StateError, match=r"row bindings devin/org-1/another.*its checksum does not fit"):
        state.fill(wrong, replace=True)
    assert before == state.contents()
