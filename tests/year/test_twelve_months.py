"""A simulated year of nightly syncs: every job fires at the target when it does at the source, each time once.

Omni's routines follow the clocks of six zones; Devin knows UTC only, so they are renewed by syncs that come hours early
or late and skip nights. In between two countries change their minds about their clocks, and a new release of the time
zone database says so: once days before a change that does not come, once days before one that comes a week later.
"""

from __future__ import annotations

import random
import struct
import sys
import zoneinfo
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import attrs
import pytest

from migrator.cron import zones
from migrator.sandbox import BackgroundServer, World
from tests.conformance.lab import Lab
from tests.conformance.platforms import Raw, wish

pytestmark = pytest.mark.slow

START: Final = datetime(2027, 1, 1, 0, 7, tzinfo=UTC)
END: Final = datetime(2028, 1, 1, 0, 7, tzinfo=UTC)
SEED: Final = 20270101
DAY: Final = timedelta(days=1)
ZONES: Final = (
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Kolkata",
    "Pacific/Chatham",
)
SCHEDULES: Final = (
    "0 9 * * ? *",
    "30 1 * * ? *",
    "30 2 * * ? *",
    "50 2 * * ? *",
    "15 8,20 ? * MON-FRI *",
    "45 23 L * ? *",
    "0 0 1 * ? *",
    "0 */6 * * ? *",
    "10 * ? * SUN *",
    "0 12 15 6 ? 2027",
)
"""By day, in the hours that clock changes skip or repeat, on working days, at month ends, across the day, once."""

HOUR: Final = 3600
_AFRICA, _EUROPE = "Africa/Casablanca", "Europe/London"


def moment(text: str) -> int:
    """Seconds since 1970."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


SPRING: Final = (moment("2027-03-28T01:00"), HOUR)
RELEASES: Final[tuple[tuple[str, dict[str, tuple[int, list[tuple[int, int]]]]], ...]] = (
    (
        "2027-01-01",
        {
            _AFRICA: (HOUR, [(moment("2027-02-07T02:00"), 0), (moment("2027-03-14T02:00"), HOUR)]),
            _EUROPE: (0, [SPRING, (moment("2027-10-31T01:00"), 0)]),
        },
    ),
    ("2027-02-02", {_AFRICA: (HOUR, []), _EUROPE: (0, [SPRING, (moment("2027-10-31T01:00"), 0)])}),
    ("2027-10-26", {_AFRICA: (HOUR, []), _EUROPE: (0, [SPRING, (moment("2027-11-07T01:00"), 0)])}),
)
"""From which day on what is known: by zone, the offset at first, and its changes, in seconds."""


def zone_file(first: int, changes: list[tuple[int, int]]) -> bytes:
    """A zone as a file of the time zone database (RFC 9636)."""
    offsets = sorted({first, *(offset for _at, offset in changes)})
    kinds = [offsets.index(first), *(offsets.index(offset) for _at, offset in changes)]
    times = [-(2**55), *(at for at, _offset in changes)]

    def block(width: str, times: list[int], kinds: list[int]) -> bytes:
        head = struct.pack(">4sc15x6l", b"TZif", b"2", 0, 0, 0, len(times), len(offsets), 4)
        info = b"".join(struct.pack(">lbb", offset, 0, 0) for offset in offsets)
        return head + struct.pack(f">{len(times)}{width}", *times) + bytes(kinds) + info + b"LMT\0"

    last = changes[-1][1] if changes else first
    return block("l", [], []) + block("q", times, kinds) + f"\n<L>{-last // HOUR}\n".encode()


def forget_zones() -> None:
    """Know of zones what a process that starts now would know."""
    zoneinfo.ZoneInfo.clear_cache()
    for name in [name for name in sys.modules if name.startswith("migrator.cron")]:
        for value in vars(sys.modules[name]).values():
            if callable(getattr(value, "cache_clear", None)):
                value.cache_clear()


class Database:
    """The time zone database of source and migrator alike, release by release."""

    def __init__(self, folder: Path, world: World) -> None:
        self.folder, self.world = folder, world
        self.coming = list(RELEASES)

    def keep_up(self, now: datetime) -> bool:
        """Install the releases that are out by now; whether there were any."""
        before = len(self.coming)
        while self.coming and self.coming[0][0] <= f"{now:%Y-%m-%d}":
            number = len(RELEASES) - len(self.coming)
            for zone, (first, changes) in self.coming.pop(0)[1].items():
                path = self.folder / zone
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(zone_file(first, changes))
            (self.folder / "+VERSION").write_text(f"2098{'abc'[number]}\n", encoding="utf-8")
            forget_zones()
            self.world._tickers.clear()
        return len(self.coming) < before


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose zones go before those of the system and of the package."""
    found = tmp_path / "zoneinfo"
    found.mkdir()
    (found / "+VERSION").write_text("2098a\n", encoding="utf-8")
    monkeypatch.setattr(zones, "TZPATH", (str(found), *zones.TZPATH))
    zoneinfo.reset_tzpath(to=[str(found), *zoneinfo.TZPATH])
    forget_zones()
    yield found
    monkeypatch.undo()
    zoneinfo.reset_tzpath()
    forget_zones()


def nights() -> Iterator[datetime]:
    """When the syncs run: nightly, up to six hours early or late, and up to three nights in a row left out."""
    chance = random.Random(SEED)  # noqa: S311 (the same nights every time)
    missed = 0
    for number in range(1, (END - START).days):
        missed = missed + 1 if missed < 3 and chance.random() < 0.2 else 0
        if not missed:
            yield START + number * DAY + timedelta(hours=2, minutes=chance.randint(-360, 360))


def routines(lab: Lab) -> Iterator[Raw]:
    """Every schedule in every zone."""
    for number, (zone, schedule) in enumerate(((z, s) for z in ZONES for s in SCHEDULES), 1):
        made = lab.source.platform.write(number, wish(number, name=f"{schedule} ({zone})"))
        yield {**made, "schedule": schedule, "timezone": zone}


def fires(world: World, provider: str) -> dict[str, Counter[str]]:
    """When the jobs of a name fired, and how often at each instant."""
    found: dict[str, Counter[str]] = {}
    for fire in world.fires:
        if fire["provider"] == provider and not fire["name"].startswith("Foreign"):
            found.setdefault(fire["name"], Counter())[fire["at"]] += 1
    return found


async def test_a_year_of_nightly_syncs(tmp_path: Path, folder: Path) -> None:
    """Over a year, with clocks changed, nights skipped and laws changed: no fire is missing, and none is extra."""
    world = World(clock=START)
    database = Database(folder, world)
    database.keep_up(START)
    counts: Counter[str] = Counter()
    with BackgroundServer(world) as server, Lab(world, server.port, tmp_path, "omni", "devin") as lab:

        async def sleep(seconds: float) -> None:
            world.advance(by=timedelta(seconds=seconds))

        lab.clock = attrs.evolve(lab.clock, sleep=sleep)
        lab.configure(schedule={"mode": "window", "days": 8}, limits={"changes": "100%"})
        lab.source.put(*routines(lab))
        for night in (START, *nights()):
            world.advance(to=max(night, world.now()))
            is_news = database.keep_up(world.now())
            world.requests.clear()
            planned, applied = await lab.carry_out()
            assert {outcome.status for outcome in applied.outcomes} <= {"done"}, applied.outcomes
            assert not planned.blocked
            counts["syncs"] += 1
            counts["quiet"] += not planned.pending
            counts["requests on quiet nights"] += 0 if planned.pending else len(world.requests)
            counts["most pieces"] = max(counts["most pieces"], *(change.pieces for change in planned.changes))
            counts["changes"] += len(planned.pending)
            counts["changes by new laws"] += len(planned.pending) if is_news else 0
        world.advance(to=END)
    source, target = fires(world, "omni"), fires(world, "devin")
    missing = {name: found for name in source if (found := source[name] - target.get(name, Counter()))}
    extra = {name: found for name in target if (found := target[name] - source.get(name, Counter()))}
    counts["jobs"] = len(source)
    counts["fires"] = sum(found.total() for found in source.values())
    print(dict(counts))  # noqa: T201 (shown where output is asked for)
    assert ({}, {}) == (missing, extra), counts
    assert source == target
    assert (counts["jobs"], counts["fires"] > 25_000) == (len(ZONES) * len(SCHEDULES), True), counts
    assert counts["requests on quiet nights"] == 2 * counts["quiet"], counts
    assert min(counts["most pieces"] - 1, counts["changes by new laws"]) > 0, counts
    assert "2027-02-10T08:00:00Z" in source[f"0 9 * * ? * ({_AFRICA})"]
    assert "2027-11-03T08:00:00Z" in source[f"0 9 * * ? * ({_EUROPE})"]
