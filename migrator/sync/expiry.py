"""Promises that cannot be kept: schedules that stop being exact before the next night, and that no sync has renewed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from migrator.canonical import JobRef
from migrator.execute.outcomes import Applied
from migrator.plan.changes import Plan
from migrator.store import State
from migrator.sync.results import Expiry

_NIGHT: Final = timedelta(hours=30)
"""How long until the next sync, which may come late."""
_SHORT: Final = "its window ends before the next night"


def expiries_of(
    sync: str, state: State, *, now: datetime, plan: Plan | None, applied: Applied, error: Exception | None
) -> Iterator[Expiry]:
    """Yield the jobs of a sync that will not stay exact, each with why it was not renewed."""
    unmanaged = _unmanaged(plan)
    for schedule in state.lapsing(sync, now + _NIGHT):
        if schedule.target in unmanaged:
            continue
        yield Expiry(
            source=schedule.source,
            target=schedule.target,
            name=schedule.name,
            until=schedule.until,
            reason=_why(schedule.source, plan, applied, error),
        )


def _unmanaged(plan: Plan | None) -> set[JobRef | None]:
    """Return the target jobs that stay as they are by the owner's wish: gone from the source, or no longer selected."""
    return (
        {change.target for change in plan.changes if change.action == "none" and not change.schedule} if plan else set()
    )


def _why(source: JobRef, plan: Plan | None, applied: Applied, error: Exception | None) -> str:
    if error:
        return str(error)
    own = [one for one in applied.outcomes if one.source == source and one.status != "done" and one.error]
    if own:
        return min(own, key=lambda one: bool(one.follows)).error
    if plan and plan.refusal:
        return plan.refusal
    blocked = (change.reason for change in (plan.blocked if plan else ()) if change.source == source)
    return next(blocked, _SHORT)
