"""Old runs are forgotten, and nothing that anybody still needs is."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import attrs
import pytest

from migrator.store import State
from migrator.store.pruning import Pruned
from tests.store.conftest import Time
from tests.store.records import LOCK, TARGET, begun, binding, write


def night(state: State, clock: Time, run: str, outcome: str = "done") -> None:
    """A run with one write and one saved record, a day after the one before."""
    clock.pass_by(timedelta(days=1).total_seconds())
    sent = write(run=run)
    begun(state, run=run)
    state.dispatch(sent, "devin", "vixie", lock=LOCK)
    state.save_record(run, TARGET, {"id": TARGET.id}, binding=binding(), dialect="vixie")
    if outcome == "done":
        state.put_binding(binding(), dialect="vixie", settles=sent)
    else:
        state.settle(sent, outcome, "because")  # type: ignore[arg-type]  # one of its literals
    state.end_run(run, {"done": 1})
    state.unlock(LOCK, state.owners()[LOCK])


def test_old_runs_are_forgotten_with_all_that_is_theirs(state: State, clock: Time) -> None:
    """Their writes and records go with them; links, syncs and later runs stay as they are."""
    for run in ("one", "two", "three"):
        night(state, clock, run)
    pruned = state.prune(clock.at - timedelta(hours=1))

    assert Pruned(runs=2, writes=2, records=2, left=1) == pruned
    assert (["three"], None) == ([run.id for run in state.runs()], state.run("one"))
    assert ((), 1) == (state.writes("one"), len(state.writes("three")))
    assert ((), 1) == (state.saved_records("two", "vixie"), len(state.saved_records("three", "vixie")))
    assert ((binding(),), ("first", 3)) == (
        state.bindings("devin", ("org-1",), "vixie"),
        state.lineage("it", fresh="other"),
    )
    assert Pruned(runs=0, writes=0, records=0, left=1) == state.prune(clock.at)


@pytest.mark.parametrize("outcome", ["done", "uncertain"])
def test_what_is_still_needed_stays(state: State, clock: Time, outcome: str) -> None:
    """The latest run of a sync stays however old it is, and so does one whose write nobody knows the end of."""
    night(state, clock, "one", outcome)
    night(state, clock, "two")
    state.prune(clock.at + timedelta(days=365))

    assert (["two"] if outcome == "done" else ["two", "one"]) == [run.id for run in state.runs()]


def test_each_target_and_sync_keeps_its_latest(state: State, clock: Time) -> None:
    """Runs of another sync or into another target have a latest of their own; so has a run that was undone."""
    night(state, clock, "one")
    run = state.run("one")
    assert run
    others = [{"sync": "other"}, {"scope": "org-2"}, {"kind": "rollback", "of": "undone"}]
    state.begin_run(attrs.evolve(run, id="undone"), plan_digest="", dialect="vixie")
    for number, change in enumerate(others):
        state.begin_run(attrs.evolve(run, id=str(number), **change), plan_digest="", dialect="vixie")
    state.prune(clock.at + timedelta(days=365))

    assert {"0", "1", "2", "undone"} == {one.id for one in state.runs()}


def test_a_run_that_is_under_way_stays(state: State, clock: Time) -> None:
    """A run that holds a lock is not forgotten while it writes."""
    begun(state)
    run = state.run("one")
    assert run
    state.begin_run(attrs.evolve(run, id="later"), plan_digest="", dialect="vixie")
    state.prune(clock.at + timedelta(days=365))

    assert ["later", "one"] == [one.id for one in state.runs()]


def test_a_file_gets_smaller(tmp_path: Path, clock: Time, open_one: object, state: State) -> None:
    """Room that is not needed any more is given back to the disk; a server keeps it for later."""
    night(state, clock, "one")
    for number in range(200):
        state.save_record("one", attrs.evolve(TARGET, id=str(number)), {"a": "b" * 4000})
    night(state, clock, "two")
    file = tmp_path / "migrator.db"
    with state.transaction() as connection:
        is_file = connection.dialect.name == "sqlite"
    if is_file:
        with state.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        before = file.stat().st_size
        state.prune(clock.at - timedelta(hours=1))
        with state.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        assert file.stat().st_size < before / 4
    else:
        assert 201 == state.prune(clock.at - timedelta(hours=1)).records
