"""What a token may not do: for one job it costs that job, for all it ends the run."""

from __future__ import annotations

from migrator.sandbox.devin import IDLE_USER
from tests.conformance.conftest import MakeLab


async def test_one_job_that_is_forbidden_stops_no_other(make_lab: MakeLab) -> None:
    """Whom a job may run as concerns that job: its neighbours are done. What is forbidden to all ends the run."""
    lab = make_lab("json", "devin", limits={"changes": "100%"})
    for number in range(1, 31):
        lab.source.wish(number)
    lab.source.edit("job-7", run_as=IDLE_USER)
    _planned, applied = await lab.carry_out()
    assert ({"done": 29, "failed": 1, "skipped": 0}, 29) == (dict(applied.summary), len(lab.made))

    for number in range(1, 31):
        lab.source.wish(number, name=f"Renamed {number:03}")
    lab.world.fault("status", provider="devin", method="PATCH", status=403, times=0)
    _planned, applied = await lab.carry_out()
    assert applied.summary["failed"] < 15
    assert applied.summary["skipped"] > 15
