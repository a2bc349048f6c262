"""What a listing shows late: jobs that were just written, and those that a create made which seemed to have failed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from migrator.canonical import Job
from migrator.errors import RecordError
from migrator.extract import Extracted, Problem
from migrator.mapping.ownership import ownership_tag_for
from migrator.store import open_state
from migrator.store.records import Binding, Write
from tests.plan.builder import NOW, ref
from tests.recovery.unresolved import SOURCE, TAG, ReconcilerBench, bound, create, found, listing, older


@pytest.fixture
def bench(tmp_path: Path) -> ReconcilerBench:
    """A state without a write."""
    made = ReconcilerBench(open_state(f"sqlite:///{tmp_path}/it.db", now=lambda: made.now))
    return made


def ended(
    bench: ReconcilerBench, write: Write, state: Any = "done", ago: float = 0, binding: Binding | None = None
) -> None:
    """Note a write that ended so many minutes ago."""
    bench.record(attrs.evolve(write, state=state, ended_at=None), bindings=[binding] if binding else [])
    bench.now -= timedelta(minutes=ago)
    bench.state.settle(write, state)
    bench.now += timedelta(minutes=ago)


CREATED = create(target_id="made")
EDITED = found(name="Edited")
DELETED = create(action="delete", target_id="made")
UNREAD = Problem(ref=found().ref, name="Alpha", error=RecordError("odd", job="made", path="name"))


@pytest.mark.parametrize(
    ("write", "is_bound", "shown", "looks"),
    [
        (CREATED, True, listing(), 3),
        (CREATED, True, listing(EDITED), 3),
        (CREATED, True, listing(found()), 0),
        (CREATED, True, listing(problems=(UNREAD,)), 0),
        (CREATED, False, listing(), 0),
        (CREATED, False, listing(found()), 0),
        (DELETED, False, listing(found()), 3),
        (DELETED, False, listing(), 0),
        (attrs.evolve(CREATED, target_id=None), True, listing(), 0),
    ],
)
async def test_what_was_just_written_and_does_not_show_is_waited_for(
    bench: ReconcilerBench, write: Write, *, is_bound: bool, shown: Extracted, looks: int
) -> None:
    """A listing that is late is no removal and no edit; after the last look it is taken as it is."""
    ended(bench, write, binding=bound(found()) if is_bound else None)
    bench.later = [shown]

    assert await bench.reconciler.caught_up(shown) == shown
    assert bench.slept == [0.5, 1.0, 2.0][:looks]


@pytest.mark.parametrize(("state", "ago", "values"), [("failed", 0, {}), ("done", 2, {}), ("done", 0, {"piece": 0})])
async def test_what_failed_or_was_long_ago_is_not_waited_for(
    bench: ReconcilerBench, state: str, ago: float, values: dict[str, Any]
) -> None:
    """Nor what was written to the source."""
    ended(bench, attrs.evolve(CREATED, **values), state, ago, bound(found()))

    await bench.reconciler.caught_up(listing())
    assert bench.slept == []


async def test_a_listing_that_catches_up_is_the_one_that_counts(bench: ReconcilerBench) -> None:
    """No further look."""
    ended(bench, CREATED, binding=bound(found()))
    bench.later = [listing(found()), listing()]

    assert await bench.reconciler.caught_up(listing()) == listing(found())
    assert bench.slept == [0.5]


# -- what a failed create made after all -------------------------------------------------------------------------------

LATE = found(ownership_tag=TAG)


def test_what_a_failed_create_made_is_bound(bench: ReconcilerBench) -> None:
    """By its tag alone, whatever its content is by now."""
    ended(bench, create(), "failed")

    assert bench.reconciler.reclaim(listing(attrs.evolve(LATE, name="Edited")))
    (binding,) = bench.bindings()
    assert (binding.target.id, binding.superseded, binding.tagged) == ("made", False, True)
    assert not bench.reconciler.reclaim(listing(LATE))


@pytest.mark.parametrize(
    ("write", "state", "ago", "jobs"),
    [
        (create(), "done", 0, [LATE]),
        (create(action="update", target_id="made"), "failed", 0, [LATE]),
        (create(), "failed", 8 * 24 * 60, [LATE]),
        (create(), "failed", 0, [found()]),
        (create(), "failed", 0, [found(created_at=older(6), ownership_tag=TAG)]),
        (create(), "failed", 0, [found(ownership_tag=ownership_tag_for(ref("Other")))]),
        (create(), "failed", 0, [found(ownership_tag=ownership_tag_for(SOURCE, 2, 2))]),
        (create(), "failed", 0, [LATE, found("two", LATE)]),
    ],
)
def test_what_no_failed_create_made_is_not_reclaimed(
    bench: ReconcilerBench, write: Write, state: str, ago: float, jobs: list[Job]
) -> None:
    """A copy that a person made carries the tag as well; a claim would let the next run delete it."""
    ended(bench, write, state, ago)

    assert not bench.reconciler.reclaim(listing(*jobs))
    assert bench.bindings() == []


def test_a_bound_job_is_not_reclaimed(bench: ReconcilerBench) -> None:
    """It stays with its source job; a second create cannot claim the same job either."""
    ended(bench, create(), "failed", binding=bound(LATE, source=ref("Other")))
    assert not bench.reconciler.reclaim(listing(LATE))
    assert [one.source for one in bench.bindings()] == [ref("Other")]


def test_one_job_is_reclaimed_by_one_create(bench: ReconcilerBench) -> None:
    """Two creates for the same source job failed, and one of them made a job."""
    bench.record(create(), create(seq=2))
    for number in (1, 2):
        bench.state.settle(create(seq=number), "failed")

    assert bench.reconciler.reclaim(listing(LATE))
    assert [one.state for one in bench.state.writes("r1")] == ["done", "failed"]
    assert [one.superseded for one in bench.bindings()] == [False]


@pytest.mark.parametrize(("piece", "is_spare"), [(1, True), (2, False)])
def test_where_another_job_stands_already_it_is_one_too_many(
    bench: ReconcilerBench, piece: int, *, is_spare: bool
) -> None:
    """It waits to be deleted; another part of the source job does not stand in its place."""
    ended(bench, create(), "failed", binding=bound(found("stands"), piece=piece))

    assert bench.reconciler.reclaim(listing(found("stands"), LATE))
    assert {one.target.id: one.superseded for one in bench.bindings()} == {"stands": False, "made": is_spare}


def test_of_two_late_jobs_of_two_creates_one_stands(bench: ReconcilerBench) -> None:
    """The first create binds the older job; the second one's, which is younger, is one too many."""
    bench.record(create(), create(seq=2, at=NOW + timedelta(hours=1)))
    for number in (1, 2):
        bench.state.settle(create(seq=number, at=NOW + timedelta(hours=number - 1)), "failed")
    first, second = LATE, found("second", LATE, created_at=NOW + timedelta(hours=1))

    assert bench.reconciler.reclaim(listing(first))
    assert bench.reconciler.reclaim(listing(first, second))
    assert {one.target.id: one.superseded for one in bench.bindings()} == {"made": False, "second": True}


def test_of_two_late_jobs_that_show_at_once_one_stands(bench: ReconcilerBench) -> None:
    """The create that ended first gets its job, and the other one's is one too many."""
    bench.record(create(), create(seq=2, at=NOW + timedelta(hours=1)))
    for number in (2, 1):
        bench.now += timedelta(seconds=1)
        bench.state.settle(create(seq=number), "failed")
    second = found("second", LATE, created_at=NOW + timedelta(hours=1))

    assert bench.reconciler.reclaim(listing(LATE, second))
    assert {one.target.id: one.superseded for one in bench.bindings()} == {"second": False, "made": True}
