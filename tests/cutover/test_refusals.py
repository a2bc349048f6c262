"""A target that refuses, a platform that stops a job, a run in progress: no source is stopped for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import pytest

from migrator.sandbox import Options
from migrator.sync.commands import verify
from tests.conformance.lab import HTTP, Lab, counts
from tests.cutover.cases import CASE_IDS, CASES
from tests.cutover.conftest import MakeLab
from tests.cutover.simulated_time import SimulatedTime, cut, statuses
from tests.cutover.staging import live, paused, staged
from tests.faults.scenarios import PUT

pytestmark = pytest.mark.slow

IN_FLIGHT: Final = 4
REFUSALS: Final[list[dict[str, Any]]] = [
    *({"kind": "status", "status": status} for status in (401, 403, 404, 409, 422, 429, 503)),
    {"kind": "html"},
]
IDS: Final = ["401", "403", "404", "409", "422", "429", "503", "HTML"]


def writes(lab: Lab, provider: str) -> int:
    """How many writes a platform got."""
    return sum(one["provider"] == provider and one["method"] != "GET" for one in lab.world.requests)


@pytest.mark.parametrize("refusal", REFUSALS, ids=IDS)
async def test_a_target_that_refuses_from_the_first_write_on_stops_no_source(
    make_lab: MakeLab, refusal: dict[str, Any]
) -> None:
    """The target is asked with a write that changes nothing; as it refuses, no source is written to."""
    lab = make_lab("scrip", "devin")
    await staged(lab, 12)
    lab.world.fault(**refusal, provider="devin", method="WRITE", times=0)

    found = await cut(lab)

    assert (0, 0) == (writes(lab, "scrip"), paused(lab))
    assert {"failed", "skipped"} == {switched.status for switched in found.switches}
    lab.world.faults.clear()
    assert ["source"] * 12 == await live(lab)
    assert [("moved", "target")] * 12 == statuses(await cut(lab))


@pytest.mark.parametrize("back", [False, True], ids=["there", "back"])
@pytest.mark.parametrize("status", [401, 403, 404, 409, 422])
async def test_a_refusal_after_the_first_write_resumes_what_was_stopped(
    make_lab: MakeLab, status: int, back: bool
) -> None:
    """No more are stopped than are in flight, and these are resumed although nothing can be read any more."""
    lab = make_lab("scrip", "devin")
    await staged(lab, 12)
    goal, refusing, before = ("source", "scrip", "target") if back else ("target", "devin", "source")
    if back:
        await cut(lab)
    lab.world.fault("status", status=status, provider=refusing, method="WRITE", nth=3, times=0)
    lab.world.fault("status", status=status, provider=refusing, method="GET", path="*/*s/*-*", nth=40, times=0)

    found = await cut(lab, goal=goal)

    lab.world.faults.clear()
    switched = sum(switched.status == "moved" for switched in found.switches)
    assert (1 <= switched <= 2, {}) == (True, dict(lab.state.inactive_jobs()))
    assert sorted([goal] * switched + [before] * (12 - switched)) == sorted(await live(lab))
    tried = [switched for switched in found.switches if switched.sent and switched.status == "failed"]
    assert len(tried) <= IN_FLIGHT + 3  # three failures in a row end the run, and these were under way
    assert () == lab.state.missed()


async def test_a_refusal_is_proof_enough_where_nothing_can_be_read(make_lab: MakeLab) -> None:
    """The token expires between two writes: what the target holds is not to be seen, and the source fires again."""
    lab = make_lab("scrip", "devin")
    await staged(lab, 3)
    lab.world.fault("status", status=401, provider="devin", method="WRITE", nth=2, times=0)
    lab.world.fault("status", status=401, provider="devin", method="GET", path="*/schedules/*", times=0)

    await cut(lab)

    lab.world.faults.clear()
    assert (0, ["source"] * 3) == (paused(lab), await live(lab))


async def test_a_job_that_is_active_nowhere_is_named_until_it_is_repaired(make_lab: MakeLab) -> None:
    """Both sides fail in turn: every later sync names the job with the command that repairs it, and ends with 4."""
    lab = make_lab("scrip", "devin")
    await staged(lab, 3)
    lab.world.fault("status", status=401, provider="devin", method="WRITE", nth=2, times=0)
    lab.world.fault("status", status=401, provider="scrip", method="WRITE", nth=4, times=0)

    found = await cut(lab)
    lab.world.faults.clear()

    names = [one.name for one in found.inactive]
    assert 1 <= len(names) == paused(lab) <= IN_FLIGHT
    for _night in range(2):
        (night,) = (await lab.night()).results
        assert (4, names) == (night.exit_code, [one.name for one in night.applied.inactive])
    assert {f"migrator cutover it --job '{name}'" for name in names} == {one.repair for one in night.applied.inactive}
    assert names == [one.name for one in lab.state.inactive_jobs()["it"]]
    assert {} == lab.state.in_order()

    await cut(lab, jobs=tuple(names))
    (night,) = (await lab.night()).results
    assert (0, (), {}) == (night.exit_code, night.applied.inactive, dict(lab.state.inactive_jobs()))


@pytest.mark.parametrize(("source", "target", "options"), CASES, ids=CASE_IDS)
@pytest.mark.parametrize("first", ["apply", "apply, cutover", "staged"])
async def test_switching_back_leaves_the_source_alone_active(
    make_lab: MakeLab, source: str, target: str, options: Options, first: str
) -> None:
    """Whatever came before, and the syncs that follow keep it so."""
    lab = make_lab(source, target, platforms=options)
    lab.source.wish(1)
    await lab.carry_out(hold=first == "staged")
    if "cutover" in first:
        await cut(lab)

    await cut(lab, goal="source")

    assert ["source"] == await live(lab)
    await lab.settled()
    await lab.night()
    assert ["source"] == await live(lab)
    assert [("moved", "target")] == statuses(await cut(lab))


STOPS: Final[dict[str, list[dict[str, Any]]]] = {
    "omni": [{"systemDisabled": True, "systemDisabledReason": "Too many failures"}],
    "scrip": [{"status": "failed", "last_error": "Too many failures"}, {"status": "completed"}],
}


def stops() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Pairs of platforms, and how the target's stops a job."""
    for target, edits in STOPS.items():
        yield from ((source, target, edit) for source in HTTP if source != target for edit in edits)


@pytest.mark.parametrize(("source", "target", "edit"), list(stops()))
async def test_the_platforms_own_stop_at_the_target_counts(
    make_lab: MakeLab, source: str, target: str, edit: dict[str, Any]
) -> None:
    """Plan and verify say it, before a cutover and after; cutover does not stop the source of such a job."""
    lab = make_lab(source, target)
    await staged(lab, 1)
    lab.target.edit(lab.key_of("Job 001"), **edit)

    planned = await lab.plan()
    assert ({"blocked": 1}, True) == (counts(planned), "stopped by" in planned.changes[0].reason)
    (proof,) = (await verify(lab.runtime, lab.state, "it")).proofs
    assert ("differs", True) == (proof.status, "stopped by" in proof.reason)
    assert [("refused", "source")] == statuses(await cut(lab))
    assert (0, ["source"]) == (paused(lab), await live(lab))
    assert (0, ["source"]) == ((await cut(lab, goal="source")).summary["failed"], await live(lab))


@pytest.mark.parametrize(("source", "target", "edit"), list(stops()))
async def test_a_stop_after_the_cutover_is_named_and_can_be_switched_back(
    make_lab: MakeLab, source: str, target: str, edit: dict[str, Any]
) -> None:
    """The job fires nowhere: the nightly sync says so with the command, which lets the source fire again."""
    lab = make_lab(source, target)
    await staged(lab, 1)
    await cut(lab)
    lab.target.edit(lab.key_of("Job 001"), **edit)

    (night,) = (await lab.night()).results
    assert (4, ["migrator cutover it --back --job 'Job 001'"]) == (
        night.exit_code,
        [one.repair for one in night.applied.inactive],
    )
    assert [("moved", "source")] == statuses(await cut(lab, goal="source"))
    assert ["source"] == await live(lab)
    assert {} == lab.state.inactive_jobs()


@pytest.mark.parametrize("after", [False, True], ids=["in the answer", "right after"])
@pytest.mark.parametrize(("source", "target"), [("devin", "omni"), ("devin", "scrip"), ("scrip", "omni")])
async def test_a_platform_that_stops_the_job_as_it_is_activated_gives_it_back(
    make_lab: MakeLab, source: str, target: str, after: bool
) -> None:
    """The target took the write and does not fire: the source is active again, and the job counts as failed."""
    lab = make_lab(source, target)
    await staged(lab, 2)
    lab.world.fault("suspend", provider=target, method="WRITE", nth=2, after=after)

    found = await cut(lab)

    assert ["failed", "moved"] == sorted(switched.status for switched in found.switches)
    assert ["source", "target"] == sorted(await live(lab))
    assert ["source", "target"] == sorted(switched.live for switched in found.switches)
    (failed,) = [switched for switched in found.switches if switched.status == "failed"]
    assert ("was found stopped" in failed.reason) == after
    assert (1, {}) == (
        sum(not lab.source.platform.read(r).enabled for r in lab.source.records().values()),
        lab.state.inactive_jobs(),
    )


def busy(lab: Lab, key: str, state: str) -> None:
    """A run of a Scrip automation is in progress, or over."""
    place = lab.source if lab.source.platform.name == "scrip" else lab.target
    place.put({**place.records()[key], "execution_status": state})


@pytest.mark.parametrize("state", ["pending", "executing"])
async def test_a_run_in_progress_at_the_source_is_not_cut_off(make_lab: MakeLab, state: str) -> None:
    """It is read again for as long as the guard lasts, and then the job stays, with the reason."""
    lab = make_lab("scrip", "devin")
    await staged(lab, 2)
    key, other = lab.source.records()
    busy(lab, key, state)

    found = await cut(lab)

    by_id = {switched.switch.source.id: switched for switched in found.switches}
    assert ("refused", "moved") == (by_id[key].status, by_id[other].status)
    assert f"execution_status is {state}" in by_id[key].reason
    assert ["source", "target"] == sorted(await live(lab))
    busy(lab, key, "idle")
    await cut(lab)
    assert ["target", "target"] == await live(lab)


async def test_a_run_in_progress_is_waited_for(make_lab: MakeLab) -> None:
    """It ends within the guard: the job is switched after that, and not before."""
    simulated = SimulatedTime(cost=0)
    lab = make_lab("scrip", "devin", world=simulated.world(PUT))
    simulated.rule(lab)
    with simulated.counted():
        await staged(lab, 1)
        (key,) = lab.source.records()
        began = lab.world.now()
        lab.world.run("scrip", f"/automations/{key}", 720)
        found = await cut(lab)

    assert [("moved", "target")] == statuses(found)
    (stop, _release) = found.switches[0].sent
    assert timedelta(seconds=720) <= stop.at - began <= timedelta(minutes=18)


async def test_a_run_in_progress_at_the_target_is_waited_for_when_switching_back(make_lab: MakeLab) -> None:
    """The target stops only when its run is over."""
    lab = make_lab("devin", "scrip")
    await staged(lab, 1)
    await cut(lab)
    busy(lab, lab.key_of("Job 001"), "executing")

    found = await cut(lab, goal="source")

    assert ([("refused", "target")], True) == (statuses(found), "at the target" in found.switches[0].reason)
    busy(lab, lab.key_of("Job 001"), "completed")
    assert [("moved", "source")] == statuses(await cut(lab, goal="source"))


async def test_a_source_whose_target_job_is_gone_is_active_again(make_lab: MakeLab) -> None:
    """Somebody deleted it after the cutover: the job is named, and the source gets it back."""
    lab = make_lab("scrip", "devin")
    await staged(lab, 1)
    await cut(lab)
    lab.target.remove(lab.key_of("Job 001"))

    (night,) = (await lab.night()).results
    assert (4, "migrator cutover it --back --job 'Job 001'") == (night.exit_code, night.applied.inactive[0].repair)
    assert [("moved", "source")] == statuses(await cut(lab, goal="source"))
    assert 0 == paused(lab)
