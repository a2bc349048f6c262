"""Guards of a switch that other tests would not miss: when a run ends, what it leaves behind, and what it records."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pytest

from migrator.cutover.circuit_breaker import CircuitBreaker
from migrator.errors import AuthError, MigratorError, StateError
from migrator.http.clock import Clock
from migrator.mapping.sections import Running, Suspended
from tests.cutover.builder import Switching
from tests.cutover.switcher_bench import BOTH, CUT, LOST, MINUTE, NO, STAGED, SwitcherBench, bench_of, staged
from tests.execute.bench import LOCK
from tests.execute.memory import Fault
from tests.plan.builder import NOW, SOURCE_SCOPE, job

MakeHall = Callable[..., SwitcherBench]
MINUTELY = Switching(source=job("Alpha", "* * ? * * *")).staged()


@pytest.fixture
def bench(tmp_path: Path) -> MakeHall:
    """Makes a bench of these jobs."""
    return partial(bench_of, tmp_path)


def refusing(made: SwitcherBench, *names: str) -> None:
    """Let the target refuse to activate these jobs."""
    update, refused = type(made.bench.target).update_job, {f"{name}" for name in names}
    platform = made.bench.target

    class Refusing:
        def __getattr__(self, name: str) -> Any:
            return getattr(platform, name)

        async def update_job(self, scope: str, key: str, body: Any, **options: Any) -> Any:
            if body.get("enabled") and platform.job(key).name in refused:
                raise NO
            return await update(platform, scope, key, body, **options)

    made.bench.writer.adapter = Refusing()  # type: ignore[assignment]


def retired(made: SwitcherBench) -> list[bool]:
    """Return of each source job that is kept whether it was deleted on purpose."""
    return [one.retired for one in made.bench.state.definitions("omni", (SOURCE_SCOPE,))]


# -- when a run ends --------------------------------------------------------------------------------------------------


def test_an_error_of_our_own_is_not_one_of_the_connection() -> None:
    """A job that its platform has stopped ends no run by itself; the reason is that of the first error."""
    brake = CircuitBreaker()
    brake.failed(MigratorError("it was stopped"))
    assert not brake.reason

    brake.failed(AuthError("expired"))
    brake.failed(AuthError("later"))
    assert brake.reason == "the connection failed for another job (expired)"


async def test_failures_between_successes_do_not_end_the_run(bench: MakeHall) -> None:
    """Four of sixteen are refused, never three in a row."""
    made = bench(*staged(16))
    refusing(made, "Job 0", "Job 5", "Job 10", "Job 15")

    assert [one.status for one in await made.switch()].count("moved") == 12


async def test_jobs_that_their_platform_stops_end_the_run(bench: MakeHall) -> None:
    """Those that were not begun stay at the target."""
    made = bench(*(one.after("target") for one in staged(9)))

    def stop() -> None:
        for raw in made.bench.source.raws.values():
            raw["systemDisabled"] = not raw["disabled"]

    made.bench.source.at = {1: Fault(), 0: Fault(then=stop)}

    assert {one.status for one in await made.switch("source")} == {"failed", "skipped"}
    assert made.live() == ["target"] * 9


async def test_a_lost_answer_of_what_arrived_does_not_end_the_run(bench: MakeHall) -> None:
    """Looking shows it: the connection is well."""
    made = bench(*staged(6))
    made.bench.target.at[2] = Fault(LOST, arrives=True)

    assert [one.status for one in await made.switch()] == ["moved"] * 6


async def test_once_a_run_has_ended_nothing_more_is_asked(bench: MakeHall) -> None:
    """Four were begun when the connection failed; of the others, not even the source is read."""
    made = bench(*staged(9))
    made.bench.target.at = {0: Fault(AuthError("expired"))}

    assert [one.status for one in await made.switch()].count("skipped") == 8
    assert made.bench.source.reads == 4


# -- when a switch begins ---------------------------------------------------------------------------------------------


async def test_a_clock_that_stands_still_is_not_waited_for(bench: MakeHall) -> None:
    """Nothing will ever fire by it."""
    made = bench(Switching(source=job("Alpha", "3 0 ? * * *")).staged())
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await asyncio.sleep(0)

    made.values["clock"] = Clock(now=lambda: NOW, sleep=sleep)
    async with asyncio.timeout(20):
        assert (await made.only())[0] == "moved"
    assert slept == [480]


async def test_a_switch_that_only_has_to_be_recorded_waits_for_nothing(bench: MakeHall) -> None:
    """A dead run has sent everything."""
    near = Switching(source=job("Alpha", "3 0 ? * * *")).staged()
    made = bench(near.after("target", steps=2))

    assert ((await made.only())[:2], made.bench.slept) == (("moved", "target"), [])
    assert made.recorded() == [("target", None)]


async def test_nothing_goes_on_after_a_switch(bench: MakeHall) -> None:
    """What waited for an interrupt is given up."""
    made = bench(MINUTELY)
    await made.switch()
    await asyncio.sleep(0)

    assert asyncio.all_tasks() == {asyncio.current_task()}


# -- what is recorded -------------------------------------------------------------------------------------------------


async def test_what_a_switch_without_a_known_end_missed_is_in_the_ledger(bench: MakeHall) -> None:
    """The minutes until the target's answer was lost, and those until it was given up."""
    made = bench(MINUTELY)

    def pass_time() -> None:
        made.bench.now += 3 * MINUTE

    made.bench.target.at[2] = Fault(LOST, arrives=True, then=pass_time, unread=AuthError("expired"))

    assert (await made.only())[:2] == ("failed", "unknown")
    assert [one.kind for one in made.missed] == ["unclear"] * 3
    assert made.bench.state.missed("it") == made.missed


async def test_what_a_switch_missed_that_could_not_be_taken_back_is_in_the_ledger(bench: MakeHall) -> None:
    """The source stands still, and so does the target."""
    made = bench(MINUTELY)

    def pass_time() -> None:
        made.bench.now += 3 * MINUTE

    made.bench.target.at[2] = Fault(NO, then=pass_time)
    made.bench.source.at[2] = Fault(AuthError("expired"))

    assert (await made.only())[:2] == ("failed", "unknown")
    assert [one.kind for one in made.bench.state.missed("it")] == ["neither"] * 3


async def test_only_a_source_job_that_was_deleted_is_retired(bench: MakeHall, tmp_path: Path) -> None:
    """That a listing does not have it is no sign of another account then; of one that was paused it would be."""
    made = bench(STAGED)
    await made.switch()
    assert retired(made) == [False]

    (tmp_path / "deleted").mkdir()
    fixed = {"omni": ("enabled", "trigger.cron")}
    gone = bench_of(tmp_path / "deleted", BOTH.having(fixed=fixed, contracts=("patch", "patch"), may_delete=True))
    await gone.switch()
    assert retired(gone) == [True]


# -- a run in progress, and an edit -----------------------------------------------------------------------------------


def ruled(made: SwitcherBench, **rules: Any) -> None:
    """Let the mapping of the target have these rules."""
    platform = made.bench.target
    found = attrs.evolve(platform.mapping.rules, **rules)
    platform.mapping = made.bench.writer.mapping = attrs.evolve(platform.mapping, rules=found)


def runs_at_the_target(made: SwitcherBench) -> None:
    """Let the target job run, on a platform that tells so."""
    ruled(made, running=Running(path="state", values=("RUNNING",)))
    for raw in made.bench.target.raws.values():
        raw["state"] = "RUNNING"


async def test_a_run_in_progress_at_the_target_is_not_cut_off(bench: MakeHall) -> None:
    """A pause would not stop it, and the source would run beside it; where nothing is paused it does not matter."""
    made = bench(CUT)
    runs_at_the_target(made)
    status, side, reason = await made.only("source")
    assert (status, side, made.live()) == ("refused", "target", ["target"])
    assert reason.startswith("a run of it is in progress at the target (state is RUNNING)")


async def test_a_run_in_progress_is_no_reason_not_to_activate_a_job(bench: MakeHall) -> None:
    """Somebody has started it by hand."""
    made = bench(STAGED)
    runs_at_the_target(made)
    assert await made.only() == ("moved", "target", "")


async def test_a_source_is_restored_whatever_it_seems_to_hold(bench: MakeHall) -> None:
    """A listing may be late to show that it was paused."""
    made = bench(CUT)
    late = CUT.having(source=attrs.evolve(CUT.source, enabled=True))
    (found,) = await made.switch(switches=[late.plan("source")])

    assert [one.does for one in found.sent] == ["hold", "restore"]
    assert (found.status, made.live()) == ("moved", ["source"])


async def test_a_target_that_its_platform_stops_when_it_is_activated_is_no_active_side(bench: MakeHall) -> None:
    """The write is accepted, and the job will not fire: the source is resumed."""
    made = bench(STAGED)
    ruled(made, suspended=Suspended(path="blocked", codec="bool", values=(True,)))
    (key,) = made.bench.target.raws
    made.bench.target.at[2] = Fault(then=lambda: made.bench.target.raws[key].update(blocked=True))

    status, side, reason = await made.only()
    assert (status, side, made.live()) == ("failed", "source", ["source"])
    assert "Devin Schedules has stopped it at the target (blocked is True)" in reason


async def test_a_source_that_its_platform_has_stopped_can_be_paused(bench: MakeHall) -> None:
    """It is not to fire any more."""
    made = bench(STAGED)
    (key,) = made.bench.source.raws
    made.bench.source.at[1] = Fault(then=lambda: made.bench.source.raws[key].update(systemDisabled=True))

    assert await made.only() == ("moved", "target", "")


async def test_a_lost_answer_of_a_target_that_its_platform_stops_is_no_success(bench: MakeHall) -> None:
    """It holds what was written, and will not fire."""
    made = bench(STAGED)
    ruled(made, suspended=Suspended(path="blocked", codec="bool", values=(True,)))
    (key,) = made.bench.target.raws
    stopped = Fault(LOST, arrives=True, then=lambda: made.bench.target.raws[key].update(blocked=True))
    made.bench.target.at[2] = stopped

    assert await made.only() == ("failed", "source", "no answer; everything is as it was before")
    assert made.live() == ["source"]


async def test_a_pause_that_never_arrived_leaves_the_source_active(bench: MakeHall) -> None:
    """Looking shows that it is as it was."""
    made = bench(STAGED)
    made.bench.source.at[1] = Fault(LOST)

    assert await made.only() == ("failed", "source", "no answer; everything is as it was before")
    assert made.live() == ["source"]


async def test_a_source_that_cannot_be_resumed_ends_the_run_where_the_connection_failed(bench: MakeHall) -> None:
    """Four were begun; the others keep firing at the source."""
    made = bench(*staged(9))
    made.bench.target.at[2] = Fault(NO)
    made.bench.source.at[5] = Fault(AuthError("expired"))

    assert [one.status for one in await made.switch()].count("skipped") == 5


@pytest.mark.parametrize("fault", [None, Fault(NO, unread=StateError("the lock was lost"))])
async def test_a_state_that_cannot_be_used_ends_the_run_with_its_error(bench: MakeHall, fault: Fault | None) -> None:
    """Before the first write, or where a look at what failed is refused: it is no failure of that job."""
    made = bench(STAGED)
    if fault:
        made.bench.target.at[2] = fault
    else:
        made.bench.state.unlock(LOCK, made.bench.state.owners()[LOCK])

    with pytest.raises(StateError, match="lost"):
        await made.switch()
