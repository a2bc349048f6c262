"""The corpus of every provider goes to the server, and from it to every provider: moved, or refused with a reason."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

from migrator.sandbox.environment import START
from migrator.testing.lab import Lab
from migrator.testing.place import Place
from tests.conformance.corpus import MONTH, PLATFORMS, filled, move_all
from tests.conformance.lab import started
from tests.conformance.platforms import Simulated
from tests.platforms.installer import Installed
from tests.platforms.langgraph.platform import AGENT, LangGraphServer
from tests.platforms.langgraph.server import HeldClock

SCHEDULE: Final = {"mode": "window", "days": 8}
AGENT_OF: Final = {"devin": "devin", "crontab": "claude", "github": "claude"}
"""The agent that stands for the server's assistant elsewhere."""
Found = tuple[int, int, int]
"""How many jobs were moved, refused, and over already."""
TO_SERVER: Final[Mapping[str, Found]] = {
    "omni": (12, 0, 1),
    "devin": (9, 2, 1),
    "scrip": (9, 3, 1),
    "json": (21, 14, 3),
    "crontab": (21, 2, 0),
    "github": (21, 2, 0),
}
"""How it ends for the samples, each of which has been looked at; jobs of other people count where they came along."""
FROM_SERVER: Final[Mapping[str, Found]] = {
    "omni": (17, 6, 0),
    "devin": (21, 2, 0),
    "scrip": (23, 0, 0),
    "json": (23, 0, 0),
    "crontab": (21, 2, 0),
    "github": (21, 2, 0),
}


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> HeldClock:
    """The clock of the server, which begins where that of the simulators stands."""
    held = HeldClock(tmp_path_factory.mktemp("clock") / "now")
    held.set(START)
    return held


@pytest.fixture(scope="module")
def place(
    installed: Installed,
    clock: HeldClock,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Place]:
    """One server for all of them."""
    with started(LangGraphServer(clock), tmp_path_factory.mktemp("server") / "langgraph") as made:
        yield made


@pytest.fixture
def server(place: Place, clock: HeldClock) -> Place:
    """The server without a cron."""
    clock.set(START)
    place.clear()
    return place


@pytest.mark.parametrize("source", PLATFORMS)
async def test_every_provider_moves_to_the_server(
    server: Place, tmp_path: Path, source: str, figures: Counter[str]
) -> None:
    """The server's next run of a job of a simulator is the next fire of that simulator."""
    with ExitStack() as stack:
        other = stack.enter_context(started(PLATFORMS[source], tmp_path / source))
        await filled(other, tmp_path, stack)
        with Lab(other, server, tmp_path, schedule=SCHEDULE) as lab:
            found = await move_all(lab)
            next_runs_are_alike(lab, figures)
    count(found, TO_SERVER[source], figures)


@pytest.mark.parametrize("target", PLATFORMS)
async def test_the_server_moves_to_every_provider(
    server: Place, tmp_path: Path, target: str, figures: Counter[str]
) -> None:
    """The jobs that the server could be given go on to every other."""
    with ExitStack() as stack:
        await filled(server, tmp_path, stack)
        other = stack.enter_context(started(PLATFORMS[target], tmp_path / target))
        lookup = {"action.agent": {AGENT: AGENT_OF.get(target, "claude")}}
        with Lab(server, other, tmp_path, schedule=SCHEDULE, lookup=lookup) as lab:
            found = await move_all(lab)
    count(found, FROM_SERVER[target], figures)


def count(found: Found, samples: Found, figures: Counter[str]) -> None:
    """See that it ended as it does for the samples, or that some jobs of another corpus moved; and count."""
    moved, refused, over = found
    assert moved > 0 if "MIGRATOR_CORPUS" in os.environ else found == samples
    figures["corpus jobs moved"] += moved
    figures["corpus jobs refused with a reason"] += refused
    figures["corpus jobs over already"] += over


def next_runs_are_alike(lab: Lab, figures: Counter[str]) -> None:
    """See that each cron of a simulator's job, by the server's own reckoning, runs next when the simulator fires."""
    simulated = lab.source.platform
    if not isinstance(simulated, Simulated):
        return
    assert simulated.world
    runs: dict[str, list[datetime]] = {}
    records: Mapping[str, Any] = lab.made
    for binding in lab.bindings():
        raw = records[binding.target.id]
        if raw["enabled"]:
            runs.setdefault(binding.source.id, []).append(datetime.fromisoformat(raw["next_run_date"]))
    since = simulated.world.now()
    simulated.world.advance(by=MONTH)
    for key, dates in runs.items():
        fires = [fire["at"] for fire in simulated.world.fires if fire["id"] == key]
        first = min(map(datetime.fromisoformat, fires), default=None)
        if first:
            assert min(dates) == first, key
            figures["next runs compared"] += 1
        else:
            assert min(dates) > since + MONTH
