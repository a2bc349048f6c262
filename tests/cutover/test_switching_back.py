"""What a switch back takes: both sides of a job as they are in, writes in their order out."""

from __future__ import annotations

import attrs

from migrator.canonical import flatten
from migrator.cron import Recurring, parse
from tests.cutover.builder import GIVEN, STAGED, Switching, active_side, bound_pair, parked_at, refusal, steps
from tests.plan.builder import NOW, job


def test_the_target_is_stopped_before_the_source_is_restored() -> None:
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


def test_a_plain_copy_is_stopped_for_a_source_that_fires() -> None:
    """Both were live, nothing is recorded."""
    switch = GIVEN.plan("source")

    assert (switch.live, steps(switch)) == ("both", [("hold", {"enabled": False})])


def test_what_is_back_already_needs_nothing() -> None:
    """Unless that is not recorded, or a switch is under way."""
    again = STAGED.having(active_side=active_side(live="source"))
    assert refusal(again.plan("source")) == ("there", "the source is the active side already")
    for record in (None, active_side(live="source", begun=NOW), active_side()):
        assert steps(STAGED.having(active_side=record).plan("source")) == []
    assert GIVEN.having(active_side=active_side(live="source")).plan("source").status == "planned"
    begun = active_side(live="source", parked={"enabled": False}, original={"enabled": True})
    assert [name for name, _new in steps(STAGED.having(active_side=begun).plan("source"))] == ["restore"]
    edited = active_side(live="source", parked={"enabled": False, "name": "x"}, original={"enabled": True, "name": "y"})
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


def test_a_target_that_its_platform_has_stopped_is_not_stopped_again() -> None:
    """It fires nothing, and some platforms refuse to pause it."""
    stopped = STAGED.after("target").with_target(suspended="odd")

    assert steps(stopped.plan("source")) == [("restore", {"enabled": True})]


def test_a_target_that_is_parked_already_is_not_parked_again() -> None:
    """Its platform cannot pause; the schedule that it was made with stays."""
    (target,), (binding,) = GIVEN.targets, GIVEN.bindings
    distant, own = parse("0 0 17 10 *", "vixie"), flatten(target)["trigger.cron"]
    parked = GIVEN.with_target(trigger=Recurring(distant, "UTC")).having(
        bindings=(attrs.evolve(binding, applied={**binding.applied, "trigger.cron": distant}),),
        due={0: {"trigger.cron": own}},
        fixed={"devin": ("enabled",)},
        active_side=active_side(),
    )

    assert (parked.plan("source").live, steps(parked.plan("source"))) == ("source", [])
    assert steps(parked.with_target(trigger=Recurring(own, "UTC")).plan("source")) == [
        ("hold", {"trigger.cron": distant})
    ]


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
    assert (one.plan("source").live, [step.job.id for step in one.plan("source").steps]) == (
        "part",
        ["two", given.source.ref.id],
    )


def test_a_target_that_nothing_can_stop_is_not_switched_back() -> None:
    """Both sides would fire; one that is paused by hand is no hindrance."""
    done = STAGED.after("target").having(fixed={"devin": ("enabled", "trigger.cron")})

    status, reason = refusal(done.plan("source"))
    assert (status, "can neither pause a job nor change its schedule" in reason) == ("refused", True)
    assert steps(done.with_target(enabled=False).plan("source")) == [("restore", {"enabled": True})]
