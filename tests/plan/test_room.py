"""What a job costs in memory while it is planned: fifty thousand a side have to fit beside everything else."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from attrs import frozen

from migrator.config.model import Sync
from migrator.extract import Extracted, extract
from migrator.mapping import load_mapping
from migrator.plan import make_plan
from migrator.plan.changes import Plan
from migrator.plan.plan_input import PlanInput
from migrator.providers.base import Record

JOBS = 2_000
OMNI, DEVIN = load_mapping("omni"), load_mapping("devin")
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@frozen
class Listed:
    """A platform that makes its records when they are asked for."""

    provider: str
    scopes: tuple[str, ...] = ("all",)

    async def list_jobs(self) -> AsyncIterator[Record]:
        """Every job."""
        for number in range(JOBS):
            yield Record(scope="all", raw=_record(number))


def _record(number: int) -> dict[str, Any]:
    return {
        "id": f"00000000-0000-0000-0000-{number:012}",
        "name": f"Report {number:06}",
        "prompt": f"Compare {number} figures of last week with the four weeks before. " * 4,
        "modelId": "m1",
        "schedule": f"{number % 60} 9 ? * MON *",
        "timezone": "Asia/Tokyo",
        "destination": {"type": "email", "recipientEmails": ["ops@example.com"], "userGroupIds": []},
        "disabled": False,
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": f"2026-02-01T00:{number // 60 % 60:02}:{number % 60:02}Z",
    }


async def _plan() -> tuple[Extracted, Plan]:
    source = await extract(Listed("omni"), OMNI, as_source=True)  # type: ignore[arg-type]  # all that a listing needs
    inputs = PlanInput(
        sync=Sync(name="it", source="omni", target="devin", allow_loss=("action", "delivery")),
        source=source,
        target=Extracted(jobs=(), scopes=("all",)),
        target_scope="all",
        bindings=(),
        mapping=DEVIN,
        origin=OMNI,
        contract="patch",
        now=NOW,
        lineage="l",
        serial=0,
    )
    return source, make_plan(inputs)


async def test_a_job_takes_little_room() -> None:
    """A job that is read and planned to be made takes less than 1.8 KB, its prompt of 260 characters included."""
    await _plan()  # what is made once is made
    gc.collect()
    tracemalloc.start()
    try:
        kept = await _plan()
        gc.collect()
        taken, _most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept[1].summary["create"] == JOBS
    assert taken / JOBS < 1_800
