"""What a plan asks a person to decide."""

from __future__ import annotations

from migrator.canonical import JobRef
from migrator.convert.fields import Need
from migrator.plan.changes import Change
from migrator.plan.policy import policies_of


def blocked(number: int, *needs: Need) -> Change:
    """A change that waits for a decision."""
    return Change(action="blocked", source=JobRef(provider="omni", scope="s", id=str(number)), name="", needs=needs)


def need(line: str, what: str = "it") -> Need:
    """What is needed."""
    return Need(what=what, how="", table="[syncs.nightly]", line=line)


def test_a_list_is_one_decision_with_all_that_is_needed() -> None:
    """A key stands once in a table, so its values come together; each job counts once."""
    one, other = need('allow_loss = ["a", "b"]', "b goes"), need('allow_loss = ["a", "c"]', "c goes")
    (found,) = policies_of([blocked(1, one, other), blocked(2, one)])

    assert (found.line, found.what, found.jobs) == ('allow_loss = ["a", "b", "c"]', "b goes; c goes", 2)


def test_what_most_jobs_wait_for_comes_first() -> None:
    """One decision for each thing to say, by how many jobs it lets go."""
    found = policies_of([blocked(1, need("x = 1")), blocked(2, need("y = 1")), blocked(3, need("y = 1"))])

    assert [(one.line, one.jobs) for one in found] == [("y = 1", 2), ("x = 1", 1)]
    assert policies_of([Change(action="none", source=None, name="")]) == ()
