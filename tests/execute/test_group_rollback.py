"""Parts of one job that cannot all be put back: what was made goes all the same, and each part fires once."""

from __future__ import annotations

import pytest

from migrator.errors import MigratorError, RejectedError, UncertainError
from tests.execute.conftest import MakeBench
from tests.execute.memory import Fault
from tests.execute.parts import BOUND, DAILY, TWO, WEEKLY, creates, replaced, schedules

NO = RejectedError("no")
LOST = UncertainError("no answer")


@pytest.mark.parametrize("error", [NO, LOST])
async def test_a_new_part_that_cannot_be_stopped_is_deleted(bench: MakeBench, error: MigratorError) -> None:
    """Else half of the job would fire."""
    made = bench(TWO)
    made.target.at = {4: Fault(NO), 5: Fault(error)}

    assert {one[1] for one in await made.applied(creates())} == {"failed"}
    assert (made.target.raws, made.bindings()) == ({}, {})


async def test_a_new_part_that_cannot_be_stopped_does_not_fire_beside_the_old_one(bench: MakeBench) -> None:
    """It is deleted, and the old parts go on."""
    made = bench(BOUND)
    made.target.at = {4: Fault(NO), 5: Fault(NO)}

    assert {one[1] for one in await made.applied(replaced())} == {"failed"}
    assert schedules(made) == [f"One {WEEKLY}", f"Two {DAILY}"]
    assert [one.superseded for one in made.bindings().values()] == [False, False]


async def test_a_new_part_goes_on_whose_old_one_cannot_be_resumed(bench: MakeBench) -> None:
    """The old one is stopped for good: without the new one nothing would fire."""
    made = bench(BOUND)
    made.target.at = {6: Fault(NO), 7: Fault(NO)}  # the second old part is not stopped, the first not resumed

    assert {one[1] for one in await made.applied(replaced())} == {"failed"}
    assert sorted(schedules(made)) == [f"One, renamed {WEEKLY}", f"Two {DAILY}"]


async def test_a_new_part_stands_still_whose_old_one_may_have_been_resumed(bench: MakeBench) -> None:
    """It would fire twice."""
    made = bench(BOUND)
    made.target.at = {6: Fault(NO), 7: Fault(LOST, arrives=True)}

    assert {one[1] for one in await made.applied(replaced())} == {"failed"}
    assert schedules(made) == [f"One {WEEKLY}", f"Two {DAILY}"]
