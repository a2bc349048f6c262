"""Plans of one job with two parts, and what of them fires."""

from __future__ import annotations

import attrs

from migrator.plan.changes import Change, Plan
from tests.execute.bench import Bench
from tests.plan.builder import Given, job, ref

WEEKLY, DAILY = "0 9 * * 1", "0 10 * * *"
TWO = Given(source=(job("One"), job("Two", "0 10 ? * * *")))
MADE = TWO.carried_out()
"""Two target jobs, which are the two parts of one job in every plan here."""
BOUND = attrs.evolve(
    MADE,
    bindings=tuple(attrs.evolve(one, source=ref("One"), piece=n, pieces=2) for n, one in enumerate(MADE.bindings, 1)),
)


def parts(given: Given, *changes: Change) -> Plan:
    """Return a plan in which these are the parts of one job."""
    parted = (attrs.evolve(one, source=ref("One"), piece=n, pieces=2) for n, one in enumerate(changes, 1))
    return attrs.evolve(given.plan(), changes=tuple(parted))


def updates() -> Plan:
    """Return a plan that renames both parts."""
    return parts(BOUND, *MADE.with_source(lambda one: attrs.evolve(one, name=f"{one.name}, renamed")).plan().changes)


def replaced() -> Plan:
    """Return a plan that recreates both parts."""
    return parts(BOUND, *(attrs.evolve(one, action="replace") for one in updates().changes))


def schedules(made: Bench) -> list[str]:
    """Return the schedules that fire soon, with the names of their jobs."""
    found = [
        (one.name, raw["frequency"])
        for one, raw in zip(made.target.jobs(), made.target.raws.values(), strict=True)
        if one.live
    ]
    return [f"{name} {frequency}" for name, frequency in found if frequency in {WEEKLY, DAILY}]


def creates() -> Plan:
    """Return a plan that makes both parts."""
    return parts(TWO, *TWO.plan().changes)


def kept_and_deleted() -> Plan:
    """Return a plan that renames the first part and deletes the second."""
    first, second = updates().changes
    return parts(BOUND, first, attrs.evolve(second, action="delete", fields=()))
