"""Jobs that take the place of others, and that cannot be read after they were written: neither two fire nor none."""

from __future__ import annotations

import pytest

from migrator.errors import AuthError, MigratorError, TransientError
from tests.execute.bench import live, replacing
from tests.execute.conftest import MakeBench
from tests.execute.memory import Fault
from tests.execute.parts import DAILY, MADE, WEEKLY, replaced, schedules


@pytest.mark.parametrize("answers", [True, False])
async def test_a_new_job_that_is_kept_otherwise_is_removed_however_that_is_known(
    bench: MakeBench, *, answers: bool
) -> None:
    """By the answer to the create, or by reading it."""
    given, plan = replacing()
    made = bench(given)
    made.target.answers = answers
    made.target.at[2] = Fault(then=lambda: made.target.raws["new-1"].update(prompt="Something else."))

    assert [one[1] for one in await made.applied(plan)] == ["failed"]
    assert live(*made.target.jobs()) == ["Job 0"]
    assert [one.superseded for one in made.bindings().values()] == [False]


@pytest.mark.parametrize("error", [AuthError("expired"), TransientError("busy")])
@pytest.mark.parametrize("answers", [True, False])
async def test_the_old_job_stays_aside_while_the_new_one_cannot_be_read(
    bench: MakeBench, error: MigratorError, *, answers: bool
) -> None:
    """The new one was made, and fires."""
    given, plan = replacing()
    made = bench(given)
    made.target.answers = answers
    made.target.at[2] = Fault(then=lambda: made.target.raws["new-1"].update(prompt="Something else."), unread=error)

    assert [one[1] for one in await made.applied(plan)] == ["failed"]
    assert live(*made.target.jobs()) == ["Job 0, renamed"]
    assert sorted(one.superseded for one in made.bindings().values()) == [False, True]


async def test_an_old_part_that_may_be_stopped_is_let_go_on_where_the_new_ones_are_removed(bench: MakeBench) -> None:
    """Its stop was taken, and could not be read back."""
    made = bench(MADE)
    target = made.target

    def blind() -> None:
        target.answers = False

    def see() -> None:
        target.unread = None

    target.at = {4: Fault(then=blind), 5: Fault(unread=TransientError("busy")), 6: Fault(then=see)}

    assert {one[1] for one in await made.applied(replaced())} == {"failed"}
    assert schedules(made) == [f"One {WEEKLY}", f"Two {DAILY}"]
    assert target.did == ["create"] * 2 + ["update"] * 6 + ["delete"] * 2
