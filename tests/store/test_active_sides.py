"""Active sides and the ledger of missed fires, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from migrator.cron import parse
from migrator.store import State
from tests.store.conftest import START
from tests.store.records import HOME, SOURCE, active_side, missed

OpenOne = Callable[[], State]

FAR = {"trigger.cron": parse("0 0 ? 11 MON *", "eventbridge")}


def test_a_right_outlives_the_process(open_one: OpenOne) -> None:
    """The latest word about a job counts, schedules and empty fields included, and can be taken back."""
    switched = active_side(live="target", parked={**FAR, "enabled": False}, original={"enabled": True})
    state = open_one()
    state.put_active_side(active_side(), dialect="eventbridge")
    state.put_active_side(switched, dialect="eventbridge")

    assert (switched,) == open_one().active_sides(*HOME, "eventbridge")
    assert () == open_one().active_sides("omni", ("other.example/api",), "eventbridge")

    state.drop_active_sides([switched.source], switched.target)
    assert () == open_one().active_sides(*HOME, "eventbridge")


def test_each_target_has_a_right_of_its_own(state: State) -> None:
    """One source job that goes to two places has two rights."""
    other = active_side(target=("scrip", "program-1"), sync="other")
    state.put_active_side(active_side(), other, dialect="eventbridge")
    assert (frozenset({SOURCE}), frozenset()) == tuple(
        map(state.active_sides_towards, (other.target, ("devin", "else")))
    )
    state.drop_active_sides([other.source], other.target)

    assert (active_side(),) == state.active_sides(*HOME, "eventbridge")


def test_an_instant_is_entered_once(state: State) -> None:
    """The ledger keeps its first word about an instant, and tells one sync's from another's."""
    later = missed(at=START + timedelta(minutes=1), sync="other", kind="unclear")
    state.put_missed([later, missed()])
    state.put_missed([missed(kind="both", cause="told again", run="two")])

    assert (missed(), later) == state.missed()
    assert (later,) == state.missed("other")
