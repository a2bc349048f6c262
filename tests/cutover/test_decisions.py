"""What a switch takes: both sides of a job as they are in, writes in their order out."""

from __future__ import annotations

import attrs
import pytest

from migrator.active_side import firing_side
from migrator.cron import parse
from migrator.cutover.switches import Goal
from tests.cutover.builder import GIVEN, STAGED, Switching, active_side, once, parked_at, refusal, steps
from tests.plan.builder import NOW, job


def test_the_source_stops_before_the_target_fires() -> None:
    """Never both; what is recorded says what the source held."""
    switch = STAGED.plan("target")

    assert steps(switch) == [("pause", {"enabled": False}), ("release", {"enabled": True})]
    assert (switch.live, switch.switched) == (
        "source",
        active_side(parked={"enabled": False}, original={"enabled": True}),
    )
    assert [step.binding is not None for step in switch.steps] == [False, True]
    assert [step.side for step in switch.steps] == ["source", "target"]


def test_a_target_that_fires_already_takes_no_write() -> None:
    """Only the source is stopped."""
    switch = GIVEN.plan("target")

    assert (switch.live, steps(switch)) == ("both", [("pause", {"enabled": False})])


def test_a_job_that_cannot_be_paused_is_parked() -> None:
    """Under a contract that cannot change the flag; its schedule and flag are what it gets back."""
    switch = STAGED.having(contracts=("patch", "patch")).plan("target")

    (does, new), activation = steps(switch)
    assert (does, set(new), activation) == ("move away", {"trigger.cron"}, ("release", {"enabled": True}))
    assert switch.switched
    assert (set(switch.switched.parked), switch.switched.original["trigger.cron"].text) == (
        {"trigger.cron"},
        "0 9 ? * MON *",
    )


def test_the_end_of_a_switch_needs_nothing() -> None:
    """Planned again, it is there."""
    assert refusal(STAGED.after("target").plan("target")) == ("there", "the target is the active side already")


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_switch_that_died_is_finished(number: int) -> None:
    """With the steps that are missing; what the source held is not forgotten."""
    died = STAGED.after("target", steps=number)
    switch = died.plan("target")

    names = ["pause", "release"][number:]
    assert [name for name, _new in steps(switch)] == names
    assert switch.switched == active_side(parked={"enabled": False}, original={"enabled": True})
    assert switch.reason == ("" if names else "switched already; a crashed run did not record it")


def test_a_switch_that_is_recorded_otherwise_is_recorded_again() -> None:
    """Both sides are as they are to be, and the record says that the source is the active side, or nothing at all."""
    done = STAGED.after("target")
    for record in (active_side(live="source", parked={"enabled": False}, original={"enabled": True}), None):
        switch = done.having(active_side=record).plan("target")
        assert (steps(switch), switch.reason) == ([], "")


def test_a_job_that_its_owner_paused_stays_paused() -> None:
    """Nothing to stop, and nothing is kept to be given back."""
    paused = Switching(source=job("Alpha", enabled=False))
    switch = paused.plan("target")

    assert (switch.live, steps(switch)) == ("paused", [])
    assert switch.switched == active_side()


def test_a_paused_job_with_an_old_record_is_not_what_a_cutover_stopped() -> None:
    """Its schedule was edited since: what was parked then is not to come back."""
    parked = parse("0 0 17 11 ? *", "eventbridge")
    record = active_side(
        parked={"trigger.cron": parked}, original={"trigger.cron": parse("0 8 * * ? *", "eventbridge")}
    )
    paused = Switching(source=job("Alpha", enabled=False), active_side=record)

    assert refusal(paused.plan("target"))[0] == "there"
    switch = paused.having(active_side=attrs.evolve(record, live="source")).plan("target")
    assert (steps(switch), switch.switched) == ([], active_side())


def test_a_parked_schedule_that_is_still_far_away_stays() -> None:
    """And so does what the source gets back."""
    given = parked_at("0 0 17 10 ? *")

    assert refusal(given.plan("target"))[0] == "there"


def test_a_parked_schedule_that_comes_near_is_parked_again() -> None:
    """Else the source fires a second time beside the target; what its owner wants is not the parked schedule."""
    given = parked_at("0 0 30 11 ? *")
    switch = given.plan("target")

    ((does, new),) = steps(switch)
    assert (does, set(new)) == ("move away", {"trigger.cron"})
    assert switch.switched
    assert switch.switched.original == given.active_side.original  # type: ignore[union-attr]
    assert switch.switched.parked == new


def test_a_job_that_somebody_resumed_is_stopped_again() -> None:
    """With its schedule as it is now: the record is of the first stop."""
    done = STAGED.after("target")
    again = done.having(source=attrs.evolve(done.source, enabled=True))

    switch = again.plan("target")
    assert (switch.live, steps(switch)) == ("both", [("pause", {"enabled": False})])
    assert switch.switched
    assert switch.switched.original == {"enabled": True}


def test_a_schedule_that_its_owner_made_of_a_parked_one_is_what_the_source_gets_back() -> None:
    """The recorded one is older."""
    edited = parked_at("0 0 17 10 ? *").having(source=job("Alpha", "0 7 * * ? *"), wished=None)
    switch = edited.plan("target")

    assert [name for name, _new in steps(switch)] == ["move away"]
    assert switch.switched
    assert switch.switched.original["trigger.cron"].text == "0 7 * * ? *"


def test_a_second_switch_that_died_at_its_end_is_recorded() -> None:
    """The target was the active side before it, and is after it."""
    done = STAGED.after("target")
    assert done.active_side
    switch = done.having(active_side=attrs.evolve(done.active_side, begun=NOW)).plan("target")

    assert (steps(switch), switch.switched) == ([], done.active_side)
    assert switch.reason == "switched already; a crashed run did not record it"


@pytest.mark.parametrize(
    ("minutes", "told"),
    [(10, "fires for the last time at 2026-11-22 00:10 UTC"), (-1, "it has no fires ahead"), (0, "no fires ahead")],
)
def test_a_job_that_fires_for_the_last_time_soon_is_left_to_the_source(minutes: float, told: str) -> None:
    """A switch could come too late for it."""
    status, reason = refusal(once(minutes).plan("target"))

    assert (status, told in reason) == ("left", True)


def test_a_job_that_fires_for_the_last_time_later_is_switched() -> None:
    """Nor does a job that fires often stay, nor one that does not fire at the source any more."""
    assert once(11).plan("target").status == "planned"
    assert attrs.evolve(GIVEN, source=job("Alpha", "0/5 * * * ? *")).plan("target").status == "planned"
    paused = once(5)
    assert paused.having(source=attrs.evolve(paused.source, enabled=False)).plan("target").status == "planned"


def test_a_target_that_its_platform_has_stopped_cannot_take_over() -> None:
    """The source goes on; where it is stopped already, the command to switch back is named."""
    stopped = STAGED.with_target(suspended="too many failures")

    status, reason = refusal(stopped.plan("target"))
    assert (status, reason) == (
        "refused",
        "Devin Schedules has stopped it at the target (too many failures): resume it there first",
    )
    paused = STAGED.after("target", steps=1).with_target(suspended="too many failures")
    assert refusal(paused.plan("target"))[1].endswith(
        "or switch back to the source: migrator cutover it --back --job Alpha"
    )


def test_a_target_that_its_platform_has_stopped_may_stand_for_a_paused_job() -> None:
    """It is to fire nowhere."""
    paused = Switching(source=job("Alpha", enabled=False)).with_target(suspended="too many failures")

    assert paused.plan("target").status == "planned"


FIXED = STAGED.having(fixed={"omni": ("enabled", "trigger.cron")})


def test_a_source_that_nothing_can_stop_is_not_switched() -> None:
    """The target stays staged; only with leave is the source deleted, and then last."""
    status, reason = refusal(FIXED.plan("target"))
    assert (status, "can neither pause a job nor move its schedule" in reason) == ("refused", True)

    switch = FIXED.having(may_delete=True).plan("target")
    assert steps(switch) == [("release", {"enabled": True}), ("delete", {})]
    assert switch.switched == active_side()


def test_a_source_that_can_be_paused_is_not_deleted() -> None:
    """Leave to delete is for those that nothing else stops."""
    assert [name for name, _new in steps(STAGED.having(may_delete=True).plan("target"))] == ["pause", "release"]


def test_what_a_target_holds_already_is_not_written() -> None:
    """Only the fields that hold it back."""
    given = STAGED.having(due={0: {"enabled": True, "name": "Alpha"}})

    assert steps(given.plan("target"))[1] == ("release", {"enabled": True})


def test_the_calendars_are_those_of_jobs_that_may_fire() -> None:
    """Of the source as its owner wants it, and of the target once it is activated."""
    died = STAGED.after("target", steps=1)
    source, target = died.plan("target").calendars

    assert (source.job, source.fields["enabled"], source.dialect) == (died.source.ref, True, "eventbridge")
    assert (target.job, target.fields["enabled"], target.dialect) == (died.targets[0].ref, True, "vixie")


@pytest.mark.parametrize("goal", ["target", "source"])
def test_what_is_done_can_be_planned_again(goal: Goal) -> None:
    """After any switch nothing is left to do, and exactly one side is active."""
    for given in (GIVEN, STAGED, STAGED.after("target"), STAGED.after("target", steps=1)):
        done = given.after(goal)
        assert (firing_side(done.context), done.plan(goal).status) == (goal, "there")
        assert done.source.enabled == (goal == "source")
