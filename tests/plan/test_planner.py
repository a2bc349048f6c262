"""The planner alone: two listings and the bindings between them in, changes out; no HTTP, no state, no platform."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from migrator.mapping.ownership import ownership_tag_for
from migrator.store.records import ActiveSide
from tests.plan.builder import NOW, TARGET_SCOPE, Given, job, only, ref

REPORT = job("Report")


@pytest.fixture
def bound() -> Given:
    """One job that the target has."""
    return Given(source=(REPORT,)).carried_out()


def test_a_new_job_is_created_as_the_target_holds_it() -> None:
    """The schedule is in the target's dialect, and every field of the new job is new."""
    change = only(Given(source=(REPORT,)).plan())

    assert (change.action, change.source, change.target) == ("create", ref("Report"), None)
    assert str(change.new_fields()["trigger.cron"]) == "0 9 * * 1"
    assert {one.reason for one in change.fields} == {"new"}


def test_nothing_is_left_to_do_once_it_is_carried_out(bound: Given) -> None:
    """The plan after a plan is empty."""
    plan = bound.plan()

    assert (only(plan).action, plan.pending) == ("none", ())


def test_an_edit_at_the_source_updates_those_fields_alone(bound: Given) -> None:
    """A new name is the one field that changes."""
    change = only(bound.with_source(lambda one: attrs.evolve(one, name="Renamed")).plan())

    assert (change.action, [(one.path, one.new) for one in change.fields]) == ("update", [("name", "Renamed")])
    assert not change.renews


def test_a_job_that_is_paused_at_the_source_is_paused(bound: Given) -> None:
    """And one that runs again is resumed."""
    paused = bound.with_source(lambda one: attrs.evolve(one, enabled=False))
    stopped = Given(source=paused.source).carried_out()

    assert only(paused.plan()).action == "pause"
    assert only(stopped.with_source(lambda _one: REPORT).plan()).action == "resume"


@pytest.mark.parametrize(("on_missing", "action"), [("keep", "none"), ("pause", "pause"), ("delete", "delete")])
def test_a_job_that_is_removed_at_source_goes_as_the_sync_says(on_missing: str, action: str) -> None:
    """Other jobs are still there, so the listing is believed."""
    others = [job(f"Other {number}") for number in range(9)]
    given = Given(source=(REPORT, *others)).carried_out().having(on_missing=on_missing)
    plan = attrs.evolve(given, source=tuple(others)).plan()
    (change,) = (one for one in plan.changes if one.source == ref("Report"))

    assert (change.action, len(plan.pending)) == (action, 0 if action == "none" else 1)


def test_an_empty_listing_removes_nothing(bound: Given) -> None:
    """That everything is gone at once is not believed."""
    change = only(attrs.evolve(bound.having(on_missing="delete"), source=()).plan())

    assert (change.action, "an empty listing removes nothing" in change.reason) == ("blocked", True)


@pytest.mark.parametrize(("adopt", "action"), [("never", "blocked"), ("identical", "adopt"), ("name", "adopt")])
def test_a_job_that_is_there_already_is_adopted_as_the_sync_says(bound: Given, adopt: str, action: str) -> None:
    """Without a binding, a job that is exactly like it is never made a second time."""
    change = only(attrs.evolve(bound.having(adopt=adopt), bindings=()).plan())

    assert (change.action, change.target) == (action, bound.target[0].ref)


def test_an_ownership_tag_without_a_binding_is_enough_to_adopt(bound: Given) -> None:
    """A lost state is found again by the tags, whatever was edited meanwhile."""
    tagged = bound.with_target(
        lambda one: attrs.evolve(one, ownership_tag=ownership_tag_for(REPORT.ref), name="Edited")
    )
    change = only(attrs.evolve(tagged.having(adopt="name"), bindings=()).plan())

    assert (change.action, [one.path for one in change.fields]) == ("adopt", ["name"])


def test_a_loss_that_is_not_allowed_blocks_the_job_and_names_the_line() -> None:
    """With the line in the sync, the job is created without what it loses."""
    described = job("Report", description="Read on Mondays.")
    refused = only(Given(source=(described,)).plan())
    allowed = only(Given(source=(described,)).having(allow_loss=("description",)).plan())

    assert (refused.action, 'allow_loss = ["description"]' in refused.reason) == ("blocked", True)
    assert (allowed.action, [loss.path for loss in allowed.losses]) == ("create", ["description"])


def test_drift_at_the_target_waits_for_a_person(bound: Given) -> None:
    """Unless the sync says whose value counts."""
    drifted = bound.with_target(lambda one: attrs.evolve(one, name="Edited by hand"))

    assert only(drifted.plan()).action == "blocked"
    assert only(drifted.having(on_drift="source").plan()).action == "update"
    assert only(drifted.having(on_drift="target").plan()).action == "none"


def test_time_alone_renews_a_schedule_and_does_not_count_as_a_change() -> None:
    """A wall clock that leaves summer time behind moves the hour in UTC; the source is as it was."""
    bound = Given(source=(job("Report", timezone="America/New_York"),)).carried_out()
    change = only(bound.given(now=NOW + timedelta(days=120)).plan())

    assert (only(bound.plan()).action, change.action, change.renews) == ("none", "update", True)
    assert str(change.new_fields()["trigger.cron"]) == "0 13 * * 1"


def test_a_job_that_somebody_deleted_at_the_target_is_reported_or_recreated(bound: Given) -> None:
    """Deleting it may have been meant."""
    gone = attrs.evolve(bound, target=())

    assert only(gone.plan()).action == "blocked"
    assert only(gone.having(on_deleted="recreate").plan()).action == "create"


def test_a_staged_job_is_created_paused_and_knows_what_it_becomes() -> None:
    """Nothing fires at the target before the cutover."""
    change = only(Given(source=(REPORT,)).given(hold=True).plan())

    assert (change.action, change.new_fields()["enabled"], dict(change.due)) == ("create", False, {"enabled": True})


def test_a_job_whose_cutover_was_cut_short_is_left_alone(bound: Given) -> None:
    """No sync guesses which side is to be active."""
    active_side = ActiveSide(
        source=REPORT.ref, target=("devin", TARGET_SCOPE), sync="it", live="source", since=NOW, begun=NOW
    )
    unfinished = bound.given(active_sides={REPORT.ref: active_side}, unfinished=frozenset({REPORT.ref}))
    change = only(unfinished.with_source(lambda one: attrs.evolve(one, name="Renamed")).plan())

    assert (change.action, "migrator cutover it" in change.reason) == ("blocked", True)
