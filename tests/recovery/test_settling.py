"""Writes that lost their answer: settled by looking, by a person where that cannot tell, and never by sending again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import attrs
import pytest

from migrator import pipeline
from migrator.errors import RefusedError, UsageError
from migrator.mapping.codecs import write_time
from migrator.mapping.marks import mark_for, mark_text
from tests.conformance.lab import Lab
from tests.conformance.platforms import wish
from tests.faults.machine import DEATH, Death, apply
from tests.recovery.conftest import MakeLab


async def dies(lab: Lab, **rule: Any) -> None:
    """A run dies at a request."""
    task = asyncio.create_task(apply(lab))
    lab.world.fault("slow", seconds=DEATH, **rule)
    waiting, lab.world.sleep = lab.world.sleep, Death(asyncio.get_running_loop(), task)
    with pytest.raises(asyncio.CancelledError):
        await task
    lab.world.sleep = waiting
    lab.world.faults.clear()


async def uncertain(lab: Lab) -> str:
    """A create whose answer is lost; two jobs could be what it made. Returns the run."""
    lab.source.wish(1)
    await dies(lab, method="POST", after=True)
    (key,) = lab.made
    platform = lab.target.platform
    twin = {**lab.made[key]}
    twin["scheduled_session_id" if platform.name == "devin" else "id"] = "sched-" + "7" * 32
    lab.target.put(twin)
    return lab.state.runs()[0].id


async def test_a_lost_answer_is_settled_within_the_run(make_lab: MakeLab) -> None:
    """A create that worked and lost its answer ends as done, with one request and one more listing."""
    lab = make_lab("omni", "devin")
    wanted = lab.source.wish(1)
    lab.world.fault("reset", method="POST", after=True)

    _plan, applied = await apply(lab)

    assert ["done"] == [outcome.status for outcome in applied.outcomes]
    assert lab.expected(wanted) == lab.held()
    assert list(lab.made) == [outcome.target.id for outcome in applied.outcomes if outcome.target]
    assert 1 == len([entry for entry in lab.world.requests if entry["method"] == "POST"])


async def test_an_answer_lost_to_a_dying_target_waits_for_the_next_run(make_lab: MakeLab) -> None:
    """When the target cannot be listed any more, the write stays uncertain, and the next run settles it."""
    lab = make_lab("omni", "devin")
    wanted = lab.source.wish(1)
    lab.world.fault("reset", method="POST", after=True)
    lab.world.fault("status", status=503, provider="devin", method="GET", nth=2, times=0)

    _plan, applied = await apply(lab)
    assert ["failed"] == [outcome.status for outcome in applied.outcomes]
    assert ["uncertain"] == [intent.state for intent in lab.state.unsettled()]

    lab.world.faults.clear()
    planned, _applied = await apply(lab)
    assert ((), lab.expected(wanted)) == (planned.pending, lab.held())


async def test_what_shows_late_is_waited_for(make_lab: MakeLab) -> None:
    """A job that the platform shows only at the fourth look is still found, and not made again."""
    lab = make_lab("omni", "scrip")
    wanted = lab.source.wish(1)
    lab.world.fault("eventual", method="POST", reads=4)
    await dies(lab, method="POST", after=True)
    for late in lab.world.stores["scrip"].late.values():
        late.reads = 3

    await apply(lab)
    assert lab.expected(wanted) == lab.held()


async def test_what_cannot_be_told_blocks_its_job_alone(make_lab: MakeLab) -> None:
    """Two jobs that both could be it: that one is blocked with the ids and the command; another job is made."""
    lab = make_lab("omni", "devin")
    run = await uncertain(lab)
    other = lab.source.wish(2)

    planned, applied = await apply(lab)

    (blocked,) = planned.blocked
    assert all(key in blocked.reason for key in lab.made if lab.made[key]["name"] != other.name)
    source = blocked.source
    assert source
    assert f"migrator settle {run} {source.id} --created ID, or --not-created" in blocked.reason
    assert ["done"] == [outcome.status for outcome in applied.outcomes]
    assert [3, 1] == [len(lab.made), len(lab.state.unsettled())]


async def test_a_person_says_which_it_is(make_lab: MakeLab) -> None:
    """The job that a person names is linked, and the next plan is about that one."""
    lab = make_lab("omni", "devin")
    run = await uncertain(lab)
    await lab.plan()
    key = min(lab.made)

    settled = await pipeline.settle(lab.runtime, lab.state, run, "Job 001", created=key)

    assert ("Job 001", ()) == (settled.name, lab.state.unsettled())
    lab.target.remove(*(other for other in lab.made if other != key))
    planned, _applied = await apply(lab)
    assert (((), ()), [key]) == ((planned.pending, planned.blocked), list(lab.made))


async def test_a_person_says_that_there_is_none(make_lab: MakeLab) -> None:
    """After both are removed by hand and the write is settled as not made, the next run makes the job."""
    lab = make_lab("omni", "devin")
    run = await uncertain(lab)
    await lab.plan()
    before = set(lab.made)
    lab.target.remove(*before)

    await pipeline.settle(lab.runtime, lab.state, run, "Job 001", created=None)
    planned, _applied = await apply(lab)

    assert ["create"] == [change.action for change in planned.pending]
    assert (1, set()) == (len(lab.made), before & set(lab.made))


@pytest.mark.parametrize(
    ("job", "created", "error", "says"),
    [
        ("Job 009", None, UsageError, "there is no such uncertain write"),
        ("Job 001", "sched-nowhere", UsageError, "no such job at the target"),
        ("Job 001", "taken", RefusedError, "stands for another source job already"),
    ],
)
async def test_a_person_cannot_settle_wrongly(
    make_lab: MakeLab, job: str, created: str | None, error: type[Exception], says: str
) -> None:
    """A write that is not uncertain, a job that is not there, and one that stands for something else are refused."""
    lab = make_lab("omni", "devin")
    lab.source.wish(2)
    await apply(lab)
    (taken,) = lab.made
    lab.source.wish(1)
    await dies(lab, method="POST", after=True)
    mine = next(key for key in lab.made if key != taken)
    lab.target.put({**lab.made[mine], "scheduled_session_id": "sched-" + "7" * 32})
    await lab.plan()
    run = lab.state.runs()[0].id

    with pytest.raises(error, match=says):
        await pipeline.settle(lab.runtime, lab.state, run, job, created=taken if created == "taken" else created)
    assert 1 == len(lab.state.unsettled())


async def test_a_run_that_is_not_known(make_lab: MakeLab) -> None:
    """A run that never was is refused by name."""
    lab = make_lab("omni", "devin")

    with pytest.raises(UsageError, match="unknown run"):
        await pipeline.settle(lab.runtime, lab.state, "nightly", "Job 001", created=None)


async def test_a_plan_does_not_settle_by_an_old_listing(make_lab: MakeLab) -> None:
    """What a plan settles, it settles under the lock and by a listing of its own."""
    lab = make_lab("omni", "devin")
    wanted = lab.source.wish(1)
    await dies(lab, method="POST", after=True)

    planned = await lab.plan()

    assert ((), ()) == (planned.pending, lab.state.unsettled())
    assert lab.expected(wanted) == lab.held()


@pytest.mark.parametrize("is_marked", [False, True])
async def test_an_older_job_is_not_what_a_create_made(make_lab: MakeLab, *, is_marked: bool) -> None:
    """A job that was there before the create was sent is somebody's, even if it is exactly alike or carries our tag."""
    lab = make_lab("omni", "devin")
    wanted = lab.source.wish(1)
    await dies(lab, method="POST")
    (intent,) = [one for one in lab.state.unsettled() if one.source]
    assert intent.source
    tags = [mark_text(mark_for(intent.source))] if is_marked else []
    lab.target.put({**lab.target.platform.write(1, wanted), "tags": tags})

    planned = await lab.plan()

    assert ((), 1) == (lab.links(), len(planned.blocked))
    assert "this state has no link to it" in planned.blocked[0].reason
    assert ["failed"] == [one.state for one in lab.state.intents(intent.run)]


@pytest.mark.parametrize(("minutes", "is_ours"), [(-4, True), (-6, False)])
async def test_clocks_may_differ_by_five_minutes(make_lab: MakeLab, minutes: int, *, is_ours: bool) -> None:
    """What a platform says to have made a little before the create was noted is still what the create made."""
    lab = make_lab("omni", "devin")
    wanted = lab.source.wish(1)
    await dies(lab, method="POST")
    made = write_time(lab.world.now() + timedelta(minutes=minutes))
    lab.target.put({**lab.target.platform.write(1, wanted), "created_at": made})

    await lab.plan()

    assert is_ours == bool(lab.links())


async def test_an_older_job_is_not_claimed_later(make_lab: MakeLab) -> None:
    """A create that was refused is not taken to have made an older job, whatever tag that one carries."""
    lab = make_lab("omni", "devin")
    wanted = lab.source.wish(1)
    lab.world.fault("status", status=400, method="POST")
    await apply(lab)
    (intent,) = [one for run in lab.state.runs() for one in lab.state.intents(run.id)]
    assert intent.source
    tag = mark_text(mark_for(intent.source))
    lab.target.put({**lab.target.platform.write(1, wanted), "tags": [tag]})

    planned, _applied = await apply(lab)

    assert ((), 1) == (lab.links(), len(planned.blocked))


async def test_what_a_refused_create_made_is_ours(make_lab: MakeLab) -> None:
    """A platform that refuses a create and makes the job all the same: its tag tells, and none is made beside it."""
    lab = make_lab("omni", "devin")
    wanted = lab.source.wish(1)
    lab.world.fault("status", status=400, method="POST", after=True)
    await apply(lab)

    planned, _applied = await apply(lab)

    assert ((), lab.expected(wanted)) == (planned.pending, lab.held())
    assert [False] == [link.superseded for link in lab.links()]


async def test_a_job_that_is_bound_is_not_claimed_again(make_lab: MakeLab) -> None:
    """A create that was refused and then worked: the job of the second one is not taken for that of the first."""
    lab = make_lab("omni", "devin")
    wanted = lab.source.wish(1)
    lab.world.fault("status", status=400, method="POST")
    await apply(lab)
    await apply(lab)

    for _night in range(2):
        planned, _applied = await apply(lab)
        assert ((), lab.expected(wanted)) == (planned.pending, lab.held())
        assert [False] == [link.superseded for link in lab.links()]


async def test_one_too_many_goes(make_lab: MakeLab) -> None:
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

    assert ([key], lab.expected(wanted)) == ([*lab.made], lab.held())


async def test_the_tag_of_another_part_or_job_is_not_ours(make_lab: MakeLab) -> None:
    """A young job with the tag of another source job, or of another part of ours, is not what a create made."""
    lab = make_lab("omni", "devin")
    wanted = lab.source.wish(1)
    await dies(lab, method="POST")
    (intent,) = [one for one in lab.state.unsettled() if one.source]
    assert intent.source
    made = write_time(lab.world.now())
    others = (mark_for(attrs.evolve(intent.source, id="other")), mark_for(intent.source, 2, 2))
    for number, mark in enumerate(others, 8):
        raw = {**lab.target.platform.write(number, wanted), "created_at": made, "tags": [mark_text(mark)]}
        lab.target.put(raw)

    planned = await lab.plan()

    assert ((), ["failed"]) == (lab.links(), [one.state for one in lab.state.intents(intent.run)])
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
        assert [key] == [link.target.id for link in lab.links()]


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
    (intent,) = [one for run in lab.state.runs() for one in lab.state.intents(run.id)]
    assert intent.source
    tag = mark_text(mark_for(attrs.evolve(intent.source, id="other")))
    theirs = [
        {**lab.target.platform.write(8, wish(8)), "created_at": made},
        {**lab.target.platform.write(9, wanted), "created_at": made, "tags": [tag]},
    ]
    lab.target.put(*theirs)
    keys = set(lab.made)

    await apply(lab)

    (link,) = lab.links()
    assert link.target.id not in keys
    assert keys < set(lab.made)
