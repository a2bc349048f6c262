"""The virtual clock: what fires when, worked out by hand, and by a second engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import httpx
import pytest
from cronsim import CronSim

from migrator.sandbox import World
from migrator.sandbox.grammar import EVENTBRIDGE, ROBFIG, VIXIE, CronDialect, parse
from migrator.sandbox.timetable import fires
from tests.sandbox.examples import AUTOMATION, BODIES, DEVIN, PATHS, ROUTINE, SCHEDULE, SCRIP, Connect

NOVEMBER = "2026-11-21T00:00"
SPRING = "2027-03-13T12:00"
AUTUMN = "2027-11-07T00:00"


def coming(text: str, dialect: CronDialect, zone: str, after: str, count: int) -> list[str]:
    start = datetime.fromisoformat(after).replace(tzinfo=UTC)
    return [f"{at:%Y-%m-%dT%H:%M}" for at in islice(fires(parse(text, dialect), zone, start), count)]


@pytest.mark.parametrize(
    ("text", "zone", "after", "expected"),
    [
        ("0 9 ? * 2 *", "UTC", NOVEMBER, ["2026-11-23T09:00", "2026-11-30T09:00"]),
        ("0 9 ? * SUN *", "UTC", NOVEMBER, ["2026-11-22T09:00", "2026-11-29T09:00"]),
        ("0 9 ? * 7 *", "UTC", NOVEMBER, ["2026-11-21T09:00", "2026-11-28T09:00"]),
        ("0 9 ? * L *", "UTC", NOVEMBER, ["2026-11-21T09:00", "2026-11-28T09:00"]),
        (
            "0 0 L * ? *",
            "UTC",
            NOVEMBER,
            ["2026-11-30T00:00", "2026-12-31T00:00", "2027-01-31T00:00", "2027-02-28T00:00"],
        ),
        ("0 12 15W * ? *", "UTC", "2026-11-01T00:00", ["2026-11-16T12:00", "2026-12-15T12:00"]),
        ("0 12 1W * ? *", "UTC", "2027-04-30T00:00", ["2027-05-03T12:00"]),
        ("0 12 31W * ? *", "UTC", NOVEMBER, ["2026-12-31T12:00", "2027-01-29T12:00", "2027-03-31T12:00"]),
        ("0 9 ? * 6L *", "UTC", NOVEMBER, ["2026-11-27T09:00", "2026-12-25T09:00"]),
        ("0 9 ? * TUE#2 *", "UTC", NOVEMBER, ["2026-12-08T09:00", "2027-01-12T09:00"]),
        ("0 9 ? * MON#5 *", "UTC", NOVEMBER, ["2026-11-30T09:00", "2027-03-29T09:00"]),
        ("0 13 ? 1/1 SUN#1 *", "UTC", NOVEMBER, ["2026-12-06T13:00", "2027-01-03T13:00"]),
        ("0 0/6 * * ? *", "Asia/Dubai", NOVEMBER, ["2026-11-21T02:00", "2026-11-21T08:00"]),
        ("0 6 30 3 ? 2027", "America/Sao_Paulo", NOVEMBER, ["2027-03-30T09:00"]),
        ("0 6 30 3 ? 2025", "UTC", NOVEMBER, []),
        ("0 0 29 2 ? 2027-2033", "UTC", NOVEMBER, ["2028-02-29T00:00", "2032-02-29T00:00"]),
        ("0 9 ? * ? *", "UTC", NOVEMBER, ["2026-11-21T09:00", "2026-11-22T09:00"]),
        ("30 2 * * ? *", "America/New_York", SPRING, ["2027-03-15T06:30"]),
        ("30 1 * * ? *", "America/New_York", AUTUMN, ["2027-11-07T05:30", "2027-11-08T06:30"]),
        ("0 * * * ? *", "America/New_York", "2027-11-07T04:30", ["2027-11-07T05:00", "2027-11-07T07:00"]),
    ],
)
def test_omni_fires(text: str, zone: str, after: str, expected: list[str]) -> None:
    """EventBridge: 1 is Sunday; L, W and # as AWS says; gaps are skipped, repeated hours fire once."""
    assert coming(text, EVENTBRIDGE, zone, after, max(1, len(expected))) == expected


@pytest.mark.parametrize(
    ("text", "zone", "after", "expected"),
    [
        ("0 9 * * 1", "Europe/Berlin", NOVEMBER, ["2026-11-23T08:00"]),
        ("30 4 1,15 * 5", "UTC", NOVEMBER, ["2026-11-27T04:30", "2026-12-01T04:30", "2026-12-04T04:30"]),
        ("0 0 */2 * 1", "UTC", "2026-11-22T12:00", ["2026-11-23T00:00", "2026-11-25T00:00", "2026-11-27T00:00"]),
        ("0 0 */1 * 1", "UTC", NOVEMBER, ["2026-11-23T00:00", "2026-11-30T00:00"]),
        ("0 0 1-31 * 1", "UTC", NOVEMBER, ["2026-11-22T00:00", "2026-11-23T00:00", "2026-11-24T00:00"]),
        ("0 0 ? * 1", "UTC", NOVEMBER, ["2026-11-23T00:00", "2026-11-30T00:00"]),
        ("*/90 * * * *", "UTC", NOVEMBER, ["2026-11-21T01:00", "2026-11-21T02:00"]),
        ("0 0 1-1 * *", "UTC", NOVEMBER, ["2026-12-01T00:00", "2027-01-01T00:00"]),
        ("0 0 30 2 *", "UTC", NOVEMBER, []),
        ("30 2 * * *", "America/New_York", SPRING, ["2027-03-15T06:30"]),
        (
            "0,30 1 * * *",
            "America/New_York",
            AUTUMN,
            ["2027-11-07T05:00", "2027-11-07T05:30", "2027-11-07T06:00", "2027-11-07T06:30"],
        ),
        (
            "45 1 * * *",
            "Australia/Lord_Howe",
            "2027-04-03T00:00",
            ["2027-04-03T14:45", "2027-04-03T15:15", "2027-04-04T15:15"],
        ),
    ],
)
def test_scrip_fires(text: str, zone: str, after: str, expected: list[str]) -> None:
    """robfig/cron: day fields are joined by "or" unless one holds a plain star; repeated times fire twice."""
    assert coming(text, ROBFIG, zone, after, max(1, len(expected))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 4 1,15 * 5", ["2026-11-27T04:30", "2026-12-01T04:30", "2026-12-04T04:30"]),
        ("0 0 */2 * 1", ["2026-11-23T00:00", "2026-12-07T00:00", "2026-12-21T00:00"]),
        ("0 9 * * 7", ["2026-11-22T09:00", "2026-11-29T09:00"]),
        ("0 9 * * 5-7", ["2026-11-21T09:00", "2026-11-22T09:00", "2026-11-27T09:00"]),
    ],
)
def test_devin_fires(text: str, expected: list[str]) -> None:
    """Vixie cron, UTC: "or", unless one of the day fields begins with a star; 7 is Sunday as well."""
    assert coming(text, VIXIE, "UTC", NOVEMBER, len(expected)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "*/10 * * * *",
        "05 15-23 * * 1-5",
        "0 0 29 2 *",
        "17 */9 * * *",
        "0 9 1-7 * MON",
        "0 0 */3 * 2",
        "0 0 31 * *",
        "1 2 3 4 5",
        "59 23 28-31 * *",
    ],
)
def test_a_second_engine_agrees(text: str) -> None:
    """Two hundred fires are those of cronsim, which follows Debian's cron."""
    start = datetime(2026, 11, 21, tzinfo=UTC)
    assert list(islice(fires(parse(text, VIXIE), "UTC", start), 200)) == list(islice(CronSim(text, start), 200))


async def test_fires_are_logged_in_order(world: World, connect: Connect) -> None:
    """One advance fires the jobs of all providers in the order of their instants, each under its name."""
    bodies = {
        "omni": ROUTINE | {"schedule": "0 9 * * ? *", "timezone": "Asia/Tokyo"},
        "devin": SCHEDULE | {"frequency": "0 */8 * * *"},
        "scrip": AUTOMATION | {"trigger": {"type": "cron", "cron_expression": "30 12 * * *"}},
    }
    for provider, body in bodies.items():
        assert (await connect(world, provider).post(PATHS[provider], json=body)).is_success
    fired = world.advance(by=timedelta(hours=24))
    assert [(f["provider"], f["name"], f["at"][11:16]) for f in fired] == [
        ("devin", "Nightly", "08:00"),
        ("scrip", "Digest", "12:30"),
        ("devin", "Nightly", "16:00"),
        ("omni", "Monday figures", "00:00"),
        ("devin", "Nightly", "00:00"),
    ]


async def test_steps_add_up(connect: Connect) -> None:
    """Many small steps fire what one big step fires."""
    logs: list[list[Any]] = []
    for steps in (1, 96):
        world = World()
        for provider, body in BODIES.items():
            await connect(world, provider).post(PATHS[provider], json=body)
        for _ in range(steps):
            world.advance(by=timedelta(days=4) / steps)
        logs.append(world.fires)
    assert logs[0] == logs[1]
    assert len(logs[0]) == 6


async def test_an_edit_counts_from_when_it_is_made(devin: httpx.AsyncClient, world: World) -> None:
    """A schedule moved at noon fires by its old text before noon and by its new one after."""
    key = (await devin.post(DEVIN, json=SCHEDULE | {"frequency": "0 10 * * *"})).json()["scheduled_session_id"]
    world.advance(by=timedelta(hours=12))
    await devin.patch(f"{DEVIN}/{key}", json={"frequency": "0 9,15 * * *"})
    world.advance(by=timedelta(hours=24))
    assert [fire["at"] for fire in world.fires] == [
        "2026-11-21T10:00:00Z",
        "2026-11-21T15:00:00Z",
        "2026-11-22T09:00:00Z",
    ]


async def test_a_pause_leaves_no_debt(devin: httpx.AsyncClient, world: World) -> None:
    """What falls due while a schedule is off never fires, not even when it is on again before the clock moves."""
    key = (await devin.post(DEVIN, json=SCHEDULE | {"frequency": "0 * * * *"})).json()["scheduled_session_id"]
    await devin.patch(f"{DEVIN}/{key}", json={"enabled": False})
    world.advance(by=timedelta(hours=3, minutes=30))
    await devin.patch(f"{DEVIN}/{key}", json={"enabled": True})
    assert [fire["at"] for fire in world.advance(by=timedelta(hours=1))] == ["2026-11-21T04:00:00Z"]


async def test_disabled_and_unreadable_jobs_stay_silent(world: World, omni: httpx.AsyncClient) -> None:
    """Paused, system-disabled and unreadable routines do not fire."""
    key = (await omni.post("/v1/ai/routines", json=ROUTINE)).json()["id"]
    record = (await omni.get(f"/v1/ai/routines/{key}")).json()
    await omni.delete(f"/v1/ai/routines/{key}")
    for n, change in enumerate(
        ({"disabled": True}, {"systemDisabled": True}, {"schedule": "daily"}, {"timezone": "Nowhere"})
    ):
        world.load("omni", [record | change | {"id": f"{n}"}])
    assert world.advance(by=timedelta(days=14)) == []


async def test_a_run_leaves_its_marks(world: World, connect: Connect) -> None:
    """After a fire the records say when they last ran."""
    keys = {p: (await connect(world, p).post(PATHS[p], json=BODIES[p])).json() for p in BODIES}
    world.advance(to=datetime(2026, 11, 23, 9, tzinfo=UTC))
    routine = (await connect(world, "omni").get(f"/v1/ai/routines/{keys['omni']['id']}")).json()
    schedule = (await connect(world, "devin").get(f"{DEVIN}/{keys['devin']['scheduled_session_id']}")).json()
    automation = (await connect(world, "scrip").get(f"{SCRIP}/{keys['scrip']['id']}")).json()
    assert routine["lastRun"] == {"completedAt": "2026-11-23T08:01:00Z", "label": "Delivered", "state": "COMPLETE"}
    assert schedule["last_executed_at"] == "2026-11-23T03:30:00Z"
    assert (automation["last_run_at"], automation["next_run_at"]) == ("2026-11-23T08:00:00Z", "2026-11-30T08:00:00Z")


def test_the_clock_does_not_go_back(world: World) -> None:
    """Going back is refused, and the clock stays where it was."""
    with pytest.raises(ValueError, match="cannot go back"):
        world.advance(to=datetime(2026, 11, 20, tzinfo=UTC))
    assert world.now() == datetime(2026, 11, 21, tzinfo=UTC)


async def test_the_time_of_day_fires_by_itself(connect: Connect) -> None:
    """Without a fixed clock, a request finds fired what fell due since the one before."""
    times = [datetime(2026, 11, 21, 9, 59, tzinfo=UTC)]
    world = World(clock=None, time_of_day=lambda: times[-1])
    devin = connect(world, "devin")
    key = (await devin.post(DEVIN, json=SCHEDULE | {"frequency": "0 10 * * *"})).json()["scheduled_session_id"]
    times.append(datetime(2026, 11, 21, 10, 1, tzinfo=UTC))
    assert (await devin.get(f"{DEVIN}/{key}")).json()["last_executed_at"] == "2026-11-21T10:00:00Z"
    world.advance(by=timedelta(days=1))
    assert [fire["at"] for fire in world.fires] == ["2026-11-21T10:00:00Z", "2026-11-22T10:00:00Z"]
