"""A target that takes so many active jobs and no more: what does not fit is named in the plan, and not tried."""

from __future__ import annotations

from typing import Final

from migrator.sandbox import Options
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import Lab, counts
from tests.conformance.platforms import wish

DOCUMENTED: Final = 100
FOREIGN: Final = 2
"""Jobs of other people that a laboratory begins with."""


def occupied(lab: Lab, free: int) -> list[str]:
    """Other people's routines at the target, so that so many more fit; their ids."""
    numbers = range(2_000, 2_000 + DOCUMENTED - FOREIGN - free)
    lab.target.put(*(lab.target.platform.write(n, wish(n, hour=5)) for n in numbers))
    return list(lab.made)


def wished(lab: Lab, number: int) -> None:
    """So many jobs at the source, the first of them the oldest."""
    for n in range(1, number + 1):
        lab.source.wish(n)


async def test_what_does_not_fit_is_blocked_and_the_oldest_go_first(make_lab: MakeLab) -> None:
    """Three fit: the three oldest are made, the others are blocked for one reason; a night later nothing is sent."""
    lab = make_lab("json", "omni")
    occupied(lab, 3)
    wished(lab, 5)

    planned, applied = await lab.carry_out()

    assert {"create": 3, "blocked": 2} == counts(planned)
    assert {"done": 3, "failed": 0, "skipped": 0} == dict(applied.summary)
    assert ["Job 001", "Job 002", "Job 003"] == sorted(o.name for o in applied.outcomes)
    (reason,) = {change.reason for change in planned.blocked}
    assert "takes 100 active routines of one member, 97 are active there already" in reason
    await lab.settled()


async def test_room_that_is_made_is_used_by_the_next_night(make_lab: MakeLab) -> None:
    """Paused routines take no room: what somebody pauses at the target lets a blocked job go."""
    lab = make_lab("json", "omni")
    foreign = occupied(lab, 1)
    wished(lab, 2)
    assert {"create": 1, "blocked": 1} == counts((await lab.carry_out())[0])

    lab.target.edit(foreign[0], disabled=True)
    assert {"create": 1, "none": 1} == await lab.run()


async def test_a_job_that_is_recreated_beside_the_old_one_needs_room(make_lab: MakeLab) -> None:
    """Where the old one cannot be paused first, a replacement is blocked while the target is full, and done after."""
    lab = make_lab("json", "omni")
    foreign = occupied(lab, 1)
    wished(lab, 1)
    await lab.run()
    lab.source.edit("job-1", **{"action.topic": "orders"})
    assert {"blocked": 1} == counts((await lab.carry_out())[0])

    lab.target.edit(foreign[0], disabled=True)
    assert {"replace": 1} == await lab.run()


async def test_where_more_are_active_than_documented_nothing_is_predicted(make_lab: MakeLab) -> None:
    """An account for which the platform has lifted the number is not held to it."""
    lab = make_lab("json", "omni", platforms=Options(omni_quota=1_000))
    lab.connection["omni"] = {}
    lab.configure()
    occupied(lab, -1)
    wished(lab, 2)

    assert {"create": 2} == await lab.run()


async def test_a_connection_says_another_number(make_lab: MakeLab) -> None:
    """`room` counts in place of the documented number, be it more or less."""
    lab = make_lab("json", "omni", platforms=Options(omni_quota=1_000))
    wished(lab, 3)
    lab.connection["omni"] = {"room": FOREIGN + 2}
    lab.configure()
    assert {"create": 2, "blocked": 1} == counts(await lab.plan())

    occupied(lab, 0)
    lab.connection["omni"] = {"room": DOCUMENTED + 3}
    lab.configure()
    assert {"create": 3} == counts(await lab.plan())


async def test_the_first_no_room_ends_the_creates_of_the_run(make_lab: MakeLab) -> None:
    """Where less fits than is documented, one job fails and the others are not tried, or named as skipped."""
    lab = make_lab("json", "omni", platforms=Options(omni_quota=FOREIGN + 1))
    lab.connection["omni"] = {"concurrency": 4}
    lab.configure()
    wished(lab, 30)
    lab.world.requests.clear()

    _planned, applied = await lab.carry_out()

    assert {"done": 1, "failed": 1, "skipped": 28} == dict(applied.summary)
    sent = [entry for entry in lab.world.requests if entry["method"] == "POST"]
    assert len(sent) < 15  # what was on its way already, and nothing after
