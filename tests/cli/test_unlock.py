"""unlock: a lock is freed by hand, after what is known of its owner was told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from migrator.sandbox import World
from migrator.sandbox.devin import ORG
from migrator.store import State, open_state
from migrator.store import tables as t
from tests.cli.bench import Run
from tests.cli.documents import faults

SYNC = "omni-to-devin"
LOCK = f"devin:{ORG}"


@pytest.fixture
def held(here: Path) -> Iterator[State]:
    """A state in which another run holds the lock of Devin."""
    state = open_state(f"sqlite:///{here}/migrator.db", now=lambda: datetime.now(UTC))
    state.lock(LOCK, "other-run")
    yield state
    state.close()


def changed(state: State, **values: object) -> None:
    """The lease says something else."""
    with state.transaction() as connection:
        connection.execute(t.locks.update().values(**values))


@pytest.mark.parametrize("target", [[], [LOCK], [ORG], ["devin"]])
def test_a_lock_is_freed_by_any_of_its_names(
    here: Path, run: Run, world: World, held: State, target: list[str]
) -> None:
    """By itself, its scope or its connection, or by no name where one is held; then the next run writes."""
    assert run("apply", SYNC, "--yes").code == 5
    ended = run("unlock", *target, "--yes", "--json")

    assert (ended.code, faults(ended.document, "unlock")) == (0, [])
    assert [(LOCK, "other-run", "held", True)] == [
        (one["target"], one["run"], one["lease"], one["seen"]) for one in ended.document["freed"]
    ]
    assert run("apply", SYNC, "--yes").code == 0


def test_nothing_is_freed_unasked(run: Run, held: State) -> None:
    """Without a terminal it needs --yes; what is known of the owner is told all the same."""
    ended = run("unlock")

    assert (ended.code, "--yes" in ended.err, "run other-run (process " in ended.err) == (2, True, True)
    assert [LOCK] == list(held.owners())


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "is running on this machine"),
        ({"started": "1"}, "has ended"),
        ({"boot": "another"}, "cannot be seen from here"),
        ({"boot": "another", "beat": "2099-01-01T00:00:00Z", "expires": "2099-01-01T00:01:00Z"}, "was set back"),
        ({"boot": "another", "beat": "2001-01-01T00:00:00Z", "expires": "2001-01-01T00:01:00Z"}, "has expired"),
    ],
)
def test_what_is_known_of_the_owner_is_told(run: Run, held: State, values: dict[str, str], told: str) -> None:
    """Whether its process runs, has ended or cannot be seen, and what the clock says."""
    if values:
        changed(held, **values)

    assert told in " ".join(run("unlock", "--yes").err.split())


def test_one_of_several_locks_is_named(run: Run, held: State) -> None:
    """Without a name nothing is freed, and an unknown one is answered with those that there are."""
    held.lock("omni:elsewhere", "third-run")

    assert (run("unlock", "--yes").code, run("unlock", "nobody", "--yes").code) == (2, 2)
    assert "omni:elsewhere" in run("unlock", "nobody", "--yes").err
    assert {LOCK, "omni:elsewhere"} == set(held.owners())


def test_no_lock_is_no_error(here: Path, run: Run, world: World) -> None:
    """There is nothing to free."""
    ended = run("unlock", "--yes")

    assert (ended.code, ended.out) == (0, "No active lock.\n")
