"""A run dies after the last write of a switch, and before it has recorded that the switch has ended."""

from __future__ import annotations

from typing import Any

import pytest

from migrator.cutover.commands import active_statuses
from tests.conformance.lab import Lab, counts
from tests.conformance.platforms import wish
from tests.cutover.conftest import MakeLab
from tests.cutover.crashing import SCHEDULES, cut_short, dying_at_the_end
from tests.cutover.simulated_time import SimulatedTime, compared, cut, expected, statuses
from tests.faults.machine import DEATH
from tests.faults.scenarios import PUT


def hourly(make_lab: MakeLab) -> tuple[SimulatedTime, Lab]:
    """Time that passes, and a laboratory with one job that fires every hour."""
    simulated = SimulatedTime()
    lab = make_lab("omni", "devin", world=simulated.world(PUT))
    simulated.rule(lab)
    lab.source.put({**lab.source.platform.write(1, wish(1)), lab.source.platform.schedule: SCHEDULES["omni"]})
    return simulated, lab


async def cut_and_die_at_the_end(lab: Lab) -> None:
    """Cut over, and die when it is about to be recorded that the switch has ended."""
    with dying_at_the_end():
        await cut(lab)


async def cut_and_die(lab: Lab, *, method: str, provider: str, after: bool = False, **order: Any) -> None:
    """Cut over, and die as the first such write that changes something is sent: before or after its effect."""
    rule = {"kind": "slow", "seconds": DEATH, "method": method, "provider": provider, "after": after, "nth": 2}
    assert await cut_short(lab, rule, dies=True, **order)


async def active(lab: Lab) -> tuple[str, bool]:
    """Which side of the one job fires, and whether its move has not ended."""
    (found,) = await active_statuses(lab.runtime, lab.state, "it")
    return found.live, found.is_unfinished


@pytest.mark.parametrize("back", [False, True], ids=["on the way there", "on the way back"])
async def test_what_was_missed_is_reported_by_whichever_run_ends_the_switch(make_lab: MakeLab, back: bool) -> None:
    """Between two dead runs an hour passes in which nothing fires; a third has nothing to send, and tells it."""
    simulated, lab = hourly(make_lab)
    records = list(lab.source.records().values())
    with simulated.counted():
        await lab.carry_out(hold=True)
        if back:
            await cut(lab)
            await cut_and_die(lab, method="PUT", provider="omni", goal="source")
        else:
            await cut_and_die(lab, method="PATCH", provider="devin")
        assert ("neither", True) == await active(lab)
        assert {"blocked": 1} == counts(await lab.plan())
        await simulated.sleep(3600)
        await cut_and_die_at_the_end(lab)
        assert ("target", True) == await active(lab)

        ended = await cut(lab)
        await simulated.sleep(3600)
        lab.world.tick()

    assert ([("moved", "target")], ()) == (statuses(ended), ended.switches[0].sent)
    assert ("target", False) == await active(lab)
    assert ["neither"] == [entry.kind for entry in ended.ledger]
    count = compared(lab, expected("omni", records, lab.world.now()), lab.state.missed())
    assert (1, {}) == (count.in_ledger, count.wrong)
    assert [("there", "target")] == statuses(await cut(lab))


async def test_a_switch_back_that_died_at_its_last_write_is_reverted(make_lab: MakeLab) -> None:
    """The source was active again, and the target was staged: cutting over stops the one and activates the other."""
    simulated, lab = hourly(make_lab)
    records = list(lab.source.records().values())
    with simulated.counted():
        await cut(lab)
        await cut_and_die(lab, method="PUT", provider="omni", goal="source", after=True)
        assert {"blocked": 1} == counts(await lab.plan())

        switched = await cut(lab)
        assert (["pause", "release"], [("moved", "target")]) == (
            [one.does for one in switched.switches[0].sent],
            statuses(switched),
        )
        await simulated.sleep(2 * 3600)
        lab.world.tick()

    count = compared(lab, expected("omni", records, lab.world.now()), lab.state.missed())
    assert (0, {}) == (count.in_ledger, count.wrong)
