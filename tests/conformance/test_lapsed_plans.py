"""What a plan promises of a schedule may expire before it is applied: then nothing is written of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from migrator.errors import StalePlanError
from migrator.plan.changes import Plan
from migrator.sync import commands
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import Lab
from tests.conformance.saved_plans import again

DAY = timedelta(days=1)


def once(lab: Lab, number: int = 1, *, days: int = 1) -> None:
    """Let a job of the source fire once, so many days from now at 09:00 UTC."""
    at = lab.world.now() + days * DAY
    lab.source.wish(number)
    lab.source.reschedule(number, f"0 9 {at.day} {at.month} ? {at.year}")


@pytest.mark.parametrize("target", ["devin", "scrip"])
async def test_a_one_time_instant_that_has_passed_refuses_the_plan(make_lab: MakeLab, target: str) -> None:
    """A saved plan with a one-time job that is over creates nothing."""
    lab = make_lab("omni", target)
    once(lab)
    lab.source.wish(2)
    plan = again(await lab.plan())
    before = lab.target.records()
    lab.world.advance(by=2 * DAY)

    with pytest.raises(StalePlanError, match=r"Job 001: its one-time instant, .* has passed"):
        await lab.carry_out(plan)
    assert lab.target.records().keys() == before.keys()


async def test_a_promise_that_has_passed_refuses_the_plan(make_lab: MakeLab) -> None:
    """A saved plan whose schedule was exact until a clock change is refused after it."""
    lab = make_lab("omni", "devin")
    lab.source.wish(1)
    lab.source.edit(*lab.source.records(), timezone="America/New_York")
    plan = again(await lab.plan())
    until = plan.needs_resync_by
    assert until
    lab.world.advance(to=until + timedelta(seconds=1))

    with pytest.raises(StalePlanError, match=r"Job 001: its schedule was exact until .* has passed"):
        await lab.carry_out(plan)


async def test_the_other_way_round(make_lab: MakeLab) -> None:
    """An instant of Devin becomes no routine of Omni that could never fire."""
    lab = make_lab("devin", "omni")
    at = lab.world.now() + DAY
    lab.source.wish(1)
    lab.source.edit(
        *lab.source.records(), schedule_type="one_time", scheduled_at=f"{at:%Y-%m-%dT%H:%M:00Z}", frequency=None
    )
    plan = again(await lab.plan())
    before = lab.target.records()
    lab.world.advance(by=2 * DAY)

    with pytest.raises(StalePlanError):
        await lab.carry_out(plan)
    assert lab.target.records().keys() == before.keys()


@pytest.mark.parametrize("jobs", [1, 3])
async def test_it_is_looked_at_right_before_the_write(make_lab: MakeLab, jobs: int) -> None:
    """An instant that passes while somebody thinks about the question is not written; the rest is."""
    lab = make_lab("omni", "devin")
    for number in range(1, jobs + 1):
        once(lab, number)
    lab.source.wish(9)

    async def slowly(_plan: Plan) -> bool:
        lab.world.advance(by=2 * DAY)
        return True

    plan, applied = await commands.apply(lab.runtime, lab.state, "it", agree=slowly, stop=asyncio.Event())
    reason = {outcome.name: outcome for outcome in applied.outcomes}
    assert {reason[f"Job {n:03}"].status for n in range(1, jobs + 1)} == {"failed"}
    assert "has passed" in reason["Job 001"].error
    assert reason["Job 009"].status == "done"
    assert len(plan.pending) == jobs + 1
    assert not any(record.get("schedule_type") == "one_time" for record in lab.target.records().values())
