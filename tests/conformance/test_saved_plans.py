"""A plan that was saved is applied as it is, once, and only while the world is as it was."""

from __future__ import annotations

import json

import pytest

from migrator.errors import StalePlanError
from migrator.plan.changes import Plan
from migrator.plan.document import plan_document, plan_from_json
from migrator.sandbox import Options
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import Lab
from tests.conformance.platforms import wish
from tests.conformance.saved_plans import again


async def saved(lab: Lab) -> Plan:
    """A plan for two new jobs that went to a file and came back."""
    lab.source.wish(1)
    lab.source.wish(2)
    return again(await lab.plan())


async def test_history_is_no_change(make_lab: MakeLab) -> None:
    """A job that fired between planning and applying, and left only its history, does not make the plan stale."""
    lab = make_lab("omni", "devin")
    plan = await saved(lab)
    (key, *_) = lab.source.records()
    lab.source.edit(key, lastRun={"completedAt": "2026-11-21T09:01:00Z", "label": "Delivered", "state": "COMPLETE"})

    await lab.carry_out(plan)

    assert lab.expected(wish(1), wish(2)) == lab.target_jobs()


async def test_any_other_run_of_the_sync_outdates_a_plan(make_lab: MakeLab) -> None:
    """A plan is refused after another run of its sync, even if that run was undone on both sides."""
    lab = make_lab("omni", "devin")
    plan = await saved(lab)
    await lab.run()
    lab.target.remove(*lab.made)

    with pytest.raises(StalePlanError):
        await lab.carry_out(plan)


async def test_an_edited_plan_is_refused(make_lab: MakeLab) -> None:
    """A plan whose file was edited, in any place, does not even load."""
    document = plan_document(await saved(make_lab("omni", "devin"))).to_json()
    document["changes"][0]["fields"][0]["new"] = "Something else"

    with pytest.raises(StalePlanError, match="edited"):
        plan_from_json(json.dumps(document), where="plan.json")


async def test_a_plan_for_another_update_contract_is_refused(make_lab: MakeLab) -> None:
    """A plan relies on one of Omni's two update contracts, and is refused under the other."""
    lab = make_lab("devin", "omni", platforms=Options(omni_update="put"))
    lab.connection["omni"] = {"update_contract": "patch"}
    lab.configure()
    plan = await saved(lab)
    lab.connection["omni"] = {"update_contract": "put"}
    lab.configure()

    with pytest.raises(StalePlanError, match="in another way"):
        await lab.carry_out(plan)


async def test_another_contract_does_not_widen_a_saved_plan(make_lab: MakeLab) -> None:
    """A replacement that nobody reviewed is not made: the saved update fails, and the next plan says what it takes."""
    lab = make_lab("json", "omni", platforms=Options(omni_update="put"))
    lab.world.fault("status", provider="omni", method="OPTIONS", status=404, times=0)
    lab.source.wish(1)
    await lab.carry_out()
    lab.source.edit("job-1", **{"trigger.timezone": "Europe/Berlin"})
    plan = again(await lab.plan())
    assert ["update"] == [change.action for change in plan.pending]
    held = set(lab.target.records())

    _planned, applied = await lab.carry_out(plan)

    assert ({"done": 0, "failed": 1, "skipped": 0}, held) == (dict(applied.summary), set(lab.target.records()))
    assert ["replace"] == [change.action for change in (await lab.plan()).pending]
