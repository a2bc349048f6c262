"""Which source jobs are retired, and why the others stay: listings, a plan and a journal in, no platform."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from migrator.canonical import Prompt
from migrator.config import Limits
from migrator.config.shapes import Limit
from migrator.cron import Once, Recurring, parse
from migrator.cutover.context import CutoverContext
from migrator.cutover.retire import _guard, _made_at, _nightly
from migrator.errors import AuthError, RefusedError
from migrator.store import open_state
from tests.cutover.builder import active_side
from tests.cutover.contexts import context_of, with_other_target
from tests.cutover.retirement import ALPHA, DAY, MOVED, ONE, cut, deleted, omni, opened, refusal, retired
from tests.execute.bench import Bench
from tests.plan.builder import NOW, Given, job, ref


def test_a_source_whose_target_was_due_since_the_cutover_is_deleted() -> None:
    """One write, and the record that the target is the active side."""
    switch = retired(cut())

    assert [(step.side, step.job, step.does) for step in switch.steps] == [("source", ALPHA, "delete")]
    assert (switch.status, switch.switched and switch.switched.live) == ("planned", "target")
    assert switch.reason == "the target is proved, and was due once since 2026-11-12 00:00 UTC"


def test_how_often_it_was_due_is_reported() -> None:
    """Two Mondays."""
    assert "was due 2 times since" in retired(cut(record=attrs.evolve(MOVED, since=NOW - 14 * DAY))).reason


@pytest.mark.parametrize(
    ("since", "told"),
    [
        (5 * DAY, "the target has not fired since 2026-11-17 00:00 UTC; wait for its next fire"),
        (timedelta(), "the target has not fired yet; wait for its next fire"),
    ],
)
def test_a_source_whose_target_was_not_due_yet_stays(since: timedelta, told: str) -> None:
    """It was never seen to fire alone."""
    assert refusal(cut(record=attrs.evolve(MOVED, since=NOW - since))) == told


@pytest.mark.parametrize(("fired", "is_tried"), [(4, True), (5, True), (6, False)])
def test_a_target_that_fired_counts_from_the_cutover_on(fired: int, *, is_tried: bool) -> None:
    """What it fired before that was beside the source."""
    given = ONE.with_target(lambda one: attrs.evolve(one, fired_at=NOW - fired * DAY))
    switch = retired(cut(given, attrs.evolve(MOVED, since=NOW - 5 * DAY)))

    assert (switch.status, "fired last at" in switch.reason) == ("planned" if is_tried else "refused", is_tried)


def test_a_source_that_is_the_active_side_stays() -> None:
    """Switched back, or staged."""
    told = refusal(context_of(ONE, active_sides=[active_side(live="source", since=NOW - 10 * DAY)]))
    assert told == "the source is the active side; switch it first: migrator cutover it"


def test_a_source_that_was_resumed_stays() -> None:
    """Somebody relies on it."""
    assert refusal(cut(listed=ONE.source)).startswith("the source is active again; switch it first")


def test_a_source_that_is_paused_already_is_not_stopped_again() -> None:
    """Without --delete there is nothing to do."""
    switch = retired(cut(), delete=False)

    assert (switch.status, switch.steps) == ("there", ())
    assert switch.reason == "already stopped at the source; --delete removes it"


def test_a_source_that_cannot_be_compared_stays() -> None:
    """The target does something else."""
    later = Recurring(parse("0 10 * * 1", "vixie"), "UTC")
    told = refusal(with_other_target(cut(), lambda one: attrs.evolve(one, trigger=later)))
    assert told.startswith("it is not verified (differs: ")


def test_a_source_whose_target_is_not_in_line_stays() -> None:
    """An edit is still to be applied."""
    edited = ONE.with_source(lambda one: attrs.evolve(one, action=Prompt(text="Something else.")))
    assert "update is still to be done" in refusal(cut(edited))


def test_a_source_without_a_target_stays() -> None:
    """Nothing took it over."""
    switch = retired(context_of(Given(source=(job("Alpha"),))))
    assert (switch.status != "planned" or not switch.steps, switch.reason) == (True, "it has no target job")


def test_a_source_whose_target_job_is_gone_stays() -> None:
    """The reason is that of the cutover."""
    switch = retired(cut(attrs.evolve(ONE, target=())))
    assert (switch.status, switch.steps) == ("refused", ())


def test_a_job_for_one_instant_needs_no_proof_when_that_has_passed() -> None:
    """Nothing is left to prove; the target was due."""
    at = NOW - DAY
    once = attrs.evolve(job("Alpha"), trigger=Once(at))
    ahead = attrs.evolve(job("Alpha"), trigger=Once(NOW + DAY))
    given = attrs.evolve(Given(source=(ahead,)).carried_out(), source=(once,)).with_target(
        lambda one: attrs.evolve(one, trigger=Once(at))
    )
    assert retired(cut(given)).status == "planned"
    assert refusal(cut(Given(source=(ahead,)).carried_out())).startswith("the target has not fired since")


# -- without a cutover ------------------------------------------------------------------------------------------------


@pytest.fixture
async def applied(tmp_path: Path) -> Bench:
    """A plain apply ten days ago: both sides fire."""
    given = Given(source=(job("Alpha"),))
    made: Bench = Bench(open_state(f"sqlite:///{tmp_path}/it.db", now=lambda: made.now), given, now=NOW - 10 * DAY)
    await made.applied()
    made.state.end_run("run-000001", {})
    return made


async def test_a_source_that_fires_beside_its_target_is_stopped_first(applied: Bench) -> None:
    """It is deleted only after the target has fired alone."""
    found = opened(context_of(ONE), applied.state, applied.source)

    assert (
        refusal(found) == "both sides fire: retire it without --delete first, and delete it after its target has fired"
    )
    switch = retired(found, delete=False)
    assert [step.does for step in switch.steps] == ["pause"]
    assert (switch.status, "was due once since 2026-11-12" in switch.reason) == ("planned", True)


async def test_a_target_is_as_old_as_the_write_that_made_it(applied: Bench) -> None:
    """What another sync wrote, or what failed, does not count."""
    found = opened(context_of(ONE), applied.state, applied.source)
    other = attrs.evolve(
        found, session=attrs.evolve(found.session, sync=attrs.evolve(found.session.sync, name="other"))
    )

    assert _made_at(found, ALPHA) == NOW - 10 * DAY
    assert _made_at(other, ALPHA) is None
    assert _made_at(found, ref("Beta")) is None


# -- how many ---------------------------------------------------------------------------------------------------------


def limited(**limits: Any) -> CutoverContext:
    """Return a sync with twelve jobs and these limits."""
    given = Given(source=tuple(job(f"Job {number}") for number in range(12))).carried_out()
    return context_of(given.having(limits=Limits(**limits)))


@pytest.mark.parametrize(
    ("limits", "at_most", "allowed"),
    [({}, None, 3), ({"deletes": Limit.read(5)}, None, 5), ({}, 7, 7), ({}, 0, 0)],
)
def test_no_more_are_retired_than_is_allowed(limits: dict[str, Any], at_most: int | None, allowed: int) -> None:
    """A share of the jobs that are bound, a number, or what the command allows."""
    found = limited(**limits)

    _guard(found, allowed, at_most)
    with pytest.raises(RefusedError, match=rf"would retire {allowed + 1} source jobs.*nothing was changed"):
        _guard(found, allowed + 1, at_most)


def test_nothing_to_retire_is_never_too_much() -> None:
    """Whatever the limit; nor is anything where a share does not bind."""
    _guard(limited(), 0, -1)
    _guard(limited(floor=13), 12, None)


# -- what is gone already ---------------------------------------------------------------------------------------------


async def test_a_source_job_that_is_gone_after_a_cutover_is_retired() -> None:
    """It is looked up once more: a listing may be late, or of another account."""
    found = cut(ONE, listed=())

    assert await deleted(found, omni()) == {ALPHA}
    assert await deleted(found, omni(*ONE.source)) == set()


async def test_a_source_job_that_cannot_be_looked_up_is_not_retired() -> None:
    """Nothing proves that it is gone."""
    source = omni()
    source.unread = AuthError("expired")

    assert await deleted(cut(ONE, listed=()), source) == set()


async def test_a_source_job_that_is_listed_is_not_retired() -> None:
    """It is there."""
    assert await deleted(cut(), omni()) == set()


async def test_in_another_account_only_named_jobs_are_retired() -> None:
    """None of the known jobs is listed: the token may be another's."""
    found = cut(ONE, listed=())
    refused = attrs.evolve(found.snapshot.plan, refusal="none of the known jobs is listed")
    other = attrs.evolve(found, snapshot=attrs.evolve(found.snapshot, plan=refused))

    assert await deleted(other, omni()) == set()
    assert await deleted(other, omni(), "Alpha") == {ALPHA}


# -- what stays to be renewed -----------------------------------------------------------------------------------------


def test_a_job_that_needs_no_renewal_is_not_reported() -> None:
    """It is exact as it is."""
    assert list(_nightly(cut(), [retired(cut())])) == []


def test_a_job_whose_target_is_exact_for_a_time_depends_on_syncs() -> None:
    """Until when, and which modes make it independent; one that stays at the source does not depend on them yet."""
    given = Given(source=(job("Alpha", "0 9 L * ? *", "America/New_York"),)).carried_out()
    found = cut(given.with_target(lambda one: attrs.evolve(one, fired_at=NOW)))
    (one,) = _nightly(found, [retired(found)])

    assert (one.source, one.name, one.until > NOW) == (ALPHA, "Alpha", True)
    assert found.session.sync.schedule.mode not in one.modes
    young = cut(given, attrs.evolve(MOVED, since=NOW))
    assert list(_nightly(young, [retired(young)])) == []


@pytest.mark.parametrize(
    ("stop", "who"),
    [
        ({"enabled": False}, "its owner"),
        ({"suspended": "The model is gone."}, "Omni AI Routines (The model is gone)"),
    ],
)
@pytest.mark.parametrize("delete", [True, False])
def test_a_job_that_is_paused_on_both_sides_has_no_fire_to_wait_for(
    stop: dict[str, Any], who: str, *, delete: bool
) -> None:
    """Neither a cutover nor time would bring one."""
    given = Given(source=(attrs.evolve(job("Alpha"), **stop),)).carried_out()
    for record in (attrs.evolve(MOVED, parked={}, original={}, since=NOW), None):
        switch = retired(context_of(given, active_sides=[record] if record else []), delete=delete)
        told = f"the target is proved, and paused like the source, by {who}: there is no fire to wait for"
        assert (switch.status, switch.reason) == (
            ("planned", told) if delete else ("there", "already stopped at the source; --delete removes it")
        )


def test_a_job_that_is_to_fire_and_does_not_is_no_paused_one() -> None:
    """Somebody has paused its target: that is drift, and the source is all there is."""
    given = ONE.with_target(lambda one: attrs.evolve(one, enabled=False))
    assert retired(cut(given)).steps == ()
