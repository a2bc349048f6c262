"""The real command is killed at every request of a cut-over, there or back; the next runs end it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import attrs
import pytest

from migrator.cutover.commands import active_statuses
from tests.conformance.lab import Lab
from tests.conformance.platforms import wish
from tests.cutover.crashing import CutoverTally
from tests.cutover.simulated_time import cut
from tests.faults.killing import Killer, Labs, command, laboratories
from tests.faults.machine import DEATH

pytestmark = pytest.mark.slow

PAIRS: Final = (("omni", "devin"), ("devin", "scrip"), ("scrip", "omni"))
JOBS: Final = 3
MOST: Final = 60
"""More requests than a cut-over of so many takes."""
RERUNS: Final = 3
Record = Callable[[str, object], None]


@pytest.fixture
def killer() -> Killer:
    """What kills."""
    return Killer()


@pytest.fixture
def labs(folder: Path, killer: Killer) -> Iterator[Labs]:
    """Makes laboratories."""
    with laboratories(folder, killer) as made:
        yield made


def stocked(lab: Lab) -> None:
    """Jobs at the source that are due half a day from now, so that nobody has to wait for a gap."""
    hour = (lab.world.now().hour + 12) % 24
    for number in range(1, JOBS + 1):
        lab.source.put(lab.source.platform.write(number, wish(number, hour=hour)))


async def brought(lab: Lab, goal: str, where: str) -> None:
    """Run again until each job fires at that side, and only there."""
    for _run in range(RERUNS):
        await cut(lab, goal=goal)
        found = await active_statuses(lab.runtime, lab.state, "it")
        if {(one.live, one.is_unfinished) for one in found} == {(goal, False)}:
            return
    raise AssertionError(f"{where}: {found}")


@pytest.mark.parametrize("back", [False, True], ids=["there", "back"])
@pytest.mark.parametrize("pair", PAIRS, ids=" to ".join)
async def test_killed_at_every_request(
    labs: Labs, killer: Killer, record_property: Record, pair: tuple[str, str], back: bool
) -> None:
    """SIGKILL before or after the effect of any request: finished or taken back, no job is left to both or neither."""
    tally = CutoverTally()
    for nth in range(1, MOST):
        lab = labs(pair)
        stocked(lab)
        await lab.carry_out(hold=True)
        if back:
            await brought(lab, "target", "at first")
        killer.struck = False
        lab.world.fault("slow", seconds=DEATH, nth=nth, after=bool(nth % 2))
        killer.process = process = command(lab, "cutover", "it", "--yes", *(["--back"] if back else []))
        _out, err = process.communicate(timeout=60)
        lab.world.faults.clear()
        if not killer.struck:
            assert 0 == process.returncode, err
            break
        where = f"killed at request {nth}"
        assert -signal.SIGKILL == process.returncode, where
        await brought(lab, "source" if nth % 4 > 1 else "target", where)
        assert ((), (), JOBS) == (lab.state.all_unresolved_writes(), lab.state.missed(), len(lab.made)), where
        tally.jobs, tally.cases, tally.struck = tally.jobs + JOBS, tally.cases + 1, tally.struck + 1
    record_property("cutover", attrs.asdict(tally))
    assert 0 < tally.struck < MOST - 1
