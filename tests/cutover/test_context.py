"""Which jobs of a sync may be switched, which are active nowhere, and why not: listings and a plan in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import attrs
import pytest

from migrator.canonical import Job, Prompt, Unportable
from migrator.cron import Once, Recurring, parse
from migrator.cutover.context import CutoverContext
from migrator.errors import RecordError, UsageError
from migrator.extract import Problem
from migrator.store.records import ActiveSide
from tests.cutover.builder import Switching, active_side
from tests.cutover.contexts import context_of, with_other_target
from tests.plan.builder import NOW, Given, job, ref

ALPHA, BETA = job("Alpha"), job("Beta")
ONE = Given(source=(ALPHA,)).carried_out()
PLANNER = Switching().planner
EMPTY = Given(source=(ALPHA,))
PAUSED = attrs.evolve(ALPHA, enabled=False)
MOVED = active_side(parked={"enabled": False}, original={"enabled": True})
OTHER = attrs.evolve(ALPHA, action=Prompt(text="Something else."))


def move(found: CutoverContext, goal: Any = "target", *, is_preview: bool = False) -> tuple[str, str]:
    """Return whether a job is switched, or why not."""
    switch = found.switch(ref("Alpha"), PLANNER, goal, is_preview=is_preview)
    assert bool(switch.steps) <= (switch.status == "planned")
    return switch.status, switch.reason


def test_a_job_that_is_in_line_and_proved_is_switched() -> None:
    """What its target does is compared first."""
    assert move(context_of(ONE)) == ("planned", "")
    assert context_of(ONE).proofs[ref("Alpha")].status == "proved"


@pytest.mark.parametrize(
    ("given", "status", "told"),
    [
        (ONE.with_source(lambda _one: OTHER), "refused", "the target is not in line yet: update is still to be done"),
        (ONE.given(unproved=frozenset({ref("Alpha")})), "planned", ""),
        (ONE.with_source(lambda one: attrs.evolve(one, trigger=Unportable(kind="x", reason="odd"))), "refused", ""),
    ],
)
def test_a_job_that_is_not_in_line_is_not_switched(given: Given, status: str, told: str) -> None:
    """The target would do something else."""
    found = move(context_of(given))

    assert (found[0], told in found[1]) == (status, True)


def test_a_job_that_is_not_verified_is_not_switched() -> None:
    """The plan sees no change, and the target fires at other instants."""
    later = Recurring(parse("0 10 * * 1", "vixie"), "UTC")
    found = with_other_target(context_of(ONE), lambda one: attrs.evolve(one, trigger=later))

    status, reason = move(found)
    assert (status, reason.startswith("it is not verified (differs: ")) == ("refused", True)
    assert reason.endswith("see why: migrator verify it")
    assert move(found, "source")[0] == "planned"


def test_a_job_that_is_active_at_another_target_is_not_switched() -> None:
    """Two targets would fire; that one is switched back first. Switching back to the source is free."""
    found = context_of(ONE, elsewhere={ref("Alpha"): "scrip"})

    assert move(found) == ("refused", "it is active at scrip already; switch that back first")
    assert move(found, "source")[0] == "planned"
    assert move(context_of(ONE, elsewhere={ref("Beta"): "scrip"}))[0] == "planned"


def test_a_job_that_never_fires_again_is_left() -> None:
    """There is nothing to take over; the plan says why."""
    dead = ONE.with_source(lambda one: attrs.evolve(one, trigger=Once(NOW - timedelta(days=1))))
    found = context_of(dead)

    assert {change.action for change in found.changes[ref("Alpha")]} <= {"none"}
    assert move(found)[0] == "left"


def cut_short(**values: Any) -> ActiveSide:
    """Return the record of a switch that has begun and not ended."""
    known: dict[str, Any] = {"live": "both", "begun": NOW} | values
    return attrs.evolve(MOVED, **known)


def test_a_switch_that_was_cut_short_is_finished_without_a_proof() -> None:
    """The source is stopped already: waiting leaves the job active nowhere."""
    changed = ONE.with_source(lambda _one: OTHER)

    died = context_of(changed, listed=[attrs.evolve(OTHER, enabled=False)], active_sides=[cut_short()])
    assert move(died)[0] == "planned"
    stirs = context_of(changed, listed=[OTHER], active_sides=[MOVED])
    assert (move(stirs)[0], stirs.is_out_of_place(ref("Alpha"))) == ("planned", True)
    again = context_of(changed, listed=[attrs.evolve(OTHER, enabled=False)], active_sides=[MOVED])
    assert (move(again)[0], again.is_out_of_place(ref("Alpha"))) == ("refused", False)


def test_a_job_that_is_on_one_side_only_is_not_out_of_place() -> None:
    """Nor is one of which nothing is recorded."""
    assert not context_of(Given(), active_sides=[cut_short()]).is_out_of_place(ref("Alpha"))
    assert not context_of(ONE).is_out_of_place(ref("Alpha"))
    assert not context_of(ONE, active_sides=[active_side(live="source")]).is_out_of_place(ref("Alpha"))


def test_a_job_that_the_plan_does_not_know_is_switched_if_it_is_verified() -> None:
    """It is not selected any more; both sides still hold the same."""
    found = context_of(ONE)
    unplanned = attrs.evolve(found.snapshot, plan=attrs.evolve(found.snapshot.plan, changes=()))

    assert move(attrs.evolve(found, snapshot=unplanned)) == ("planned", "")


def test_a_staged_target_is_activated() -> None:
    """The plan says what it holds once it may fire."""
    given = Given(source=(ALPHA,)).given(hold=True)
    record = active_side(live="source")
    given = attrs.evolve(given.carried_out(), rest={})
    found = context_of(given.with_target(lambda one: attrs.evolve(one, enabled=False)), active_sides=[record])

    switch = found.switch(ref("Alpha"), PLANNER, "target")
    assert [(step.does, dict(step.new)) for step in switch.steps] == [
        ("pause", {"enabled": False}),
        ("release", {"enabled": True}),
    ]


# -- where a side lacks the job ----------------------------------------------------------------------------------------


def test_a_job_whose_target_is_still_to_be_created_is_switched_after_that() -> None:
    """In a preview; if it was not created, it is refused. Switching back has nothing to do."""
    found = context_of(EMPTY)

    assert move(found, is_preview=True) == ("planned", "it is created at the target first, staged")
    assert move(found) == ("refused", "its target job could not be created; see why: migrator history")
    assert move(found, "source", is_preview=True) == ("left", "it has no target job")
    assert found.switch(ref("Alpha"), PLANNER, "target", is_preview=True).steps == ()


def test_a_blocked_job_is_refused_with_its_reason() -> None:
    """Whether it has a target job or not."""
    odd = lambda one: attrs.evolve(one, trigger=Unportable(kind="x", reason="odd"))  # noqa: E731 (both listings get it)

    for found in (context_of(EMPTY.with_source(odd)), context_of(ONE.with_source(odd))):
        (change,) = found.changes[ref("Alpha")]
        assert (change.action, move(found)) == ("blocked", ("refused", change.reason))


def test_a_job_that_never_fires_again_has_no_target_job() -> None:
    """None is created for it, so it is not switched after that."""
    dead = EMPTY.with_source(lambda one: attrs.evolve(one, trigger=Once(NOW - timedelta(days=1))))
    found = context_of(dead)

    (change,) = found.changes[ref("Alpha")]
    assert move(found, is_preview=True) == ("left", change.reason)


def test_a_target_job_that_is_missing_is_not_there() -> None:
    """The record says that the target is the active side, and the job is active nowhere."""
    gone = attrs.evolve(ONE, target=()).having(on_deleted="recreate")
    found = context_of(gone, listed=[PAUSED], active_sides=[MOVED])

    assert move(found) == ("refused", "a target job of it is missing; see what to do: migrator plan it")


def test_a_switch_that_was_cut_short_is_not_finished_with_half_of_the_parts() -> None:
    """One of two target jobs is gone: the other one alone does not stand for the source job."""
    (binding,) = ONE.bindings
    absent = attrs.evolve(binding, target=attrs.evolve(binding.target, id="lost"), piece=2)
    found = context_of(
        attrs.evolve(ONE, bindings=(binding, absent)), listed=[ALPHA], active_sides=[cut_short(live="target")]
    )

    assert found.is_out_of_place(ref("Alpha"))
    assert move(found)[0] == "refused"
    assert move(found, "source")[0] == "planned"


@pytest.mark.parametrize("goal", ["target", "source"])
def test_a_target_job_that_is_missing(goal: Any) -> None:
    """Nothing can take over; switching back uses what is left."""
    gone = attrs.evolve(ONE, target=())
    status, reason = move(context_of(gone), goal)

    if goal == "target":
        assert status == "refused"
    else:
        assert (status, reason) == ("planned", "")


def test_a_source_job_that_is_gone() -> None:
    """The target stays; the source can fire nothing."""
    gone = attrs.evolve(ONE, source=())
    for record in ([], [active_side(live="source")]):
        assert move(context_of(gone, active_sides=record))[0] == "refused"
    moved = context_of(gone, active_sides=[MOVED])
    assert move(moved, "source") == ("refused", "the source job is gone, so the source cannot fire it")


def test_a_retired_job_is_there() -> None:
    """Its definition is kept, its source job is gone, and the target is the active side."""
    kept = context_of(ONE, listed=[], active_sides=[MOVED])

    assert move(kept) == ("there", "the target is the active side already, and the source job is gone")
    assert move(kept, "source") == ("refused", "the source job is gone, so the source cannot fire it")
    assert move(context_of(ONE, listed=[]))[0] == "refused"
    assert move(context_of(ONE, listed=[], active_sides=[active_side(live="source")]))[0] == "refused"


# -- names -------------------------------------------------------------------------------------------------------------


def test_jobs_are_chosen_by_name_or_id() -> None:
    """Also one that is only at the target any more; without a name, all of them."""
    both = Given(source=(ALPHA, BETA)).carried_out()
    found = context_of(attrs.evolve(both, source=(ALPHA,)))

    assert found.chosen(()) == {ref("Alpha"), ref("Beta")}
    assert found.chosen(["Alpha"]) == found.chosen([ref("Alpha").id]) == {ref("Alpha")}
    assert found.chosen(["Beta"]) == {ref("Beta")}
    assert found.chosen(["Alpha", "Beta"]) == {ref("Alpha"), ref("Beta")}


def test_a_renamed_job_goes_by_its_new_name() -> None:
    """Its target job still has the old one."""
    found = context_of(ONE.with_source(lambda one: attrs.evolve(one, name="New")))

    assert found.chosen(["New"]) == {ref("Alpha")}
    with pytest.raises(UsageError):
        found.chosen(["Alpha"])


def test_a_job_that_nobody_knows_is_an_error() -> None:
    """Also beside known ones: nothing is switched for a typing error."""
    with pytest.raises(UsageError, match="unknown job") as caught:
        context_of(ONE).chosen(["Alpha", "Alpa"])
    assert (caught.value.actual, caught.value.allowed) == ("Alpa", "Alpha")
    with pytest.raises(UsageError, match="none is there"):
        context_of(Given()).chosen(["Alpha"])


def test_jobs_that_the_sync_has_nothing_to_do_with_are_not_chosen() -> None:
    """They are not selected, and have no target job; nor are jobs of another sync."""
    found = context_of(EMPTY, listed=[ALPHA, BETA])
    assert found.chosen(()) == {ref("Alpha")}
    others = attrs.evolve(ONE, source=(), bindings=tuple(attrs.evolve(one, sync="other") for one in ONE.bindings))
    assert context_of(others).chosen(()) == frozenset()
    replaced = tuple(attrs.evolve(one, superseded=True) for one in ONE.bindings)
    assert context_of(attrs.evolve(ONE, bindings=replaced)).bindings == {}


# -- active nowhere ----------------------------------------------------------------------------------------------------


def dark(found: CutoverContext) -> list[tuple[str, str]]:
    """Return the jobs that are active nowhere, each with the command that repairs it."""
    return [(one.live, one.repair) for one in found.inactive_jobs()]


def with_target(**values: Any) -> Given:
    """Return Alpha at both sides, with another target job."""
    return ONE.with_target(lambda one: attrs.evolve(one, **values))


BACK, ON = "migrator cutover it --back --job Alpha", "migrator cutover it --job Alpha"


@pytest.mark.parametrize(
    ("given", "listed", "record", "found"),
    [
        (with_target(enabled=False), [PAUSED], MOVED, [("neither", BACK)]),
        (with_target(enabled=False), [PAUSED], cut_short(), [("neither", ON)]),
        (with_target(enabled=False), [PAUSED], attrs.evolve(MOVED, begun=MOVED.since), [("neither", BACK)]),
        (with_target(suspended="odd"), [PAUSED], MOVED, [("neither", BACK)]),
        (with_target(suspended="odd"), [PAUSED], cut_short(), [("neither", BACK)]),
        (attrs.evolve(ONE, target=()), [PAUSED], MOVED, [("neither", BACK)]),
        (attrs.evolve(ONE, target=()), [PAUSED], cut_short(), [("neither", BACK)]),
        (with_target(enabled=False), [], MOVED, [("neither", "migrator plan it")]),
        (attrs.evolve(ONE, target=()), [], MOVED, []),
        (ONE, [PAUSED], MOVED, []),
        (ONE, [ALPHA], MOVED, []),
        (ONE, [], MOVED, []),
        (with_target(enabled=False), [PAUSED], None, []),
        (with_target(enabled=False).with_source(lambda _one: PAUSED), [PAUSED], active_side(), []),
    ],
)
def test_a_job_that_is_active_nowhere_is_named(
    given: Given, listed: list[Job], record: ActiveSide | None, found: list[tuple[str, str]]
) -> None:
    """With the command that lets it fire again; only jobs that were cut over, and that their owners want to fire."""
    assert dark(context_of(given, listed=listed, active_sides=[record] if record else [])) == found


def test_parts_that_are_not_all_active() -> None:
    """One of two target jobs fires."""
    (target,), (binding,) = ONE.target, ONE.bindings
    two = attrs.evolve(target, ref=attrs.evolve(target.ref, id="two"), enabled=False)
    given = attrs.evolve(ONE, target=(target, two), bindings=(binding, attrs.evolve(binding, target=two.ref, piece=2)))

    assert [one.live for one in context_of(given, listed=[PAUSED], active_sides=[MOVED]).inactive_jobs()] == ["part"]
    assert [one.live for one in context_of(given, listed=[], active_sides=[MOVED]).inactive_jobs()] == ["part"]
    paused = given.with_source(lambda _one: PAUSED)
    assert context_of(paused, listed=[PAUSED], active_sides=[active_side()]).inactive_jobs() == ()


UNREAD = (Problem(ref=ref("Alpha"), name="Alpha", error=RecordError("odd", job="Alpha", path="schedule")),)
OTHERS = (attrs.evolve(UNREAD[0], ref=ref("Other")),)


@pytest.mark.parametrize(
    ("target", "problems", "found"),
    [
        ({"enabled": False}, UNREAD, [("unknown", "migrator plan it")]),
        ({}, UNREAD, []),
        ({"enabled": False}, OTHERS, [("neither", "migrator plan it")]),
    ],
)
def test_a_job_that_cannot_be_read_may_be_active_nowhere(
    target: dict[str, Any], problems: Iterable[Problem], found: list[tuple[str, str]]
) -> None:
    """Unless all of its target jobs fire."""
    given = attrs.evolve(with_target(**target), source=())

    assert dark(context_of(given, active_sides=[MOVED], problems=problems)) == found


@pytest.mark.parametrize(
    ("given", "listed", "record", "live"),
    [
        (ONE, None, None, "both"),
        (with_target(enabled=False), None, None, "source"),
        (ONE, [PAUSED], MOVED, "target"),
        (with_target(trigger=Once(NOW)), [PAUSED], MOVED, "neither"),
        (attrs.evolve(ONE, target=()), None, None, "source"),
        (attrs.evolve(ONE, target=()), [PAUSED], MOVED, "neither"),
        (attrs.evolve(ONE, source=()), None, None, "target"),
        (attrs.evolve(with_target(enabled=False), source=()), None, None, "neither"),
        (EMPTY.with_source(lambda _one: PAUSED), None, None, "paused"),
        (EMPTY, None, None, "source"),
        (EMPTY, [PAUSED], MOVED, "neither"),
        (attrs.evolve(ONE.with_source(lambda _one: PAUSED), target=()), None, None, "paused"),
        (EMPTY.with_source(lambda one: attrs.evolve(one, trigger=Once(NOW))), None, None, "over"),
    ],
)
def test_which_side_is_active(given: Given, listed: list[Job] | None, record: ActiveSide | None, live: str) -> None:
    """Also where a side lacks the job."""
    found = context_of(given, listed=listed, active_sides=[record] if record else [])
    status = found.status(ref("Alpha"))

    assert (status.live, status.name) == (live, "Alpha")
    assert status.meant == (record.live if record else "both")
    assert status.is_unfinished == (record is not None and record.begun is not None)
    assert status.since == (record.since if record else None)


def test_one_part_of_two_beside_its_source_is_active_on_both_sides() -> None:
    """The other part is gone."""
    (target,), (binding,) = ONE.target, ONE.bindings
    absent = attrs.evolve(binding, target=attrs.evolve(target.ref, id="lost"), piece=2)
    given = attrs.evolve(ONE, bindings=(binding, absent))

    assert context_of(given).status(ref("Alpha")).live == "both"
    assert context_of(given, listed=[PAUSED], active_sides=[MOVED]).status(ref("Alpha")).live == "part"


def test_a_job_that_cannot_be_compared_is_unknown() -> None:
    """And so is not told to be in order."""
    nowhere = Recurring(parse("0 9 * * 1", "vixie"), "Mars/Olympus")
    found = with_other_target(
        context_of(ONE, active_sides=[cut_short()]), lambda one: attrs.evolve(one, trigger=nowhere)
    )

    status = found.status(ref("Alpha"))
    assert (status.live, status.meant, status.since, status.is_unfinished) == ("unknown", "both", NOW, True)
    assert status.targets == (ONE.target[0].ref,)
    assert move(found)[0] == "refused"
    for record in (None, MOVED):
        active_sides = {ref("Alpha"): record} if record else {}
        other = attrs.evolve(found, snapshot=attrs.evolve(found.snapshot, active_sides=active_sides))
        status = other.status(ref("Alpha"))
        assert (status.live, status.is_unfinished) == ("unknown", False)
        assert (status.meant, status.since) == (("target", NOW) if record else ("both", None))


def test_what_a_job_is_called() -> None:
    """By its source job; of one that is gone, by its target job; without either, by its id."""
    renamed = ONE.with_target(lambda one: attrs.evolve(one, name="Elsewhere"))
    assert context_of(renamed).name(ref("Alpha")) == "Alpha"
    assert context_of(attrs.evolve(ONE, source=())).name(ref("Alpha")) == "Alpha"
    assert context_of(Given()).name(ref("Alpha")) == ref("Alpha").id
