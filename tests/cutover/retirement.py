"""A job that a cutover has switched, and what retiring its source takes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs

from migrator.canonical import Job
from migrator.cutover.context import CutoverContext
from migrator.cutover.retire import _deleted_before, _retirement
from migrator.cutover.switches import Order, Switch
from migrator.store import State
from migrator.store.records import ActiveSide
from migrator.sync.endpoints import Endpoint
from tests.cutover.builder import Switching, active_side
from tests.cutover.contexts import UNOPENED, context_of
from tests.execute.bench import adapter_of
from tests.execute.memory import Memory
from tests.plan.builder import NOW, SOURCE_SCOPE, TARGET_SCOPE, Given, job, mapping, ref

PLANNER = Switching().planner
ALPHA = ref("Alpha")
DAY = timedelta(days=1)
ONE = Given(source=(job("Alpha"),)).carried_out()
"""It is due on Mondays; now it is a Sunday."""
MOVED = active_side(parked={"enabled": False}, original={"enabled": True}, since=NOW - 10 * DAY)


def paused(one: Job) -> Job:
    """Return a job that a cutover has paused."""
    return attrs.evolve(one, enabled=False)


def cut(given: Given = ONE, record: ActiveSide = MOVED, **values: Any) -> CutoverContext:
    """Return what is read after a cutover."""
    read: dict[str, Any] = {"listed": map(paused, given.source), "active_sides": [record]} | values
    return context_of(given, **read)


def opened(found: CutoverContext, state: State, source: Memory) -> CutoverContext:
    """Return the same with a state and a source that can be asked."""
    target = Memory(provider="devin", scope=TARGET_SCOPE)
    sides: dict[str, Any] = {
        "source": Endpoint(name="omni", adapter=adapter_of(source), mapping=mapping("omni")),
        "target": Endpoint(name="devin", adapter=adapter_of(target), mapping=mapping("devin")),
    }
    return attrs.evolve(found, session=attrs.evolve(found.session, state=state, **sides))


def retired(found: CutoverContext, *, delete: bool = True) -> Switch:
    """Return what retiring Alpha takes."""
    return _retirement(found, PLANNER, ALPHA, delete=delete)


def refusal(found: CutoverContext, *, delete: bool = True) -> str:
    """Return why Alpha stays; nothing is written then."""
    switch = retired(found, delete=delete)
    assert (switch.status, switch.steps) == ("refused", ())
    return switch.reason


async def deleted(found: CutoverContext, source: Memory, *jobs: str) -> set[Any]:
    """Return the source jobs that count as retired."""
    switches = [_retirement(found, PLANNER, ALPHA, delete=True)]
    return set(await _deleted_before(opened(found, UNOPENED, source), Order(jobs=jobs), switches))


def omni(*jobs: Job) -> Memory:
    """Return the source."""
    return Memory(provider="omni", scope=SOURCE_SCOPE).holding(*jobs)
