"""What fires while the active side is switched, by the platforms' own logs and clock."""

from __future__ import annotations

import pytest

from migrator.sandbox import Options
from tests.cutover.cases import CASE_IDS, CASES
from tests.cutover.conftest import MakeLab
from tests.cutover.simulated_time import SimulatedTime, compared, cut, expected, statuses


@pytest.mark.parametrize(("source", "target", "options"), CASES, ids=CASE_IDS)
async def test_every_instant_fires_once_across_a_cutover(
    make_lab: MakeLab, source: str, target: str, options: Options
) -> None:
    """There and back: at every instant of two days exactly one side fires, and afterwards the source as before."""
    simulated = SimulatedTime()
    lab = make_lab(source, target, world=simulated.world(options))
    simulated.rule(lab)
    lab.source.wish(1, hour=9)
    lab.source.wish(2, hour=15)
    records = list(lab.source.records().values())
    with simulated.counted():
        switched = await cut(lab)
        await simulated.sleep(24 * 3600)
        back = await cut(lab, goal="source")
        await simulated.sleep(24 * 3600)
    lab.world.tick()

    wanted = expected(source, records, lab.world.now())
    found = compared(lab, wanted, lab.state.missed())
    assert [("moved", "target")] * 2 == statuses(switched)
    assert [("moved", "source")] * 2 == statuses(back)
    assert (len(wanted), 0, {}) == (found.once, found.in_ledger, found.wrong)
