"""How a switch is applied: both platforms in memory, a state on disk, and any request refused, lost or late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from migrator.errors import AuthError, MigratorError, StateError
from tests.cutover.builder import Switching, active_side
from tests.cutover.switcher_bench import BOTH, CUT, LOST, NO, STAGED, SwitcherBench, bench_of, staged
from tests.execute.bench import LOCK
from tests.execute.memory import Fault
from tests.plan.builder import NOW, SOURCE_SCOPE

MakeBench = Callable[..., SwitcherBench]


@pytest.fixture
def make_bench(tmp_path: Path) -> MakeBench:
    """Makes a bench with these jobs."""
    return partial(bench_of, tmp_path)


async def test_the_target_is_asked_first_and_then_the_source_is_stopped(make_bench: MakeBench) -> None:
    """The first write repeats what the target holds; it is activated after the source was read back as paused."""
    made = make_bench(STAGED)
    seen: list[list[str]] = []
    made.bench.target.at = {number: Fault(then=lambda: seen.append(made.live())) for number in (1, 2)}

    assert await made.only() == ("moved", "target", "")
    assert [body["enabled"] for _action, _key, body in made.bench.target.log] == [False, True]
    assert seen == [["source"], ["target"]]
    assert made.recorded() == [("target", None)]
    assert [one.status for one in made.results] == ["moved"]


async def test_a_switch_back_and_what_was_recorded_since(make_bench: MakeBench) -> None:
    """The source is asked first, too; then the target is paused, and the source resumed."""
    made = make_bench(CUT)

    assert await made.only("source") == ("moved", "source", "")
    assert [body["isActive"] for _action, _key, body in made.bench.source.log] == [False, True]
    assert made.live() == ["source"]


async def test_one_accepted_write_is_enough_for_a_run(make_bench: MakeBench) -> None:
    """Two jobs, three writes to the target."""
    made = make_bench(*staged(2))

    assert [one.status for one in await made.switch()] == ["moved", "moved"]
    assert len(made.bench.target.log) == 3


async def test_where_both_sides_fire_nothing_is_tried(make_bench: MakeBench) -> None:
    """Nothing has to be activated: stopping the source is the whole of it."""
    made = make_bench(BOTH)

    assert await made.only() == ("moved", "target", "")
    assert made.bench.target.log == []


async def test_a_target_that_refuses_its_first_write_keeps_every_source(make_bench: MakeBench) -> None:
    """The connection failed: no other job is begun, and nothing is recorded."""
    made = make_bench(*staged(6))
    made.bench.target.at = {0: Fault(AuthError("the token is not accepted"))}

    found = await made.switch()

    assert [one.status for one in found] == ["failed"] + ["skipped"] * 5
    assert "nothing was changed: the token" in found[0].reason
    assert {one.reason for one in found[1:]} == {"the connection failed for another job (the token is not accepted)"}
    assert {one.gap for one in found[1:]} == {None}
    assert (made.bench.source.log, len(made.bench.target.log), made.live()) == ([], 1, ["source"] * 6)
    assert (made.recorded(), [one.status for one in made.results]) == ([], ["failed"])


async def test_jobs_that_fail_in_a_row_end_the_run(make_bench: MakeBench) -> None:
    """Each source that was stopped is resumed; those that were not begun keep firing."""
    made = make_bench(*staged(9))
    most = 0

    def count() -> None:
        nonlocal most
        most = max(most, 9 - made.live().count("source"))

    made.bench.target.at = {1: Fault(), 0: Fault(NO, then=count)}

    found = await made.switch()
    assert {one.status for one in found} == {"failed", "skipped"}
    assert {one.reason for one in found if one.status == "skipped"} == {"3 jobs in a row failed"}
    assert sum(one.status == "failed" for one in found) <= 6
    assert (made.live(), most <= 4) == (["source"] * 9, True)


@pytest.mark.parametrize(("error", "arrives"), [(NO, False), (LOST, False), (AuthError("expired"), False)])
async def test_an_activation_that_did_not_happen_resumes_the_source(
    make_bench: MakeBench, error: MigratorError, *, arrives: bool
) -> None:
    """Looking shows that the target holds what it held."""
    made = make_bench(STAGED)
    made.bench.target.at[2] = Fault(error, arrives=arrives)

    status, side, reason = await made.only()
    assert (status, side, made.live()) == ("failed", "source", ["source"])
    assert reason == f"{error}; everything is as it was before"
    assert made.recorded() == []


@pytest.mark.parametrize("write", ["source", "target"])
async def test_a_write_without_response_counts_when_reading_shows_it(make_bench: MakeBench, write: str) -> None:
    """Neither is the source resumed nor the run ended."""
    made = make_bench(STAGED)
    side = made.bench.source if write == "source" else made.bench.target
    side.at[1 if write == "source" else 2] = Fault(LOST, arrives=True)

    assert await made.only() == ("moved", "target", "")
    assert made.live() == ["target"]


async def test_an_activation_of_which_nothing_can_be_read_is_left_alone(make_bench: MakeBench) -> None:
    """It may have happened: resuming the source could let both fire. What it was about to do stays on record."""
    made = make_bench(STAGED)
    made.bench.target.at[2] = Fault(LOST, arrives=True, unread=AuthError("expired"))

    status, side, reason = await made.only()
    assert (status, side) == ("failed", "unknown")
    assert reason == "no answer; its result cannot be read; run the command again"
    assert (made.live(), made.recorded()) == (["target"], [("both", NOW)])


async def test_a_refusal_needs_no_reading(make_bench: MakeBench) -> None:
    """A 4xx says that nothing happened, whether the job can be read or not: the source is resumed."""
    made = make_bench(STAGED)
    made.bench.target.at[2] = Fault(NO, unread=AuthError("expired"))

    status, side, reason = await made.only()
    assert (status, side, reason) == ("failed", "source", "no; everything is as it was before")
    assert made.live() == ["source"]


async def test_a_source_that_cannot_be_resumed_is_not_called_resumed(make_bench: MakeBench) -> None:
    """Both refuse: the job is active nowhere, and the record says that a switch is under way."""
    made = make_bench(STAGED)
    made.bench.target.at[2] = Fault(NO)
    made.bench.source.at[2] = Fault(AuthError("expired"))

    status, side, reason = await made.only()
    assert (status, side, made.live()) == ("failed", "unknown", [])
    assert reason == "no; it could not be reverted: expired; run this again, or with --back"
    assert made.recorded() == [("both", NOW)]


async def test_a_source_that_refuses_its_pause_stays_the_active_side(make_bench: MakeBench) -> None:
    """The target is not activated."""
    made = make_bench(STAGED)
    made.bench.source.at[1] = Fault(NO)

    assert await made.only() == ("failed", "source", "no; everything is as it was before")
    assert (made.live(), len(made.bench.target.log)) == (["source"], 1)


@pytest.mark.parametrize(
    ("field", "value", "told"), [("schedule", "0 10 ? * MON *", "trigger.cron"), ("disabled", True, "enabled")]
)
async def test_a_source_that_was_edited_meanwhile_is_not_stopped(
    make_bench: MakeBench, field: str, value: Any, told: str
) -> None:
    """The switch was planned from another schedule."""
    made = make_bench(STAGED)
    made.bench.source.raws[STAGED.source.ref.id][field] = value

    status, side, reason = await made.only()
    assert (status, side) == ("refused", "source")
    assert reason == f"{told} changed at the source during the run; run the command again"
    assert made.bench.source.log == made.bench.target.log == []


async def test_what_else_was_edited_at_the_source_does_not_matter(make_bench: MakeBench) -> None:
    """The pause does not touch it."""
    made = make_bench(STAGED)
    made.bench.source.raws[STAGED.source.ref.id]["prompt"] = "Something else."

    assert (await made.only())[0] == "moved"
    assert made.bench.source.raws[STAGED.source.ref.id]["prompt"] == "Something else."


async def test_a_source_that_its_platform_stops_when_it_is_resumed_is_no_active_side(make_bench: MakeBench) -> None:
    """The write is accepted, and the job will not fire: the target goes on."""
    made = make_bench(CUT)
    raw = made.bench.source.raws[CUT.source.ref.id]

    def stop() -> None:
        made.bench.source.raws[raw["id"]] |= {"systemDisabled": True, "systemDisabledReason": "Too many failures"}

    made.bench.source.at[2] = Fault(then=stop)
    answered = await made.only("source")

    assert answered[:2] == ("failed", "target")
    assert "Omni AI Routines has stopped it at the source (Too many failures)" in answered[2]
    assert made.live() == ["target"]


async def test_a_lost_response_of_a_job_that_its_platform_stops_is_no_success(make_bench: MakeBench) -> None:
    """It holds what was written, and will not fire."""
    made = make_bench(CUT)

    def stop() -> None:
        made.bench.source.raws[CUT.source.ref.id]["systemDisabled"] = True

    made.bench.source.at[2] = Fault(LOST, arrives=True, then=stop)

    assert (await made.only("source"))[:2] == ("failed", "target")
    assert made.live() == ["target"]


@pytest.mark.parametrize(("side", "write"), [("target", 1), ("source", 1), ("target", 2)])
async def test_a_run_that_has_lost_its_lock_sends_nothing_more(make_bench: MakeBench, side: str, write: int) -> None:
    """Another run may write now: the error ends the run, and neither an activation nor a revert is sent."""
    made = make_bench(STAGED)
    platform = made.bench.source if side == "source" else made.bench.target
    owner = made.bench.state.owners()[LOCK]
    sent = []

    def lose() -> None:
        made.bench.state.unlock(LOCK, owner)
        sent.append((len(made.bench.source.log), len(made.bench.target.log)))

    platform.at[write] = Fault(NO if write == 2 else None, then=lose)

    with pytest.raises(StateError, match="lost its lock"):
        await made.switch()
    assert sent == [(len(made.bench.source.log), len(made.bench.target.log))]


def deleting() -> Switching:
    """Return a job that nothing but its deletion stops."""
    return BOTH.having(fixed={"omni": ("enabled", "trigger.cron")}, contracts=("patch", "patch"), may_delete=True)


async def test_a_source_that_is_deleted_is_known_to_be(make_bench: MakeBench) -> None:
    """A listing without it is no sign of another account."""
    made = make_bench(deleting())
    (switch,) = (one.plan("target") for one in made.jobs)
    assert [step.does for step in switch.steps] == ["delete"]

    (found,) = await made.switch()
    assert (found.status, found.live, made.live()) == ("moved", "target", ["target"])
    assert [one.does for one in found.sent] == ["delete"]


async def test_a_source_that_cannot_be_deleted_stays(make_bench: MakeBench) -> None:
    """It is there, so it is not called deleted."""
    made = make_bench(deleting())
    made.bench.source.at[1] = Fault(NO)

    assert await made.only() == ("failed", "both", "no; everything is as it was before")
    assert made.live() == ["source", "target"]


async def test_the_time_of_each_write_is_reported(make_bench: MakeBench) -> None:
    """When it was sent, and when it was read back; the one that was refused was not."""
    made = make_bench(STAGED)
    made.bench.target.at[2] = Fault(NO)
    (found,) = await made.switch()

    assert [(one.does, one.confirmed) for one in found.sent] == [("pause", NOW), ("release", None)]


async def test_a_record_of_the_same_side_keeps_its_date(make_bench: MakeBench) -> None:
    """The target is active since the first cutover, whoever paused the source again."""
    since = NOW - timedelta(days=9)
    stirring = BOTH.having(active_side=active_side(since=since, parked={"enabled": False}, original={"enabled": True}))
    made = make_bench(stirring)

    assert (await made.only())[:2] == ("moved", "target")
    (recorded,) = made.bench.state.active_sides("omni", (SOURCE_SCOPE,), "eventbridge")
    assert (recorded.live, recorded.since) == ("target", since)
