"""Runs that are rolled back in a laboratory."""

from __future__ import annotations

import asyncio

from migrator.execute.outcomes import Applied
from migrator.plan.changes import Plan
from migrator.sync import undo
from tests.conformance.lab import Lab


async def back(lab: Lab, run: str | None = None, *, yes: bool = True) -> tuple[Plan, Applied]:
    """Roll a run back, the latest by default."""

    async def agree(_plan: Plan) -> bool:
        return yes

    run = run or lab.state.runs()[0].id
    return await undo.rollback(lab.runtime, lab.state, run, agree=agree, stop=asyncio.Event())
