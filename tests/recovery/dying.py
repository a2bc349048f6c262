"""A run that dies at a request."""

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
