"""Schedules that stop being exact before the next sync, and why that did not renew them: a state and a run's end in."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from migrator.errors import AuthError
from migrator.execute.outcomes import Applied, Outcome
from migrator.plan.changes import Change, Plan
from migrator.store import State, open_state
from migrator.store.records import Binding
from migrator.sync.expiry import expiries_of
from tests.plan.builder import NOW, Given, job

HOUR = timedelta(hours=1)
TWO = Given(source=(job("Alpha"), job("Beta"))).carried_out()
ALPHA, BETA = TWO.bindings
SHORT = "its window ends before the next night"


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A state in which the schedules of both jobs stop being exact in a few hours."""
    made = open_state(f"sqlite:///{tmp_path}/it.db", now=lambda: NOW)
    made.put_binding(*(attrs.evolve(one, until=NOW + 5 * HOUR) for one in TWO.bindings), dialect="vixie")
    return made


def plan(alpha: dict[str, Any] | None = None, **values: Any) -> Plan:
    """Return the plan of both jobs, with other values in the change of the first."""
    made = TWO.plan()
    changes = tuple(attrs.evolve(one, **(alpha or {})) if one.source == ALPHA.source else one for one in made.changes)
    return attrs.evolve(made, changes=changes, **values)


def outcome(of: Binding, status: Any, error: str = "") -> Outcome:
    """Return how a change ended."""
    return Outcome(action="update", source=of.source, target=of.target, name="", status=status, error=error)


def reasons(state: State, plan: Plan | None = None, *outcomes: Outcome, error: Exception | None = None) -> list[str]:
    """Return why each job will not stay exact, by name."""
    found = list(expiries_of("it", state, now=NOW, plan=plan, applied=Applied(outcomes=outcomes), error=error))
    assert {(one.source, one.target, one.until) for one in found} <= {
        (one.source, one.target, NOW + 5 * HOUR) for one in TWO.bindings
    }
    return [f"{one.name}: {one.reason}" for one in sorted(found, key=lambda one: one.name)]


@pytest.mark.parametrize(
    ("until", "is_told"),
    [(NOW, True), (NOW - HOUR, True), (NOW + 29 * HOUR, True), (NOW + 30 * HOUR, False), (NOW + 31 * HOUR, False)],
)
def test_what_lasts_until_the_next_sync_is_kept(state: State, until: datetime, *, is_told: bool) -> None:
    """It may come late: thirty hours."""
    for one in TWO.bindings:
        state.put_binding(attrs.evolve(one, until=until), dialect="vixie")
    found = list(expiries_of("it", state, now=NOW, plan=None, applied=Applied(), error=None))
    assert [one.until for one in found] == ([until, until] if is_told else [])
    assert list(expiries_of("other", state, now=NOW, plan=None, applied=Applied(), error=None)) == []


def test_without_another_reason_the_window_is_too_short(state: State) -> None:
    """Whether there was anything to do or not."""
    assert reasons(state, plan()) == reasons(state) == [f"Alpha: {SHORT}", f"Beta: {SHORT}"]


def test_the_error_of_the_run_is_the_reason_for_all(state: State) -> None:
    """Whatever else is known."""
    refused = plan(refusal="too many changes")
    told = reasons(state, refused, outcome(ALPHA, "failed", "no"), error=AuthError("expired"))
    assert told == ["Alpha: expired", "Beta: expired"]


@pytest.mark.parametrize(("status", "told"), [("failed", "no"), ("skipped", "no"), ("done", SHORT)])
def test_the_failure_of_a_change_is_the_reason_for_its_job(state: State, status: Any, told: str) -> None:
    """Not for the other one; and not an outcome that says nothing."""
    assert reasons(state, plan(), outcome(ALPHA, status, "no")) == [f"Alpha: {told}", f"Beta: {SHORT}"]
    assert reasons(state, plan(), outcome(ALPHA, status)) == [f"Alpha: {SHORT}", f"Beta: {SHORT}"]


def test_of_several_parts_the_one_that_failed_itself_is_the_reason(state: State) -> None:
    """Not one that was left alone, or put back, because of it."""
    first = attrs.evolve(outcome(ALPHA, "failed", "rolled back"), follows=True)
    assert reasons(state, plan(), first, outcome(ALPHA, "failed", "no"))[0] == "Alpha: no"
    assert reasons(state, plan(), first)[0] == "Alpha: rolled back"


def test_a_plan_that_was_refused_as_a_whole_is_the_reason_for_all(state: State) -> None:
    """A failure of a job matters more."""
    refused = plan({"action": "blocked", "reason": "it is held"}, refusal="too many changes")
    assert reasons(state, refused) == ["Alpha: too many changes", "Beta: too many changes"]
    assert reasons(state, refused, outcome(BETA, "failed", "no")) == ["Alpha: too many changes", "Beta: no"]


def test_a_change_that_is_blocked_is_the_reason_for_its_job(state: State) -> None:
    """The reason is that of the plan."""
    blocked = plan({"action": "blocked", "reason": "it is held"})
    assert reasons(state, blocked) == ["Alpha: it is held", f"Beta: {SHORT}"]


@pytest.mark.parametrize(
    ("change", "is_told"),
    [({"action": "none", "schedule": None}, False), ({"action": "update", "schedule": None}, True)],
)
def test_a_target_that_is_left_alone_is_not_promised(state: State, change: dict[str, Any], *, is_told: bool) -> None:
    """Gone from the source, or no longer selected: nothing is renewed, by its owner's wish."""
    first: Change = next(one for one in TWO.plan().changes if one.source == ALPHA.source)
    assert (first.action, first.schedule is not None) == ("none", True)

    told = reasons(state, plan(change))
    assert told == ([f"Alpha: {SHORT}"] if is_told else []) + [f"Beta: {SHORT}"]
