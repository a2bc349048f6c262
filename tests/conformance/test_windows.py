"""Schedules of a zone on a platform that knows UTC only: renewed in time, and reported when they cannot be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from migrator.sandbox import World
from migrator.sync.results import SyncResult
from tests.conformance.conftest import MakeLab
from tests.conformance.lab import Lab
from tests.conformance.platforms import wish

BEFORE: Final = datetime(2027, 3, 1, 3, tzinfo=UTC)
CHANGE: Final = datetime(2027, 3, 28, 1, tzinfo=UTC)
"""When the clocks of Berlin change."""
NIGHT: Final = timedelta(days=1)
JOBS: Final = range(1, 13)


def zoned(lab: Lab, *numbers: int, hour: int = 9) -> None:
    """Daily jobs that follow the clocks of Berlin."""
    for number in numbers:
        made = lab.source.platform.write(number, wish(number))
        lab.source.put({**made, "schedule": f"0 {hour} * * ? *", "timezone": "Europe/Berlin"})


@pytest.fixture
def lab(make_lab: MakeLab) -> Lab:
    """Twelve jobs from Omni, which knows zones, to Devin, which does not; the night is one in winter."""
    lab = make_lab("omni", "devin", world=World(clock=BEFORE))
    zoned(lab, *JOBS)
    return lab


async def night(lab: Lab, at: datetime | None = None) -> SyncResult:
    """The sync of the next night, or of another one."""
    lab.world.advance(to=at or lab.world.now() + NIGHT)
    (found,) = (await lab.night()).results
    return found


def hours(lab: Lab) -> set[str]:
    """The schedules of the managed copies."""
    return {raw["frequency"] for raw in lab.made.values()}


async def test_renewals_of_everything_in_one_night_are_no_edits(lab: Lab) -> None:
    """Twelve jobs are renewed in one night, which is more than limits.changes allows to edit."""
    await night(lab)
    assert hours(lab) == {"0 8 * * *"}
    renewed = 0
    for _ in range(40):
        found = await night(lab)
        assert (found.exit_code, found.expiring) == (0, ())
        renewed += sum(change.renews for change in found.plan.pending)
    assert (renewed >= len(JOBS), hours(lab)) == (True, {"0 7 * * *"})


@pytest.mark.parametrize(("number", "code"), [(1, 0), (12, 3)])
async def test_edits_count_whatever_is_renewed_beside_them(lab: Lab, number: int, code: int) -> None:
    """In a night of renewals the limit counts the edits of people, and those alone."""
    await night(lab)
    zoned(lab, *range(1, number + 1), hour=10)
    found = await night(lab, CHANGE - 2 * NIGHT)

    assert (found.exit_code, len(found.plan.pending) >= len(JOBS)) == (code, True)
    assert {change.name for change in found.plan.pending if not change.renews} >= {
        f"Job {n + 1:03}" for n in range(number)
    }


async def test_an_older_state_learns_it_in_a_quiet_night(lab: Lab) -> None:
    """Links that do not know yet which schedule they stand for learn it when they are seen to be in step."""
    await night(lab)
    lab.state.put_schedules({binding.target: ("", None) for binding in lab.bindings()})
    assert (await night(lab)).plan.pending == ()

    found = await night(lab, CHANGE - 2 * NIGHT)
    assert (found.exit_code, found.plan.summary["update"]) == (0, len(JOBS))


async def test_a_saved_plan_knows_renewals_too(lab: Lab) -> None:
    """What was planned as a renewal is applied as one, and the next renewal is one again."""
    await lab.carry_out(await lab.plan())
    lab.world.advance(to=CHANGE - 2 * NIGHT)
    planned = await lab.plan()
    assert {change.renews for change in planned.pending} == {True}
    await lab.carry_out(planned)

    lab.world.advance(to=CHANGE + 2 * NIGHT)
    again = await lab.plan()
    assert (again.refusal, {change.renews for change in again.pending}) == ("", {True})


async def test_a_renewal_that_fails_is_a_broken_promise_in_the_last_night(lab: Lab) -> None:
    """While there are nights left to try again it is a failure; in the last one the job and the instant are named."""
    await night(lab)
    lab.world.fault("status", provider="devin", method="PATCH", status=500, times=0)
    early, late = await night(lab, CHANGE - 5 * NIGHT), await night(lab, CHANGE - NIGHT)
    lab.world.faults.clear()
    repaired = await night(lab, CHANGE - NIGHT / 2)

    assert (early.exit_code, early.expiring) == (4, ())
    assert (late.exit_code, {expiry.until for expiry in late.expiring}, len(late.expiring)) == (4, {CHANGE}, len(JOBS))
    assert late.needs_resync_by == CHANGE
    assert "500" in late.expiring[0].reason
    assert (repaired.exit_code, repaired.expiring) == (0, ())


async def test_a_renewal_that_is_blocked_is_a_broken_promise(lab: Lab) -> None:
    """A job that was edited at the target is not renewed; before its schedule goes wrong, that is said, with 3."""
    await night(lab)
    lab.configure(on_refused="report")
    lab.target.edit(lab.key_of("Job 003"), prompt="Otherwise.")
    early, late = await night(lab, CHANGE - 5 * NIGHT), await night(lab, CHANGE - NIGHT)

    assert (early.exit_code, late.exit_code) == (0, 3)
    ((expiry),) = late.expiring
    assert (expiry.name, expiry.until) == ("Job 003", CHANGE)
    assert "somebody changed action.text" in expiry.reason


async def test_a_night_without_an_answer_says_what_it_could_not_keep(lab: Lab) -> None:
    """When a platform is down in the last night, the command fails, and the jobs that go wrong are named."""
    await night(lab)
    lab.world.fault("status", provider="omni", status=401, times=0)
    found = await night(lab, CHANGE - NIGHT)

    assert (found.exit_code, len(found.expiring), found.needs_resync_by) == (1, len(JOBS), CHANGE)


async def test_what_has_left_the_source_is_no_promise(lab: Lab) -> None:
    """A job that its owner has deleted at the source, or no longer selects, may go wrong: nobody waits for it."""
    await night(lab)
    lab.source.remove(lab.source.platform.id_of(lab.source.platform.write(1, wish(1))))
    lab.configure(select={"name": ["Job 00*"]})
    found = await night(lab, CHANGE - NIGHT)

    assert (found.exit_code, found.expiring, found.plan.summary["none"]) == (0, (), 4)
