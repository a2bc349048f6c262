"""A platform stops a job right after a cutover has activated it: what is said of the switch back is what was read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from migrator.cutover.commands import active_statuses, cutover
from migrator.cutover.switches import Order, SwitchResult
from tests.conformance.lab import Lab
from tests.cutover.conftest import MakeLab

STOPPED = "after the switch it was found stopped where it was to be active, by its platform or by somebody"


async def stopped(make_lab: MakeLab, fault: dict[str, Any] | None, *, is_interrupted: bool = False) -> tuple[Lab, Any]:
    """Cut one job over to a target that stops it; return the lab and the result."""
    lab = make_lab("scrip", "omni")
    lab.source.wish(1)
    await lab.carry_out(hold=True)
    lab.world.fault("suspend", provider="omni", method="WRITE", nth=2, after=True)
    if fault:
        lab.world.fault("status", provider="scrip", method="WRITE", **fault)
    stop = asyncio.Event()

    def progress(_switched: SwitchResult) -> None:
        if is_interrupted:
            stop.set()

    async def agree(*_asked: object) -> bool:
        return True

    return lab, await cutover(lab.runtime, lab.state, "it", Order(), agree=agree, stop=stop, progress=progress)


@pytest.mark.parametrize(
    ("fault", "is_interrupted", "live", "end"),
    [
        (None, False, "source", "it was switched back"),
        ({"status": 422, "nth": 2}, False, "neither", "it could not be switched back"),
        (None, True, "neither", "it could not be switched back"),
    ],
)
async def test_a_job_is_said_to_be_switched_back_where_it_was(
    make_lab: MakeLab, fault: dict[str, Any] | None, live: str, end: str, *, is_interrupted: bool
) -> None:
    """Where the source refuses, or somebody interrupts, it is active nowhere, and named so."""
    lab, found = await stopped(make_lab, fault, is_interrupted=is_interrupted)

    (switched,) = found.switches
    assert (switched.status, switched.live, switched.reason) == ("failed", live, f"{STOPPED}; {end}")
    assert [one.name for one in found.inactive] == ([] if live == "source" else ["Job 001"])
    assert [one.live for one in await active_statuses(lab.runtime, lab.state, "it")] == [live]
