"""Guards of retiring that other tests would not miss: what is not proved, not gone, or not read stays."""

from __future__ import annotations

from datetime import timedelta

import attrs

from migrator.cron import Once, Recurring, parse
from tests.cutover.stage import stage
from tests.cutover.test_context import with_other_target
from tests.cutover.test_retirement import ALPHA, DAY, MOVED, ONE, cut, gone, omni, refusal, retired
from tests.plan.builder import NOW, Given, job


def test_a_source_job_that_is_gone_is_said_to_be() -> None:
    """It has a target job."""
    switch = retired(cut(listed=()))
    assert (switch.status, switch.reason) == (
        "there",
        "the target is the active side already, and the source job is gone",
    )


async def test_a_source_job_that_is_gone_without_a_cutover_is_not_retired() -> None:
    """Its owner may have deleted it: its target job goes, too, as on_missing says."""
    assert await gone(stage(ONE, listed=()), omni()) == set()


async def test_a_source_job_that_cannot_be_read_is_not_gone() -> None:
    """The look-up finds a record, which is no job that could be understood."""
    source = omni(*ONE.source)
    source.raws[ALPHA.id]["disabled"] = "perhaps"

    assert await gone(cut(listed=()), source) == set()


def test_a_job_for_an_instant_that_is_ahead_has_to_be_proved() -> None:
    """Somebody has run its target by hand."""
    ahead = Given(source=(attrs.evolve(job("Alpha"), trigger=Once(NOW + DAY)),)).carried_out()
    fired = ahead.with_target(lambda one: attrs.evolve(one, fired_at=NOW))
    other = Once(NOW + 2 * DAY)

    assert retired(cut(fired)).status == "planned"
    differs = with_other_target(cut(fired), lambda one: attrs.evolve(one, trigger=other))
    assert refusal(differs).startswith("it is not verified (differs: ")


def test_nothing_unproved_is_retired_with_or_without_a_deletion() -> None:
    """Neither stopped nor deleted."""
    later = Recurring(parse("0 10 * * 1", "vixie"), "UTC")
    both = stage(ONE, active_sides=[attrs.evolve(MOVED, parked={}, wish={})])
    for delete in (True, False):
        differs = with_other_target(cut(), lambda one: attrs.evolve(one, trigger=later))
        assert refusal(differs, delete=delete).startswith("it is not verified (differs: ")
        assert retired(with_other_target(both, lambda one: attrs.evolve(one, trigger=later)), delete=delete).turns == ()


def test_a_target_that_fired_when_its_side_became_active_has_fired() -> None:
    """In that very second."""
    at = NOW - timedelta(days=5)
    given = ONE.with_target(lambda one: attrs.evolve(one, fired_at=at))
    assert retired(cut(given, attrs.evolve(MOVED, since=at))).status == "planned"
