"""What a switch takes: both sides of a job as they are in, writes in their order out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest

from migrator.active_side import back_command, coming_fires, found_live, is_spent
from migrator.canonical import Job, Unportable, flatten
from migrator.cron import Once, Recurring, parse
from migrator.cutover.switches import Goal, Switch
from tests.cutover.builder import Switching, active_side, bound_pair
from tests.plan.builder import NOW, job

GIVEN = Switching()
STAGED = GIVEN.staged()


def steps(switch: Switch) -> list[tuple[str, dict[str, Any]]]:
    """Return what a switch does, in order."""
    assert switch.status == "planned", switch.reason
    return [(turn.does, dict(turn.new)) for turn in switch.turns]


def refusal(switch: Switch) -> tuple[str, str]:
    """Return why there is no switch; it has no writes then."""
    assert switch.turns == ()
    return switch.status, switch.reason


# -- forward -----------------------------------------------------------------------------------------------------------


def test_the_source_stops_before_the_target_fires() -> None:
    """Never both; what is recorded says what the source held."""
    switch = STAGED.plan("target")

    assert steps(switch) == [("pause", {"enabled": False}), ("release", {"enabled": True})]
    assert (switch.live, switch.switched) == (
        "source",
        active_side(parked={"enabled": False}, wish={"enabled": True}),
    )
    assert [turn.binding is not None for turn in switch.turns] == [False, True]
    assert [turn.side for turn in switch.turns] == ["source", "target"]


def test_a_target_that_fires_already_takes_no_write() -> None:
    """Only the source is stopped."""
    switch = GIVEN.plan("target")

    assert (switch.live, steps(switch)) == ("both", [("pause", {"enabled": False})])


def test_a_job_that_cannot_be_paused_is_parked() -> None:
    """Under a contract that cannot change the flag; its schedule and flag are what it gets back."""
    switch = STAGED.having(contracts=("patch", "patch")).plan("target")

    (does, new), release = steps(switch)
    assert (does, set(new), release) == ("move away", {"trigger.cron"}, ("release", {"enabled": True}))
    assert switch.switched
    assert (set(switch.switched.parked), switch.switched.wish["trigger.cron"].text) == (
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
    assert switch.switched == active_side(parked={"enabled": False}, wish={"enabled": True})
    assert switch.reason == ("" if names else "switched already; a crashed run did not record it")


def test_a_switch_that_is_recorded_otherwise_is_recorded_again() -> None:
    """Both sides are as they are to be, and the record says that the source is the active side, or nothing at all."""
    done = STAGED.after("target")
    for record in (active_side(live="source", parked={"enabled": False}, wish={"enabled": True}), None):
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
    record = active_side(parked={"trigger.cron": parked}, wish={"trigger.cron": parse("0 8 * * ? *", "eventbridge")})
    paused = Switching(source=job("Alpha", enabled=False), active_side=record)

    assert refusal(paused.plan("target"))[0] == "there"
    switch = paused.having(active_side=attrs.evolve(record, live="source")).plan("target")
    assert (steps(switch), switch.switched) == ([], active_side())


def parked_at(cron: str) -> Switching:
    """Return a job that a cutover stopped with this schedule, of which its owner wants another one."""
    away, own = parse(cron, "eventbridge"), parse("0 9 ? * MON *", "eventbridge")
    return Switching(
        source=job("Alpha", cron),
        wished=job("Alpha"),
        targets=GIVEN.targets,
        bindings=GIVEN.bindings,
        active_side=active_side(parked={"trigger.cron": away}, wish={"trigger.cron": own}),
        contracts=("patch", "patch"),
    )


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
    assert switch.switched.wish == given.active_side.wish  # type: ignore[union-attr]
    assert switch.switched.parked == new


def test_a_job_that_somebody_resumed_is_stopped_again() -> None:
    """With its schedule as it is now: the record is of the first stop."""
    done = STAGED.after("target")
    again = done.having(source=attrs.evolve(done.source, enabled=True))

    switch = again.plan("target")
    assert (switch.live, steps(switch)) == ("both", [("pause", {"enabled": False})])
    assert switch.switched
    assert switch.switched.wish == {"enabled": True}


def test_a_schedule_that_its_owner_made_of_a_parked_one_is_what_the_source_gets_back() -> None:
    """The recorded one is older."""
    edited = parked_at("0 0 17 10 ? *").having(source=job("Alpha", "0 7 * * ? *"), wished=None)
    switch = edited.plan("target")

    assert [name for name, _new in steps(switch)] == ["move away"]
    assert switch.switched
    assert switch.switched.wish["trigger.cron"].text == "0 7 * * ? *"


def test_a_second_switch_that_died_at_its_end_is_recorded() -> None:
    """The target was the active side before it, and is after it."""
    done = STAGED.after("target")
    switch = done.having(active_side=attrs.evolve(done.active_side, begun=NOW)).plan("target")

    assert (steps(switch), switch.switched) == ([], done.active_side)
    assert switch.reason == "switched already; a crashed run did not record it"


def once(minutes: float, **values: Any) -> Switching:
    """Return a job that fires once, in so many minutes."""
    source = attrs.evolve(job("Alpha"), trigger=Once(NOW + timedelta(minutes=minutes)))
    return attrs.evolve(GIVEN, source=source, **values)


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
    """The source goes on; where it is stopped already, the way back is named."""
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


BOTH = ("enabled", "trigger.cron")
FIXED = STAGED.having(fixed={"omni": BOTH})


def test_a_source_that_nothing_can_stop_is_not_switched() -> None:
    """The target stays staged; only with leave is the source deleted, and then last."""
    status, reason = refusal(FIXED.plan("target"))
    assert (status, "can neither pause a job nor move its schedule" in reason) == ("refused", True)

    switch = FIXED.having(may_delete=True).plan("target")
    assert steps(switch) == [("release", {"enabled": True}), ("delete", {})]
    assert switch.switched == active_side()


def test_a_target_that_nothing_can_stop_is_not_switched_back() -> None:
    """Both sides would fire; one that is paused by hand is no hindrance."""
    done = STAGED.after("target").having(fixed={"devin": BOTH})

    status, reason = refusal(done.plan("source"))
    assert (status, "can neither pause a job nor change its schedule" in reason) == ("refused", True)
    assert steps(done.with_target(enabled=False).plan("source")) == [("restore", {"enabled": True})]


def test_a_source_that_can_be_paused_is_not_deleted() -> None:
    """Leave to delete is for those that nothing else stops."""
    assert [name for name, _new in steps(STAGED.having(may_delete=True).plan("target"))] == ["pause", "release"]


def test_what_a_target_holds_already_is_not_written() -> None:
    """Only the fields that hold it back."""
    given = STAGED.having(due={0: {"enabled": True, "name": "Alpha"}})

    assert steps(given.plan("target"))[1] == ("release", {"enabled": True})


def test_the_calendars_are_those_of_jobs_that_may_fire() -> None:
    """Of the source as its owner wants it, and of the target once it is released."""
    died = STAGED.after("target", steps=1)
    source, target = died.plan("target").calendars

    assert (source.job, source.fields["enabled"], source.dialect) == (died.source.ref, True, "eventbridge")
    assert (target.job, target.fields["enabled"], target.dialect) == (died.targets[0].ref, True, "vixie")


# -- back --------------------------------------------------------------------------------------------------------------


def test_the_target_is_held_before_the_source_is_restored() -> None:
    """Never both."""
    switch = STAGED.after("target").plan("source")

    assert (switch.live, steps(switch)) == ("target", [("hold", {"enabled": False}), ("restore", {"enabled": True})])
    assert switch.switched == active_side(live="source")


def test_a_source_that_holds_what_it_had_is_restored_all_the_same() -> None:
    """A listing may be late to show the stop; but not what its owner made of it since."""
    done = STAGED.after("target")
    late = done.having(source=attrs.evolve(done.source, enabled=True))
    assert [name for name, _new in steps(late.plan("source"))] == ["hold", "restore"]
    parked = parked_at("0 0 17 10 ? *")
    edited = parked.having(source=job("Alpha", "0 7 * * ? *"))
    assert [name for name, _new in steps(edited.plan("source"))] == ["hold"]


def test_a_plain_copy_is_held_for_a_source_that_fires() -> None:
    """Both were live, nothing is recorded."""
    switch = GIVEN.plan("source")

    assert (switch.live, steps(switch)) == ("both", [("hold", {"enabled": False})])


def test_what_is_back_already_needs_nothing() -> None:
    """Unless that is not recorded, or a switch is under way."""
    settled = STAGED.having(active_side=active_side(live="source"))
    assert refusal(settled.plan("source")) == ("there", "the source is the active side already")
    for record in (None, active_side(live="source", begun=NOW), active_side()):
        assert steps(STAGED.having(active_side=record).plan("source")) == []
    assert GIVEN.having(active_side=active_side(live="source")).plan("source").status == "planned"
    begun = active_side(live="source", parked={"enabled": False}, wish={"enabled": True})
    assert [name for name, _new in steps(STAGED.having(active_side=begun).plan("source"))] == ["restore"]
    edited = active_side(live="source", parked={"enabled": False, "name": "x"}, wish={"enabled": True, "name": "y"})
    assert steps(STAGED.having(active_side=edited).plan("source")) == []


def test_a_source_that_its_platform_has_stopped_does_not_take_over() -> None:
    """The target goes on; where it fires nothing, the record may be put right."""
    done = STAGED.after("target")
    stopped = done.having(source=attrs.evolve(done.source, suspended="odd"))

    assert refusal(stopped.plan("source")) == (
        "refused",
        "Omni AI Routines has stopped it at the source (odd): resume it there first",
    )
    assert steps(stopped.with_target(enabled=False).plan("source")) == [("restore", {"enabled": True})]


def test_a_target_that_its_platform_has_stopped_is_not_held() -> None:
    """It fires nothing, and some platforms refuse to pause it."""
    stopped = STAGED.after("target").with_target(suspended="odd")

    assert steps(stopped.plan("source")) == [("restore", {"enabled": True})]


def test_a_target_that_is_parked_already_is_not_parked_again() -> None:
    """Its platform cannot pause; the schedule that it was made with stays."""
    (target,), (binding,) = GIVEN.targets, GIVEN.bindings
    away, own = parse("0 0 17 10 *", "vixie"), flatten(target)["trigger.cron"]
    parked = GIVEN.with_target(trigger=Recurring(away, "UTC")).having(
        bindings=(attrs.evolve(binding, applied={**binding.applied, "trigger.cron": away}),),
        due={0: {"trigger.cron": own}},
        fixed={"devin": ("enabled",)},
        active_side=active_side(),
    )

    assert (parked.plan("source").live, steps(parked.plan("source"))) == ("source", [])
    assert steps(parked.with_target(trigger=Recurring(own, "UTC")).plan("source")) == [("hold", {"trigger.cron": away})]


def test_each_part_is_switched() -> None:
    """A source job that two target jobs stand for, of which one is held already."""
    pair = bound_pair(job("Alpha", "0 9 1,L * ? *"))
    two = (pair.target[0], attrs.evolve(pair.target[0], ref=attrs.evolve(pair.target[0].ref, id="two")))
    bindings = tuple(attrs.evolve(pair.bindings[0], target=one.ref, piece=n) for n, one in enumerate(two, 1))
    given = Switching(source=job("Alpha"), targets=two, bindings=bindings).staged()

    assert [name for name, _new in steps(given.plan("target"))] == ["pause", "release", "release"]
    done = given.after("target")
    assert [name for name, _new in steps(done.plan("source"))] == ["hold", "hold", "restore"]
    one = done.having(targets=(attrs.evolve(done.targets[0], enabled=False), done.targets[1]))
    assert (one.plan("source").live, [turn.job.id for turn in one.plan("source").turns]) == (
        "part",
        ["two", given.source.ref.id],
    )


# -- which side is active ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "target", "found"),
    [
        ({}, {}, "both"),
        ({}, {"enabled": False}, "source"),
        ({}, {"suspended": "odd"}, "source"),
        ({"enabled": False}, {}, "target"),
        ({"suspended": "odd"}, {}, "target"),
        ({"enabled": False}, {"enabled": False}, "paused"),
        ({"suspended": "odd"}, {"enabled": False}, "neither"),
    ],
)
def test_the_active_side_is_the_one_that_fires(source: dict[str, Any], target: dict[str, Any], found: str) -> None:
    """By its flag, and by what its platform says."""
    given = GIVEN.having(source=attrs.evolve(GIVEN.source, **source)).with_target(**target)

    wished = given.having(wished=attrs.evolve(given.source, enabled=source.get("enabled", True), suspended=None))
    assert found_live((wished if found == "neither" else given).context) == found


def test_a_target_job_that_is_held_back_is_not_live() -> None:
    """It has the flag, and a parked schedule."""
    due = {0: {"trigger.cron": parse("0 1 * * *", "vixie")}}

    assert found_live(GIVEN.having(due=due).context) == "source"


def test_a_job_without_a_fire_to_come_is_over() -> None:
    """At the source and at the target alike; a target that fires has taken over."""
    past = once(-5)
    assert found_live(past.context) == "target"
    spent = past.with_target(trigger=Once(NOW - timedelta(minutes=5)))
    assert found_live(spent.context) == "over"
    assert found_live(spent.having(targets=(), bindings=()).context) == "over"


def test_a_job_without_target_jobs_is_not_active_there() -> None:
    """None of none is not all."""
    none = GIVEN.having(targets=(), bindings=(), source=attrs.evolve(GIVEN.source, enabled=False))

    assert found_live(none.context) == "paused"
    assert found_live(none.having(wished=GIVEN.source).context) == "neither"


def at(minutes: float) -> Job:
    """Return a job that fires once."""
    return attrs.evolve(job("Alpha"), trigger=Once(NOW + timedelta(minutes=minutes)))


def test_what_is_spent() -> None:
    """An instant that has passed; a trigger that cannot be read is none."""
    assert [is_spent(at(minutes), "vixie", NOW) for minutes in (-1, 0, 1)] == [True, True, False]
    odd = attrs.evolve(job("Alpha"), trigger=Unportable(kind="odd", reason="odd"))
    assert (is_spent(odd, "vixie", NOW), coming_fires(odd, "vixie", NOW)) == (False, [])
    never = attrs.evolve(job("Alpha"), trigger=Recurring(parse("0 0 1 1 ? 2020", "eventbridge"), "UTC"))
    assert is_spent(never, "eventbridge", NOW)
    assert coming_fires(at(1), "vixie", NOW) == [NOW + timedelta(minutes=1)]
    assert len(coming_fires(job("Alpha"), "eventbridge", NOW)) == 2
    assert coming_fires(job("Alpha"), "", NOW) == coming_fires(job("Alpha"), "eventbridge", NOW)


def test_the_way_back_of_one_job_is_one_command() -> None:
    """Its name may hold anything."""
    assert back_command("it", job("Daily report")) == "migrator cutover it --back --job 'Daily report'"


@pytest.mark.parametrize("goal", ["target", "source"])
def test_what_is_done_can_be_planned_again(goal: Goal) -> None:
    """After any switch nothing is left to do, and exactly one side is active."""
    for given in (GIVEN, STAGED, STAGED.after("target"), STAGED.after("target", steps=1)):
        done = given.after(goal)
        assert (found_live(done.context), done.plan(goal).status) == (goal, "there")
        assert done.source.enabled == (goal == "source")
