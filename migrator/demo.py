"""The demonstration: a whole migration between two simulators, in one process, on a virtual clock.

It calls what the commands call, over real connections within this machine. Only the platforms and the clock are
simulated.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from attrs import define, evolve, frozen

from migrator import export as exports
from migrator.config import Config, Select, load
from migrator.cutover import commands as cutovers
from migrator.cutover.switches import Cutover, Order
from migrator.http.clock import Clock
from migrator.plan.changes import Plan
from migrator.providers import PROVIDERS
from migrator.report.demo import FireWeek, Names, Story
from migrator.sandbox import BackgroundServer, World, load_samples, migrator_toml, settings
from migrator.store import State, open_state
from migrator.sync import commands
from migrator.sync.endpoints import Runtime

_SYNC: Final = "omni-to-devin"
_JOBS: Final = ("Weekly revenue note", "Stock levels", "Churn watch")
"""One that has to be renewed, one whose cutover waits, and one that is refused: few enough to read."""
_ALLOWED: Final = ("description", "action.model", "action.topic", "delivery.email")
"""One loss is left out, so that one job is refused."""
_START: Final = datetime(2026, 11, 23, 0, 28, tzinfo=UTC)
"""A Monday, two minutes before one of the jobs fires: its cutover has to wait."""
_WEEK: Final = timedelta(days=7)


@define
class VirtualTime:
    """A clock on which waiting takes no time."""

    elapsed: float = 0.0

    def now(self) -> datetime:
        """Return the time of day."""
        return _START + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        """Return the seconds since the start."""
        return self.elapsed

    async def sleep(self, seconds: float) -> None:
        """Let the others go on, then set the clock to the end of the wait."""
        end = self.elapsed + seconds
        await asyncio.sleep(0)
        self.elapsed = max(self.elapsed, end)


@frozen(kw_only=True)
class _Stage:
    """What the steps work with."""

    runtime: Runtime
    state: State
    world: World

    async def play(self) -> Story:
        """Run every step of a migration, and return what each came to."""
        runtime, state, sync = self.runtime, self.state, self.runtime.config.sync(_SYNC)
        before = {name: await self._names(name) for name in (sync.source, sync.target)}
        audited = await commands.audit(runtime, sync.source, sync.target, sync.schedule)
        planned, _requests = await commands.plan(runtime, state, _SYNC, hold=True)
        stop = asyncio.Event()
        _plan, applied = await commands.apply(runtime, state, _SYNC, hold=True, agree=_agree, stop=stop)
        verified = await commands.verify(runtime, state, _SYNC)
        switched = await self._cutover(stop)
        again, _requests = await commands.plan(runtime, state, _SYNC)
        return Story(
            before=before,
            audit=audited,
            plan=planned,
            applied=applied,
            verified=verified,
            cutover=switched,
            week=self._week(),
            again=again,
            after=await self._names(sync.target),
        )

    async def _cutover(self, stop: asyncio.Event) -> Cutover:
        return await cutovers.cutover(
            self.runtime, self.state, _SYNC, Order(), agree=_agree, stop=stop, progress=lambda _moved: None
        )

    async def _names(self, connection: str) -> Names:
        exported = await exports.export(self.runtime, connection)
        return tuple(sorted((job["name"] for job in exported["jobs"]), key=str.casefold))

    def _week(self) -> FireWeek:
        """Let a week pass, and compare what fired since the start with what fires where nothing is migrated."""
        self.world.advance(by=_WEEK)
        untouched = World(clock=_START)
        load_samples(untouched)
        untouched.advance(to=self.world.now())
        due, fired = _fires(untouched), _fires(self.world)
        return FireWeek(due=due.total(), once=sum(fired[key] == 1 for key in due), extra=(fired - due).total())


def run() -> Story:
    """Play the demonstration."""
    time = VirtualTime()
    world = World(clock=None, time_of_day=time.now)
    load_samples(world)
    clock = Clock(now=time.now, monotonic=time.monotonic, sleep=time.sleep, random=lambda: 0.5)
    with tempfile.TemporaryDirectory() as folder, BackgroundServer(world) as server:
        config = _config(Path(folder) / "migrator.toml", migrator_toml(world, server.port))
        runtime = Runtime(config=config, environ=_tokens(world, server.port), clock=clock)
        state = open_state(f"sqlite:///{folder}/migrator.db", now=world.now)
        try:
            return asyncio.run(_Stage(runtime=runtime, state=state, world=world).play())
        finally:
            state.close()


def _config(path: Path, text: str) -> Config:
    """Return the sandbox's own configuration, with the jobs that take part."""
    path.write_text(text, encoding="utf-8")
    config = load(path, providers=PROVIDERS)
    sync = evolve(config.sync(_SYNC), select=Select(name=_JOBS), allow_loss=_ALLOWED)
    return evolve(config, syncs={_SYNC: sync})


def _tokens(world: World, port: int) -> Mapping[str, str]:
    return {way["env"]: way["token"] for way in settings(world, port).values() if "env" in way}


def _fires(world: World) -> Counter[tuple[str, str]]:
    """Count the fires of the jobs that take part, by name and instant, on whichever platform."""
    return Counter((fire["name"], fire["at"]) for fire in world.fires if fire["name"] in _JOBS)


async def _agree(_first: Plan | Cutover, _second: Plan | None = None) -> bool:
    return True
