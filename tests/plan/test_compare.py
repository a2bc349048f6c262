"""Who made a difference: the source, somebody at the target, both, or the platform itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.canonical import Email
from migrator.cron import parse
from migrator.mapping import load_mapping
from migrator.plan.compare import BOTH, SOURCE, TARGET, agreed, differences, identical, mismatches, same

OMNI, DEVIN = load_mapping("omni"), load_mapping("devin")


def _reasons(applied: Any, seen: Any, desired: Any, remote: Any) -> list[str]:
    states = {"applied": applied, "seen": seen, "desired": desired, "remote": remote}
    fields = {name: {"name": value} for name, value in states.items()}
    return [change.reason for change in differences(mapping=OMNI, **fields)]


@pytest.mark.parametrize(
    ("applied", "seen", "desired", "remote", "expected"),
    [
        ("a", "a", "a", "a", []),
        ("a", "a", "b", "a", [SOURCE]),
        ("a", "a", "a", "b", [TARGET]),
        ("a", "a", "b", "c", [BOTH]),
        ("a", "a", "b", "b", []),
        ("a", "derived", "a", "derived", []),
        ("a", "derived", "b", "derived", [SOURCE]),
        ("a", "derived", "a", "edited", [TARGET]),
        ("a", "a", None, "a", [SOURCE]),
        (None, None, "b", None, [SOURCE]),
        (None, None, None, "b", [TARGET]),
    ],
)
def test_three_states_tell_who(applied: Any, seen: Any, desired: Any, remote: Any, expected: list[str]) -> None:
    """Each combination of last applied, last seen, desired and remote names whoever made the difference."""
    assert expected == _reasons(applied, seen, desired, remote)


def test_a_change_carries_all_three_states() -> None:
    """A difference says what was applied, what is wanted, and what is there."""
    (change,) = differences(
        applied={"name": "a"}, seen={"name": "a"}, desired={"name": "b"}, remote={"name": "c"}, mapping=OMNI
    )

    assert ("name", "a", "b", "c") == (change.path, change.old, change.new, change.remote)


def test_what_cannot_be_read_back_is_compared_with_what_was_sent() -> None:
    """Devin never answers with the identity a schedule runs as, so its silence is no edit."""
    fields = {"name": "a", "run_as": "user-1"}

    changed = [
        c.path
        for c in differences(applied=fields, seen={"name": "a"}, desired=fields, remote={"name": "a"}, mapping=DEVIN)
    ]

    assert [] == changed


def test_paths_that_the_target_has_no_place_for_do_not_count() -> None:
    """Jobs that differ only in what the target cannot hold are the same job there."""
    assert [] == _paths(desired={"name": "a", "action.agent": "devin"}, remote={"name": "a"})


def _paths(*, desired: dict[str, Any], remote: dict[str, Any]) -> list[str]:
    return [c.path for c in differences(applied={}, seen={}, desired=desired, remote=remote, mapping=OMNI)]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (parse("0 9 ? * 2 *", "eventbridge"), parse("00 09 ? * MON *", "eventbridge"), True),
        (parse("0 9 ? * 1 *", "eventbridge"), parse("0 9 ? * MON *", "eventbridge"), False),
        (Email(recipients=("A@example.com",)), Email(recipients=("a@EXAMPLE.com",)), True),
        (Email(recipients=("a@example.com",)), Email(recipients=("b@example.com",)), False),
        ("", None, True),
        ((), None, True),
        ("a ", "a", False),
        (False, None, False),
    ],
)
def test_meaning_counts_not_spelling(one: Any, other: Any, expected: bool) -> None:
    """Values are compared by what they mean: schedules as sets, addresses in any case, texts to the byte."""
    assert expected is same(one, other)
    assert expected is same(other, one)


def test_derived_values_are_no_mismatch_after_a_write() -> None:
    """Omni resolves recipients, which its mapping says; any other difference after a write is a mismatch."""
    sent = {"name": "a", "delivery.email": Email(recipients=("group@example.com",))}

    assert () == mismatches(sent, {**sent, "delivery.email": Email(recipients=("x@example.com",))}, OMNI)
    assert ("name",) == mismatches(sent, {**sent, "name": "b"}, OMNI)


def test_identical_needs_every_field() -> None:
    """A look-alike that differs in one field is not identical."""
    job = {"name": "a", "enabled": True, "action.text": "x"}

    assert identical(job, dict(job), DEVIN)
    assert not identical(job, {**job, "enabled": False}, DEVIN)


values = st.sampled_from([None, "a", "b", "c"])


@given(applied=values, seen=values, desired=values, remote=values)
def test_the_laws_of_differences(applied: Any, seen: Any, desired: Any, remote: Any) -> None:
    """What is as it shall be is no difference; a difference blames who changed, and ends when it is dealt with."""
    found = _reasons(applied, seen, desired, remote)

    if desired == remote:
        assert [] == found
    else:
        assert [] != found or (applied, seen) == (desired, remote)
    assert (SOURCE in found or BOTH in found) <= (applied != desired)
    assert (TARGET in found or BOTH in found) <= (seen != remote)
    assert [] == _reasons(desired, desired, desired, desired)
    assert [] == _reasons(desired, remote, desired, remote)


@given(applied=values, seen=values, desired=values, remote=values)
def test_what_both_sides_changed_alike_is_agreed(applied: Any, seen: Any, desired: Any, remote: Any) -> None:
    """A field is agreed on exactly when both sides changed it since, and to the same."""
    states = {"applied": applied, "seen": seen, "desired": desired, "remote": remote}
    found = agreed(mapping=OMNI, **{name: {"name": value} for name, value in states.items()})

    assert (applied != desired == remote != seen) == (found == ("name",))
