"""Whose a job is after a create whose answer was lost or was no: ours by age, tag and content, or somebody else's."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from migrator.mapping.codecs import write_time
from migrator.mapping.ownership import ownership_tag_for, tag_text
from tests.conformance.platforms import wish
from tests.faults.machine import apply
from tests.recovery.conftest import MakeLab
from tests.recovery.dying import dies


@pytest.mark.parametrize("is_marked", [False, True])
async def test_an_older_job_is_not_what_a_create_made(make_lab: MakeLab, *, is_marked: bool) -> None:
    """A job that was there before the create was sent is somebody's, even if it is exactly alike or carries our tag."""
    lab = make_lab("omni", "devin")
    wanted = lab.source.wish(1)
    await dies(lab, method="POST")
    (write,) = [one for one in lab.state.all_unresolved_writes() if one.source]
    assert write.source
    tags = [tag_text(ownership_tag_for(write.source))] if is_marked else []
    lab.target.put({**lab.target.platform.write(1, wanted), "tags": tags})

    planned = await lab.plan()

    assert ((), 1) == (lab.bindings(), len(planned.blocked))
    assert "this state has no binding to it" in planned.blocked[0].reason
    assert ["failed"] == [one.state for one in lab.state.writes(write.run)]


@pytest.mark.parametrize(("minutes", "is_ours"), [(-4, True), (-6, False)])
async def test_clocks_may_differ_by_five_minutes(make_lab: MakeLab, minutes: int, *, is_ours: bool) -> None:
    """What a platform says to have made a little before the create was recorded is still what the create made."""
    lab = make_lab("omni", "devin")
    wanted = lab.source.wish(1)
    await dies(lab, method="POST")
    made = write_time(lab.world.now() + timedelta(minutes=minutes))
    lab.target.put({**lab.target.platform.write(1, wanted), "created_at": made})

    await lab.plan()

    assert is_ours == bool(lab.bindings())


async def test_an_older_job_is_not_reclaimed_later(make_lab: MakeLab) -> None:
    """A create that was refused is not taken to have made an older job, whatever tag that one carries."""
    lab = make_lab("omni", "devin")
    wanted = lab.source.wish(1)
    lab.world.fault("status", status=400, method="POST")
    await apply(lab)
    (write,) = [one for run in lab.state.runs() for one in lab.state.writes(run.id)]
    assert write.source
    tag = tag_text(ownership_tag_for(write.source))
    lab.target.put({**lab.target.platform.write(1, wanted), "tags": [tag]})

    planned, _applied = await apply(lab)

    assert ((), 1) == (lab.bindings(), len(planned.blocked))


async def test_what_a_refused_create_made_is_ours(make_lab: MakeLab) -> None:
    """A platform that refuses a create and makes the job all the same: its tag tells, and none is made beside it."""
    lab = make_lab("omni", "devin")
    wanted = lab.source.wish(1)
    lab.world.fault("status", status=400, method="POST", after=True)
    await apply(lab)

    planned, _applied = await apply(lab)

    assert ((), lab.expected(wanted)) == (planned.pending, lab.target_jobs())
    assert [False] == [binding.superseded for binding in lab.bindings()]


async def test_a_job_that_is_bound_is_not_reclaimed(make_lab: MakeLab) -> None:
    """A create that was refused and then worked: the job of the second one is not taken for that of the first."""
    lab = make_lab("omni", "devin")
    wanted = lab.source.wish(1)
    lab.world.fault("status", status=400, method="POST")
    await apply(lab)
    await apply(lab)

    for _night in range(2):
        planned, _applied = await apply(lab)
        assert ((), lab.expected(wanted)) == (planned.pending, lab.target_jobs())
        assert [False] == [binding.superseded for binding in lab.bindings()]


async def test_one_too_many_is_removed(make_lab: MakeLab) -> None:
    """What a refused create made, and shows only after another one was made for it, is removed; the other one stays."""
    lab = make_lab("omni", "devin")
    wanted = lab.source.wish(1)
    lab.world.fault("status", status=400, method="POST")
    await apply(lab)
    await apply(lab)
    ((key, raw),) = lab.made.items()
    late = "sched-" + "7" * 32
    lab.target.put({**raw, "scheduled_session_id": late})

    await apply(lab)

    assert ([key], lab.expected(wanted)) == ([*lab.made], lab.target_jobs())


async def test_the_tag_of_another_part_or_job_is_not_ours(make_lab: MakeLab) -> None:
    """A young job with the tag of another source job, or of another part, is not what a create made."""
    lab = make_lab("omni", "devin")
    wanted = lab.source.wish(1)
    await dies(lab, method="POST")
    (write,) = [one for one in lab.state.all_unresolved_writes() if one.source]
    assert write.source
    made = write_time(lab.world.now())
    others = (ownership_tag_for(attrs.evolve(write.source, id="other")), ownership_tag_for(write.source, 2, 2))
    for number, ownership_tag in enumerate(others, 8):
        raw = {**lab.target.platform.write(number, wanted), "created_at": made, "tags": [tag_text(ownership_tag)]}
        lab.target.put(raw)

    planned = await lab.plan()

    assert ((), ["failed"]) == (lab.bindings(), [one.state for one in lab.state.writes(write.run)])
    assert 1 == planned.summary["create"]


@pytest.mark.parametrize("method", ["", "PATCH"])
async def test_a_copy_that_somebody_made_stays(make_lab: MakeLab, method: str) -> None:
    """A person's copy of our job carries our tag; it is not claimed, and so not deleted, whatever else was refused."""
    lab = make_lab("omni", "devin", on_drift="source")
    lab.source.wish(1)
    await apply(lab)
    ((key, raw),) = lab.made.items()
    if method:
        lab.source.wish(1, text="Say more.")
        lab.world.fault("status", status=400, method=method)
        await apply(lab)
    copy = "sched-" + "7" * 32
    lab.target.put({**raw, "scheduled_session_id": copy, "created_at": write_time(lab.world.now())})

    for _night in range(2):
        await apply(lab)
        assert {key, copy} == set(lab.made)
        assert [key] == [binding.target.id for binding in lab.bindings()]


@pytest.mark.parametrize("is_refused", [False, True])
async def test_a_young_job_of_somebody_else_stays_theirs(make_lab: MakeLab, *, is_refused: bool) -> None:
    """A job made after our create, of other content or with another job's tag, is not ours."""
    lab = make_lab("omni", "devin")
    wanted = lab.source.wish(1)
    if is_refused:
        lab.world.fault("status", status=400, method="POST")
        await apply(lab)
    else:
        await dies(lab, method="POST")
    made = write_time(lab.world.now())
    (write,) = [one for run in lab.state.runs() for one in lab.state.writes(run.id)]
    assert write.source
    tag = tag_text(ownership_tag_for(attrs.evolve(write.source, id="other")))
    theirs = [
        {**lab.target.platform.write(8, wish(8)), "created_at": made},
        {**lab.target.platform.write(9, wanted), "created_at": made, "tags": [tag]},
    ]
    lab.target.put(*theirs)
    keys = set(lab.made)

    await apply(lab)

    (binding,) = lab.bindings()
    assert binding.target.id not in keys
    assert keys < set(lab.made)
