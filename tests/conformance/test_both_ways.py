"""Edits at the target: refused, overwritten, kept, or written back to the source; and what both sides have changed."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

from migrator.plan.changes import Plan
from migrator.plan.document import plan_document, plan_from_json
from migrator.store.records import ActiveSide
from migrator.sync import undo
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import Lab, counts
from tests.conformance.platforms import Wish, wish

BOTH_WAYS: Final = {"on_drift": "target", "two_way": True}


def source_wishes(lab: Lab) -> list[Wish]:
    """What the source's records stand for, by number."""
    return [lab.source.platform.read(raw) for _key, raw in sorted(lab.source.records().items())]


async def switched(make_lab: MakeLab, source: str, target: str, **options: Any) -> Lab:
    """A laboratory in which two jobs have been moved."""
    lab = make_lab(source, target, **options)
    lab.source.wish(1)
    lab.source.wish(2)
    await lab.night()
    return lab


async def test_edits_of_different_fields_go_to_both_sides(make_lab: MakeLab) -> None:
    """The target gets what the source changed, the source what was edited at the target, in one run."""
    lab = await switched(make_lab, "omni", "devin", **BOTH_WAYS)
    lab.source.wish(1, hour=17)
    lab.target.edit(lab.key_of("Job 001"), name="Anew")
    (found,) = (await lab.night()).results

    assert (found.exit_code, counts(found.plan)) == (0, {"update": 1, "none": 1})
    assert source_wishes(lab)[0] == lab.target_jobs()[0] == wish(1, name="Anew", hour=17)
    await lab.settled()


async def test_a_conflict_that_changes_is_another_one(make_lab: MakeLab) -> None:
    """It is announced again when somebody has changed one of its sides, and never again once it is solved."""
    lab = await switched(make_lab, "omni", "devin")
    lab.source.wish(1, name="Source")
    key = lab.key_of("Job 001")
    announced = []
    for name in ("Target", "Target", "Other", "Other", "Source", "Source"):
        lab.target.edit(key, name=name)
        announced.append([drift.is_new for drift in (await lab.night()).results[0].conflicts])

    assert announced == [[True], [False], [True], [False], [], []]


async def test_a_sync_of_one_direction_never_writes_to_its_source(make_lab: MakeLab) -> None:
    """Keeping edits at the target, without two_way, leaves the source's server in peace."""
    lab = await switched(make_lab, "omni", "devin", on_drift="target")
    lab.target.edit(lab.key_of("Job 001"), name="Target")
    lab.world.requests.clear()
    (found,) = (await lab.night()).results

    assert (found.exit_code, [drift.is_new for drift in found.drift]) == (0, [True])
    assert {entry["method"] for entry in lab.world.requests if entry["provider"] == "omni"} == {"GET"}
    assert source_wishes(lab) == [wish(1), wish(2)]


async def test_an_edit_that_could_not_be_written_back_is_written_the_next_night(make_lab: MakeLab) -> None:
    """When the source refuses the write the target keeps the edit, and the next night tries again."""
    lab = await switched(make_lab, "omni", "devin", **BOTH_WAYS)
    lab.target.edit(lab.key_of("Job 001"), name="Anew")
    lab.world.fault("status", provider="omni", method="PATCH", status=422, nth=1)
    first, second = [(await lab.night()).results[0] for _ in range(2)]

    assert (first.exit_code, second.exit_code, source_wishes(lab)[0].name) == (4, 0, "Anew")
    assert [drift.is_new for night in (first, second) for drift in night.drift] == [True, False]
    await lab.settled()


async def test_a_later_edit_of_what_was_written_back_is_no_conflict(make_lab: MakeLab) -> None:
    """What went back is common ground at once: either side can be changed again before the next night."""
    lab = await switched(make_lab, "omni", "devin", **BOTH_WAYS)
    key = lab.key_of("Job 001")
    for name in ("One", "Two", "Three"):
        lab.target.edit(key, name=name)
        assert [(await lab.night()).exit_code, source_wishes(lab)[0].name] == [0, name]
    lab.source.wish(1, name="Four")
    assert ((await lab.night()).exit_code, lab.target_jobs()[0].name) == (0, "Four")


async def test_a_saved_plan_goes_both_ways(make_lab: MakeLab) -> None:
    """The write-back is data like all else: a plan that was saved writes to the source what it said."""
    lab = await switched(make_lab, "omni", "devin", **BOTH_WAYS)
    lab.target.edit(lab.key_of("Job 001"), frequency="0 15 * * *")
    planned = plan_from_json(json.dumps(plan_document(await lab.plan()).to_json()), where="plan.json")

    _plan, applied = await lab.carry_out(planned)
    assert ([outcome.status for outcome in applied.outcomes], source_wishes(lab)[0].hour) == (["done"], 15)
    assert [write.state for write in lab.state.writes(applied.run)] == ["done", "done"]


async def test_one_of_several_parts_cannot_be_written_back(make_lab: MakeLab) -> None:
    """An edit of a job that several target jobs stand for means nothing at the source: it is blocked."""
    lab = make_lab("omni", "devin", **BOTH_WAYS)
    made = lab.source.platform.write(1, wish(1))
    lab.source.put({**made, "schedule": "*/45 9-10 * * ? *", "timezone": "Asia/Kathmandu"})
    await lab.night()
    (first, *_rest) = parts = (await lab.plan()).changes
    assert (len(parts) > 1, first.target is not None) == (True, True)
    lab.target.edit(first.target.id, prompt="Anew.")

    (found,) = (await lab.night()).results
    assert (found.exit_code, {change.action for change in found.plan.changes}) == (3, {"blocked", "none"})
    assert "several target jobs" in found.plan.blocked[0].reason


async def test_a_rollback_reverts_the_target_alone(make_lab: MakeLab) -> None:
    """What went back to the source stays there: the target still has it, for the run did not write it there."""
    lab = await switched(make_lab, "omni", "devin", **BOTH_WAYS)
    lab.source.wish(1, hour=17)
    lab.target.edit(lab.key_of("Job 001"), name="Anew")
    (found,) = (await lab.night()).results

    async def agree(_plan: Plan) -> bool:
        return True

    _back, applied = await undo.rollback(
        lab.runtime, lab.state, found.applied.run or "", agree=agree, stop=asyncio.Event()
    )
    assert [outcome.status for outcome in applied.outcomes] == ["done"]
    assert (lab.target_jobs()[0], source_wishes(lab)[0]) == (wish(1, name="Anew"), wish(1, name="Anew", hour=17))


async def test_the_active_side_is_no_edit_that_is_written_back(make_lab: MakeLab) -> None:
    """A target that is the active side and is paused by hand is reported; its source, paused by the cutover, stays."""
    lab = await switched(make_lab, "devin", "scrip", **BOTH_WAYS)
    binding = next(binding for binding in lab.bindings() if binding.applied["name"] == "Job 001")
    lab.source.edit(binding.source.id, enabled=False)
    active_side = ActiveSide(
        source=binding.source,
        target=("scrip", lab.scope),
        sync="it",
        live="target",
        parked={"enabled": False},
        original={"enabled": True},
        since=lab.world.now(),
    )
    lab.state.put_active_side(active_side, dialect="vixie")
    assert (await lab.night()).exit_code == 0
    lab.target.edit(binding.target.id, status="paused")
    before = lab.source.records()
    (found,) = (await lab.night()).results

    assert (found.exit_code, lab.source.records()) == (4, before)  # it is active nowhere until a person decides
    assert "only a cutover changes which side is active" in found.plan.blocked[0].reason
