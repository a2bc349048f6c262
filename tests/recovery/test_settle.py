"""Writes without a response: reconciled by reading, by a person where that cannot tell, and never by sending again."""

from __future__ import annotations

import pytest

from migrator.errors import RefusedError, UsageError
from migrator.sync import undo
from tests.faults.machine import apply
from tests.recovery.conftest import MakeLab
from tests.recovery.dying import dies, uncertain


async def test_a_lost_response_is_reconciled_within_the_run(make_lab: MakeLab) -> None:
    """A create that worked and lost its answer ends as done, with one request and one more listing."""
    lab = make_lab("omni", "devin")
    wanted = lab.source.wish(1)
    lab.world.fault("reset", method="POST", after=True)

    _plan, applied = await apply(lab)

    assert ["done"] == [outcome.status for outcome in applied.outcomes]
    assert lab.expected(wanted) == lab.target_jobs()
    assert list(lab.made) == [outcome.target.id for outcome in applied.outcomes if outcome.target]
    assert 1 == len([entry for entry in lab.world.requests if entry["method"] == "POST"])


async def test_a_response_lost_to_a_dying_target_waits_for_the_next_run(make_lab: MakeLab) -> None:
    """When the target cannot be listed any more, the write stays uncertain, and the next run reconciles it."""
    lab = make_lab("omni", "devin")
    wanted = lab.source.wish(1)
    lab.world.fault("reset", method="POST", after=True)
    lab.world.fault("status", status=503, provider="devin", method="GET", nth=2, times=0)

    _plan, applied = await apply(lab)
    assert ["failed"] == [outcome.status for outcome in applied.outcomes]
    assert ["uncertain"] == [write.state for write in lab.state.all_unresolved_writes()]

    lab.world.faults.clear()
    planned, _applied = await apply(lab)
    assert ((), lab.expected(wanted)) == (planned.pending, lab.target_jobs())


async def test_what_shows_late_is_waited_for(make_lab: MakeLab) -> None:
    """A job that the platform shows only at the fourth look is still found, and not made again."""
    lab = make_lab("omni", "scrip")
    wanted = lab.source.wish(1)
    lab.world.fault("eventual", method="POST", reads=4)
    await dies(lab, method="POST", after=True)
    for late in lab.world.stores["scrip"].late.values():
        late.reads = 3

    await apply(lab)
    assert lab.expected(wanted) == lab.target_jobs()


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
    assert [3, 1] == [len(lab.made), len(lab.state.all_unresolved_writes())]


async def test_a_person_says_which_it_is(make_lab: MakeLab) -> None:
    """The job that a person names is bound, and the next plan is about that one."""
    lab = make_lab("omni", "devin")
    run = await uncertain(lab)
    await lab.plan()
    key = min(lab.made)

    write = await undo.settle(lab.runtime, lab.state, run, "Job 001", created=key)

    assert ("Job 001", ()) == (write.name, lab.state.all_unresolved_writes())
    lab.target.remove(*(other for other in lab.made if other != key))
    planned, _applied = await apply(lab)
    assert (((), ()), [key]) == ((planned.pending, planned.blocked), list(lab.made))


async def test_a_person_says_that_there_is_none(make_lab: MakeLab) -> None:
    """After both are removed by hand and the write is resolved as not made, the next run makes the job."""
    lab = make_lab("omni", "devin")
    run = await uncertain(lab)
    await lab.plan()
    before = set(lab.made)
    lab.target.remove(*before)

    await undo.settle(lab.runtime, lab.state, run, "Job 001", created=None)
    planned, _applied = await apply(lab)

    assert ["create"] == [change.action for change in planned.pending]
    assert (1, set()) == (len(lab.made), before & set(lab.made))


@pytest.mark.parametrize(
    ("job", "created", "error", "says"),
    [
        ("Job 009", None, UsageError, "unknown unresolved write"),
        ("Job 001", "sched-nowhere", UsageError, "unknown job at the target"),
        ("Job 001", "taken", RefusedError, "is bound to another source job already"),
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
        await undo.settle(lab.runtime, lab.state, run, job, created=taken if created == "taken" else created)
    assert 1 == len(lab.state.all_unresolved_writes())


async def test_a_run_that_is_not_known(make_lab: MakeLab) -> None:
    """A run that never was is refused by name."""
    lab = make_lab("omni", "devin")

    with pytest.raises(UsageError, match="unknown run"):
        await undo.settle(lab.runtime, lab.state, "nightly", "Job 001", created=None)


async def test_a_plan_does_not_reconcile_by_an_old_listing(make_lab: MakeLab) -> None:
    """What a plan reconciles, it reconciles under the lock and by a listing of its own."""
    lab = make_lab("omni", "devin")
    wanted = lab.source.wish(1)
    await dies(lab, method="POST", after=True)

    planned = await lab.plan()

    assert ((), ()) == (planned.pending, lab.state.all_unresolved_writes())
    assert lab.expected(wanted) == lab.target_jobs()
