"""Which side of a job is active, by what both of them hold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest

from migrator.active_side import coming_fires, firing_side, is_spent, switch_back_command
from migrator.canonical import Job, Unportable
from migrator.cron import Once, Recurring, parse
from tests.cutover.builder import GIVEN, once
from tests.plan.builder import NOW, job


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
    assert firing_side((wished if found == "neither" else given).context) == found


def test_a_staged_target_job_is_not_active() -> None:
    """It has the flag, and a parked schedule."""
    due = {0: {"trigger.cron": parse("0 1 * * *", "vixie")}}

    assert firing_side(GIVEN.having(due=due).context) == "source"


def test_a_job_without_a_fire_ahead_has_expired() -> None:
    """At the source and at the target alike; a target that fires has taken over."""
    past = once(-5)
    assert firing_side(past.context) == "target"
    spent = past.with_target(trigger=Once(NOW - timedelta(minutes=5)))
    assert firing_side(spent.context) == "over"
    assert firing_side(spent.having(targets=(), bindings=()).context) == "over"


def test_a_job_without_target_jobs_is_not_active_there() -> None:
    """None of none is not all."""
    none = GIVEN.having(targets=(), bindings=(), source=attrs.evolve(GIVEN.source, enabled=False))

    assert firing_side(none.context) == "paused"
    assert firing_side(none.having(wished=GIVEN.source).context) == "neither"


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


def test_switching_one_job_back_is_one_command() -> None:
    """Its name may hold anything."""
    assert switch_back_command("it", job("Daily report")) == "migrator cutover it --back --job 'Daily report'"
