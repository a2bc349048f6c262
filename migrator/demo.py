"""The demonstration: jobs move between two simulators, in one process, on a clock that stands still.

It does what the commands do, over real connections within this machine. Only the providers and the clock are not real.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen

from migrator import pipeline
from migrator.apply.values import Applied
from migrator.config import Config, Select, load
from migrator.pipeline import Runtime
from migrator.plan.values import Plan
from migrator.providers import PROVIDERS
from migrator.report.story import story_document, story_lines
from migrator.report.words import Line
from migrator.sandbox import BackgroundServer, World, load_samples, migrator_toml, settings
from migrator.state import State, open_state
from migrator.transport.clock import Clock

_SYNC: Final = "omni-to-devin"
_CAST: Final = (
    "Weekly revenue note",
    "Stock levels",
    "Pricing test",
    "Campaign end",
    "Churn watch",
    "Old anniversary report",
)
"""Enough jobs to see each kind of answer, few enough to read."""
_ALLOWED: Final = ("description", "action.model", "action.topic", "delivery.email")
"""One loss is left out, so that one job is refused."""


@frozen(kw_only=True)
class Story:
    """What happened.

    Attributes:
        sides: the names of the jobs on each side before, by connection.
        plan: what was to be done.
        applied: its result.
        again: the plan right after, which must be empty.
        after: the names of the target's jobs after.
    """

    sides: Mapping[str, tuple[str, ...]]
    plan: Plan
    applied: Applied
    again: Plan
    after: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """As `migrator/demo@1`."""
        return story_document(self.sides, self.plan, self.applied, self.again, self.after)

    def lines(self) -> Iterator[Line]:
        """For people."""
        return story_lines(self.sides, self.plan, self.applied, self.again, self.after)


def run() -> Story:
    """Play it."""
    world = World()
    load_samples(world)
    with tempfile.TemporaryDirectory() as folder, BackgroundServer(world) as server:
        config = _config(Path(folder) / "migrator.toml", migrator_toml(world, server.port))
        environ = {way["env"]: way["token"] for way in settings(world, server.port).values() if "env" in way}
        runtime = Runtime(config=config, environ=environ, clock=Clock(now=world.now))
        state = open_state(f"sqlite:///{folder}/migrator.db", now=world.now)
        try:
            return asyncio.run(_play(runtime, state))
        finally:
            state.close()


def _config(path: Path, text: str) -> Config:
    """The sandbox's own configuration, with the jobs that take part."""
    path.write_text(text, encoding="utf-8")
    config = load(path, providers=PROVIDERS)
    sync = evolve(config.sync(_SYNC), select=Select(name=_CAST), allow_loss=_ALLOWED)
    return evolve(config, syncs={_SYNC: sync})


async def _play(runtime: Runtime, state: State) -> Story:
    sync = runtime.config.sync(_SYNC)
    sides = {name: await _names(runtime, name) for name in (sync.source, sync.target)}
    planned, _requests = await pipeline.plan(runtime, state, _SYNC)
    _plan, applied = await pipeline.apply(runtime, state, _SYNC, agree=_yes, stop=asyncio.Event())
    again, _requests = await pipeline.plan(runtime, state, _SYNC)
    after = await _names(runtime, sync.target)
    return Story(sides=sides, plan=planned, applied=applied, again=again, after=after)


async def _names(runtime: Runtime, connection: str) -> tuple[str, ...]:
    exported = await pipeline.export(runtime, connection)
    return tuple(sorted((job["name"] for job in exported["jobs"]), key=str.casefold))


async def _yes(_plan: Plan) -> bool:
    return True
