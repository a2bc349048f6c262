"""Jobs of simulators are cut over to a server with its own scheduler, and back, while the clock goes fast.

One clock rules: the server sees it, the simulators and migrator live by it. A run of the server is one of its graph.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from migrator.http.clock import Clock
from migrator.sandbox import Options
from migrator.testing.lab import Lab
from migrator.testing.place import Place
from tests.conformance.lab import started
from tests.conformance.platforms import Devin, Scrip, Simulated
from tests.conformance.platforms import Place as SimulatedPlace
from tests.cutover.simulated_time import counted, cut, expected, statuses
from tests.platforms.installer import Installed
from tests.platforms.langgraph.platform import LangGraphServer
from tests.platforms.langgraph.server import FastClock, Server

SPEED: Final = 60
START: Final = datetime(2027, 6, 7, 6, tzinfo=UTC)
"""A Monday far from every change of a clock."""
CUT: Final = range(1, 7)
"""The jobs that are cut over. Each fires twice an hour, five minutes after the one before it."""
DOUBLED: Final = 7
"""One that is applied without a cutover, so that both sides fire it."""
GUARD: Final = timedelta(minutes=10)
"""The server looks for due crons every second, which is a minute of this clock."""
TURN: Final = timedelta(minutes=65)
"""From the start until the way back begins."""
LASTS: Final = timedelta(minutes=125)
LATE: Final = timedelta(minutes=10)
"""What is waited for runs that are due."""
PATIENCE: Final = 300.0
"""Real seconds that all of it may take; it takes half of them."""

Fires = Counter[tuple[str, str]]
"""How often a job fired at an instant, by its name and the instant."""


@pytest.fixture
def clock(installed: Installed) -> FastClock:
    """The one clock."""
    return FastClock(START, SPEED)


@pytest.fixture
def platform(clock: FastClock) -> LangGraphServer:
    """The server."""
    return LangGraphServer(clock)


@pytest.fixture
def target(platform: LangGraphServer, tmp_path: Path) -> Iterator[Place]:
    """The server as its users see it."""
    with started(platform, tmp_path / "langgraph") as place:
        yield place


async def test_every_instant_runs_once_across_a_cutover_and_back(
    clock: FastClock, platform: LangGraphServer, target: Place, tmp_path: Path, figures: Counter[str]
) -> None:
    """Exactly one side runs a job, or the log of missed runs has the instant; a job that both run is found."""
    sources = (Devin(still=True), Scrip(Options(scrip_reserve_names=False), still=True))
    with ExitStack() as stack:
        labs = [lab_of(source, target, clock, tmp_path / source.provider, stack) for source in sources]
        begun = clock.now()
        for lab in labs:
            fill(lab.source, begun)
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(there_and_back(lab, clock, begun) for lab in labs))
        assert platform.server
        assert abs(clock.off(platform.server)) < timedelta(minutes=1)
        for lab in labs:
            judge(lab, platform.server, begun, figures)


def lab_of(source: Simulated, target: Place, clock: FastClock, folder: Path, stack: ExitStack) -> Lab:
    """Return a sync of a source to the server, all of which live by the clock."""
    folder.mkdir()
    place = stack.enter_context(started(source, folder / "source"))
    assert source.world
    source.world.clock, source.world.time_of_day = None, clock.now
    source.world.tick()
    lab = stack.enter_context(Lab(place, target, folder, now=clock.now))
    lab.clock = Clock(now=clock.now, monotonic=clock.monotonic, sleep=clock.sleep)
    lab.configure()
    return lab


def fill(place: Place, begun: datetime) -> None:
    """Let a source have its jobs, the first of which fires in two minutes."""
    assert isinstance(place, SimulatedPlace)
    for number in (*CUT, DOUBLED):
        first = (begun + timedelta(minutes=5 * number - 3)).minute % 30
        place.wish(number)
        place.reschedule(number, f"{first},{first + 30} * * * *")


async def there_and_back(lab: Lab, clock: FastClock, begun: datetime) -> None:
    """Cut over, apply the job that is not cut over as well, and switch back; then let time pass."""
    jobs = tuple(f"Job {number:03}" for number in CUT)
    there = await cut(lab, jobs=jobs, guard=GUARD)
    assert [("moved", "target")] * len(jobs) == statuses(there), there.switches
    _planned, applied = await lab.carry_out()
    assert ["done"] == [outcome.status for outcome in applied.outcomes]

    await clock.sleep((begun + TURN - clock.now()).total_seconds())
    back = await cut(lab, jobs=jobs, guard=GUARD, goal="source")
    assert [("moved", "source")] * len(jobs) == statuses(back), back.switches
    await clock.sleep((begun + LASTS + LATE - clock.now()).total_seconds())


def judge(lab: Lab, server: Server, begun: datetime, figures: Counter[str]) -> None:
    """See that each instant of the jobs that were cut over ran once or is recorded, and that the other ran twice."""
    until = begun + LASTS
    wanted = expected(lab.source.platform.provider, [*lab.source.records().values()], until, since=begun)
    runs = runs_of(lab, server, wanted)
    fires = fires_of(lab) + runs
    due, ledger = part(wanted, until, cut_over=True), lab.state.missed()
    found = counted(due, part(fires, until, cut_over=True), ledger)
    twice = counted(part(wanted, until, cut_over=False), part(fires, until, cut_over=False), ledger)

    assert {} == found.wrong
    assert found.once + found.in_ledger == len(due) > 3 * len(CUT)
    assert {2} == set(twice.wrong.values())
    assert {f"Job {DOUBLED:03}"} == {job for job, _at in twice.wrong}
    for side in (fires_of(lab), runs):
        assert {f"Job {number:03}" for number in CUT} < {job for job, _at in side}
    figures["instants across cutovers"] += found.once + found.in_ledger
    figures["in the log of missed runs"] += found.in_ledger
    figures["runs of the server watched"] += runs.total()


def part(fires: Fires, until: datetime, *, cut_over: bool) -> Fires:
    """Return the fires until an instant of the jobs that were cut over, or of the other."""
    other = f"Job {DOUBLED:03}"
    kept = {key: n for key, n in fires.items() if (key[0] != other) is cut_over}
    return Counter({key: n for key, n in kept.items() if datetime.fromisoformat(key[1]) <= until})


def fires_of(lab: Lab) -> Fires:
    """Return what the source fired."""
    source = lab.source.platform
    assert isinstance(source, Simulated)
    assert source.world
    source.world.tick()
    return Counter((fire["name"], fire["at"]) for fire in source.world.fires)


def runs_of(lab: Lab, server: Server, wanted: Fires) -> Fires:
    """Return what the server ran of a sync: each run is one of the latest instant that its job had been due at."""
    names = {raw_id: raw["name"] for raw_id, raw in lab.source.records().items()}
    copies = {binding.target.id: names[binding.source.id] for binding in lab.bindings()}
    due: dict[str, list[datetime]] = defaultdict(list)
    for name, at in sorted(wanted):
        due[name].append(datetime.fromisoformat(at))
    found: Fires = Counter()
    for run in server.runs():
        if name := copies.get(run.cron or ""):
            place = bisect_right(due[name], run.at)
            at = due[name][place - 1] if place else run.at
            found[name, f"{at:%Y-%m-%dT%H:%M:%SZ}"] += 1
    return found
