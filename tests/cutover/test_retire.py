"""Retiring source jobs: only when the target is proved, and was due since it fires alone."""

from __future__ import annotations

import asyncio
import shlex

import pytest

from migrator.cutover.commands import active_statuses
from migrator.errors import RefusedError
from migrator.store import tables as t
from migrator.sync.commands import verify
from migrator.sync.undo import rollback
from tests.conformance.lab import Lab
from tests.cutover.conftest import MakeLab
from tests.cutover.crashing import dying_at_the_end
from tests.cutover.retiring import DAY, filed, monthly, retired, timed_lab, write
from tests.cutover.simulated_time import cut, statuses


async def test_source_jobs_go_when_the_target_has_been_due(make_lab: MakeLab) -> None:
    """A day after the cut-over they can be deleted, and the target fires on; not before."""
    lab, simulated = timed_lab(make_lab)
    lab.source.wish(1)
    with simulated.counted():
        await cut(lab)
        early = await retired(lab, delete=True)
        await simulated.sleep(DAY)
        status = await retired(lab)
        gone = await retired(lab, delete=True)
        again = await retired(lab, delete=True)

    assert ([("refused", "target")], True) == (statuses(early), "has not fired" in early.switches[0].reason)
    assert ([("there", "target")], True) == (statuses(status), "--delete removes it" in status.switches[0].reason)
    assert ([("moved", "target")], {}) == (statuses(gone), lab.source.records())
    assert [("there", "target")] == statuses(again)
    await lab.settled()


async def test_the_active_side_has_to_be_switched_first(make_lab: MakeLab) -> None:
    """What the source has to fire is not retired, nor what somebody has resumed there."""
    lab, simulated = timed_lab(make_lab)
    lab.source.wish(1)
    with simulated.counted():
        await lab.carry_out(hold=True)
        await simulated.sleep(DAY)
        staged = await retired(lab, delete=True)
        await cut(lab)
        await simulated.sleep(DAY)
        lab.source.edit(next(iter(lab.source.records())), status="active")
        revived = await retired(lab, delete=True)

    assert ([("refused", "source")], [("refused", "both")]) == (statuses(staged), statuses(revived))
    assert "migrator cutover it" in staged.switches[0].reason
    assert 1 == len(lab.source.records())


async def test_where_both_sides_fire_the_source_stops(make_lab: MakeLab) -> None:
    """After a plain apply: once the target was due, too, the source is stopped; deleting comes after that."""
    lab, simulated = timed_lab(make_lab)
    lab.source.wish(1)
    with simulated.counted():
        await lab.run()
        early = await retired(lab)
        await simulated.sleep(DAY)
        hasty = await retired(lab, delete=True)
        stopped = await retired(lab)

    assert [("refused", "both")] == statuses(early) == statuses(hasty)
    assert [("moved", "target")] == statuses(stopped)
    await lab.settled()


async def test_a_target_that_is_not_proved_keeps_its_source(make_lab: MakeLab) -> None:
    """Somebody has edited the target: the source job stays."""
    lab, simulated = timed_lab(make_lab)
    lab.source.wish(1)
    with simulated.counted():
        await cut(lab)
        await simulated.sleep(DAY)
        lab.target.edit(lab.key_of("Job 001"), prompt="Edited.")
        found = await retired(lab, delete=True)

    assert [("refused", "target")] == statuses(found)
    assert 1 == len(lab.source.records())


async def test_only_so_many_go_at_once(make_lab: MakeLab) -> None:
    """More than the limits allow are refused as a whole, unless more are allowed by name of the number."""
    lab, simulated = timed_lab(make_lab, limits={"deletes": "10%", "floor": 1})
    for number in range(1, 6):
        lab.source.wish(number)
    with simulated.counted():
        await cut(lab)
        await simulated.sleep(DAY)
        with pytest.raises(RefusedError, match=r"would retire 5 source jobs.*--max-deletes 5"):
            await retired(lab, delete=True)
        assert 5 == len(lab.source.records())
        dry = await retired(lab, delete=True, at_most=5, is_dry=True)
        found = await retired(lab, delete=True, at_most=5)

    assert (5, 5) == (dry.summary["planned"], found.summary["moved"])
    assert {} == lab.source.records()


async def test_a_retired_job_is_renewed_by_the_syncs_that_follow(make_lab: MakeLab) -> None:
    """Its definition is kept: plan, verify, promises and status see it as if the source still had it."""
    lab, simulated = monthly(make_lab)
    with simulated.counted():
        await cut(lab)
        await simulated.sleep(40 * DAY)
        await lab.night()
        said = await retired(lab, delete=True)
        assert [("moved", "target")] == statuses(said)
        assert {} == lab.source.records()
        (one,) = said.nightly
        assert ("Job 001", {"year"}) == (one.name, set(one.modes))

        found = await verify(lab.runtime, lab.state, "it")
        assert (True, ["proved"]) == (found.is_well, [proof.status for proof in found.proofs])
        planned = await lab.plan()
        assert one.until == planned.needs_resync_by
        await simulated.sleep(40 * DAY)
        (late,) = (await lab.night()).results
        assert (0, {"update": 1}) == (late.exit_code, {k: v for k, v in late.plan.summary.items() if v and k != "none"})
        assert (await lab.plan()).needs_resync_by > one.until


async def test_a_retired_job_whose_schedule_expires_ends_with_3(make_lab: MakeLab) -> None:
    """Like any other: the renewal cannot be made, and the sync names the job."""
    lab, simulated = monthly(make_lab)
    with simulated.counted():
        await cut(lab)
        await simulated.sleep(40 * DAY)
        await lab.night()
        (one,) = (await retired(lab, delete=True)).nightly
        lab.target.edit(lab.key_of("Job 001"), prompt="Edited.")
        await simulated.sleep((one.until - lab.world.now()).total_seconds() - 3600)
        (night,) = (await lab.night()).results

    assert (3, ["Job 001"]) == (night.exit_code, [expiry.name for expiry in night.expiring])


@pytest.mark.parametrize("on_missing", ["keep", "delete"])
async def test_a_source_job_that_somebody_deletes_after_the_cutover_is_renewed_too(
    make_lab: MakeLab, on_missing: str
) -> None:
    """Also with its last edit, and when nothing else is left at the source."""
    lab, simulated = monthly(make_lab, on_missing=on_missing)
    with simulated.counted():
        await cut(lab)
        (key,) = lab.source.records()
        lab.source.edit(key, prompt="The last words.")
        await lab.night()
        lab.source.remove(key)
        await simulated.sleep(40 * DAY)
        (night,) = (await lab.night()).results

    assert (0, 1) == (night.exit_code, night.applied.summary["done"])
    (raw,) = lab.made.values()
    assert "The last words." == raw["prompt"]


async def test_only_the_source_is_asked_what_is_left_of_it(make_lab: MakeLab) -> None:
    """Kept definitions are no jobs at the source: with all others gone from there, nothing is deleted."""
    lab, simulated = timed_lab(make_lab, on_missing="delete")
    with simulated.counted():
        lab.source.wish(1)
        await cut(lab)
        lab.source.wish(2)
        await lab.run()
        await simulated.sleep(DAY)
        await retired(lab, delete=True, jobs=("Job 001",))
        lab.source.remove(*lab.source.records())
        planned = await lab.plan()

    assert not planned.refusal
    assert {"none": 1, "blocked": 1} == {action: n for action, n in planned.summary.items() if n}


async def test_retired_jobs_are_no_sign_of_another_account(make_lab: MakeLab) -> None:
    """That none of them is listed is no wonder, also when the journal has forgotten who deleted them."""
    lab, simulated = timed_lab(make_lab)
    with simulated.counted():
        lab.source.wish(1)
        await cut(lab)
        await simulated.sleep(DAY)
        await retired(lab, delete=True)
        lab.source.wish(2)
        with lab.state.transaction() as connection:
            connection.execute(t.writes.delete())
        planned = await lab.plan()

    assert ("", ["Job 002"]) == (planned.refusal, [change.name for change in planned.pending])


async def test_kept_definitions_do_not_vouch_for_an_account(make_lab: MakeLab) -> None:
    """All that is listed is unknown: the job that is not retired has to be there, whatever was kept of others."""
    lab, simulated = timed_lab(make_lab)
    with simulated.counted():
        lab.source.wish(1)
        await cut(lab)
        lab.source.wish(2)
        await lab.run()
        await simulated.sleep(DAY)
        await retired(lab, delete=True, jobs=("Job 001",))
        lab.source.remove(*lab.source.records())
        lab.source.wish(3)
        planned = await lab.plan()

    assert "none of the 1 job that sync it knows at its source" in planned.refusal


@pytest.mark.parametrize("others", [1, 3])
async def test_jobs_that_were_only_cut_over_are_known(make_lab: MakeLab, others: int) -> None:
    """Kept definitions do not hide another account: none of the jobs that were cut over is there, and others are."""
    lab, simulated = timed_lab(make_lab)
    with simulated.counted():
        for number in (1, 2):
            lab.source.wish(number)
        await cut(lab)
        await simulated.sleep(DAY)
        await retired(lab)
        lab.source.remove(*lab.source.records())
        for number in range(3, 3 + others):
            lab.source.wish(number)
        planned = await lab.plan()
        assert "none of the 2 jobs that sync it knows at its source" in planned.refusal
        assert "migrator retire it --delete --job" in planned.refusal
        assert "state forget" not in planned.refusal
        await retired(lab, delete=True)
        assert planned.refusal == (await lab.plan()).refusal

        ids = shlex.split(planned.refusal.partition("migrator retire ")[2])[3::2]
        said = await retired(lab, delete=True, jobs=tuple(ids))
        assert {("there", "target")} == set(statuses(said))
        planned = await lab.plan()

    assert ("", others) == (planned.refusal, len(planned.pending))
    assert {"create"} == {change.action for change in planned.pending}


async def test_a_retired_job_is_known_in_another_scope(make_lab: MakeLab) -> None:
    """A sync whose source is another place now does not renew its retired jobs: it is refused, and both are named."""
    lab, simulated = timed_lab(make_lab)
    with simulated.counted():
        lab.source.wish(1)
        await cut(lab)
        await simulated.sleep(DAY)
        await retired(lab, delete=True)
        filed(lab)
        write(lab, [])
        lab.configure(source="archive")
        planned = await lab.plan()

    assert "none of the 1 job that sync it knows at its source" in planned.refusal


async def test_what_its_platform_has_stopped_stays_paused_when_it_is_retired(make_lab: MakeLab) -> None:
    """No listing says any more that Omni has disabled it, and its owner never resumed it."""
    lab, simulated = monthly(make_lab)
    (key,) = lab.source.records()
    lab.source.edit(key, systemDisabled=True, systemDisabledReason="The model is gone.")
    with simulated.counted():
        await cut(lab)
        await lab.night()
        assert [("moved", "paused")] == statuses(await retired(lab, delete=True))
        for _night in range(3):
            await simulated.sleep(40 * DAY)
            await lab.night()
            assert {"paused"} == {one.live for one in await active_statuses(lab.runtime, lab.state, "it")}
    assert {lab.target.records()[lab.key_of("Job 001")]["enabled"]} == {False}


async def test_a_job_whose_last_year_is_over_is_retired(make_lab: MakeLab) -> None:
    """Its target has fired for the last time, and there is nothing left that could be proved."""
    lab, simulated = monthly(make_lab)
    (key,) = lab.source.records()
    lab.source.edit(key, schedule="0 9 15 3 ? 2027")
    with simulated.counted():
        await cut(lab)
        early = await retired(lab, delete=True)
        await simulated.sleep(200 * DAY)
        await lab.night()
        late = await retired(lab, delete=True)

    assert [("refused", "target")] == statuses(early)
    assert [("moved", "over")] == statuses(late)
    assert {} == lab.source.records()


async def test_a_sync_after_a_retirement_is_not_rolled_back_by_a_command_that_refuses(make_lab: MakeLab) -> None:
    """There is no source job left to switch back to."""
    lab, simulated = monthly(make_lab)
    with simulated.counted():
        await cut(lab)
        await simulated.sleep(40 * DAY)
        await lab.night()
        await retired(lab, delete=True)
        await simulated.sleep(40 * DAY)
        await lab.night()

        async def agree(_plan: object) -> bool:
            return True

        renewed = lab.state.runs()[0].id
        plan, _applied = await rollback(lab.runtime, lab.state, renewed, agree=agree, stop=asyncio.Event())

    (change,) = plan.changes
    assert ("blocked", False) == (change.action, "--back" in change.reason)
    assert change.reason.startswith("its source job was retired")


async def retired_and_died(lab: Lab) -> None:
    """Delete source jobs, and die when it is about to be recorded that it has ended."""
    with dying_at_the_end():
        await retired(lab, delete=True)


@pytest.mark.parametrize("again", ["sync", "retire"])
async def test_a_deletion_whose_end_was_not_recorded_is_ended_by_the_next_run(make_lab: MakeLab, again: str) -> None:
    """A run that was killed after the source job was deleted: the target fires, and status names the job until then."""
    lab, simulated = timed_lab(make_lab)
    lab.source.wish(1)
    with simulated.counted():
        await cut(lab)
        await simulated.sleep(DAY)
        await retired_and_died(lab)
        assert ({}, ["it"]) == (lab.source.records(), list(lab.state.inactive_jobs()))
        await simulated.sleep(120)
        if again == "sync":
            await lab.night()
        else:
            assert [("there", "target")] == statuses(await retired(lab, delete=True))
    assert {} == lab.state.inactive_jobs()
