"""The rollback of a run: what it wrote and what is there now in, a plan out."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from migrator.canonical import Job, JobRef, flatten
from migrator.extract import Extracted
from migrator.plan.changes import Change
from migrator.recovery.rollback import RunTrace, rollback_plan
from migrator.store.records import Binding, Run, SavedRecord, Write
from tests.conformance.platforms import PLATFORMS, Wish, wish
from tests.plan.builder import NOW, mapping, ref

SCOPE = "org-1"
SOURCE = ref("Job 001")
RUN = Run(id="r1", sync="it", provider="devin", scope=SCOPE, started_at=NOW)


def record(of: Wish, number: int = 1) -> dict[str, Any]:
    """Return a record as the platform answers with it."""
    return PLATFORMS["devin"].write(number, of)


def target_job(of: Wish, number: int = 1) -> Job:
    """Return a target job."""
    return mapping("devin").read(record(of, number), scope=SCOPE)


def binding(one: Job, **values: Any) -> Binding:
    """Return the binding to a target job as it is."""
    made = Binding(source=SOURCE, target=one.ref, sync="it", applied=flatten(one), seen=flatten(one))
    return attrs.evolve(made, **values)


def wrote(action: str = "update", state: Any = "done", run: str = "r1", **values: Any) -> Write:
    """Return a write."""
    made = Write(run=run, seq=1, sync="it", action=action, source=SOURCE, target_scope=SCOPE, at=NOW, state=state)
    return attrs.evolve(made, **values)


NEW, OLD = target_job(wish(1, name="New name")), wish(1)
BEFORE = SavedRecord(ref=NEW.ref, record=record(OLD), binding=binding(NEW))


def trace(**values: Any) -> RunTrace:
    """Return a run that renamed a job, with other values."""
    made: dict[str, Any] = {
        "run": RUN,
        "writes": (wrote(),),
        "saved_records": (BEFORE,),
        "later": (),
        "bindings": (binding(NEW),),
        "target": Extracted(jobs=(NEW,), scopes=(SCOPE,)),
        "mapping": mapping("devin"),
        "contract": "patch",
        "connection": "devin",
        "now": NOW,
        "lineage": "l",
        "serial": 1,
    }
    return RunTrace(**made | values)


def back(**values: Any) -> Change:
    """Return the change that rolls back the one job."""
    (found,) = rollback_plan(trace(**values)).changes
    return found


def test_an_update_is_undone_field_by_field() -> None:
    """Only what the run changed; the reason names it."""
    change = back()

    assert (change.action, [(one.path, one.new) for one in change.fields]) == ("update", [("name", "Job 001")])
    assert (change.source, change.target, change.reason) == (SOURCE, NEW.ref, "as before run r1")


@pytest.mark.parametrize(("was", "action"), [(True, "resume"), (False, "pause")])
def test_a_flag_is_put_back(was: bool, action: str) -> None:
    """A pause that was all becomes a resume, and the reverse."""
    changed = target_job(wish(1, enabled=not was))
    values = {"bindings": (binding(changed),), "target": Extracted(jobs=(changed,), scopes=(SCOPE,))}

    assert back(saved_records=(attrs.evolve(BEFORE, record=record(wish(1, enabled=was))),), **values).action == action


def test_what_was_made_is_deleted_and_what_was_deleted_is_made() -> None:
    """Whether it is still there or not."""
    gone = {"bindings": (), "target": Extracted(jobs=(), scopes=(SCOPE,))}

    assert (back(saved_records=()).action, back(saved_records=()).target) == ("delete", NEW.ref)
    assert (back(saved_records=(), **gone).action, back(saved_records=(), **gone).reason) == ("none", "removed already")
    made = back(**gone)
    assert (made.action, made.target, made.new_fields()["name"]) == ("create", None, "Job 001")
    assert all(one.new is not None for one in made.fields)


def test_what_is_as_it_was_needs_nothing() -> None:
    """And what was adopted is no longer managed."""
    same = target_job(OLD)
    values = {"bindings": (binding(same),), "target": Extracted(jobs=(same,), scopes=(SCOPE,))}

    assert (back(**values).action, back(**values).reason) == ("none", "it is as it was before")
    adopted = attrs.evolve(BEFORE, binding=None)
    assert back(saved_records=(adopted,), **values).reason == "it is as it was before; it is no longer managed"
    assert trace(saved_records=(adopted,), **values).adopted == {NEW.ref}
    assert trace(**values).adopted == trace(saved_records=(adopted,), bindings=()).adopted == frozenset()


def test_a_job_in_place_of_another_one_is_changed_back_and_has_lost_its_history() -> None:
    """It was replaced, and the first one is gone."""
    first = attrs.evolve(BEFORE, ref=ref("First", "devin"))

    assert back(saved_records=(first,)).reason == "as before run r1; the first one's id and history are lost"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"switched": frozenset({SOURCE})}, "it was cut over"),
        ({"writes": (wrote(state="uncertain"),)}, "unresolved write"),
        ({"writes": (wrote(state="dispatched"),)}, "unresolved write"),
        ({"later": (wrote(run="r2"),)}, "run r2 has touched it since"),
        ({"later": (wrote(run="r2", state="dispatched"),)}, "run r2 has touched it since"),
        ({"bindings": (binding(NEW, seen=flatten(target_job(OLD))),)}, "name changed since the run"),
    ],
)
def test_a_rollback_that_is_not_known_is_refused(values: dict[str, Any], told: str) -> None:
    """Nothing is sent for a job that somebody or something has changed since."""
    assert (back(**values).action, told in back(**values).reason) == ("blocked", True)


@pytest.mark.parametrize("other", [{"source": ref("Other")}, {"piece": 2}, {"state": "failed"}])
def test_writes_to_other_jobs_and_failed_ones_do_not_matter(other: dict[str, Any]) -> None:
    """Neither later nor unresolved ones."""
    assert back(later=(wrote(run="r2", **other),)).action == "update"
    writes = (wrote(), wrote(**{"state": "uncertain"} | other))
    (mine,) = (one for one in rollback_plan(trace(writes=writes)).changes if (one.source, one.piece) == (SOURCE, 1))
    assert mine.action == "update"


def test_two_target_jobs_of_one_source_job_are_refused() -> None:
    """A replacement was not finished; one of the two that is gone does not count."""
    other = attrs.evolve(NEW, ref=ref("Two", "devin"))
    bindings = (binding(NEW), binding(other))

    both = back(bindings=bindings, target=Extracted(jobs=(NEW, other), scopes=(SCOPE,)))
    assert (both.action, both.target, "not finished" in both.reason) == ("blocked", None, True)
    assert (back(bindings=bindings).action, back(bindings=bindings).target) == ("update", NEW.ref)


def test_a_job_that_failed_or_that_nothing_is_known_of_has_no_rollback() -> None:
    """A write that failed changed nothing; a snapshot of a job that is not ours names no source job."""
    assert rollback_plan(trace(writes=(wrote(state="failed"),), saved_records=())).changes == ()
    unbound = SavedRecord(ref=JobRef(provider="devin", scope=SCOPE, id="x"), record=record(OLD))
    assert rollback_plan(trace(writes=(wrote(source=None),), saved_records=(unbound,))).changes == ()


@pytest.mark.parametrize(("contract", "action"), [("patch", "replace"), ("put", "update")])
def test_what_cannot_be_changed_back_is_recreated_or_refused(contract: str, action: str) -> None:
    """As the target's contract says of the field; its flag alone is changed in another way than with other fields."""
    omni = mapping("omni")
    raw = PLATFORMS["omni"].write(1, wish(1))
    scope = "acme"
    other_model = omni.read({**raw, "modelId": "22222222-0000-4000-8000-000000000002"}, scope=scope)
    paused = omni.read({**raw, "disabled": not raw["disabled"]}, scope=scope)

    def found(one: Job) -> Change:
        before = SavedRecord(ref=one.ref, record=raw, binding=binding(one))
        listing = Extracted(jobs=(one,), scopes=(scope,))
        return back(mapping=omni, contract=contract, saved_records=(before,), bindings=(binding(one),), target=listing)

    assert found(other_model).action == action
    assert found(paused).action == ("blocked" if contract == "patch" else "resume")
