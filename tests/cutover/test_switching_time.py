"""When a switch is applied: in a gap between fires, after a run in progress, and not at all once a run ends."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import attrs
import pytest

from migrator.errors import AuthError, MigratorError
from migrator.http.clock import Clock
from migrator.mapping.sections import Running
from tests.cutover.builder import Switching
from tests.cutover.switcher_bench import MINUTE, STAGED, SwitcherBench, bench_of, staged
from tests.execute.memory import Fault
from tests.plan.builder import NOW, job

MakeBench = Callable[..., SwitcherBench]


@pytest.fixture
def make_bench(tmp_path: Path) -> MakeBench:
    """Makes a bench with these jobs."""
    return partial(bench_of, tmp_path)


async def test_an_interrupted_run_begins_nothing(make_bench: MakeBench) -> None:
    """And tells nothing of what it did not begin."""
    made = make_bench(STAGED)
    made.bench.stop.set()

    assert await made.only() == ("skipped", "source", "interrupted before it was started")
    assert (made.results, made.bench.source.log, made.bench.target.log) == ([], [], [])


async def test_a_fire_that_is_near_is_let_pass(make_bench: MakeBench) -> None:
    """Due in three minutes: the switch begins five minutes after that."""
    near = Switching(source=job("Alpha", "3 0 ? * * *")).staged()
    made = make_bench(near)

    (found,) = await made.switch()
    assert (found.status, made.bench.slept) == ("moved", [480])
    assert found.gap
    assert found.gap.start == NOW + 8 * MINUTE
    assert made.missed == ()


async def test_a_clock_that_goes_on_between_two_readings_delays_nothing(make_bench: MakeBench) -> None:
    """Of a clock that is read twice, the second reading is later: the switch begins all the same."""
    made = make_bench(Switching(source=job("Alpha", "3 0 ? * * *")).staged())
    readings = itertools.count()

    def now() -> datetime:
        assert next(readings) < 100
        made.bench.now += timedelta(microseconds=1)
        return made.bench.now

    made.values["clock"] = Clock(now=now, sleep=made.bench.sleep)

    assert (await made.only())[0] == "moved"
    assert NOW + 8 * MINUTE < made.bench.now < NOW + 9 * MINUTE


async def test_no_switch_begins_before_it_may(make_bench: MakeBench) -> None:
    """Where the beginning was given."""
    made = make_bench(STAGED)
    made.values["begin"] = NOW + 60 * MINUTE

    assert (await made.only())[0] == "moved"
    assert made.bench.slept == [3600]


async def test_a_job_that_is_paused_waits_for_nothing(make_bench: MakeBench) -> None:
    """Nothing fires that could be cut off."""
    source = attrs.evolve(job("Alpha", "3 0 ? * * *"), enabled=False)
    paused = Switching(source=source)
    made = make_bench(paused)

    found = await made.only()
    assert (found[:2], made.bench.slept) == (("moved", "paused"), [])


async def test_a_job_that_is_active_nowhere_waits_for_nothing(make_bench: MakeBench) -> None:
    """Something has to fire again: a dead run stopped the source and did not activate the target."""
    near = Switching(source=job("Alpha", "3 0 ? * * *")).staged()
    made = make_bench(near.after("target", steps=1))

    assert ((await made.only())[:2], made.bench.slept) == (("moved", "target"), [])
    assert made.live() == ["target"]


async def test_a_gap_that_closes_while_others_are_switched_is_not_used(make_bench: MakeBench) -> None:
    """Four are switched at once: until the fifth may begin, its fire has come near."""
    made = make_bench(*staged(4), Switching(source=job("Near", "7 0 ? * * *")).staged())

    def pass_time() -> None:
        made.bench.now += 4 * MINUTE

    made.bench.target.at[1] = Fault(then=pass_time)

    *others, near = await made.switch()
    assert {one.status for one in (*others, near)} == {"moved"}
    assert {one.sent[0].at for one in others} == {NOW + 4 * MINUTE}
    assert near.sent[0].at == NOW + 12 * MINUTE
    assert made.missed == ()


async def test_an_interrupt_lets_those_end_that_were_begun(make_bench: MakeBench) -> None:
    """Those that wait for them are not begun."""
    made = make_bench(*staged(6))
    made.bench.target.at[1] = Fault(then=made.bench.stop.set)

    found = await made.switch()
    assert [one.status for one in found] == ["moved"] * 4 + ["skipped"] * 2
    assert made.live() == ["source"] * 2 + ["target"] * 4


@pytest.mark.parametrize("error", [AuthError("expired"), None])
async def test_a_job_that_waits_for_its_gap_is_not_waited_for_when_the_run_ends(
    make_bench: MakeBench, error: MigratorError | None
) -> None:
    """Whether the connection fails or somebody interrupts."""
    made = make_bench(Switching(source=job("Near", "3 0 ? * * *")).staged(), *staged(1))

    async def never(_seconds: float) -> None:
        await asyncio.Event().wait()

    made.values["clock"] = Clock(now=lambda: made.bench.now, sleep=never)
    made.bench.target.at[1] = Fault(error, then=made.bench.stop.set if error is None else lambda: None)

    near, other = await made.switch()
    assert (near.status, other.status) == ("skipped", "failed" if error else "moved")


def running(made: SwitcherBench) -> None:
    """Let the source job run, on a platform that tells so."""
    platform = made.bench.source
    rules = attrs.evolve(platform.mapping.rules, running=Running(path="lastRun.state", values=("RUNNING",)))
    platform.mapping = attrs.evolve(platform.mapping, rules=rules)
    for raw in platform.raws.values():
        raw["lastRun"] = {"state": "RUNNING"}


async def test_a_run_in_progress_is_waited_for_as_long_as_the_guard(make_bench: MakeBench) -> None:
    """A pause would not stop it: where it goes on, nothing is changed."""
    made = make_bench(STAGED)
    running(made)

    status, side, reason = await made.only()
    assert (status, side, made.bench.slept) == ("refused", "source", [30.0] * 10)
    assert reason.startswith("a run of it is in progress at the source (lastRun.state is RUNNING)")
    assert "did not end within 300 s" in reason
    assert made.bench.source.log == made.bench.target.log == []


async def test_a_run_that_ends_in_time_is_followed_by_the_switch(make_bench: MakeBench) -> None:
    """It is read again after a tenth of the guard."""
    made = make_bench(STAGED)
    running(made)

    def end() -> None:
        made.bench.source.raws[STAGED.source.ref.id]["lastRun"] = {"state": "COMPLETE"}

    made.bench.meanwhile = end

    assert ((await made.only())[0], made.bench.slept) == ("moved", [30.0])
