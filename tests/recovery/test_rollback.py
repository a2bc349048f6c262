"""The rollback of a run, in every direction of change."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.errors import RefusedError
from migrator.report.outcomes import apply_lines
from migrator.sandbox.omni import BRANCH
from tests.conformance.lab import Lab, counts
from tests.faults.machine import apply
from tests.faults.scenarios import PATCH, gone
from tests.recovery.conftest import MakeLab
from tests.recovery.rollbacks import back


def changed(lab: Lab) -> dict[str, dict[str, Any]]:
    """Our jobs at the target, without what their platform notes about a change."""
    recorded = ("updatedAt", "updated_at", "last_edited_by")
    return {key: {k: v for k, v in raw.items() if k not in recorded} for key, raw in lab.made.items()}


TARGETS = [("omni", "devin"), ("devin", "scrip"), ("scrip", "omni"), ("omni", "json")]


@pytest.mark.parametrize(("source", "target"), TARGETS)
async def test_created_jobs_are_removed(make_lab: MakeLab, source: str, target: str) -> None:
    """What a run made goes; the rollback is a run of its own, and rolling back twice does nothing more."""
    lab = make_lab(source, target)
    lab.source.wish(1)
    lab.source.wish(2, enabled=False)
    await apply(lab)
    run = lab.state.runs()[0].id

    plan, applied = await back(lab)

    assert {"delete": 2} == counts(plan)
    assert {"done": 2, "failed": 0, "skipped": 0} == applied.summary
    assert {} == lab.made
    kept = lab.state.run(applied.run or "")
    assert kept
    assert ("rollback", run) == (kept.kind, kept.of)
    again, nothing = await back(lab, run)
    assert ((), None) == (again.pending, nothing.run)


@pytest.mark.parametrize(("source", "target"), TARGETS)
async def test_changed_jobs_are_as_before(make_lab: MakeLab, source: str, target: str) -> None:
    """Updated, paused and resumed jobs get their old values; only the platform's own notes differ."""
    lab = make_lab(source, target)
    lab.source.wish(1)
    lab.source.wish(2)
    lab.source.wish(3, enabled=False)
    await apply(lab)
    before = changed(lab)
    lab.source.wish(1, text="Something else.", hour=12)
    lab.source.wish(2, enabled=False)
    lab.source.wish(3)
    await apply(lab)
    assert before != changed(lab)

    plan, applied = await back(lab)

    assert {"update": 1, "pause": 1, "resume": 1} == counts(plan)
    assert {"done": 3, "failed": 0, "skipped": 0} == applied.summary
    assert before == changed(lab)


@pytest.mark.parametrize(("source", "target"), TARGETS)
async def test_deleted_jobs_are_recreated(make_lab: MakeLab, source: str, target: str) -> None:
    """A deleted job comes back as it was under a new id, which the plan says; it is ours as before."""
    lab = make_lab(source, target, on_missing="delete")
    lab.source.wish(1)
    lab.source.wish(2, enabled=False)
    await apply(lab)
    held, ids = lab.target_jobs(), set(lab.made)
    gone(lab, 2)
    await apply(lab)

    plan, _applied = await back(lab)

    (change,) = plan.pending
    assert ("create", True) == (change.action, "its id and its history are lost" in change.reason)
    assert (held, 1) == (lab.target_jobs(), len(set(lab.made) - ids))
    assert {"delete": 1, "none": 1} == counts(await lab.plan())
    again, _nothing = await back(lab, lab.state.runs()[1].id)
    assert () == again.pending


async def test_replaced_jobs_are_recreated(make_lab: MakeLab) -> None:
    """A job that had to be replaced is replaced again by one that is as the first one was."""
    lab = make_lab("devin", "omni", platforms=PATCH)
    lab.source.wish(1)
    await apply(lab)
    (first,) = lab.made.values()
    lab.configure(set={**lab.options["set"], "action.branch": BRANCH})
    await apply(lab)

    plan, _applied = await back(lab)

    (last,) = lab.made.values()
    assert {"replace": 1} == counts(plan)
    assert (first["branchId"], first["schedule"]) == (last["branchId"], last["schedule"])
    assert first["id"] != last["id"]


async def test_adopted_jobs_are_unbound(make_lab: MakeLab) -> None:
    """A job that a run took over is as it was, and not ours any more."""
    lab = make_lab("omni", "devin", adopt="name")
    lab.source.wish(1)
    lab.target.wish(1, text="By hand.")
    await apply(lab)

    plan, _applied = await back(lab)

    assert {"update": 1} == counts(plan)
    assert ["By hand."] == [job.text for job in lab.target_jobs()]
    assert () == lab.state.bindings("devin", (lab.scope,), "vixie")


async def test_rolling_back_what_was_only_bound(make_lab: MakeLab) -> None:
    """Jobs that were taken over as they were are not ours any more, which is said; the next plan waits for nothing."""
    lab = make_lab("omni", "devin", adopt="identical")
    lab.source.wish(1)
    lab.target.wish(1)
    await apply(lab)

    plan, applied = await back(lab)

    told = "\n".join(line.text.plain for line in apply_lines(plan, applied, command=""))
    assert "1 x it is as it was before; it is no longer managed" in told
    assert () == lab.state.bindings("devin", (lab.scope,), "vixie")
    lab.world.requests.clear()
    assert {"adopt": 1} == counts(await lab.plan())
    assert 2 == len(lab.world.requests)


async def test_what_has_moved_on_is_left_alone(make_lab: MakeLab) -> None:
    """A job that somebody has edited since, and one that a later run has touched, are refused, the others go back."""
    lab = make_lab("omni", "devin")
    for number in (1, 2, 3):
        lab.source.wish(number)
    await apply(lab)
    run = lab.state.runs()[0].id
    lab.source.wish(2, text="Later.")
    await apply(lab)
    later = lab.state.runs()[0].id
    lab.target.edit(lab.key_of("Job 001"), prompt="By hand.")

    plan, _applied = await back(lab, run)

    reasons = {change.name: change.reason for change in plan.blocked}
    assert {"Job 001", "Job 002"} == reasons.keys()
    assert "action.text changed since the run" == reasons["Job 001"]
    assert f"run {later} has touched it since" in reasons["Job 002"]
    assert ["By hand.", "Later."] == [job.text for job in lab.target_jobs()]


async def test_nothing_is_rolled_back_without_consent(make_lab: MakeLab) -> None:
    """A no writes nothing."""
    lab = make_lab("omni", "devin")
    lab.source.wish(1)
    await apply(lab)

    _plan, applied = await back(lab, yes=False)

    assert (None, 1, 1) == (applied.run, len(lab.made), len(lab.state.runs()))


async def test_a_sync_that_writes_elsewhere_by_now(make_lab: MakeLab) -> None:
    """A run whose sync has another target by now is not rolled back there."""
    lab = make_lab("omni", "devin")
    lab.source.wish(1)
    await apply(lab)
    run = lab.state.runs()[0].id
    lab.configure(target="scrip")

    with pytest.raises(RefusedError, match="writes to another target than run"):
        await back(lab, run)


async def test_a_rollback_can_be_rolled_back(make_lab: MakeLab) -> None:
    """A rollback is a run like any other."""
    lab = make_lab("omni", "devin")
    lab.source.wish(1)
    await apply(lab)
    lab.source.wish(1, text="Later.")
    await apply(lab)
    held = lab.target_jobs()
    await back(lab)
    assert held != lab.target_jobs()

    await back(lab)
    assert held == lab.target_jobs()
