"""A plan that was only partly applied goes on as it was planned, or not at all."""

from __future__ import annotations

import asyncio

import pytest

from migrator.errors import StalePlanError, UsageError
from migrator.execute.outcomes import Applied
from migrator.plan.changes import Plan
from migrator.sync import commands
from tests.conformance.lab import Lab
from tests.faults.machine import apply
from tests.recovery.conftest import MakeLab
from tests.recovery.dying import dies


async def resume(lab: Lab, run: str) -> tuple[Plan, Applied]:
    """Resume a run."""

    async def agree(_plan: Plan) -> bool:
        return True

    return await commands.apply(lab.runtime, lab.state, "it", resume=run, agree=agree, stop=asyncio.Event())


async def half_done(lab: Lab) -> str:
    """A run that died after some of its creates and updates; returns it."""
    for number in range(6):
        lab.source.wish(number)
    await apply(lab)
    for number in range(4):
        lab.source.wish(number, text="Later.")
    for number in range(6, 12):
        lab.source.wish(number)
    await dies(lab, method="POST", nth=3)
    return lab.state.runs()[0].id


@pytest.mark.parametrize(("source", "target"), [("omni", "devin"), ("devin", "scrip"), ("scrip", "omni")])
async def test_only_what_is_not_done_yet(make_lab: MakeLab, source: str, target: str) -> None:
    """A resumed run makes the rest of its plan and nothing else; then there is nothing left, and nothing twice."""
    lab = make_lab(source, target)
    run = await half_done(lab)
    before = len(lab.made)
    lab.world.requests.clear()

    _plan, applied = await resume(lab, run)

    sent = [entry for entry in lab.world.requests if entry["method"] == "POST" and entry["status"] in {200, 201}]
    assert {"done"} == {outcome.status for outcome in applied.outcomes}
    assert len(lab.made) == 12
    assert len(sent) <= 12 - before  # requests of the dead run may still arrive after it was counted
    assert [f"Job {number:03}" for number in range(12)] == [job.name for job in lab.target_jobs()]
    planned, _nothing = await apply(lab)
    assert ((), ()) == (planned.pending, planned.blocked)
    again, nothing = await resume(lab, run)
    assert ((), None) == (again.pending, nothing.run)


async def test_the_source_has_changed(make_lab: MakeLab) -> None:
    """When the source is not what it was planned from, the plan is given up."""
    lab = make_lab("omni", "devin")
    run = await half_done(lab)
    lab.source.wish(11, text="Later still.")

    with pytest.raises(StalePlanError, match=r"the source .* has changed since"):
        await resume(lab, run)


async def test_a_job_that_is_still_to_be_changed_has_moved_on(make_lab: MakeLab) -> None:
    """When somebody has edited a job that the run has not reached, the rest no longer fits."""
    lab = make_lab("omni", "devin")
    for number in range(3):
        lab.source.wish(number)
    await apply(lab)
    lab.source.wish(0, text="Later.")
    lab.source.wish(3)
    await dies(lab, method="PATCH")
    run = lab.state.runs()[0].id
    lab.target.edit(lab.key_of("Job 000"), prompt="By hand.")

    with pytest.raises(StalePlanError, match="no longer fits: Job 000"):
        await resume(lab, run)


async def test_another_run_came_after_it(make_lab: MakeLab) -> None:
    """Once the sync was applied again, the old plan is history."""
    lab = make_lab("omni", "devin")
    run = await half_done(lab)
    await apply(lab)
    later = lab.state.runs()[0].id

    with pytest.raises(StalePlanError, match=f"another run came after it; got: {later}"):
        await resume(lab, run)


async def test_a_run_that_is_not_known(make_lab: MakeLab) -> None:
    """A run that never was is refused by name."""
    lab = make_lab("omni", "devin")

    with pytest.raises(UsageError, match="unknown run"):
        await resume(lab, "yesterday")


async def test_a_saved_plan_is_applied_once(make_lab: MakeLab) -> None:
    """A plan that was made on an empty state is refused the second time, and when the state was lost."""
    lab = make_lab("omni", "devin")
    lab.source.wish(1)
    saved = await lab.plan()
    await lab.carry_out(saved)

    with pytest.raises(StalePlanError, match="applied already"):
        await lab.carry_out(saved)
    lab.forget()
    with pytest.raises(StalePlanError, match="another state"):
        await lab.carry_out(saved)
    assert 1 == len(lab.made)
