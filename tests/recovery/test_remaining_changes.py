"""What is left of a plan that is applied later, or was applied in part: plans and outcomes in, a plan out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest

from migrator.errors import StalePlanError
from migrator.execute.outcomes import Outcome, Status
from migrator.plan.changes import Change, Plan
from migrator.recovery.resume import is_staged, joined, merged, replanned, rest_of, still_fits, unfinished
from migrator.store.records import Run, Write
from tests.plan.builder import NOW, TARGET_SCOPE, Given, job, ref

ALPHA, BETA = job("Alpha"), job("Beta")


@pytest.fixture
def plan() -> Plan:
    """Two creates."""
    return Given(source=(ALPHA, BETA)).plan()


def without(plan: Plan, number: int = 0) -> Plan:
    """Return a plan without one of its changes."""
    return attrs.evolve(plan, changes=tuple(one for at, one in enumerate(plan.changes) if at != number))


def changed(plan: Plan, number: int = 0, **values: Any) -> Plan:
    """Return a plan with one change in another way."""
    changes = [attrs.evolve(one, **values) if at == number else one for at, one in enumerate(plan.changes)]
    return attrs.evolve(plan, changes=tuple(changes))


def emptied(plan: Plan, number: int = 0) -> Plan:
    """Return a plan in which nothing is to be done to a job any more."""
    return changed(plan, number, action="none", fields=(), target=ref("Alpha", "devin"))


RENAMED = tuple(
    attrs.evolve(one, new="Another") if one.path == "name" else one
    for one in Given(source=(ALPHA,)).plan().changes[0].fields
)


def test_a_saved_plan_that_still_fits_is_applied_as_a_fresh_one_has_it(plan: Plan) -> None:
    """Its changes, in its order; and what it says of the other jobs of the plan."""
    fresh = attrs.evolve(plan, created_at=NOW + timedelta(hours=1))
    with_one_done = emptied(plan)
    with_another = attrs.evolve(
        with_one_done, changes=(*with_one_done.changes, Change(action="none", source=ref("New"), name="New"))
    )

    assert still_fits(plan, fresh) == fresh
    assert still_fits(with_one_done, with_another).changes == (plan.changes[1], with_one_done.changes[0])


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"lineage": "other"}, "another state"),
        ({"contract": "put"}, "updated in another way"),
        ({"target_scope": "other"}, "updated in another way"),
        ({"serial": 1}, "applied already"),
    ],
)
def test_a_saved_plan_of_another_state_or_target_is_refused(plan: Plan, values: dict[str, Any], told: str) -> None:
    """Nothing is sent."""
    with pytest.raises(StalePlanError, match=told):
        still_fits(plan, attrs.evolve(plan, **values))


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_saved_plan_is_refused_where_a_side_has_changed(plan: Plan, side: str) -> None:
    """Whatever it is that has changed there."""
    observed = attrs.evolve(plan.observed, **{side: "other"})

    with pytest.raises(StalePlanError, match=f"the {side} .* has changed since"):
        still_fits(plan, attrs.evolve(plan, observed=observed))


@pytest.mark.parametrize(
    "values",
    [
        {"action": "adopt"},
        {"name": "Another"},
        {"pieces": 2},
        {"active_side": "source"},
        {"fields": RENAMED},
        {"fields": RENAMED[1:]},
        {"fields": tuple(attrs.evolve(one, remote="edited") for one in RENAMED)},
    ],
)
def test_a_saved_plan_that_wants_something_else_is_refused(plan: Plan, values: dict[str, Any]) -> None:
    """The change is named."""
    with pytest.raises(StalePlanError, match="does not create Alpha as the saved one does"):
        still_fits(plan, changed(plan, **values))


def test_a_saved_plan_with_a_change_that_is_not_to_be_made_any_more_is_refused(plan: Plan) -> None:
    """It was made meanwhile, or the source job is gone."""
    for fresh in (without(plan), emptied(plan)):
        with pytest.raises(StalePlanError, match="does not create Alpha"):
            still_fits(plan, fresh)


def test_how_far_ahead_a_job_is_parked_may_differ(plan: Plan) -> None:
    """It depends on the day; what comes in its place at the cutover does not."""
    due = changed(plan, fields=RENAMED, due={"name": "Alpha"})

    assert still_fits(changed(plan, due={"name": "Alpha"}), due).changes[0].fields == RENAMED


def test_a_plan_is_staged_where_every_new_job_is(plan: Plan) -> None:
    """One that is active would fire beside its source; no new job, nothing staged."""
    staged = Given(source=(ALPHA, BETA)).given(hold=True).plan()

    assert (is_staged(staged), is_staged(plan), is_staged(without(without(plan)))) == (True, False, False)
    assert not is_staged(changed(staged, active_side="both"))
    assert is_staged(changed(staged, action="update", active_side="both"))


RUN = Run(id="r1", sync="it", provider="devin", scope=TARGET_SCOPE, started_at=NOW)


def write(name: str, state: str = "done") -> Write:
    """Return a write of the run."""
    return Write(run="r1", seq=1, sync="it", action="create", source=ref(name), target_scope="s", at=NOW, state=state)  # type: ignore[arg-type]  # IntentState


def rest(plan: Plan, fresh: Plan, *sent: Write, later: tuple[Run, ...] = ()) -> Plan:
    """Return what the run has left."""
    return rest_of(RUN, plan, fresh, later=later, sent=sent)


def test_a_run_goes_on_with_what_its_plan_has_left(plan: Plan) -> None:
    """What it made is in order; jobs that the plan did not change are none of its business."""
    fresh = emptied(plan)
    with_blocked = attrs.evolve(
        fresh, refusal="too much", changes=(*fresh.changes, Change(action="blocked", source=ref("X"), name="X"))
    )

    left = rest(plan, with_blocked, write("Alpha"))
    assert (left.changes, left.refusal) == (fresh.changes, "")


def test_a_run_of_another_state_does_not_go_on(plan: Plan) -> None:
    """Its plan was made on one that is lost."""
    with pytest.raises(StalePlanError, match="another state"):
        rest(plan, attrs.evolve(plan, lineage="other"))


@pytest.mark.parametrize(("kind", "of"), [("apply", None), ("resume", "r0"), ("rollback", "r1")])
def test_a_run_does_not_go_on_after_another_one(plan: Plan, kind: Any, of: str | None) -> None:
    """Unless that one resumed it."""
    with pytest.raises(StalePlanError, match="another run came after it"):
        rest(plan, plan, later=(attrs.evolve(RUN, id="r2", kind=kind, of=of),))
    assert rest(plan, plan, later=(attrs.evolve(RUN, id="r2", kind="resume", of="r1"),)).pending == plan.pending


def test_a_run_does_not_go_on_where_the_source_changed(plan: Plan) -> None:
    """The target has: by the run itself."""
    with pytest.raises(StalePlanError, match=r"the source \(omni\) has changed since"):
        rest(plan, attrs.evolve(plan, observed=attrs.evolve(plan.observed, source="other")))
    observed = attrs.evolve(plan.observed, target="other")
    assert rest(plan, attrs.evolve(plan, observed=observed)).pending == plan.pending


@pytest.mark.parametrize(
    "values",
    [
        {"action": "adopt"},
        {"target": ref("X", "devin")},
        {"fields": RENAMED},
        {"piece": 2},
        {"action": "blocked", "reason": "odd"},
    ],
)
def test_a_job_that_the_run_has_not_begun_must_be_as_it_was(plan: Plan, values: dict[str, Any]) -> None:
    """A claim is no beginning; a write is, and then other ways to the same fields are what is left."""
    fresh = changed(plan, **values)
    with pytest.raises(StalePlanError, match="no longer fits: Alpha"):
        rest(plan, fresh, write("Alpha", "claimed"), write("Beta"))
    if values.get("action") == "adopt":
        assert rest(plan, fresh, write("Alpha")).changes == fresh.changes


def test_a_job_that_the_run_has_begun_must_not_come_out_otherwise(plan: Plan) -> None:
    """A field that was planned has another value now; one that was not planned may come."""
    with pytest.raises(StalePlanError, match="no longer fits: Alpha"):
        rest(plan, changed(plan, action="update", fields=RENAMED), write("Alpha"))
    unplanned = (attrs.evolve(RENAMED[0], path="description", new="more"),)
    assert rest(plan, changed(plan, action="update", fields=unplanned), write("Alpha")).changes[0].fields == unplanned


def outcome(one: Change, status: Status = "done", **values: Any) -> Outcome:
    """Return what became of a change."""
    return attrs.evolve(
        Outcome(action=one.action, source=one.source, target=one.target, name=one.name, status=status), **values
    )


def deletion(name: str, source: str = "Old") -> Change:
    """Return a delete."""
    return Change(action="delete", source=ref(source), target=ref(name, "devin"), name=name)


def test_after_lost_responses_only_those_jobs_are_taken_up(plan: Plan) -> None:
    """Another failure stays one."""
    outcomes = [outcome(plan.changes[0], "failed"), outcome(plan.changes[1], "failed")]
    left = unfinished(plan.changes, outcomes, attrs.evolve(plan, refusal="no"), {ALPHA.ref})

    assert (left.changes, left.refusal) == ((plan.changes[0],), "")


def test_deletes_that_waited_for_lost_responses_are_taken_up_with_them(plan: Plan) -> None:
    """Unless a job could not be made; what was tried and failed is not tried again."""
    create, waiting, tried = plan.changes[0], deletion("Waits"), deletion("Tried")
    of_unclear_job = deletion("Own", "Alpha")
    fresh = attrs.evolve(plan, changes=(create, waiting, tried, of_unclear_job))
    planned = [create, waiting, tried]

    def left(first: str, source: str = "Alpha", action: Any = "create") -> list[str]:
        outcomes = [
            outcome(create, first, action=action, source=ref(source)),  # type: ignore[arg-type]  # Status
            outcome(waiting, "skipped"),
            outcome(tried, "failed"),
        ]
        return [one.name for one in unfinished(planned, outcomes, fresh, {ALPHA.ref}).changes]

    assert left("failed") == ["Alpha", "Waits", "Own"]
    assert left("failed", "Other") == ["Alpha"]
    assert left("failed", "Other", "update") == ["Alpha", "Waits", "Own"]
    assert left("done", "Other") == ["Alpha", "Waits", "Own"]


def test_what_was_taken_up_replaces_its_outcome_alone(plan: Plan) -> None:
    """A job that was made after all is done, with its target; what was done, or not taken up, stays as it was."""
    alpha, beta = plan.changes
    made = ref("Made", "devin")
    again = attrs.evolve(plan, changes=(alpha,))
    first = [outcome(alpha, "failed", error="lost"), outcome(beta, "failed", error="refused")]
    found = merged(plan.changes, first, again, [outcome(alpha, target=made)], {ALPHA.ref})

    assert [(one.status, one.error, one.target) for one in found] == [("done", "", made), ("failed", "refused", None)]
    done = merged(plan.changes, [outcome(alpha), outcome(beta)], again, [outcome(alpha, "failed")], {ALPHA.ref})
    assert [one.status for one in done] == ["done", "done"]


def test_what_failed_again_or_is_blocked_now_has_failed(plan: Plan) -> None:
    """With the reason of the second time."""
    alpha = plan.changes[0]
    first = [outcome(alpha, "failed", error="lost")]

    def found(rest: Change, *later: Outcome) -> tuple[str, str]:
        (one,) = merged([alpha], first, attrs.evolve(plan, changes=(rest,)), later, {ALPHA.ref})
        return one.status, one.error

    assert found(alpha, outcome(alpha, "skipped", error="stopped")) == ("skipped", "stopped")
    assert found(attrs.evolve(alpha, action="blocked", reason="odd")) == ("failed", "odd")
    assert found(attrs.evolve(alpha, action="none")) == ("done", "")


def test_what_became_of_another_job_is_not_taken_for_it(plan: Plan) -> None:
    """The other one failed again, or is blocked."""
    alpha, beta = plan.changes
    first = [outcome(alpha, "failed"), outcome(beta, "failed")]
    unclear = {ALPHA.ref, BETA.ref}
    failed = merged(plan.changes, first, plan, [outcome(alpha), outcome(beta, "failed", error="odd")], unclear)
    stuck = changed(plan, 1, action="blocked", reason="odd")
    blocked = merged(plan.changes, first, stuck, [outcome(alpha)], unclear)

    for found in (failed, blocked):
        assert [(one.status, one.error) for one in found] == [("done", ""), ("failed", "odd")]


def test_of_two_parts_each_has_its_own_result(plan: Plan) -> None:
    """The part that failed again is not told as the one that was not begun."""
    one, two = (attrs.evolve(plan.changes[0], piece=piece, pieces=2) for piece in (1, 2))
    both = attrs.evolve(plan, changes=(one, two))
    first = [outcome(one, "skipped", error="the other"), outcome(two, "failed", error="lost")]

    def found(*later: Outcome) -> list[tuple[str, str]]:
        return [(each.status, each.error) for each in merged(both.changes, first, both, later, {ALPHA.ref})]

    again = outcome(one, "skipped", error="the other"), outcome(two, "failed", error="odd")
    assert found(*again) == [("skipped", "the other"), ("failed", "odd")]
    assert found(outcome(one), outcome(two, "failed", error="odd")) == [("failed", "odd"), ("failed", "odd")]


def test_the_target_of_a_merged_outcome_is_that_of_its_part(plan: Plan) -> None:
    """The job that was made before the one that stands, and none that was deleted."""
    part = attrs.evolve(plan.changes[0], piece=2, pieces=2)
    sibling = attrs.evolve(part, piece=1, action="none", target=ref("One", "devin"))
    deleted = attrs.evolve(part, action="delete", target=ref("Gone", "devin"))
    kept = attrs.evolve(part, action="none", target=ref("Two", "devin"))
    made = outcome(part, target=ref("Made", "devin"))

    def target(rest: list[Change], *later: Outcome) -> str:
        (one,) = merged([part], [outcome(part, "failed")], attrs.evolve(plan, changes=tuple(rest)), later, {ALPHA.ref})
        return one.target.id if one.target else ""

    assert target([sibling, deleted, kept], outcome(deleted)) == ref("Two", "devin").id
    assert target([sibling, deleted, part], outcome(deleted), made) == ref("Made", "devin").id
    of_sibling = outcome(attrs.evolve(sibling, action="create"), target=ref("First", "devin"))
    assert target([attrs.evolve(sibling, action="create"), part], of_sibling, made) == ref("Made", "devin").id
    assert target([sibling, deleted], outcome(deleted)) == ""


def test_withheld_deletes_that_were_taken_up_get_their_outcome(plan: Plan) -> None:
    """They are not among the unclear jobs."""
    gone = deletion("Waits")
    (found,) = merged([gone], [outcome(gone, "skipped")], attrs.evolve(plan, changes=(gone,)), [outcome(gone)], set())

    assert found.status == "done"


def test_what_could_not_be_done_as_planned_is_planned_again(plan: Plan) -> None:
    """Failed, skipped or blocked; what is done stays, and keeps its outcome."""
    third = attrs.evolve(plan.changes[0], source=ref("C"), name="C", action="blocked")
    whole = attrs.evolve(plan, changes=(*plan.changes, third))
    outcomes = [outcome(plan.changes[0], "failed"), outcome(plan.changes[1])]
    fresh = attrs.evolve(
        whole, contract="put", changes=tuple(attrs.evolve(one, action="create") for one in whole.changes)
    )
    again = replanned(whole, outcomes, fresh)
    later = [outcome(one) for one in again.pending]
    joined_plan, joined_outcomes = joined(whole, outcomes, again, later)

    assert [one.name for one in again.changes] == ["Alpha", "C"]
    assert ([one.name for one in joined_plan.changes], joined_plan.contract) == (["Alpha", "Beta", "C"], "put")
    assert [(one.name, one.status) for one in joined_outcomes] == [("Alpha", "done"), ("Beta", "done"), ("C", "done")]


def test_a_part_that_was_done_stays_beside_the_one_that_is_planned_again(plan: Plan) -> None:
    """Of two parts of one job."""
    one = attrs.evolve(plan.changes[0], pieces=2)
    two = attrs.evolve(one, piece=2)
    whole = attrs.evolve(plan, changes=(one, two))
    again = attrs.evolve(plan, changes=(attrs.evolve(two, action="update"),))
    joined_plan, joined_outcomes = joined(whole, [outcome(one), outcome(two, "failed")], again, [outcome(two)])

    assert [(change.piece, change.action) for change in joined_plan.changes] == [(1, "create"), (2, "update")]
    assert [found.status for found in joined_outcomes] == ["done", "done"]
