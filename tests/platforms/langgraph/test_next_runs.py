"""The server's own next run of a cron is the first instant that migrator computes, clock changes included."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

import httpx
import pytest

from migrator.cron import Recurring, next_fires, parse, translate
from migrator.cron.dialects import oddities
from migrator.cron.zones import load_zone
from migrator.errors import ScheduleError
from tests.platforms.installer import Installed
from tests.platforms.langgraph.server import HeldClock, Server, running

FACTS: Final = Path(__file__).parents[2] / "cron" / "facts"
ZONES: Final = ("America/New_York", "Europe/Berlin", "Australia/Sydney", "America/Santiago", "Asia/Beirut")
YEAR: Final = datetime(2027, 1, 1, tzinfo=UTC)
NOW: Final = datetime(2027, 3, 12, 3, 50, tzinfo=UTC)
"""Two days before clocks go forward in New York, and at other times elsewhere."""
NEVER: Final = "failed to find next date"
"""What the server says of a schedule that never fires."""
AROUND: Final = tuple(timedelta(minutes=minutes) for minutes in (-1500, -1, 29))
"""How far from a change of clocks the server is asked."""
AT_ONCE: Final = 4
"""Requests in flight, each about a cron of its own."""


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> HeldClock:
    """The clock of the server."""
    held = HeldClock(tmp_path_factory.mktemp("clock") / "now")
    held.set(YEAR)
    return held


@pytest.fixture(scope="module")
def server(installed: Installed, clock: HeldClock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose clock is in hand."""
    with running(installed, tmp_path_factory.mktemp("server"), env=clock.environment) as found:
        yield found


def expressions() -> list[str]:
    """Every text of the facts that croniter reads and that is read here."""
    facts = map(json.loads, (FACTS / "croniter.jsonl").read_text("utf-8").splitlines())
    return list(dict.fromkeys(fact["text"] for fact in facts if fact["read"] and is_read(fact["text"])))


def is_read(text: str) -> bool:
    """Whether the dialect reads a text."""
    try:
        parse(text, "croniter")
    except ScheduleError:
        return False
    return True


def clock_changes(zone: str) -> list[datetime]:
    """When clocks change in a zone within the year, to the minute."""
    law = load_zone(zone)
    hours = [YEAR + timedelta(hours=hour) for hour in range(366 * 24)]
    offsets = [hour.astimezone(law).utcoffset() for hour in hours]
    return [hour for hour, before, now in zip(hours[1:], offsets, offsets[1:], strict=False) if before != now]


class Asking:
    """Puts schedules to a server, a few at a time, each into a paused cron of its own that is written again."""

    def __init__(self, server: Server, clock: HeldClock) -> None:
        self.server, self.clock = server, clock
        self.crons: asyncio.Queue[str] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        self.http = httpx.AsyncClient(base_url=self.server.url, trust_env=False, timeout=60)
        for _number in range(AT_ONCE):
            body = {"assistant_id": self.server.agent, "schedule": "0 0 1 1 *", "enabled": False}
            self.crons.put_nowait((await self.http.post("/runs/crons", json=body)).json()["cron_id"])
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.http.aclose()

    async def next_run(self, text: str, zone: str) -> tuple[datetime, datetime] | str:
        """Return when the server was asked and its next run; what it says, where it refuses."""
        cron = await self.crons.get()
        try:
            answer = await self.http.patch(f"/runs/crons/{cron}", json={"schedule": text, "timezone": zone})
        finally:
            self.crons.put_nowait(cron)
        told: dict[str, Any] = answer.json()
        if answer.status_code != httpx.codes.OK:
            return str(told["detail"])
        return datetime.fromisoformat(told["updated_at"]), datetime.fromisoformat(told["next_run_date"])

    async def differences(self, cases: Iterable[tuple[str, str, datetime | None]], figures: Counter[str]) -> list[Any]:
        """Return the schedules of which the server's next run is not what it should be.

        Args:
            cases: text, zone and next run of each; None for the first instant here after the server was asked.
            figures: counts.
        """

        async def difference(text: str, zone: str, wanted: datetime | None) -> Any:
            told = await self.next_run(text, zone)
            after = told[0] if isinstance(told, tuple) else self.clock.now()
            ours = [wanted] if wanted else next_fires(text, zone, after, 1, dialect="croniter")
            figures["next runs compared"] += 1
            if isinstance(told, str):
                return (text, zone, told, ours) if ours or told != NEVER else None
            return None if ours == [told[1]] else (text, zone, *told, ours)

        return [wrong for wrong in await asyncio.gather(*(difference(*case) for case in cases)) if wrong]


async def test_next_runs_around_clock_changes(server: Server, clock: HeldClock, figures: Counter[str]) -> None:
    """Before and within both changes of the year in five zones, for every expression."""
    crons = {text: parse(text, "croniter") for text in expressions()}
    wrong = []
    async with Asking(server, clock) as asking:
        for zone in ZONES:
            cases = [(text, zone, None) for text, cron in crons.items() if not oddities("croniter", zone, cron.dates)]
            changes = clock_changes(zone)
            assert len(changes) == 2
            for at in (change + distance for change in changes for distance in AROUND):
                clock.set(at)
                wrong += await asking.differences(cases, figures)

    assert wrong == []
    assert figures["next runs compared"] > 5_000


async def test_next_runs_of_what_comes_from_other_platforms(
    server: Server, clock: HeldClock, figures: Counter[str]
) -> None:
    """A translated schedule that is exact runs next at the first instant of the schedule that it was."""
    cases = []
    clock.set(NOW)
    for dialect, text, zone in sorted(elsewhere()):
        found = translate(Recurring(text, zone), source=dialect, target="croniter", now=NOW, horizon=timedelta(days=8))
        first = next_fires(text, zone, NOW + timedelta(minutes=10), 1, dialect=dialect)
        if found.verdict.kind in {"exact", "exact_until"} and first and len(found.pieces) == 1:
            (piece,) = found.pieces
            cases.append((piece.text, piece.timezone, first[0]))
    clock.set(NOW + timedelta(minutes=10))
    async with Asking(server, clock) as asking:
        wrong = await asking.differences(cases, figures)

    assert wrong == []
    assert len(cases) > 200


def elsewhere() -> set[tuple[str, str, str]]:
    """Every expression of the facts of other engines that their dialects read, in some zones."""
    found = set()
    for dialect in ("debian", "croner", "github"):
        facts = map(json.loads, (FACTS / f"{dialect}.jsonl").read_text("utf-8").splitlines())
        for number, text in enumerate(sorted({fact["text"] for fact in facts if fact["read"]})):
            with suppress(ScheduleError):
                parse(text, dialect)
                found.add((dialect, text, ZONES[number % len(ZONES)]))
    return found
