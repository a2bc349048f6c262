"""What keeps a run from removing what it should not: thresholds, suspicious listings, proof that a job is gone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from migrator.errors import RefusedError
from migrator.plan.changes import Plan
from migrator.sync import commands
from tests.conformance.lab import Lab, counts
from tests.faults.machine import apply
from tests.faults.scenarios import gone
from tests.recovery.conftest import MakeLab


async def with_jobs(lab: Lab, number: int) -> None:
    """So many jobs are at both sides."""
    for one in range(number):
        lab.source.wish(one)
    await apply(lab)


async def limited(lab: Lab, most: int) -> Plan:
    """Carry the sync out with --max-deletes."""

    async def agree(_plan: Plan) -> bool:
        return True

    plan, _applied = await commands.apply(
        lab.runtime, lab.state, "it", max_deletes=most, agree=agree, stop=asyncio.Event()
    )
    return plan


async def test_more_deletes_than_allowed(make_lab: MakeLab) -> None:
    """--max-deletes refuses the whole run before anything is written, and lets pass what it allows."""
    lab = make_lab("omni", "devin", on_missing="delete")
    await with_jobs(lab, 5)
    gone(lab, 0)
    gone(lab, 1)
    lab.source.wish(9)

    with pytest.raises(RefusedError, match="deletes 2 jobs, and at most 1 may be deleted"):
        await limited(lab, 1)
    assert 5 == len(lab.made)
    assert {"create": 1, "delete": 2, "none": 3} == counts(await limited(lab, 2))
    assert 4 == len(lab.made)


@pytest.mark.parametrize("on_missing", ["delete", "pause"])
@pytest.mark.parametrize("source", ["devin", "scrip"])
async def test_a_listing_that_missed_jobs_removes_nothing(make_lab: MakeLab, source: str, on_missing: str) -> None:
    """A job that the source's listing skipped, but that is there when asked for, is neither paused nor deleted."""
    lab = make_lab(source, "json", on_missing=on_missing)
    await with_jobs(lab, 5)
    held = lab.target_jobs()
    lab.world.fault("truncated_page", provider=source, times=0)

    planned, _applied = await apply(lab)

    assert ({"none": 5}, held) == (counts(planned), lab.target_jobs())


@pytest.mark.parametrize("rule", [{"status": 500}, {"status": 403}])
async def test_a_source_that_does_not_answer_proves_nothing(make_lab: MakeLab, rule: dict[str, Any]) -> None:
    """When the source cannot say whether a job is gone, that job is blocked."""
    lab = make_lab("devin", "scrip", on_missing="delete")
    await with_jobs(lab, 3)
    gone(lab, 0)
    lab.world.fault("status", provider="devin", method="GET", path="*/schedules/sched-*", times=0, **rule)

    planned, _applied = await apply(lab)

    assert ({"blocked": 1, "none": 2}, 3) == (counts(planned), len(lab.made))
    assert "reading it by its id got no answer" in planned.blocked[0].reason


async def test_an_empty_listing_removes_nothing(make_lab: MakeLab) -> None:
    """When everything has left the source, nothing is removed, whatever the limits."""
    lab = make_lab("omni", "devin", on_missing="delete", limits={"changes": "100%", "deletes": "100%", "floor": 0})
    await with_jobs(lab, 3)
    for number in range(3):
        gone(lab, number)

    planned, _applied = await apply(lab)

    assert ({"blocked": 3}, 3) == (counts(planned), len(lab.made))


async def test_a_source_that_has_shrunk_too_far_removes_nothing(make_lab: MakeLab) -> None:
    """A listing shorter than last time beyond limits.deletes blocks each removal; a raised limit lets it through."""
    limits = {"changes": "100%", "deletes": "30%", "floor": 5}
    lab = make_lab("omni", "devin", on_missing="pause", limits=limits)
    await with_jobs(lab, 10)
    for number in range(4):
        gone(lab, number)

    for _night in range(2):
        planned, _applied = await apply(lab)
        assert {"blocked": 4, "none": 6} == counts(planned)
        assert "went from 10 to 6 since the last time" in planned.blocked[0].reason
    lab.configure(limits={**limits, "deletes": "50%"})
    assert {"pause": 4, "none": 6} == counts((await apply(lab))[0])


async def test_few_jobs_less_are_no_alarm(make_lab: MakeLab) -> None:
    """Within the limit, what has left the source is removed, and the shorter list is the new measure."""
    lab = make_lab("omni", "devin", on_missing="delete", limits={"deletes": "30%", "floor": 5})
    await with_jobs(lab, 10)
    for number in (0, 1, 2):
        gone(lab, number)
    assert {"delete": 3, "none": 7} == counts((await apply(lab))[0])
    for number in (3, 4):
        gone(lab, number)
    assert {"delete": 2, "none": 5} == counts((await apply(lab))[0])


async def test_deletes_wait_for_creates(make_lab: MakeLab) -> None:
    """When a job cannot be made, nothing is deleted in that run."""
    lab = make_lab("omni", "devin", on_missing="delete")
    await with_jobs(lab, 3)
    gone(lab, 0)
    lab.source.wish(9)
    lab.world.fault("status", status=400, method="POST")

    _planned, applied = await apply(lab)

    assert {"create": "failed", "delete": "skipped"} == {o.action: o.status for o in applied.outcomes}
    assert 3 == len(lab.made)


async def test_a_job_that_is_late_to_show_is_not_made_again(make_lab: MakeLab) -> None:
    """A managed copy that the target's listing skips is asked for before it would be recreated."""
    lab = make_lab("omni", "scrip", on_deleted="recreate")
    await with_jobs(lab, 4)
    lab.world.fault("truncated_page", provider="scrip", times=0)

    planned, _applied = await apply(lab)

    assert ({"none": 4}, 4) == (counts(planned), len(lab.made))


async def test_a_tag_of_others_is_not_adopted(make_lab: MakeLab) -> None:
    """A job that carries the tag of another source job is left alone, even when its name and content fit."""
    lab = make_lab("omni", "scrip", adopt="name")
    lab.source.wish(1)
    ownership_tag = "[migrator:omni:00000000:other:1/1]"
    lab.target.wish(1, description=ownership_tag)
    before = lab.target.records()

    planned, _applied = await apply(lab)

    assert {"create": 1} == counts(planned)
    assert before.items() <= lab.target.records().items()
