"""Several syncs in one night: side by side, one after the other, and each for itself."""

from __future__ import annotations

import asyncio
from typing import Final

import pytest

from migrator.errors import MigratorError
from migrator.sandbox import World
from migrator.sync.results import SyncRun
from migrator.sync.sync_run import SyncRunner
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import counts
from tests.conformance.platforms import TEMPLATE
from tests.faults.machine import DEATH, Death

TEN: Final = [f"copy-{number}" for number in range(10)]


class Meeting:
    """Latency that lasts until so many requests are on their way at once; nothing goes on before."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.here = 0
        self.most = 0
        self._all: asyncio.Event | None = None

    async def __call__(self, _seconds: float) -> None:
        """Be on the way."""
        self._all = self._all or asyncio.Event()
        self.here += 1
        self.most = max(self.most, self.here)
        if self.here == self.number:
            self._all.set()
        try:
            async with asyncio.timeout(20):
                await self._all.wait()
        finally:
            self.here -= 1


def actions(found: SyncRun) -> dict[str, dict[str, int]]:
    """What each sync of a run had to do."""
    return {result.name: counts(result.plan) if result.plan else {} for result in found.results}


async def test_ten_unrelated_syncs_run_side_by_side(make_lab: MakeLab) -> None:
    """No answer comes before ten requests are on their way, one of each sync: so none waits for another."""
    meeting = Meeting(len(TEN))
    world = World(latency=1.0, sleep=meeting)
    lab = make_lab("omni", "devin", world=world)
    for name in TEN:
        lab.also(name, "omni", f"file-{name}")
    lab.source.wish(1)
    found = await lab.night(*TEN)

    assert (found.exit_code, meeting.most) == (0, len(TEN))
    assert actions(found) == {name: {"create": 1} for name in TEN}


async def test_syncs_of_one_key_share_its_rate(make_lab: MakeLab) -> None:
    """However many syncs read with one key, there is one budget for it."""
    lab = make_lab("omni", "devin")
    for name in TEN:
        lab.also(name, "omni", f"file-{name}")
    await lab.night("it", *TEN)

    assert len(lab.runtime.rate_limiters) == len({"omni", "devin"})


async def test_a_job_is_copied_to_a_target_once_by_several_syncs(make_lab: MakeLab) -> None:
    """Omni to Scrip directly, and by way of Devin: the copy at Devin is not copied again, also by its tag alone."""
    lab = make_lab("omni", "devin")
    lab.also("direct", "omni", "scrip")
    lab.also("around", "devin", "scrip")
    lab.source.wish(1)
    night = await lab.night("it", "direct", "around")
    lab.forget()
    plain = {result.name: result.plan for result in (await lab.night("around")).results}["around"]

    others = {"create": len(lab.foreign), "none": 1}
    assert actions(night) == {"it": {"create": 1}, "direct": {"create": 1}, "around": others}
    assert plain is not None
    (copy,) = [change for change in plain.changes if "it is a managed copy of" in change.reason]
    assert copy.action == "none"


async def test_a_chain_of_syncs_copies_a_new_job_in_one_run(make_lab: MakeLab) -> None:
    """Omni to Devin, Devin to Scrip, Scrip to a file: each link reads what the one before it has just written."""
    lab = make_lab("omni", "devin")
    lab.also("third", "scrip", "end", template={"prompt": TEMPLATE})
    lab.also("second", "devin", "scrip")
    lab.source.wish(1)
    found = await lab.night("third", "second", "it")

    assert (found.exit_code, [result.name for result in found.results]) == (0, ["third", "second", "it"])
    assert actions(found) == {"third": {"create": 3}, "second": {"create": 3}, "it": {"create": 1}}
    again = actions(await lab.night("third", "second", "it"))
    assert {"none"} == {action for each in again.values() for action in each}


async def test_two_syncs_to_one_target_run_one_after_the_other(make_lab: MakeLab) -> None:
    """The second one begins when the first has ended, and neither finds the place locked."""
    lab = make_lab("omni", "devin")
    lab.also("other", "scrip", "devin", template={"prompt": TEMPLATE})
    lab.source.wish(1)
    lab.world.requests.clear()
    found = await lab.night("it", "other")

    sent = [(entry["provider"], entry["method"]) for entry in lab.world.requests]
    assert found.exit_code == 0
    assert sent.index(("scrip", "GET")) > sent.index(("devin", "POST")) > sent.index(("omni", "GET"))


async def test_a_circle_of_syncs_copies_nothing_again(make_lab: MakeLab) -> None:
    """Two directions between the same places: each carries its own jobs, and no copy comes back as a new job."""
    lab = make_lab("omni", "devin")
    lab.source.wish(1)
    first = actions(await lab.night("it", "back"))
    for _ in range(2):
        again = actions(await lab.night("it", "back"))
        assert {action for each in again.values() for action in each} == {"none"}

    assert (first["it"], first["back"]) == ({"create": 1}, {"create": len(lab.foreign), "none": 1})
    assert (len(lab.source.records()), len(lab.target.records())) == (3, 3)


async def test_a_sync_that_fails_holds_up_nobody(make_lab: MakeLab) -> None:
    """Those beside it and those after it are run, also what reads from where it would have written."""
    lab = make_lab("omni", "devin")
    lab.also("second", "devin", "scrip")
    lab.also("aside", "omni", "file")
    lab.source.wish(1)
    lab.world.fault("status", provider="omni", status=401, nth=1)
    lab.world.fault("status", provider="omni", status=401, nth=2)
    found = await lab.night("it", "second", "aside")
    codes = {result.name: result.exit_code for result in found.results}

    assert (found.exit_code, codes["second"], 1 in codes.values()) == (1, 0, True)
    assert (await lab.night("it", "second", "aside")).exit_code == 0


async def test_what_is_not_begun_says_so(make_lab: MakeLab) -> None:
    """A run that is stopped between two syncs lets the first end and does not begin the second."""
    lab = make_lab("omni", "devin")
    lab.also("second", "devin", "scrip")
    lab.source.wish(1)
    stop = asyncio.Event()
    syncing = SyncRunner(runtime=lab.runtime, state=lab.state, stop=stop, ended=lambda _synced: stop.set())
    lab.world.requests.clear()
    found = await syncing.all(["it", "second"])

    assert isinstance(found.results[1].error, MigratorError)
    assert [entry for entry in lab.world.requests if entry["provider"] == "scrip"] == []
    assert (found.stopped, found.results[0].exit_code, found.results[1].exit_code) == (True, 0, 1)


async def test_the_work_of_a_dead_night_is_finished_first(make_lab: MakeLab) -> None:
    """A night that was killed in the middle of a create leaves some jobs; the next one makes the rest, none twice."""
    lab = make_lab("omni", "devin")
    wishes = [lab.source.wish(number) for number in range(8)]
    night = asyncio.create_task(lab.night())
    lab.world.fault("slow", provider="devin", method="POST", nth=3, seconds=DEATH, after=True)
    waiting, lab.world.sleep = lab.world.sleep, Death(asyncio.get_running_loop(), night)
    with pytest.raises(asyncio.CancelledError):
        await night
    lab.world.sleep = waiting
    lab.world.faults.clear()
    assert lab.state.unresolved_writes("devin", (lab.scope,), None)
    (found,) = (await lab.night()).results

    assert (found.exit_code, lab.target_jobs()) == (0, lab.expected(*wishes))
    assert lab.state.unresolved_writes("devin", (lab.scope,), None) == ()
