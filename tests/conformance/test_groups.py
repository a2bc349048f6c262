"""One source job, several target jobs: whatever is done to them, no instant is left out and none has two fires.

Time goes by with every request, so that fires fall between them; the fire log is the proof.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs
import pytest

from migrator.execute.outcomes import Applied
from migrator.sandbox import Options, World
from migrator.sandbox.grammar import EVENTBRIDGE, VIXIE
from migrator.sandbox.timetable import fires, recurs
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import Lab
from tests.conformance.platforms import Raw, wish

pytestmark = pytest.mark.slow

NEW_YORK: Final = "America/New_York"
OFFICE: Final = "* 9-17 * * ? *"
"""Every minute of the working day: there is hardly a gap to change anything in."""
PACE: Final = timedelta(seconds=3)
SECONDS: Final = (42, 45, 48, 51, 54)
"""When within a minute a run begins, so that its requests meet the full minute at every point."""


class Timeline(list[dict[str, Any]]):
    """A log of requests that moves the clock at each of them."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at

    def append(self, entry: dict[str, Any]) -> None:
        """A request begins: time goes by."""
        self.at += PACE
        super().append(entry)

    async def sleep(self, seconds: float) -> None:
        """Waiting takes its time, too."""
        self.at += timedelta(seconds=seconds)


class GroupLab:
    """A lab with one job, and the clock in hand."""

    def __init__(self, make_lab: MakeLab, pair: tuple[str, str], start: str, record: Raw, **options: Any) -> None:
        self.pace = Timeline(at(start))
        contract = options.pop("contract", "patch")
        world = World(
            clock=None, options=Options(omni_update=contract), requests=self.pace, time_of_day=lambda: self.pace.at
        )
        self.lab: Lab = make_lab(*pair, world=world, **options)
        self.lab.clock = attrs.evolve(self.lab.clock, sleep=self.pace.sleep)
        self.lab.configure()
        source = self.lab.source
        self.record = {**source.platform.write(1, wish(1)), **record}
        source.put(self.record)

    async def sync(self, start: str | None = None) -> Applied:
        """Let time go on to then, and carry the sync out."""
        if start:
            self.until(start)
        _planned, applied = await self.lab.carry_out()
        return applied

    def until(self, start: str) -> None:
        """Let time go on."""
        self.pace.at = max(self.pace.at, at(start))
        self.lab.world.tick()

    def fired(self, provider: str) -> list[str]:
        """When the job fired there."""
        log = [fire for fire in self.lab.world.fires if fire["provider"] == provider]
        return [fire["at"] for fire in log if not fire["name"].startswith("Foreign")]

    def live(self) -> list[Raw]:
        """The target's records that can fire."""
        return [raw for raw in self.lab.made.values() if raw.get("enabled", not raw.get("disabled", False))]


def at(text: str) -> datetime:
    """An instant, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def switched(found: list[str], before: list[str], after: list[str]) -> bool:
    """Whether `found` is `before` up to some instant, and `after` from there on: nothing lost, nothing doubled."""
    cuts = ["", *sorted({*before, *after}), "~"]
    return any([*(t for t in before if t < cut), *(t for t in after if t >= cut)] == found for cut in cuts)


def instants(text: str, dialect: Any, timezone: str, start: str, end: str) -> list[str]:
    """When a schedule fires between two instants, by the sandbox's engine."""
    when = recurs(text, dialect, timezone)
    assert when
    found = []
    for instant in fires(when.table, timezone, at(start) - timedelta(microseconds=1)):
        if instant >= at(end):
            break
        found.append(f"{instant:%Y-%m-%dT%H:%M:%SZ}")
    return found


def statuses(applied: Applied) -> dict[str, int]:
    """How many outcomes of each status, those that do not occur left out."""
    return {status: count for status, count in applied.summary.items() if count}


def office(make_lab: MakeLab, second: int, **options: Any) -> GroupLab:
    """The working day of New York at Omni, and a sync to Devin a week before clocks change."""
    start = f"2027-03-05T14:20:{second:02}"
    return GroupLab(make_lab, ("omni", "devin"), start, {"schedule": OFFICE, "timezone": NEW_YORK}, **options)


# -- what goes well ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("second", SECONDS)
async def test_more_parts_and_fewer(make_lab: MakeLab, second: int) -> None:
    """From one job to three and back to one while it fires every minute: at each of its source's instants, once."""
    group = office(make_lab, second)
    pieces = [(await group.sync()).summary["done"]]
    for moment in ("2027-03-10T14:30", "2027-03-14T13:10", "2027-03-15T13:40", "2027-04-01T13:10"):
        await group.sync(f"{moment}:{second:02}")
        pieces.append(len(group.live()))
    group.until("2027-04-01T14:00")
    first = group.fired("devin")[0]

    assert (pieces[0], max(pieces), pieces[-1]) == (1, 3, 1)
    assert [t for t in group.fired("omni") if t >= first] == group.fired("devin")


@pytest.mark.parametrize("second", SECONDS)
async def test_a_new_group_begins_at_once(make_lab: MakeLab, second: int) -> None:
    """The parts of a new group begin to fire together: from its first fire on, it misses none."""
    group = office(make_lab, second)
    group.until(f"2027-03-10T14:20:{second:02}")
    assert statuses(await group.sync()) == {"done": 3}
    group.until("2027-03-12T00:00")
    first = group.fired("devin")[0]

    assert first < "2027-03-10T14:24"
    assert [t for t in group.fired("omni") if t >= first] == group.fired("devin")


@pytest.mark.parametrize("second", SECONDS)
async def test_pausing_and_resuming(make_lab: MakeLab, second: int) -> None:
    """A paused group stops as a whole, and a resumed one goes on as a whole."""
    group = office(make_lab, second)
    await group.sync(f"2027-03-10T14:20:{second:02}")
    start, end = group.fired("devin")[:1], "2027-03-10T16:00:30"
    group.lab.source.edit(group.record["id"], disabled=True)
    await group.sync(f"2027-03-10T14:40:{second:02}")
    resting = [raw for raw in group.lab.made.values() if raw["enabled"]]
    group.lab.source.edit(group.record["id"], disabled=False)
    group.until("2027-03-10T15:20")
    stopped = group.fired("devin")
    await group.sync(f"2027-03-10T15:30:{second:02}")
    group.until(end)
    due = instants(OFFICE, EVENTBRIDGE, NEW_YORK, (start or ["2027-03-10T14:20"])[0].removesuffix("Z"), end)
    resumed = group.fired("devin")[len(stopped) :]

    assert resting == []
    assert switched(stopped, [t for t in due if t >= stopped[0] and t < "2027-03-10T15:20"], [])
    assert switched(resumed, [], [t for t in due if t > "2027-03-10T15:20"])


@pytest.mark.parametrize("second", SECONDS)
async def test_deleting(make_lab: MakeLab, second: int) -> None:
    """A group that has left the source stops as a whole, and is gone."""
    group = office(make_lab, second, on_missing="delete")
    group.lab.source.wish(2, hour=3)
    await group.sync(f"2027-03-10T14:20:{second:02}")
    group.lab.source.remove(group.record["id"])
    assert statuses(await group.sync(f"2027-03-10T14:40:{second:02}")) == {"done": 3}
    group.until("2027-03-10T16:00")
    found = group.fired("devin")

    assert len(group.lab.made) == 1
    assert switched(found, instants(OFFICE, EVENTBRIDGE, NEW_YORK, found[0].removesuffix("Z"), "2027-03-10T16:00"), [])


@pytest.mark.parametrize("second", SECONDS)
async def test_another_schedule(make_lab: MakeLab, second: int) -> None:
    """A group whose source gets another schedule goes over to it at one instant."""
    group, other = office(make_lab, second), "*/2 7-17 ? * MON-FRI *"
    await group.sync(f"2027-03-10T14:20:{second:02}")
    group.lab.source.edit(group.record["id"], schedule=other)
    await group.sync(f"2027-03-10T14:40:{second:02}")
    group.until("2027-03-11T00:00")
    found = group.fired("devin")
    start, end = found[0].removesuffix("Z"), "2027-03-11T00:00"
    before, after = (instants(text, EVENTBRIDGE, NEW_YORK, start, end) for text in (OFFICE, other))

    assert switched(found, before, after)


FIRST_WEEK: Final = "20 * 1-7 * 1"
THIRD_WEEK: Final = "20 * 1-7,15-21 * 1"


@pytest.mark.parametrize("schedules", [(FIRST_WEEK, THIRD_WEEK), (THIRD_WEEK, FIRST_WEEK)], ids=["fewer", "more"])
@pytest.mark.parametrize("contract", ["put", "patch"])
async def test_a_group_at_a_platform_that_may_not_pause(
    make_lab: MakeLab, contract: str, schedules: tuple[str, str]
) -> None:
    """Where parts cannot be paused, or all of them must be recreated, nothing is lost or doubled either."""
    old, new = schedules
    options = {"contract": contract, "schedule": {"mode": "exact"}, "on_missing": "delete"}
    group = GroupLab(make_lab, ("devin", "omni"), "2027-03-10T10:05:30", {"frequency": old}, **options)
    group.lab.source.wish(2, hour=3)
    await group.sync()
    count = len(group.lab.made)
    key = group.lab.source.platform.id_of(group.record)
    group.lab.source.edit(key, frequency=new)
    await group.sync("2027-03-15T10:19:35")
    counts = [count, len(group.lab.made)]
    group.until("2027-03-20T00:00")
    await group.sync("2027-03-21T10:19:45")
    group.lab.source.edit(key, playbook={"playbook_id": "playbook-1"}, prompt="Say something else.")
    await group.sync("2027-04-01T10:19:45")
    group.lab.source.remove(key)
    await group.sync("2027-04-05T10:19:50")
    group.until("2027-04-06T00:00")
    log = [fire["at"] for fire in group.lab.world.fires if fire["provider"] == "omni" and fire["name"] == "Job 001"]
    before, after = (instants(text, VIXIE, "UTC", log[0].removesuffix("Z"), "2027-04-05T10:20") for text in (old, new))

    assert (min(counts), max(counts)) == (5, 6)
    assert switched([t for t in log if t < "2027-04-05T10:20"], before, after)
    assert [t for t in log if t >= "2027-04-05T10:20"] in ([], ["2027-04-05T10:20:00Z"])
    assert len(group.lab.made) == 1


# -- what goes wrong --------------------------------------------------------------------------------------------------

FAULTS: Final[dict[str, dict[str, Any]]] = {
    "refused": {"kind": "status", "status": 400},
    "out of order": {"kind": "status", "status": 500, "times": 2},
    "answer lost": {"kind": "reset", "after": True},
}


@pytest.mark.parametrize(
    ("method", "nth"), [*(("PATCH", n) for n in (1, 2, 3, 4)), ("POST", 1), ("POST", 2), ("DELETE", 1)]
)
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_request_that_fails(make_lab: MakeLab, fault: str, method: str, nth: int) -> None:
    """Whichever request of a growing or shrinking group fails: all of it or none, until a later run does the rest."""
    group = office(make_lab, 17)
    await group.sync()
    for moment in ("2027-03-10T14:30:17", "2027-03-15T13:40:17"):
        group.until(moment)
        group.lab.world.fault(provider="devin", method=method, nth=nth, **FAULTS[fault])
        await group.sync()
        group.lab.world.faults.clear()
        group.until(f"{moment[:11]}15:00:30")
        await group.sync()
        group.until(f"{moment[:11]}16:00:30")
    first = group.fired("devin")[0]

    assert [t for t in group.fired("omni") if t >= first] == group.fired("devin")
    assert len(group.live()) == 1


async def test_an_edited_part_blocks_the_others(make_lab: MakeLab) -> None:
    """Where somebody edited one part, none of the others is changed, so that no fire is lost or doubled."""
    group = office(make_lab, 1)
    await group.sync()
    await group.sync("2027-03-10T14:30")
    edited = next(iter(group.lab.made))
    group.lab.target.edit(edited, prompt="Something else.")
    before = dict(group.lab.made)
    group.lab.source.edit(group.record["id"], schedule="* 10-17 * * ? *")
    planned, applied = await group.lab.carry_out()

    assert {change.action for change in planned.changes} == {"blocked"}
    assert (applied.outcomes, [raw["frequency"] for raw in group.lab.made.values()]) == (
        (),
        [raw["frequency"] for raw in before.values()],
    )
