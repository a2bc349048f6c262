"""When moved jobs fire, by the platforms' own logs: at their source's instants, and never while they are paused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import pytest

from migrator.sandbox import Options, World
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import HTTP, PAIRS, Lab, counts
from tests.conformance.platforms import wish

PUT: Final = Options(omni_update="put")
Contract = Literal["patch", "put"]
DAY: Final = timedelta(days=1)
START: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)


def hasty(options: Options) -> World:
    """A world in which more than a day goes by with every request: a daily job that is live for a moment fires."""
    log: list[dict[str, Any]] = []
    pace = timedelta(hours=25)
    return World(clock=None, options=options, requests=log, time_of_day=lambda: START + len(log) * pace)


def fires(lab: Lab, provider: str, name: str = "") -> list[str]:
    """When jobs of a platform fired, by the log; those of one name, or all but other people's."""
    return [
        fire["at"]
        for fire in lab.world.fires
        if fire["provider"] == provider and (fire["name"] == name if name else not fire["name"].startswith("Foreign"))
    ]


ONCE: Final[dict[str, Any]] = {"kind": "once", "at": "2028-01-01T09:00:00Z"}


@pytest.mark.parametrize("trigger", ["daily", "once"])
@pytest.mark.parametrize("target", ["omni", "devin", "scrip"])
async def test_a_paused_job_never_fires_while_it_is_created(make_lab: MakeLab, target: str, trigger: str) -> None:
    """A job that is paused at the source arrives paused with its real schedule, and was at no moment live and due."""
    lab = make_lab("json", target, world=hasty(PUT))
    paused = lab.source.platform.write(1, wish(1, enabled=False))
    lab.source.put(paused if trigger == "daily" else {**paused, "trigger": ONCE})
    lab.source.wish(2)

    _planned, applied = await lab.carry_out()
    await lab.plan()

    assert {"done": 2} == {status: count for status, count in applied.summary.items() if count}
    assert [] == fires(lab, target, "Job 001")
    assert [] != fires(lab, target, "Job 002")
    if trigger == "daily":
        assert lab.expected(wish(1, enabled=False), wish(2)) == lab.target_jobs()
    else:
        lab.world.time_of_day = lambda: datetime(2028, 1, 2, tzinfo=UTC)
        lab.world.tick()
        assert [] == fires(lab, target, "Job 001")


async def test_a_paused_job_is_refused_where_nothing_can_be_paused(make_lab: MakeLab) -> None:
    """Under the contract that cannot pause, Omni gets no paused job, and the reason says why."""
    lab = make_lab("devin", "omni")
    lab.source.wish(1, enabled=False)

    planned = await lab.plan()

    assert {"blocked": 1} == counts(planned)
    assert "can neither create a paused job nor pause one" in planned.changes[0].reason
    assert {"blocked": 1} == await lab.run()
    assert {} == lab.made


@pytest.mark.parametrize("field", ["timezone", "topic"])
@pytest.mark.parametrize("contract", ["put", "patch"])
async def test_a_replaced_job_is_never_active_twice(make_lab: MakeLab, contract: Contract, field: str) -> None:
    """While a job is recreated, never two of it are active and due, and in the end one is."""
    lab = make_lab("json", "omni", world=World(options=Options(omni_update=contract)))
    lab.source.wish(1, hour=23)
    await lab.run()
    edit = {"trigger.timezone": "Europe/Berlin"} if field == "timezone" else {"action.topic": "orders"}
    lab.source.edit("job-1", **edit)
    await lab.run()

    lab.world.advance(by=2 * DAY)

    assert 2 == len(fires(lab, "omni"))
    assert 2 == len(set(fires(lab, "omni")))


ZONED: Final = [
    ("0 9 * * ? *", "America/New_York", "2027-03-09"),
    ("30 2 * * ? *", "America/New_York", "2027-03-11"),
    ("30 1 * * ? *", "America/New_York", "2027-11-02"),
    ("15 2 ? * MON-FRI *", "Europe/Berlin", "2027-03-22"),
    ("0 0,12 L * ? *", "Australia/Sydney", "2027-03-29"),
    ("5 * ? * SUN *", "Australia/Lord_Howe", "2027-04-01"),
    ("45 23 ? * FRI#2 *", "Asia/Kolkata", "2027-03-08"),
]


@pytest.mark.parametrize(("schedule", "timezone", "start"), ZONED)
async def test_nightly_runs_keep_a_local_time_across_clock_changes(
    make_lab: MakeLab, schedule: str, timezone: str, start: str
) -> None:
    """A job in local time fires on a UTC-only platform at its source's instants, whether clocks changed or not."""
    lab = make_lab("omni", "devin", world=World(clock=datetime.fromisoformat(f"{start}T00:07Z")))
    lab.source.put({**lab.source.platform.write(1, wish(1)), "schedule": schedule, "timezone": timezone})

    for _night in range(9):
        await lab.run()
        lab.world.advance(by=DAY)

    assert [] != fires(lab, "omni")
    assert fires(lab, "omni") == fires(lab, "devin")


BETWEEN_PLATFORMS: Final = [pair for pair in PAIRS if set(pair) <= set(HTTP)]
AT: Final = "2026-12-24T17:30:00Z"
ONE_TIME: Final[dict[str, dict[str, Any]]] = {
    "omni": {"schedule": "30 18 24 12 ? 2026", "timezone": "Europe/Berlin"},
    "devin": {"schedule_type": "one_time", "scheduled_at": AT, "frequency": None},
    "scrip": {"trigger_type": "one_time", "trigger_at": AT, "cron_expression": None},
}
OVER: Final[dict[str, dict[str, Any]]] = {
    "omni": {"schedule": "30 18 24 12 ? 2019"},
    "devin": {**ONE_TIME["devin"], "scheduled_at": "2026-11-01T09:00:00Z", "enabled": False},
    "scrip": {**ONE_TIME["scrip"], "trigger_at": "2026-11-01T09:00:00Z", "status": "completed"},
}


@pytest.mark.parametrize(("source", "target"), BETWEEN_PLATFORMS)
async def test_a_one_time_job_fires_once(make_lab: MakeLab, source: str, target: str) -> None:
    """A job for one instant fires at that instant on either side, and when it is over there is nothing more to do."""
    lab = make_lab(source, target, world=World())
    lab.source.put({**lab.source.platform.write(1, wish(1)), **ONE_TIME[source]})
    assert {"create": 1} == await lab.run()

    lab.world.advance(by=60 * DAY)

    assert [AT] == fires(lab, source) == fires(lab, target)
    await lab.run()
    assert [AT] == fires(lab, target)


@pytest.mark.parametrize(("source", "target"), BETWEEN_PLATFORMS)
async def test_what_has_expired_is_not_migrated(make_lab: MakeLab, source: str, target: str) -> None:
    """A job that will never fire again is reported as nothing to do, and not made anywhere."""
    lab = make_lab(source, target)
    lab.source.put({**lab.source.platform.write(1, wish(1)), **OVER[source]})
    lab.source.wish(2)

    planned = await lab.plan()

    assert {"create": 1, "none": 1} == counts(planned)
    assert "nothing to migrate" in " ".join(change.reason for change in planned.changes)
    await lab.run()
    assert lab.expected(wish(2)) == lab.target_jobs()
