"""Switching the active side: what is switched, what is not and why, and what everything else makes of it afterwards."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Final

import pytest

from migrator.cutover.commands import active_statuses, cutover
from migrator.cutover.switches import Order, SwitchResult
from migrator.errors import RefusedError, UsageError
from migrator.sandbox import Options
from migrator.sync.commands import verify
from migrator.sync.undo import rollback
from tests.conformance.lab import Lab, counts
from tests.conformance.platforms import wish
from tests.cutover.conftest import MakeLab
from tests.cutover.simulated_time import START, SimulatedTime, cut, statuses

PATCH: Final = Options(omni_update="patch")


async def live(lab: Lab) -> list[str]:
    """Which side of each job fires, as read."""
    return [one.live for one in await active_statuses(lab.runtime, lab.state, "it")]


async def test_a_staged_job_is_proved_as_it_will_be(make_lab: MakeLab) -> None:
    """Apply with hold makes it so that it fires nothing; verify proves what it will be; syncs leave it as it is."""
    lab = make_lab("devin", "omni", platforms=PATCH)
    lab.source.wish(1)
    planned, _applied = await lab.carry_out(hold=True)
    assert ["source"] == [change.active_side for change in planned.changes]
    assert [9] != [staged.hour for staged in lab.target_jobs()]

    (proof,) = (await verify(lab.runtime, lab.state, "it")).proofs
    assert ("proved", "source") == (proof.status, proof.live)
    await lab.run()
    (key,) = lab.source.records()
    lab.source.edit(key, prompt="Something else.", frequency="0 11 * * *")
    assert {"update": 1} == await lab.run()
    assert (["source"], ["Something else."]) == (await live(lab), [staged.text for staged in lab.target_jobs()])

    assert [("moved", "target")] == statuses(await cut(lab))
    assert lab.expected(wish(1, text="Something else.", hour=11)) == lab.target_jobs()


async def test_what_is_staged_stays_so_when_it_is_recreated(make_lab: MakeLab) -> None:
    """A new part, and a job that has to be replaced, are staged like the first one."""
    lab = make_lab("json", "omni", platforms=PATCH)
    lab.source.wish(1)
    await lab.carry_out(hold=True)

    lab.source.edit("job-1", **{"action.topic": "orders"})
    assert {"replace": 1} == await lab.run()

    (raw,) = lab.made.values()
    assert ("orders", ["source"]) == (raw["topicName"], await live(lab))
    assert "0 9 * * ? *" != raw["schedule"]


async def test_syncs_after_the_cutover_keep_the_target_active(make_lab: MakeLab) -> None:
    """The source is paused by us, not by its owner: syncs go on carrying its edits, and the target fires on."""
    lab = make_lab("scrip", "devin", select={"enabled": True})
    lab.source.wish(1)
    await cut(lab)

    await lab.settled()
    (key,) = lab.source.records()
    lab.source.edit(key, name="Renamed")
    assert {"update": 1} == await lab.run()
    assert [("Renamed", True)] == [(staged.name, staged.enabled) for staged in lab.target_jobs()]
    assert ["target"] == await live(lab)


async def test_a_source_that_is_active_again_is_reported(make_lab: MakeLab) -> None:
    """Somebody resumes it at the source: both fire, which no sync accepts; cutting over again puts it right."""
    lab = make_lab("scrip", "devin")
    lab.source.wish(1)
    await cut(lab)
    (key,) = lab.source.records()
    lab.source.edit(key, status="active")

    planned = await lab.plan()
    assert ({"blocked": 1}, ["both"]) == (counts(planned), await live(lab))
    assert "both sides fire" in planned.changes[0].reason

    assert [("moved", "target")] == statuses(await cut(lab))
    await lab.settled()


async def test_a_parked_schedule_is_parked_again_in_time(make_lab: MakeLab) -> None:
    """What cannot be paused has a schedule that comes near within a year: syncs say so, and cutover mends it."""
    simulated = SimulatedTime(cost=0)
    lab = make_lab("omni", "devin", world=simulated.world(PATCH))
    simulated.rule(lab)
    lab.source.wish(1)
    with simulated.counted():
        await cut(lab)
        await simulated.sleep(timedelta(days=290).total_seconds())
        await lab.settled()
        await simulated.sleep(timedelta(days=30).total_seconds())
        assert {"blocked": 1} == counts(await lab.plan())

        again = await cut(lab)
        await lab.settled()
        await simulated.sleep(timedelta(days=100).total_seconds())
    lab.world.tick()

    assert (["move away"], [("moved", "target")]) == ([sent.does for sent in again.switches[0].sent], statuses(again))
    assert ["2026-11-23T09:00:00Z"] == [fire["at"] for fire in lab.world.fires if fire["provider"] == "omni"]
    assert [("moved", "source")] == statuses(await cut(lab, goal="source"))
    assert [9] == [record.hour for record in map(lab.source.platform.read, lab.source.records().values())]


@pytest.mark.parametrize("on_missing", ["pause", "delete"])
async def test_a_target_that_fires_alone_outlives_its_source(make_lab: MakeLab, on_missing: str) -> None:
    """Once the target is the active side, deleting the source job leaves the target alone, for each `on_missing`."""
    lab = make_lab("scrip", "devin", on_missing=on_missing)
    lab.source.wish(1)
    lab.source.wish(2)
    await cut(lab)
    lab.source.remove(next(iter(lab.source.records())))

    planned = await lab.plan()
    assert {"none": 2} == counts(planned)
    assert ["target", "target"] == await live(lab)
    assert [("refused", "target"), ("moved", "source")] == statuses(await cut(lab, goal="source"))


async def test_jobs_that_fire_on_both_sides_are_stopped_at_the_source(make_lab: MakeLab) -> None:
    """After a plain apply both are live: cutting over stops the source, and back leaves the source alone active."""
    lab = make_lab("omni", "devin")
    lab.source.wish(1)
    await lab.run()
    assert ["both"] == await live(lab)

    switched = await cut(lab)
    assert ([("moved", "target")], ["pause"]) == (
        statuses(switched),
        [step.does for step in switched.switches[0].switch.steps],
    )
    assert [("moved", "source")] == statuses(await cut(lab, goal="source"))
    assert [("there", "source")] == statuses(await cut(lab, goal="source"))
    await lab.settled()


async def test_a_paused_job_is_switched_without_anything_active(make_lab: MakeLab) -> None:
    """Its owner paused it: the side is switched, the source is not written to, and resuming it there is reported."""
    lab = make_lab("devin", "scrip")
    lab.source.wish(1, enabled=False)
    switched = await cut(lab)
    assert [("moved", "paused")] == statuses(switched)
    assert () == switched.switches[0].sent

    (key,) = lab.source.records()
    lab.source.edit(key, enabled=True)
    assert {"blocked": 1} == counts(await lab.plan())
    await cut(lab)
    await lab.run()
    assert ["target"] == await live(lab)


async def test_a_job_about_to_fire_for_the_last_time_stays(make_lab: MakeLab) -> None:
    """What fires once, and within minutes, is left to the source; later ones move."""
    simulated = SimulatedTime(cost=0)
    lab = make_lab("devin", "scrip", world=simulated.world(PATCH))
    simulated.rule(lab)
    for number, minutes in ((1, 8), (2, 600)):
        at = (START + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
        raw = lab.source.platform.write(number, wish(number))
        lab.source.put({**raw, "schedule_type": "one_time", "scheduled_at": at, "frequency": None})
    with simulated.counted():
        found = await cut(lab)

    assert [("left", "source"), ("moved", "target")] == statuses(found)
    assert "fires for the last time" in found.switches[0].reason


async def test_what_has_fired_for_the_last_time_fires_nowhere(make_lab: MakeLab) -> None:
    """A job for one instant that has passed is over, whatever the flags on both sides say, also after a switch back."""
    simulated = SimulatedTime()
    lab = make_lab("devin", "omni", world=simulated.world(PATCH))
    simulated.rule(lab)
    at = (START + timedelta(hours=1)).replace(second=0).isoformat().replace("+00:00", "Z")
    raw = lab.source.platform.write(1, wish(1))
    lab.source.put({**raw, "schedule_type": "one_time", "scheduled_at": at, "frequency": None})
    with simulated.counted():
        await cut(lab)
        await simulated.sleep(2 * 3600)
        assert ["over"] == await live(lab)
        await cut(lab, goal="source")

    assert ["over"] == await live(lab)


async def test_what_cannot_be_read_is_not_taken_for_expired(make_lab: MakeLab) -> None:
    """A job that runs on every other occurrence stays on the source, which goes on firing it."""
    lab = make_lab("devin", "scrip")
    lab.source.put({**lab.source.platform.write(1, wish(1)), "interval_count": 2})

    found = await cut(lab)
    assert [("refused", "source")] == statuses(found)
    assert "every n-th occurrence" in found.switches[0].reason


async def test_only_the_named_jobs_are_switched(make_lab: MakeLab) -> None:
    """By name or id; a name that nothing has is told with those that there are, and nothing is written."""
    lab = make_lab("scrip", "devin")
    for number in (1, 2, 3):
        lab.source.wish(number)
    key = next(key for key, raw in lab.source.records().items() if raw["name"] == "Job 003")

    with pytest.raises(UsageError, match=r"unknown job.*got: Job 9.*allowed: Job 001, Job 002, Job 003"):
        await cut(lab, jobs=("Job 9",))
    assert {} == lab.made

    found = await cut(lab, jobs=("Job 001", key))
    assert ["Job 001", "Job 003"] == [switched.switch.name for switched in found.switches]
    assert ["Job 001", "Job 003"] == sorted(raw["name"] for raw in lab.made.values())
    await lab.carry_out(hold=True)
    assert ["target", "source", "target"] == await live(lab)


async def test_a_dry_run_writes_nothing(make_lab: MakeLab) -> None:
    """It says what each job takes, and of a job that is not there yet that it is made first."""
    lab = make_lab("omni", "devin", platforms=PATCH)
    lab.source.wish(1)
    await lab.carry_out(hold=True)
    lab.source.wish(2)
    lab.world.requests.clear()

    found = await cut(lab, is_dry=True)

    assert [("planned", "source")] * 2 == statuses(found)
    assert [["move away", "release"], []] == [[step.does for step in one.switch.steps] for one in found.switches]
    assert {"GET", "OPTIONS"} >= {entry["method"] for entry in lab.world.requests}
    assert found.run is None


async def test_what_is_not_verified_is_not_switched(make_lab: MakeLab) -> None:
    """A job that somebody has edited at the target, or whose copy is gone, stays with the reason; the others move."""
    lab = make_lab("scrip", "devin")
    for number in (1, 2, 3):
        lab.source.wish(number)
    await lab.carry_out(hold=True)
    lab.target.edit(lab.key_of("Job 001"), prompt="Edited.")
    lab.target.remove(lab.key_of("Job 002"))

    found = await cut(lab)

    assert [("refused", "source"), ("refused", "source"), ("moved", "target")] == statuses(found)
    assert "somebody changed action.text" in found.switches[0].reason
    assert "somebody deleted" in found.switches[1].reason


async def test_what_cannot_be_made_stays_at_the_source(make_lab: MakeLab) -> None:
    """A job that the target refuses to take is not moved; the others are."""
    lab = make_lab("scrip", "devin")
    lab.source.wish(1)
    lab.source.wish(2)
    lab.world.fault("status", provider="devin", method="POST", status=400)

    found = await cut(lab)

    assert [("moved", "target"), ("refused", "source")] == sorted(statuses(found))
    assert "could not be created" in " ".join(switched.reason for switched in found.switches)


async def test_a_plan_that_is_unsafe_as_a_whole_stops_the_cutover(make_lab: MakeLab) -> None:
    """Limits hold for what has to be done first."""
    lab = make_lab("scrip", "devin", limits={"changes": 0, "floor": 0})
    lab.source.wish(1)
    await lab.carry_out(hold=True)
    (key,) = lab.source.records()
    lab.source.edit(key, name="Renamed")

    with pytest.raises(RefusedError, match=r"limits\.changes"):
        await cut(lab)
    assert ["source"] == await live(lab)


async def test_nothing_more_is_done_the_second_time(make_lab: MakeLab) -> None:
    """A second cut-over writes nothing, and opens no run."""
    lab = make_lab("omni", "scrip")
    lab.source.wish(1)
    first = await cut(lab)
    lab.world.requests.clear()

    second = await cut(lab)

    assert ([("there", "target")], None) == (statuses(second), second.run)
    assert {"GET", "OPTIONS"} >= {entry["method"] for entry in lab.world.requests}
    assert first.run == lab.state.runs()[0].id


FAILURES: Final[list[dict[str, Any]]] = [
    {"provider": "scrip", "method": "PATCH"},
    {"provider": "devin", "method": "PATCH", "nth": 2},
]


@pytest.mark.parametrize("fault", FAILURES)
async def test_a_step_that_is_refused_leaves_the_source_live(make_lab: MakeLab, fault: dict[str, Any]) -> None:
    """Whichever side says no: the source fires as before, the target stays held, and the next run moves it."""
    lab = make_lab("scrip", "devin")
    lab.source.wish(1)
    await lab.carry_out(hold=True)
    lab.world.fault("status", status=400, **fault)

    failed = await cut(lab)

    assert [("failed", "source")] == statuses(failed)
    assert "as it was before" in failed.switches[0].reason
    assert (["source"], [True]) == (
        await live(lab),
        [raw["status"] == "active" for raw in lab.source.records().values()],
    )
    assert [("moved", "target")] == statuses(await cut(lab))


async def test_a_side_that_cannot_be_read_is_said_to_be_unknown(make_lab: MakeLab) -> None:
    """A platform that dies between two steps leaves an open question, which the next run answers by looking."""
    lab = make_lab("scrip", "devin")
    lab.source.wish(1)
    await lab.carry_out(hold=True)
    lab.world.fault("status", status=503, provider="devin", method="PATCH", nth=2, times=0, after=True)
    lab.world.fault("status", status=503, provider="devin", method="GET", path="*/schedules/*", times=0)
    lab.world.fault("status", status=503, provider="devin", method="GET", nth=3, times=0)

    failed = await cut(lab)
    assert [("failed", "unknown")] == statuses(failed)
    lab.world.faults.clear()

    assert {"blocked": 1} == counts(await lab.plan())
    await cut(lab)
    assert ["target"] == await live(lab)


@pytest.mark.parametrize("reads", [3, 9])
async def test_a_stop_that_is_late_to_show_is_taken_back(make_lab: MakeLab, reads: int) -> None:
    """The source still seems to run when the target is switched back: it gets what it had all the same, and runs."""
    lab = make_lab("devin", "scrip")
    lab.source.wish(1)
    await lab.carry_out(hold=True)
    lab.world.fault("eventual", provider="devin", method="PATCH", reads=reads)

    await cut(lab)
    assert [("moved", "source")] == statuses(await cut(lab, goal="source"))

    for _look in range(reads):
        await live(lab)
    assert (["source"], [True]) == (await live(lab), [raw["enabled"] for raw in lab.source.records().values()])


async def test_parts_of_one_job_are_switched_together(make_lab: MakeLab) -> None:
    """A job that takes several at the target is one switch: the source stops once, and every part is activated."""
    lab = make_lab("omni", "devin", schedule={"mode": "year"})
    raw = lab.source.platform.write(1, wish(1))
    lab.source.put({**raw, "timezone": "Europe/Berlin"})

    found = await cut(lab)

    assert [("moved", "target")] == statuses(found)
    assert len(lab.made) > 1
    assert ["pause", *["release"] * len(lab.made)] == [sent.does for sent in found.switches[0].sent]
    assert [("moved", "source")] == statuses(await cut(lab, goal="source"))


@pytest.mark.parametrize("hold", [True, False])
async def test_a_rollback_does_not_remove_what_fires_alone(make_lab: MakeLab, hold: bool) -> None:
    """The run that made a target job is not rolled back once the source is stopped, nor a cut-over at one side."""
    lab = make_lab("omni", "devin")
    lab.source.wish(1)
    _planned, applied = await lab.carry_out(hold=hold)
    switched = await cut(lab)
    assert applied.run
    assert switched.run

    async def agree(_plan: object) -> bool:
        return True

    back, _undone = await rollback(lab.runtime, lab.state, applied.run, agree=agree, stop=asyncio.Event())
    assert ["blocked"] == [change.action for change in back.changes]
    assert "migrator cutover it --back" in back.changes[0].reason
    with pytest.raises(RefusedError, match="migrator cutover it --back"):
        await rollback(lab.runtime, lab.state, switched.run, agree=agree, stop=asyncio.Event())
    assert ["target"] == await live(lab)


async def test_an_interruption_begins_nothing_new_and_tells_what_was_done(make_lab: MakeLab) -> None:
    """Progress names each switch that ended, and no other; the rest is told as not started, active at the source."""
    lab = make_lab("scrip", "devin")
    for number in range(1, 13):
        lab.source.wish(number)
    await lab.carry_out(hold=True)
    stop, seen = asyncio.Event(), list[SwitchResult]()

    def progress(switched: SwitchResult) -> None:
        seen.append(switched)
        stop.set()

    async def agree(*_asked: object) -> bool:
        return True

    found = await cutover(lab.runtime, lab.state, "it", Order(), agree=agree, stop=stop, progress=progress)

    ended = [(switched.switch.name, switched.status, switched.live) for switched in found.switches]
    names = {switched.switch.name for switched in seen}
    assert (True, True) == (found.stopped, 0 < len(names) < 12)
    assert ended == [
        (name, "moved", "target") if name in names else (name, "skipped", "source") for name, _s, _l in ended
    ]
    assert {one.name: one.live for one in await active_statuses(lab.runtime, lab.state, "it")} == {
        name: live for name, _status, live in ended
    }
    (run,) = [run for run in lab.state.runs() if run.kind == "cutover"]
    assert (bool(run.ended_at), run.summary) == (True, {"moved": len(names), "skipped": 12 - len(names)})
    assert {("moved", "target"), ("there", "target")} == set(statuses(await cut(lab)))
