"""What is recorded while a switch is under way, for the run that has to end it, and what is told once it has ended."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from migrator.canonical import flatten
from migrator.errors import AuthError
from migrator.execute.source_writes import update_source
from migrator.store.records import ActiveSide, Definition
from tests.cutover.builder import Switching, active_side
from tests.cutover.switcher_bench import BOTH, CUT, LOST, MINUTE, STAGED, SwitcherBench, bench_of
from tests.execute.memory import Fault
from tests.plan.builder import NOW, SOURCE_SCOPE, job

EARLIER = NOW - timedelta(days=9)
PARKED: dict[str, Any] = {"parked": {"enabled": False}, "original": {"enabled": True}}
MINUTELY = Switching(source=job("Alpha", "* * ? * * *")).staged()
UNREAD = Fault(LOST, arrives=True, unread=AuthError("expired"))


def record(made: SwitcherBench) -> ActiveSide:
    """Return what is recorded."""
    (found,) = made.bench.state.active_sides("omni", (SOURCE_SCOPE,), "eventbridge")
    return found


def kept(made: SwitcherBench) -> list[Definition]:
    """Return the source jobs that are kept."""
    return list(made.bench.state.definitions("omni", (SOURCE_SCOPE,)))


@pytest.mark.parametrize(
    ("given", "goal", "expected"),
    [
        (STAGED, "target", active_side(live="both", since=NOW, begun=NOW, **PARKED)),
        (
            STAGED.having(active_side=active_side(live="source", since=EARLIER)),
            "target",
            active_side(live="source", since=EARLIER, begun=NOW, **PARKED),
        ),
        (CUT, "source", active_side(live="target", since=NOW, begun=NOW, **PARKED)),
        (BOTH, "source", active_side(live="both", since=NOW, begun=NOW)),
        (
            STAGED.having(active_side=active_side(live="source", since=EARLIER, begun=EARLIER, **PARKED)),
            "target",
            active_side(live="source", since=EARLIER, begun=EARLIER, **PARKED),
        ),
    ],
)
async def test_a_switch_under_way_is_recorded(
    tmp_path: Path, given: Switching, goal: Any, expected: ActiveSide
) -> None:
    """Which side was active before, since when it is under way, and what the source job held and is to get back."""
    made = bench_of(tmp_path, given)
    turns = given.plan(goal).steps
    (made.bench.target if turns[-1].side == "target" else made.bench.source).at[len(turns)] = UNREAD

    assert (await made.only(goal))[:2] == ("failed", "unknown")
    assert record(made) == expected


async def test_a_source_job_is_kept_as_its_owner_wants_it_when_its_side_is_left(tmp_path: Path) -> None:
    """So that it can be given back once it was deleted there; a switch back keeps nothing."""
    made = bench_of(tmp_path, STAGED)
    await made.switch()
    assert kept(made) == [Definition(source=STAGED.source.ref, sync="it", fields=flatten(STAGED.source))]

    (tmp_path / "back").mkdir()
    back = bench_of(tmp_path / "back", CUT)
    await back.switch("source")
    assert kept(back) == []


async def test_a_new_side_is_active_since_now(tmp_path: Path) -> None:
    """A switch that failed leaves the date of the side that it left."""
    made = bench_of(tmp_path, STAGED.having(active_side=active_side(live="source", since=EARLIER)))

    assert (await made.only())[:2] == ("moved", "target")
    assert (record(made).live, record(made).since, record(made).begun) == ("target", NOW, None)


async def test_what_an_earlier_switch_missed_is_not_told_again(tmp_path: Path) -> None:
    """The journal still has its writes."""
    made = bench_of(tmp_path, MINUTELY)

    def pass_time() -> None:
        made.bench.now += 3 * MINUTE

    made.bench.source.at[1] = Fault(then=pass_time)
    await made.switch()
    assert len(made.missed) > 1

    made.bench.now += timedelta(hours=1)
    now = attrs.evolve(MINUTELY.after("target"), active_side=record(made))
    await made.switch("source", [now.plan("source")])
    assert made.missed == ()


async def test_what_another_sync_writes_is_told_by_that_sync(tmp_path: Path) -> None:
    """One source job may be cut over to two targets."""
    begun = active_side(live="source", since=EARLIER, begun=NOW)
    made = bench_of(tmp_path, MINUTELY.having(active_side=begun))
    other = attrs.evolve(made.bench.origin, journal=attrs.evolve(made.bench.origin.journal, sync="other"))
    for enabled in (False, True):
        await update_source(other, MINUTELY.source.ref, {"enabled": enabled})
        made.bench.now += 3 * MINUTE

    assert (await made.only())[:2] == ("moved", "target")
    assert made.missed == ()
