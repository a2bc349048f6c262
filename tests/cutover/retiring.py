"""Retiring source jobs in a laboratory, and a file that takes the place of them."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

import attrs

from migrator import state_move
from migrator.cutover.retire import retire
from migrator.cutover.switches import Cutover, Order
from migrator.export import exporting
from migrator.state_move.addresses import Choice
from migrator.state_move.result import StateMove
from tests.conformance.lab import Lab
from tests.cutover.conftest import MakeLab
from tests.cutover.simulated_time import SimulatedTime
from tests.faults.scenarios import PUT

DAY: Final = 24 * 3600


async def retired(lab: Lab, *, delete: bool = False, at_most: int | None = None, **order: Any) -> Cutover:
    """Retire a laboratory's source jobs."""

    async def agree(*_asked: object) -> bool:
        return True

    return await retire(
        lab.runtime,
        lab.state,
        "it",
        Order(**order),
        delete=delete,
        at_most=at_most,
        agree=agree,
        stop=asyncio.Event(),
        progress=lambda _moved: None,
    )


def timed_lab(make_lab: MakeLab, **options: Any) -> tuple[Lab, SimulatedTime]:
    """A laboratory whose time passes by waiting only."""
    simulated = SimulatedTime(cost=0)
    lab = make_lab("scrip", "devin", world=simulated.world(PUT), **options)
    simulated.rule(lab)
    return lab, simulated


NEW_YORK: dict[str, Any] = {"schedule": "0 18 L * ? *", "timezone": "America/New_York"}


def monthly(make_lab: MakeLab, **options: Any) -> tuple[Lab, SimulatedTime]:
    """A laboratory with a job that Devin can say for a while only: at the end of each month, by New York's clock."""
    simulated = SimulatedTime(cost=0)
    lab = make_lab("omni", "devin", world=simulated.world(PUT), **options)
    simulated.rule(lab)
    lab.source.wish(1)
    (key,) = lab.source.records()
    lab.source.edit(key, **NEW_YORK)
    return lab, simulated


def filed(lab: Lab, **options: Any) -> None:
    """Let there be a sync "file" from a file of jobs to the target of "it"."""
    lab.also("file", "archive", lab.target.platform.name, **{"allow_loss": lab.options["allow_loss"], **options})


async def exported(lab: Lab, *, connection: str = "", retired: bool = True) -> list[dict[str, Any]]:
    """Write the jobs of the source, or those that were retired there, into the file."""
    state = lab.state if retired else None
    async with exporting(lab.runtime, connection or lab.source.platform.name, retired=state) as found:
        document = attrs.evolve(found, jobs=[job async for job in found.jobs]).to_json()  # type: ignore[arg-type]
    jobs: list[dict[str, Any]] = document["jobs"]
    write(lab, jobs)
    return jobs


def write(lab: Lab, jobs: list[dict[str, Any]], name: str = "archive") -> None:
    """Let the file hold these jobs."""
    document = {"schema": "migrator/jobs@1", "jobs": jobs}
    (lab.folder / f"{name}.json").write_text(json.dumps(document), "utf-8")


async def switched(lab: Lab, old: str, new: str, *, dry: bool = False, to_sync: str = "", **choice: Any) -> StateMove:
    """Move bindings from one address to another."""

    async def agree(_found: StateMove) -> bool:
        return True

    return await state_move.move(
        lab.runtime, lab.state, old, new, Choice(**choice), agree=agree, dry=dry, to_sync=to_sync
    )
