"""The journal: what was meant, what was sent, and what became of it, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from migrator.errors import LockedError
from migrator.store import State
from tests.store.conftest import Time
from tests.store.records import LOCK, TARGET, begun, binding, write

OpenOne = Callable[[], State]


def test_a_write_is_on_disk_before_it_is_sent(open_one: OpenOne) -> None:
    """Another process sees a dispatched write as open, with everything that is needed to find what it made."""
    state = open_one()
    begun(state)
    state.dispatch(write(), "devin", "vixie", lock=LOCK)

    assert (write(),) == open_one().unresolved_writes("devin", ("org-1",), "vixie")
    assert () == open_one().unresolved_writes("devin", ("org-2",), "vixie")


def test_a_link_and_its_outcome_are_one_fact(open_one: OpenOne, clock: Time) -> None:
    """When a link is there, its write is done and names what it made; both survive the process."""
    state = open_one()
    begun(state)
    state.dispatch(write(), "devin", "vixie", lock=LOCK)
    clock.pass_by(3)
    state.put_binding(binding(), dialect="vixie", settles=write())

    again = open_one()
    assert (binding(),) == again.bindings("devin", ("org-1",), "vixie")
    assert () == again.unresolved_writes("devin", ("org-1",), "vixie")
    assert (write(state="done", target_id="target-1", ended_at=clock.at),) == again.writes("one", "vixie")


def test_a_claim_becomes_the_write(state: State) -> None:
    """A claimed change that is sent is one entry of the journal, not two."""
    begun(state, write(state="claimed"), write(2, state="claimed"))
    state.dispatch(write(2), "devin", "vixie", lock=LOCK)

    assert ["claimed", "dispatched"] == [entry.state for entry in state.writes("one")]


def test_claims_of_a_dead_run_were_never_sent(state: State) -> None:
    """Giving up what a dead run claimed closes it as failed, and leaves what was sent open."""
    begun(state, write(state="claimed"), write(2, state="claimed"))
    state.dispatch(write(2), "devin", "vixie", lock=LOCK)
    state.release("devin", ("org-1",))

    assert ["failed", "dispatched"] == [entry.state for entry in state.writes("one")]
    assert "the run ended before it was sent" == state.writes("one")[0].error


def test_ending_a_run_gives_up_its_claims(state: State, clock: Time) -> None:
    """A run that ends closes what it did not begin, and says how many changes ended how."""
    begun(state, write(state="claimed"))
    clock.pass_by(5)
    state.end_run("one", {"done": 2, "failed": 0, "skipped": 1})

    run = state.run("one")
    assert run
    assert ({"done": 2, "failed": 0, "skipped": 1}, clock.at) == (run.summary, run.ended_at)
    assert ["failed"] == [entry.state for entry in state.writes("one")]


@pytest.mark.parametrize("outcome", ["failed", "uncertain"])
def test_outcomes_are_kept_with_their_reason(state: State, outcome: Any) -> None:
    """A write that failed, or that nobody knows the end of, keeps why; only the latter stays open."""
    begun(state)
    state.dispatch(write(), "devin", "vixie", lock=LOCK)
    state.settle(write(), outcome, "because")

    assert [(outcome, "because")] == [(entry.state, entry.error) for entry in state.writes("one")]
    assert (outcome == "uncertain") == bool(state.all_unresolved_writes())


def test_nothing_is_noted_as_sent_without_the_lock(state: State) -> None:
    """A run whose lock another one has taken cannot note a write, so that it sends none."""
    begun(state)
    state.unlock(LOCK, state.owners()[LOCK])
    state.lock(LOCK, "two")

    with pytest.raises(LockedError) as caught:
        state.dispatch(write(), "devin", "vixie", lock=LOCK)

    assert "run two" in str(caught.value)
    assert () == state.writes("one")


def test_runs_move_the_serial_on(state: State) -> None:
    """Each run makes every earlier plan stale; the lineage stays."""
    assert ("first", 0) == state.lineage("it", fresh="first")
    begun(state)

    assert ("first", 1) == state.lineage("it", fresh="other")


def test_runs_are_listed_latest_first(state: State, clock: Time) -> None:
    """Runs of one sync or of all, with what they were."""
    begun(state)
    state.unlock(LOCK, state.owners()[LOCK])
    clock.pass_by(1)
    begun(state, run="two")

    assert ["two", "one"] == [run.id for run in state.runs()]
    assert () == state.runs("other")
    assert state.run("three") is None


def test_the_first_snapshot_of_a_run_counts(state: State) -> None:
    """A job that a run touches twice is kept as it was before the first time, with what we knew of it."""
    state.save_record("one", TARGET, {"id": "target-1", "prompt": "before"}, binding=binding(), dialect="vixie")
    state.save_record("one", TARGET, {"id": "target-1", "prompt": "between"}, binding=None, dialect="vixie")
    other = attrs.evolve(TARGET, id="target-2")
    state.save_record("one", other, {"id": "target-2"})

    kept = {saved_record.ref.id: saved_record for saved_record in state.saved_records("one", "vixie")}
    assert {"target-1", "target-2"} == set(kept)
    assert kept["target-2"].binding is None
    assert ("before", binding()) == (kept["target-1"].record["prompt"], kept["target-1"].binding)


def test_what_was_found_out_is_remembered(open_one: OpenOne) -> None:
    """Facts about a connection outlive the process, and the latest word counts."""
    state = open_one()
    state.remember("org-1", "contract", "put")
    state.remember("org-1", "contract", "patch")

    assert ("patch", None) == (open_one().recall("org-1", "contract"), state.recall("org-2", "contract"))
