"""Reading, planning and describing jobs in one process, without a platform: processor time only, as JSON."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any, Final

import records
from attrs import frozen

from migrator.config.model import Sync
from migrator.extract import Extracted, extract
from migrator.mapping import ProviderMapping, load_mapping
from migrator.plan import make_plan
from migrator.plan.document import pack_plan
from migrator.plan.plan_input import PlanInput
from migrator.providers import PROVIDERS
from migrator.providers.base import Record

JOBS: Final = 2_000
LOSSES: Final = ("description", "action", "delivery", "run_as", "labels")


@frozen
class Listed:
    """A platform that has its jobs at hand."""

    provider: str
    raws: list[dict[str, Any]]
    scopes: tuple[str, ...] = ("all",)

    async def list_jobs(self) -> AsyncIterator[Record]:
        """Every job."""
        for raw in self.raws:
            yield Record(scope="all", raw=raw)


def planned() -> dict[str, float]:
    """2,000 jobs of Omni, read and planned for Devin."""
    omni, devin = _mapping("omni"), _mapping("devin")
    source = Listed("omni", list(records.of("omni", JOBS)))
    reading, jobs = _timed(lambda: _read(source, omni))
    inputs = PlanInput(
        sync=Sync(name="it", source="omni", target="devin", allow_loss=LOSSES),
        source=jobs,
        target=Extracted(jobs=(), scopes=("all",)),
        target_scope="all",
        bindings=(),
        mapping=devin,
        origin=omni,
        contract="patch",
        now=datetime.now(UTC),
        lineage="benchmark",
        serial=0,
    )
    planning, plan = _timed(lambda: make_plan(inputs))
    packing, _packed = _timed(lambda: pack_plan(plan))
    assert plan.summary["create"] == JOBS
    return {"read cpu s": reading, "plan cpu s": planning, "pack cpu s": packing}


def _read(listed: Listed, mapping: ProviderMapping) -> Extracted:
    return asyncio.run(extract(listed, mapping, as_source=True))  # type: ignore[arg-type]  # all that a listing needs


def _mapping(provider: str) -> ProviderMapping:
    return load_mapping(provider, documented=PROVIDERS[provider].documented)


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


if __name__ == "__main__":
    print(json.dumps(planned()))
