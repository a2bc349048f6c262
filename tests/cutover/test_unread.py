"""A write was sent, and the job cannot be read since: it may have had an effect, with each error of the reading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migrator.errors import AuthError, MigratorError, NotFoundError, TransientError
from tests.cutover.switcher_bench import CUT, LOST, NO, STAGED, SwitcherBench, bench_of
from tests.execute.memory import Fault

UNREADABLE = [AuthError("expired"), TransientError("busy")]


async def status(made: SwitcherBench, goal: Any = "target") -> tuple[str, str]:
    """Switch the one job; return status and active side."""
    return (await made.only(goal))[:2]


@pytest.mark.parametrize("error", UNREADABLE)
@pytest.mark.parametrize("lost", [None, LOST])
async def test_a_target_that_may_be_active_is_not_given_a_second_active_side(
    tmp_path: Path, error: MigratorError, lost: MigratorError | None
) -> None:
    """It was activated: resuming the source would let both fire."""
    made = bench_of(tmp_path, STAGED)
    made.bench.target.answers = False
    made.bench.target.at[2] = Fault(lost, arrives=True, unread=error)

    assert await status(made) == ("failed", "unknown")
    assert made.live() == ["target"]


@pytest.mark.parametrize("error", UNREADABLE)
@pytest.mark.parametrize("lost", [None, LOST])
async def test_nor_is_a_source_that_may_be(tmp_path: Path, error: MigratorError, lost: MigratorError | None) -> None:
    """It was resumed: resuming the target would let both fire."""
    made = bench_of(tmp_path, CUT)
    made.bench.source.answers = False
    made.bench.source.at[2] = Fault(lost, arrives=True, unread=error)

    assert await status(made, "source") == ("failed", "unknown")
    assert made.live() == ["source"]


@pytest.mark.parametrize("error", UNREADABLE)
async def test_the_target_of_a_source_that_may_be_deleted_stays_active(tmp_path: Path, error: MigratorError) -> None:
    """Staging it again could leave the job active nowhere."""
    fixed = {"omni": ("enabled", "trigger.cron")}
    given = {"fixed": fixed, "contracts": ("patch", "patch"), "may_delete": True}
    made = bench_of(tmp_path, STAGED.having(**given))
    made.bench.source.at[1] = Fault(LOST, arrives=True, unread=error)

    assert [turn.does for turn in made.jobs[0].plan("target").steps] == ["release", "delete"]
    assert await status(made) == ("failed", "unknown")
    assert made.live() == ["target"]


async def test_what_was_read_since_is_read(tmp_path: Path) -> None:
    """A refusal is proof again that nothing happened: the source is resumed."""
    made = bench_of(tmp_path, STAGED)
    target = made.bench.target
    target.answers = False
    target.at = {1: Fault(unread=TransientError("busy")), 3: Fault(NO, unread=AuthError("expired"))}
    assert await status(made) == ("failed", "source")

    target.unread = None
    assert (await status(made), target.did) == (("failed", "source"), ["update"] * 3)
    assert made.live() == ["source"]


async def test_a_target_that_is_gone_after_the_write_gives_the_source_its_side_back(tmp_path: Path) -> None:
    """It does not fire."""
    made = bench_of(tmp_path, STAGED)
    made.bench.target.answers = False
    gone = NotFoundError("there is no such job")
    made.bench.target.at[2] = Fault(then=made.bench.target.raws.clear, unread=gone)

    assert await status(made) == ("failed", "source")
    assert made.live() == ["source"]
