"""Runs that die at a request, and what they leave."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.conformance.lab import Lab
from tests.faults.machine import DEATH, Death, apply


async def dies(lab: Lab, **rule: Any) -> None:
    """A run dies at a request."""
    task = asyncio.create_task(apply(lab))
    lab.world.fault("slow", seconds=DEATH, **rule)
    waiting, lab.world.sleep = lab.world.sleep, Death(asyncio.get_running_loop(), task)
    with pytest.raises(asyncio.CancelledError):
        await task
    lab.world.sleep = waiting
    lab.world.faults.clear()


async def uncertain(lab: Lab) -> str:
    """Lose the answer to a create, so that two jobs could be what it made; return the run."""
    lab.source.wish(1)
    await dies(lab, method="POST", after=True)
    (key,) = lab.made
    platform = lab.target.platform
    copy = {**lab.made[key]}
    copy["scheduled_session_id" if platform.name == "devin" else "id"] = "sched-" + "7" * 32
    lab.target.put(copy)
    return lab.state.runs()[0].id
