"""What a listing says of writes without an outcome: writes and a listing in, outcomes and bindings out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from migrator.canonical import JobRef, Prompt, flatten
from migrator.errors import RecordError, RefusedError
from migrator.execute.planned_writes import chosen_id
from migrator.extract import Problem
from migrator.mapping.ownership import ownership_tag_for
from migrator.recovery.reconcile import bind_created, binding_to
from migrator.store import open_state
from migrator.store.records import Binding
from tests.plan.builder import NOW, TARGET_SCOPE, mapping, ref
from tests.recovery.unresolved import MADE, SOURCE, TAG, ReconcilerBench, bound, create, found, listing, older


@pytest.fixture
def bench(tmp_path: Path) -> ReconcilerBench:
    """A state without a write."""
    made = ReconcilerBench(open_state(f"sqlite:///{tmp_path}/it.db", now=lambda: made.now))
    return made


@pytest.mark.parametrize(
    "theirs",
    [
        {"ownership_tag": ownership_tag_for(ref("Other"))},
        {"ownership_tag": ownership_tag_for(SOURCE, 2, 2)},
        {"ownership_tag": TAG, "created_at": older(6)},
        {"created_at": older(6)},
        {"action": Prompt(text="By hand."), "name": "Another"},
    ],
)
async def test_a_job_of_others_is_not_what_a_create_made(bench: ReconcilerBench, theirs: dict[str, Any]) -> None:
    """Another source job's or part's, one that is older than the create, or one with other content."""
    bench.record(write := create(at=older(10) if "name" in theirs else NOW))

    assert await bench.reconcile(write, found(**theirs)) == ("failed", "it was never created: no listing shows it")
    assert bench.bindings() == []


@pytest.mark.parametrize(
    "ours",
    [
        {"ownership_tag": TAG, "name": "Renamed"},
        {"created_at": None},
        {"created_at": older(5)},
        {"created_at": NOW},
    ],
)
async def test_what_a_create_made_is_known_by_its_tag_or_its_content(
    bench: ReconcilerBench, ours: dict[str, Any]
) -> None:
    """And gets its binding in the same transaction; a platform may not say when it made a job."""
    bench.record(write := create())

    assert await bench.reconcile(write, found(**ours)) == ("done", "made")
    (binding,) = bench.bindings()
    assert (binding.source, binding.target.id, binding.tagged) == (SOURCE, "made", "ownership_tag" in ours)


async def test_a_tag_tells_more_than_content(bench: ReconcilerBench) -> None:
    """Of two jobs with the same content, the one with the tag is ours."""
    bench.record(write := create())

    assert await bench.reconcile(write, found("copy"), found("made", ownership_tag=TAG)) == ("done", "made")


async def test_two_jobs_that_a_create_may_have_made_are_left_to_a_person(bench: ReconcilerBench) -> None:
    """Both are named, and none is bound."""
    bench.record(write := create())

    state, error = await bench.reconcile(write, found("one"), found("two"))
    assert (state, error.endswith("and it could be any of one, two")) == ("uncertain", True)
    assert bench.bindings() == []


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, "uncertain"),
        ({"created_at": None}, "failed"),
        ({"name": "Another"}, "failed"),
        ({"ownership_tag": ownership_tag_for(ref("Other"))}, "failed"),
    ],
)
async def test_a_job_of_that_name_with_other_content_is_left_to_a_person(
    bench: ReconcilerBench, values: dict[str, Any], state: str
) -> None:
    """It may have been made and edited; where the platform does not say when it was made, a name proves nothing."""
    bench.record(write := create())

    found_state, error = await bench.reconcile(write, found(**{"action": Prompt(text="More.")} | values))
    assert found_state == state
    assert ("made has its name and is something else" in error) == (state == "uncertain")


async def test_a_record_of_that_name_that_cannot_be_read_is_left_to_a_person(bench: ReconcilerBench) -> None:
    """It may be what was made; one of another name is not."""
    bench.record(write := create(), create(seq=2, source=ref("Beta"), name="Beta"))
    error = RecordError("odd", job="made", path="name")
    problem = Problem(ref=found("odd").ref, name="Alpha", error=error)

    state, told = await bench.reconcile(write, problems=(problem,))
    assert (state, told.endswith("odd has its name and cannot be read")) == ("uncertain", True)
    other = create(seq=2, source=ref("Beta"), name="Beta")
    assert (await bench.reconcile(other, problems=(problem,)))[0] == "failed"


async def test_a_bound_job_is_not_what_another_create_made(bench: ReconcilerBench) -> None:
    """Neither one that was bound before nor one that was just bound to another write."""
    taken = found("taken")
    bench.record(first := create(), second := create(seq=2, piece=2, pieces=2), bindings=[bound(taken, piece=3)])

    bench.later = [listing(taken, found("made"))]
    await bench.reconciler.reconcile([first, second], bench.later[0])

    assert [one.state for one in bench.state.writes("r1")] == ["done", "failed"]
    assert {one.target.id: one.piece for one in bench.bindings()} == {"taken": 3, "made": 1}


async def test_an_id_of_our_choice_is_the_proof(bench: ReconcilerBench) -> None:
    """A job with it was made by that create, whatever its age; one that is bound is not free."""
    bench.provider = "json"
    write = create(at=NOW)
    key = chosen_id(write, mapping("json"))
    mine = attrs.evolve(found(created_at=older(60)), ref=JobRef(provider="json", scope=TARGET_SCOPE, id=key))
    bench.record(write)

    assert await bench.reconcile(write, found("copy", mine), mine) == ("done", key)


async def test_a_write_that_cannot_be_reconciled_is_left_to_a_person(bench: ReconcilerBench) -> None:
    """It blocks its job alone: the next write is reconciled."""
    bench.record(odd := create(source=None), write := create(seq=2, name="Beta", fields={**flatten(MADE), "name": "B"}))
    bench.later = [listing(found(), found("beta", name="B"))]

    _target, unresolved = await bench.reconciler.reconcile([odd, write], bench.later[0])

    assert [one.state for one in bench.state.writes("r1")] == ["uncertain", "done"]
    assert [one.error.startswith("it cannot be reconciled") for one in unresolved] == [True]


async def test_a_young_create_that_does_not_show_is_looked_for_again(bench: ReconcilerBench) -> None:
    """Until it shows; after the last look it was never made."""
    bench.record(write := create())
    bench.later = [listing(), listing(found())]

    target, unresolved = await bench.reconciler.reconcile([write], listing())

    assert (target.jobs, unresolved, bench.slept) == ((found(),), (), [0.5, 1.0])
    assert [one.state for one in bench.state.writes("r1")] == ["done"]


async def test_an_absent_create_has_failed_after_every_look(bench: ReconcilerBench) -> None:
    """Four looks more for a young one, none for one of five minutes ago; the young one waits for its own."""
    bench.record(young := create(at=older(4)), old := create(seq=2, piece=2, at=older(5)))
    bench.later = [listing()]

    await bench.reconciler.reconcile([young, old], listing())

    assert bench.slept == [0.5, 1.0, 2.0, 4.0]
    assert bench.waiting == [["dispatched", "failed"]] * 4
    assert [one.state for one in bench.state.writes("r1")] == ["failed", "failed"]


async def test_what_only_a_person_can_tell_is_not_waited_for(bench: ReconcilerBench) -> None:
    """Nothing absent, nothing to wait for; and an old one fails at the first look."""
    bench.record(write := create(), old := create(seq=2, at=older(5)))

    await bench.reconcile(write, found("one"), found("two"))
    await bench.reconcile(old)
    assert bench.slept == []


UPDATE = {"action": "update", "target_id": "made", "fields": {"name": "New", "action.text": "More."}}


@pytest.mark.parametrize(
    ("now", "applied", "state"),
    [
        ({"name": "New", "action": Prompt(text="More.")}, {"name": "New", "action.text": "More."}, "done"),
        ({"name": "New"}, {"name": "New", "action.text": "Do Alpha."}, "done"),
        ({}, {"name": "Alpha", "action.text": "Do Alpha."}, "failed"),
    ],
)
async def test_an_update_is_known_by_its_values(
    bench: ReconcilerBench, now: dict[str, Any], applied: dict[str, Any], state: str
) -> None:
    """What arrived counts as written by us; an edit of somebody else in another field does not."""
    bench.record(write := create(**UPDATE), bindings=[bound(found())])

    assert (await bench.reconcile(write, found(run_as="someone", **now)))[0] == state
    (binding,) = bench.bindings()
    for known in (binding.applied, binding.seen):
        assert {path: known.get(path) for path in applied} == applied
        assert known.get("run_as") is None
        assert None not in known.values()


async def test_a_field_that_an_update_emptied_is_not_known_any_more(bench: ReconcilerBench) -> None:
    """Neither as written nor as seen."""
    bench.record(write := create(**UPDATE | {"fields": {"labels": None}}), bindings=[bound(found(labels=("old",)))])

    assert (await bench.reconcile(write, found()))[0] == "done"
    (binding,) = bench.bindings()
    assert not {"labels"} & {*binding.applied, *binding.seen}


@pytest.mark.parametrize("missing", ["job", "binding"])
async def test_an_update_of_a_job_that_is_gone_has_failed(bench: ReconcilerBench, missing: str) -> None:
    """Or of one that is not ours any more."""
    bench.record(write := create(**UPDATE), bindings=[bound(found())] if missing == "job" else [])

    jobs = [] if missing == "job" else [found()]
    assert await bench.reconcile(write, *jobs) == ("failed", "the job is gone")


@pytest.mark.parametrize("is_bound", [True, False])
async def test_a_delete_is_known_by_absence(bench: ReconcilerBench, *, is_bound: bool) -> None:
    """A job that is there was not deleted, and keeps its binding; one that is gone loses it."""
    bindings = [bound(found())] if is_bound else []
    bench.record(write := create(action="delete", target_id="made"), bindings=bindings)

    assert await bench.reconcile(write, found()) == ("failed", "the job is still there")
    assert len(bench.bindings()) == is_bound
    assert (await bench.reconcile(write))[0] == "done"
    assert bench.bindings() == []


@pytest.mark.parametrize("tag", [None, TAG])
def test_a_person_may_say_which_job_a_create_made(bench: ReconcilerBench, tag: Any) -> None:
    """One without a tag, or with that of its source job; other jobs' bindings do not matter."""
    bench.record(write := create())
    mine, others = found(ownership_tag=tag, created_at=older(60)), [bound(found("other"))]

    bind_created(mine, write, bindings=others, mapping=mapping("devin"), state=bench.state)
    assert [(one.target.id, one.tagged) for one in bench.bindings()] == [("made", tag is not None)]
    assert [one.state for one in bench.state.writes("r1")] == ["done"]


@pytest.mark.parametrize(
    ("tag", "bindings", "told"),
    [
        (None, [bound(found(), source=ref("Other"))], "bound to another source job"),
        (ownership_tag_for(ref("Other")), [], "ownership tag of another source job"),
        (ownership_tag_for(SOURCE, 2, 2), [], "ownership tag of another source job"),
    ],
)
def test_a_job_of_another_source_job_is_not_bound_on_a_persons_word(
    bench: ReconcilerBench, tag: Any, bindings: list[Binding], told: str
) -> None:
    """It would have two source jobs."""
    bench.record(write := create())

    with pytest.raises(RefusedError, match=told):
        bind_created(found(ownership_tag=tag), write, bindings=bindings, mapping=mapping("devin"), state=bench.state)
    assert bench.bindings() == []


def test_a_binding_says_what_is_there() -> None:
    """A value that the platform did not take counts as not written, so the next plan writes it; emptied ones count."""
    write = create(fields={**flatten(MADE), "name": "Sent", "description": None})
    binding = binding_to(found(name="There"), write, mapping("devin"))

    assert (binding.applied["name"], binding.seen["name"]) == ("There", "There")
    assert None not in binding.applied.values()


def test_what_the_platform_keeps_in_its_own_form_counts_as_it_was_sent() -> None:
    """Else the next plan would take the form for an edit."""
    write = create(fields={**flatten(MADE), "action.text": "one\r\ntwo"})
    binding = binding_to(found(action=Prompt(text="one\ntwo")), write, mapping("devin"))

    assert (binding.applied["action.text"], binding.seen["action.text"]) == ("one\r\ntwo", "one\ntwo")
