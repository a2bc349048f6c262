"""How a switch is carried out: both platforms in memory, a state on disk, and any request refused, lost or late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from migrator.cutover.journal import CutoverJournal
from migrator.cutover.switcher import Switcher
from migrator.cutover.switches import Switch, SwitchResult
from migrator.errors import AuthError, MigratorError, RejectedError, StateError, UncertainError
from migrator.http.clock import Clock
from migrator.mapping.sections import Running
from migrator.store import open_state
from migrator.store.records import Missed
from tests.cutover.builder import Switching, active_side
from tests.execute.bench import LOCK, RUN, Bench
from tests.execute.memory import Fault
from tests.plan.builder import NOW, SOURCE_SCOPE, Given, job

MINUTE = timedelta(minutes=1)
NO = RejectedError("no")
LOST = UncertainError("no answer")
BOTH = Switching()
STAGED = BOTH.staged()
CUT = STAGED.after("target")
"""After a cutover: the source is paused, the target is active."""


@attrs.define
class Hall:
    """Jobs on both sides, and what switches them.

    Attributes:
        bench: the run and the platforms.
        jobs: the jobs.
        told: the results as they were told.
        values: of the switcher.
        missed: what was missed.
    """

    bench: Bench
    jobs: tuple[Switching, ...]
    told: list[SwitchResult] = attrs.field(factory=list)
    values: dict[str, Any] = attrs.field(factory=dict)
    missed: tuple[Missed, ...] = ()

    async def switch(self, goal: Any = "target", moves: list[Switch] | None = None) -> list[SwitchResult]:
        """Switch every job, or carry these switches out."""
        bench, clock = self.bench, Clock(now=lambda: self.bench.now, sleep=self.bench.sleep)
        origin = bench.origin
        values = {"guard": 5 * MINUTE, "after": 5 * MINUTE, "begin": NOW} | self.values
        switcher = Switcher(
            record=CutoverJournal(run=RUN, state=bench.state, origin=origin, writer=bench.writer, clock=clock),
            origin=origin,
            writer=bench.writer,
            clock=clock,
            stop=bench.stop,
            progress=self.told.append,
            **values,
        )
        found, self.missed = await switcher.all(moves or [one.plan(goal) for one in self.jobs])
        return list(found)

    async def only(self, goal: Any = "target") -> tuple[str, str, str]:
        """Switch the one job; return status, active side and reason."""
        (found,) = await self.switch(goal)
        return found.status, found.live, found.reason

    def live(self) -> list[str]:
        """Return the sides that fire, one entry for each job that may."""
        sides = (("source", self.bench.source), ("target", self.bench.target))
        return [name for name, side in sides for one in side.jobs() if one.live]

    def recorded(self) -> list[tuple[str, datetime | None]]:
        """Return what is recorded of the active sides: which, and since when a switch is under way."""
        sides = self.bench.state.active_sides("omni", (SOURCE_SCOPE,), "eventbridge")
        return [(one.live, one.begun) for one in sides]


MakeHall = Callable[..., Hall]


@pytest.fixture
def hall(tmp_path: Path) -> MakeHall:
    """Makes a hall of these jobs."""

    def make(*jobs: Switching) -> Hall:
        made: Hall
        given = Given(
            source=tuple(one.source for one in jobs),
            target=tuple(target for one in jobs for target in one.targets),
            bindings=tuple(binding for one in jobs for binding in one.bindings),
        )
        state = open_state(f"sqlite:///{tmp_path}/it.db", now=lambda: made.bench.now)
        made = Hall(Bench(state, given), jobs)
        for one in jobs:
            if one.active_side:
                state.put_active_side(one.active_side, dialect="eventbridge")
        made.bench.begin()
        return made

    return make


def staged(number: int) -> tuple[Switching, ...]:
    """Return so many jobs whose targets are staged."""
    return tuple(Switching(source=job(f"Job {one}")).staged() for one in range(number))


async def test_the_target_is_asked_first_and_then_the_source_is_stopped(hall: MakeHall) -> None:
    """The first write repeats what the target holds; it is activated after the source was read back as paused."""
    made = hall(STAGED)
    seen: list[list[str]] = []
    made.bench.target.at = {number: Fault(then=lambda: seen.append(made.live())) for number in (1, 2)}

    assert await made.only() == ("moved", "target", "")
    assert [body["enabled"] for _action, _key, body in made.bench.target.log] == [False, True]
    assert seen == [["source"], ["target"]]
    assert made.recorded() == [("target", None)]
    assert [one.status for one in made.told] == ["moved"]


async def test_a_switch_back_and_what_was_recorded_since(hall: MakeHall) -> None:
    """The source is asked first, too; then the target is paused, and the source resumed."""
    made = hall(CUT)

    assert await made.only("source") == ("moved", "source", "")
    assert [body["isActive"] for _action, _key, body in made.bench.source.log] == [False, True]
    assert made.live() == ["source"]


async def test_one_accepted_write_is_enough_for_a_run(hall: MakeHall) -> None:
    """Two jobs, three writes to the target."""
    made = hall(*staged(2))

    assert [one.status for one in await made.switch()] == ["moved", "moved"]
    assert len(made.bench.target.log) == 3


async def test_where_both_sides_fire_nothing_is_tried(hall: MakeHall) -> None:
    """Nothing has to be activated: stopping the source is the whole of it."""
    made = hall(BOTH)

    assert await made.only() == ("moved", "target", "")
    assert made.bench.target.log == []


async def test_a_target_that_refuses_its_first_write_keeps_every_source(hall: MakeHall) -> None:
    """The connection failed: no other job is begun, and nothing is recorded."""
    made = hall(*staged(6))
    made.bench.target.at = {0: Fault(AuthError("the token is not accepted"))}

    found = await made.switch()

    assert [one.status for one in found] == ["failed"] + ["skipped"] * 5
    assert "nothing was changed: the token" in found[0].reason
    assert {one.reason for one in found[1:]} == {
        "not started: the connection failed for another job (the token is not accepted)"
    }
    assert {one.gap for one in found[1:]} == {None}
    assert (made.bench.source.log, len(made.bench.target.log), made.live()) == ([], 1, ["source"] * 6)
    assert (made.recorded(), [one.status for one in made.told]) == ([], ["failed"])


async def test_jobs_that_fail_in_a_row_end_the_run(hall: MakeHall) -> None:
    """Each source that was stopped is resumed; those that were not begun keep firing."""
    made = hall(*staged(9))
    most = 0

    def count() -> None:
        nonlocal most
        most = max(most, 9 - made.live().count("source"))

    made.bench.target.at = {1: Fault(), 0: Fault(NO, then=count)}

    found = await made.switch()
    assert {one.status for one in found} == {"failed", "skipped"}
    assert {one.reason for one in found if one.status == "skipped"} == {"not started: 3 jobs in a row failed"}
    assert sum(one.status == "failed" for one in found) <= 6
    assert (made.live(), most <= 4) == (["source"] * 9, True)


@pytest.mark.parametrize(("error", "arrives"), [(NO, False), (LOST, False), (AuthError("expired"), False)])
async def test_a_release_that_did_not_happen_resumes_the_source(
    hall: MakeHall, error: MigratorError, *, arrives: bool
) -> None:
    """Looking shows that the target holds what it held."""
    made = hall(STAGED)
    made.bench.target.at[2] = Fault(error, arrives=arrives)

    status, side, reason = await made.only()
    assert (status, side, made.live()) == ("failed", "source", ["source"])
    assert reason == f"{error}; everything is as it was before"
    assert made.recorded() == []


@pytest.mark.parametrize("write", ["source", "target"])
async def test_a_write_whose_answer_was_lost_counts_when_looking_shows_it(hall: MakeHall, write: str) -> None:
    """Neither is the source resumed nor the run ended."""
    made = hall(STAGED)
    side = made.bench.source if write == "source" else made.bench.target
    side.at[1 if write == "source" else 2] = Fault(LOST, arrives=True)

    assert await made.only() == ("moved", "target", "")
    assert made.live() == ["target"]


async def test_a_release_of_which_nothing_can_be_read_is_left_alone(hall: MakeHall) -> None:
    """It may have happened: resuming the source could let both fire. What it was about to do stays on record."""
    made = hall(STAGED)
    made.bench.target.at[2] = Fault(LOST, arrives=True, unread=AuthError("expired"))

    status, side, reason = await made.only()
    assert (status, side) == ("failed", "unknown")
    assert reason == "no answer; its result cannot be read; run the command again"
    assert (made.live(), made.recorded()) == (["target"], [("both", NOW)])


async def test_a_refusal_needs_no_reading(hall: MakeHall) -> None:
    """A 4xx says that nothing happened, whether the job can be read or not: the source is resumed."""
    made = hall(STAGED)
    made.bench.target.at[2] = Fault(NO, unread=AuthError("expired"))

    status, side, reason = await made.only()
    assert (status, side, reason) == ("failed", "source", "no; everything is as it was before")
    assert made.live() == ["source"]


async def test_a_source_that_cannot_be_resumed_is_not_called_resumed(hall: MakeHall) -> None:
    """Both refuse: the job is active nowhere, and the record says that a switch is under way."""
    made = hall(STAGED)
    made.bench.target.at[2] = Fault(NO)
    made.bench.source.at[2] = Fault(AuthError("expired"))

    status, side, reason = await made.only()
    assert (status, side, made.live()) == ("failed", "unknown", [])
    assert reason == "no; it could not be taken back: expired; run this again, or with --back"
    assert made.recorded() == [("both", NOW)]


async def test_a_source_that_refuses_its_pause_stays_the_active_side(hall: MakeHall) -> None:
    """The target is not activated."""
    made = hall(STAGED)
    made.bench.source.at[1] = Fault(NO)

    assert await made.only() == ("failed", "source", "no; everything is as it was before")
    assert (made.live(), len(made.bench.target.log)) == (["source"], 1)


@pytest.mark.parametrize(
    ("field", "value", "told"), [("schedule", "0 10 ? * MON *", "trigger.cron"), ("disabled", True, "enabled")]
)
async def test_a_source_that_was_edited_meanwhile_is_not_stopped(
    hall: MakeHall, field: str, value: Any, told: str
) -> None:
    """The switch was planned from another schedule."""
    made = hall(STAGED)
    made.bench.source.raws[STAGED.source.ref.id][field] = value

    status, side, reason = await made.only()
    assert (status, side) == ("refused", "source")
    assert reason == f"{told} changed at the source during the run; run the command again"
    assert made.bench.source.log == made.bench.target.log == []


async def test_what_else_was_edited_at_the_source_does_not_matter(hall: MakeHall) -> None:
    """The pause does not touch it."""
    made = hall(STAGED)
    made.bench.source.raws[STAGED.source.ref.id]["prompt"] = "Something else."

    assert (await made.only())[0] == "moved"
    assert made.bench.source.raws[STAGED.source.ref.id]["prompt"] == "Something else."


async def test_a_source_that_its_platform_stops_when_it_is_resumed_is_no_active_side(hall: MakeHall) -> None:
    """The write is accepted, and the job will not fire: the target goes on."""
    made = hall(CUT)
    raw = made.bench.source.raws[CUT.source.ref.id]

    def stop() -> None:
        made.bench.source.raws[raw["id"]] |= {"systemDisabled": True, "systemDisabledReason": "Too many failures"}

    made.bench.source.at[2] = Fault(then=stop)
    answered = await made.only("source")

    assert answered[:2] == ("failed", "target")
    assert "Omni AI Routines has stopped it at the source (Too many failures)" in answered[2]
    assert made.live() == ["target"]


async def test_a_lost_answer_of_a_job_that_its_platform_stops_is_no_success(hall: MakeHall) -> None:
    """It holds what was written, and will not fire."""
    made = hall(CUT)

    def stop() -> None:
        made.bench.source.raws[CUT.source.ref.id]["systemDisabled"] = True

    made.bench.source.at[2] = Fault(LOST, arrives=True, then=stop)

    assert (await made.only("source"))[:2] == ("failed", "target")
    assert made.live() == ["target"]


async def test_an_interrupted_run_begins_nothing(hall: MakeHall) -> None:
    """And tells nothing of what it did not begin."""
    made = hall(STAGED)
    made.bench.stop.set()

    assert await made.only() == ("skipped", "source", "interrupted before it was started")
    assert (made.told, made.bench.source.log, made.bench.target.log) == ([], [], [])


async def test_a_fire_that_is_near_is_let_pass(hall: MakeHall) -> None:
    """Due in three minutes: the switch begins five minutes after that."""
    near = Switching(source=job("Alpha", "3 0 ? * * *")).staged()
    made = hall(near)

    (found,) = await made.switch()
    assert (found.status, made.bench.slept) == ("moved", [480])
    assert found.gap
    assert found.gap.start == NOW + 8 * MINUTE
    assert made.missed == ()


async def test_no_switch_begins_before_it_may(hall: MakeHall) -> None:
    """Where the beginning was given."""
    made = hall(STAGED)
    made.values["begin"] = NOW + 60 * MINUTE

    assert (await made.only())[0] == "moved"
    assert made.bench.slept == [3600]


async def test_a_job_that_is_paused_waits_for_nothing(hall: MakeHall) -> None:
    """Nothing fires that could be cut off."""
    source = attrs.evolve(job("Alpha", "3 0 ? * * *"), enabled=False)
    paused = Switching(source=source)
    made = hall(paused)

    found = await made.only()
    assert (found[:2], made.bench.slept) == (("moved", "paused"), [])


async def test_a_job_that_is_active_nowhere_waits_for_nothing(hall: MakeHall) -> None:
    """Something has to fire again: a dead run stopped the source and did not activate the target."""
    near = Switching(source=job("Alpha", "3 0 ? * * *")).staged()
    made = hall(near.after("target", steps=1))

    assert ((await made.only())[:2], made.bench.slept) == (("moved", "target"), [])
    assert made.live() == ["target"]


def running(made: Hall) -> None:
    """Let the source job run, on a platform that tells so."""
    platform = made.bench.source
    rules = attrs.evolve(platform.mapping.rules, running=Running(path="lastRun.state", values=("RUNNING",)))
    platform.mapping = attrs.evolve(platform.mapping, rules=rules)
    for raw in platform.raws.values():
        raw["lastRun"] = {"state": "RUNNING"}


async def test_a_run_in_progress_is_waited_for_as_long_as_the_guard(hall: MakeHall) -> None:
    """A pause would not stop it: where it goes on, nothing is changed."""
    made = hall(STAGED)
    running(made)

    status, side, reason = await made.only()
    assert (status, side, made.bench.slept) == ("refused", "source", [30.0] * 10)
    assert reason.startswith("a run of it is in progress at the source (lastRun.state is RUNNING)")
    assert "did not end within 300 s" in reason
    assert made.bench.source.log == made.bench.target.log == []


async def test_a_run_that_ends_in_time_is_followed_by_the_switch(hall: MakeHall) -> None:
    """It is looked at again after a tenth of the guard."""
    made = hall(STAGED)
    running(made)

    def end() -> None:
        made.bench.source.raws[STAGED.source.ref.id]["lastRun"] = {"state": "COMPLETE"}

    made.bench.meanwhile = end

    assert ((await made.only())[0], made.bench.slept) == ("moved", [30.0])


@pytest.mark.parametrize(("side", "write"), [("target", 1), ("source", 1), ("target", 2)])
async def test_a_run_that_has_lost_its_lock_sends_nothing_more(hall: MakeHall, side: str, write: int) -> None:
    """Another run may write now: the error ends the run, and neither a release nor a rollback is sent."""
    made = hall(STAGED)
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


async def test_a_source_that_is_deleted_is_known_to_be(hall: MakeHall) -> None:
    """A listing without it is no sign of another account."""
    made = hall(deleting())
    (move,) = (one.plan("target") for one in made.jobs)
    assert [turn.does for turn in move.turns] == ["delete"]

    (found,) = await made.switch()
    assert (found.status, found.live, made.live()) == ("moved", "target", ["target"])
    assert [one.does for one in found.sent] == ["delete"]


async def test_a_source_that_cannot_be_deleted_stays(hall: MakeHall) -> None:
    """It is there, so it is not called deleted."""
    made = hall(deleting())
    made.bench.source.at[1] = Fault(NO)

    assert await made.only() == ("failed", "both", "no; everything is as it was before")
    assert made.live() == ["source", "target"]


async def test_the_time_of_each_write_is_told(hall: MakeHall) -> None:
    """When it was sent, and when it was read back; the one that was refused was not."""
    made = hall(STAGED)
    made.bench.target.at[2] = Fault(NO)
    (found,) = await made.switch()

    assert [(one.does, one.confirmed) for one in found.sent] == [("pause", NOW), ("release", None)]


async def test_a_record_of_the_same_side_keeps_its_date(hall: MakeHall) -> None:
    """The target is active since the first cutover, whoever paused the source again."""
    since = NOW - timedelta(days=9)
    stirring = BOTH.having(active_side=active_side(since=since, parked={"enabled": False}, wish={"enabled": True}))
    made = hall(stirring)

    assert (await made.only())[:2] == ("moved", "target")
    (recorded,) = made.bench.state.active_sides("omni", (SOURCE_SCOPE,), "eventbridge")
    assert (recorded.live, recorded.since) == ("target", since)
