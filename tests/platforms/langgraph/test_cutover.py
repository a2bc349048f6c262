"""Real runs across a cutover from a simulator to the server and back; where everybody waits, time is set forward.

The source is the simulator of Omni. Its clock, that of migrator and the server's say the same. Clocks in New York, by
which the jobs run, go forward while the server is the active side.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from attrs import define

from migrator.config import load
from migrator.cutover import commands as cutovers
from migrator.cutover.switches import Cutover, Goal, Order
from migrator.http.clock import Clock
from migrator.providers.registry import PROVIDERS
from migrator.sandbox import BackgroundServer, Options, World, settings
from migrator.store import State, open_state
from migrator.sync import commands
from migrator.sync.endpoints import Runtime
from tests.conformance.platforms import PLATFORMS, Raw, wish
from tests.cutover.passing import Passing
from tests.platforms.installer import Installed
from tests.platforms.langgraph.server import HeldClock, Server, running

START: Final = datetime(2027, 3, 14, 6, 20, tzinfo=UTC)
"""Forty minutes before clocks go forward in New York."""
MINUTES: Final = (0, 2, 4, 6, 8)
"""The jobs run hourly, each at its minute."""
STEP: Final = 60.0
"""Seconds by which the server's clock is set forward at once: less than two fires of a job are apart."""
PATIENCE: Final = 60.0
"""Real seconds that the server has for starting what is due."""
LATE: Final = timedelta(minutes=20)
"""How much later than due a run may begin and still count as that instant's."""


class ServerTime(Passing):
    """Time that goes on by itself, and that is set forward, minute by minute, when everybody waits.

    Args:
        clock: the clock of the server.
        server: the server, which starts what is due before time goes on.
    """

    def __init__(self, clock: HeldClock, server: Server) -> None:
        super().__init__(cost=0)
        self.clock, self.server, self.since = clock, server, time.monotonic()
        clock.set(START)

    def elapsed(self) -> float:
        """Seconds since the start."""
        return self.slept + time.monotonic() - self.since

    def now(self) -> datetime:
        """The time of day."""
        return START + timedelta(seconds=self.elapsed())

    async def until(self, at: datetime) -> None:
        """Be there at that time."""
        await self.sleep((at - self.now()).total_seconds())

    async def _tick(self) -> None:
        while self._sleepers:
            await self._quiet()
            at, _, woken = self._sleepers[0]
            left = at - self.elapsed()
            if not woken.cancelled() and left > 0:
                await self._step(min(left, STEP))
                continue
            heapq.heappop(self._sleepers)
            if not woken.cancelled():
                woken.set_result(None)

    async def _step(self, seconds: float) -> None:
        self.slept += seconds
        self.clock.set(self.now())
        async with httpx.AsyncClient(base_url=self.server.url, trust_env=False) as http, asyncio.timeout(PATIENCE):
            while await self._is_behind(http):  # noqa: ASYNC110 (the server tells nobody when it has looked)
                await asyncio.sleep(0.1)

    async def _is_behind(self, http: httpx.AsyncClient) -> bool:
        """Whether a cron is due that the server has not started yet."""
        answer = await http.post("/runs/crons/search", json={"enabled": True, "limit": 1000})
        return any(datetime.fromisoformat(cron["next_run_date"]) <= self.now() for cron in answer.json())


@pytest.fixture
def held(tmp_path: Path) -> HeldClock:
    """The clock of the server."""
    clock = HeldClock(tmp_path / "now")
    clock.set(START)
    return clock


@pytest.fixture
def server(installed: Installed, held: HeldClock, tmp_path: Path) -> Iterator[Server]:
    """A server whose clock is in hand, and which looks every second for what is due."""
    (folder := tmp_path / "server").mkdir()
    with running(installed, folder, env={**held.environment, "CRON_SCHEDULER_SLEEP_TIME": "1"}) as found:
        yield found


def routine(number: int, minute: int) -> Raw:
    """An hourly routine by the clock of New York."""
    raw = PLATFORMS["omni"].write(number, wish(number))
    return {**raw, "schedule": f"{minute} * * * ? *", "timezone": "America/New_York"}


@define
class Lab:
    """A sync from the simulator to the server.

    Attributes:
        runtime: its config and clock.
        state: its state.
    """

    runtime: Runtime
    state: State

    async def apply(self) -> int:
        """Make every job at the server, staged; how many there were."""

        async def agree(_plan: Any) -> bool:
            return True

        stop = asyncio.Event()
        _planned, applied = await commands.apply(self.runtime, self.state, "it", hold=True, agree=agree, stop=stop)
        return applied.summary["done"]

    async def cut(self, goal: Goal) -> Cutover:
        """Switch every job."""

        async def agree(*_asked: object) -> bool:
            return True

        order, stop = Order(goal=goal), asyncio.Event()
        return await cutovers.cutover(
            self.runtime, self.state, "it", order, agree=agree, stop=stop, progress=lambda _moved: None
        )


def lab_of(server: Server, world: World, port: int, passing: ServerTime, folder: Path) -> Lab:
    """Write the config, and open the state."""
    omni = settings(world, port)["omni"]
    (folder / "migrator.toml").write_text(
        f"""
        [connections.omni]
        provider = "omni"
        base_url = "{omni["base_url"]}"
        token = "env:OMNI"
        update_contract = "put"
        rate = "6000/min burst 1000"
        [connections.lang]
        provider = "langgraph"
        base_url = "{server.url}"
        rate = "6000/min burst 1000"
        [syncs.it]
        source = "omni"
        target = "lang"
        allow_loss = ["action", "delivery"]
        set = {{ "action.agent" = "{server.agent}" }}
        """,
        "utf-8",
    )
    config = load(folder / "migrator.toml", providers=PROVIDERS)
    clock = Clock(now=passing.now, monotonic=passing.elapsed, sleep=passing.sleep, random=lambda: 0.5)
    runtime = Runtime(config=config, environ={"OMNI": omni["token"]}, clock=clock)
    return Lab(runtime, open_state(f"sqlite:///{folder}/migrator.db", now=passing.now))


async def test_each_instant_has_one_run_across_a_cutover_and_back(
    held: HeldClock, server: Server, tmp_path: Path, figures: Counter[str]
) -> None:
    """Omni's runs before and after, the server's between: together they are what the schedules say, each once."""
    passing = ServerTime(held, server)
    world = World(clock=None, options=Options(omni_update="put"), time_of_day=passing.now)
    records = [routine(number, minute) for number, minute in enumerate(MINUTES)]
    world.load("omni", records)
    with ExitStack() as stack:
        port = stack.enter_context(BackgroundServer(world)).port
        stack.enter_context(passing.counted())
        lab = lab_of(server, world, port, passing, tmp_path)
        stack.callback(lab.state.close)
        assert await lab.apply() == len(MINUTES)

        there = await lab.cut("target")
        await passing.until(START + timedelta(hours=2, minutes=5))
        back = await lab.cut("source")
        end = START + timedelta(hours=3)
        await passing.until(end)
        world.tick()

    assert [{"moved"}] * 2 == [{switched.status for switched in found.moves} for found in (there, back)], (there, back)
    wanted = expected(records, START, end)
    ran = Counter((fire["name"], fire["at"]) for fire in world.fires if fire["at"] < f"{end:%Y-%m-%dT%H:%M:%SZ}")
    theirs = [(f"Job {int(text.split()[-1].strip('.')):03}", at) for at, text in server.runs()]
    ran.update((name, due(name, at, wanted)) for name, at in theirs)
    assert ran == Counter(wanted)
    assert len(theirs) >= len(MINUTES)
    assert len(wanted) - len(theirs) >= len(MINUTES)
    figures["runs of the server across cutovers"] += len(theirs)


def expected(records: list[Raw], begin: datetime, end: datetime) -> list[tuple[str, str]]:
    """When the routines run if nobody touches them: names and instants."""
    alone = World(clock=begin)
    alone.load("omni", records)
    return sorted((fire["name"], fire["at"]) for fire in alone.advance(to=end))


def due(name: str, at: datetime, wanted: list[tuple[str, str]]) -> str:
    """The latest instant of a job before a run of it, if that is not long ago; else the time of the run."""
    instants = [datetime.fromisoformat(instant) for job, instant in wanted if job == name]
    last = max((instant for instant in instants if instant <= at < instant + LATE), default=at)
    return f"{last:%Y-%m-%dT%H:%M:%SZ}"
