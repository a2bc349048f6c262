"""Parts of one job change hands quickly once the first of them did: no fire falls between two of their requests."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.execute.conftest import MakeBench
from tests.execute.memory import Fault
from tests.execute.parts import BOUND, replaced
from tests.plan.builder import NOW

TEN = NOW.replace(hour=10)
"""Every day, the second part is due."""


async def test_a_switch_that_was_begun_is_ended_before_the_next_fire(bench: MakeBench) -> None:
    """A slow request has used up the gap: to wait now would let the old part fire beside the new one."""
    made = bench(BOUND)
    made.now = TEN - timedelta(seconds=50)
    sent: list[datetime] = []

    def delay() -> None:
        made.now += timedelta(seconds=42)

    def note() -> None:
        sent.append(made.now)

    made.target.at = {0: Fault(then=note), 4: Fault(then=delay)}  # the new second part gets its schedule

    assert [one[1] for one in await made.applied(replaced())] == ["done", "done"]
    assert made.target.did == ["create", "create", *["update"] * 4, "delete", "delete"]
    assert max(sent) < TEN
