"""Jobs that are staged in a laboratory, and which side of each is active."""

from __future__ import annotations

from migrator.cutover.commands import active_statuses
from tests.conformance.lab import Lab


async def live(lab: Lab) -> list[str]:
    """Return which side of each job is active, as read."""
    return [one.live for one in await active_statuses(lab.runtime, lab.state, "it")]


def paused(lab: Lab) -> int:
    """Return how many source jobs are paused."""
    return sum(not lab.source.platform.read(raw).enabled for raw in lab.source.records().values())


async def staged(lab: Lab, number: int) -> None:
    """Stage so many jobs at the target."""
    for one in range(1, number + 1):
        lab.source.wish(one)
    await lab.carry_out(hold=True)
    lab.world.requests.clear()
