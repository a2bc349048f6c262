"""How a plan is applied: what of it is sent, in which order, and what ends it."""

from __future__ import annotations

import attrs
import pytest

from migrator.errors import (
    AuthError,
    ClockError,
    MigratorError,
    QuotaError,
    RejectedError,
    StateError,
)
from migrator.execute.executor import _was_first
from migrator.plan.changes import Change, FieldChange, Plan
from tests.execute.bench import LOCK, MADE, RENAMED, deletes, jobs
from tests.execute.conftest import MakeBench
from tests.execute.memory import Fault
from tests.plan.builder import Given, job

NO = RejectedError("no")
EXPIRED = AuthError("expired", status=401, where="POST devin /x")
FORBIDDEN = AuthError("not yours", status=403, where="PATCH devin /x")
FULL = QuotaError("too many", where="POST devin /x")


def mixed(*, action: str = "create") -> tuple[Given, Plan]:
    """Return a plan that makes or changes a job and deletes one that has left the source."""
    plan = attrs.evolve(MADE, source=(*MADE.source[:2], job("New"))).plan() if action == "create" else RENAMED.plan()
    wanted = [one for one in plan.changes if one.action == action][:1]
    return MADE, attrs.evolve(plan, changes=(*deletes(MADE, "Job 2"), *wanted))


# -- the whole plan ---------------------------------------------------------------------------------------------------


async def test_deletions_come_last(bench: MakeBench) -> None:
    """Whatever the order of the plan."""
    given, plan = mixed()
    made = bench(given)

    assert await made.applied(plan) == [("delete", "done", ""), ("create", "done", "")]
    assert made.target.did == ["create", "delete"]
    assert len(made.bindings()) == 3


async def test_nothing_is_deleted_when_a_job_could_not_be_made(bench: MakeBench) -> None:
    """What was deleted may be what the new one was to replace."""
    given, plan = mixed()
    made = bench(given)
    made.target.at[1] = Fault(NO)

    deleted, created = await made.applied(plan)
    assert deleted == ("delete", "skipped", "not deleted, because a job could not be created")
    assert created[:2] == ("create", "failed")
    assert (made.target.did, len(made.target.raws)) == (["create"], 3)


async def test_an_edit_that_failed_keeps_no_job_that_is_to_go(bench: MakeBench) -> None:
    """Only what could not be made does."""
    given, plan = mixed(action="update")
    made = bench(given)
    made.target.at[1] = Fault(NO)

    assert [one[1] for one in await made.applied(plan)] == ["done", "failed"]
    assert made.target.did == ["update", "delete"]


async def test_an_interrupted_run_begins_nothing(bench: MakeBench) -> None:
    """Each change says so."""
    made = bench(RENAMED)
    made.stop.set()

    assert await made.applied() == [("update", "skipped", "interrupted before it was started")] * 3
    assert (made.target.log, made.told) == ([], [])


async def test_an_interrupt_lets_what_was_begun_end(bench: MakeBench) -> None:
    """What comes after that is not begun."""
    made = bench(RENAMED)
    made.target.at[1] = Fault(then=made.stop.set)

    assert "skipped" in {one[1] for one in await made.applied()}
    assert len(made.target.log) < 3


@pytest.mark.parametrize(
    ("error", "statuses", "told"),
    [
        (NO, ["failed"] * 5, "no"),
        (EXPIRED, ["failed", *["skipped"] * 4], "the target refused our token or its permissions on another job"),
        (ClockError("the clocks differ"), ["failed", *["skipped"] * 4], "the clocks differ"),
        (FORBIDDEN, ["failed"] * 3 + ["skipped"] * 2, "the target refused our token or its permissions on another job"),
    ],
)
async def test_what_concerns_every_job_ends_the_run(
    bench: MakeBench, error: MigratorError, statuses: list[str], told: str
) -> None:
    """And what concerns one does not; a refused permission only when it is the third in a row."""
    given = jobs(5).carried_out().with_source(lambda one: attrs.evolve(one, name=f"{one.name}, renamed"))
    made = bench(given)
    made.target.at[0] = Fault(error)

    found = await made.applied()
    assert sorted(one[1] for one in found) == statuses
    assert told in {reason.partition(": ")[2] or reason for _action, _status, reason in found} | {found[-1][2]}


async def test_permissions_that_are_refused_now_and_then_do_not_end_a_run(bench: MakeBench) -> None:
    """A success in between: the token is good."""
    given = jobs(6).carried_out().with_source(lambda one: attrs.evolve(one, name=f"{one.name}, renamed"))
    made = bench(given)
    made.target.at = {number: Fault(FORBIDDEN) for number in (1, 2, 4, 5)}

    assert sorted(one[1] for one in await made.applied()) == ["done"] * 2 + ["failed"] * 4


async def test_a_full_place_takes_no_more_jobs_and_every_change(bench: MakeBench) -> None:
    """Creates are not tried any more; an update needs no room."""
    renamed = attrs.evolve(RENAMED, source=(job("New 1"), job("New 2"), job("New 3"), *RENAMED.source))
    made = bench(renamed)
    plan = renamed.plan()
    plan = attrs.evolve(plan, changes=tuple(sorted(plan.changes, key=lambda one: one.action != "create")))
    made.target.at = {1: Fault(FULL), 2: Fault(FULL)}  # the second is under way by then

    found = await made.applied(plan)
    assert [one[:2] for one in found] == [("create", "failed"), *[("create", "skipped")] * 2, *[("update", "done")] * 3]
    assert {one[2] for one in found[1:3]} == {"the target has no room for more jobs, as it said of New 1"}
    assert made.target.did == ["create"] * 2 + ["update"] * 3


@pytest.mark.parametrize("write", [1, 2])
async def test_a_run_that_has_lost_its_lock_sends_nothing_more(bench: MakeBench, write: int) -> None:
    """Another run may write now."""
    given = jobs(6).carried_out().with_source(lambda one: attrs.evolve(one, name=f"{one.name}, renamed"))
    made = bench(given)

    def lose() -> None:
        made.state.unlock(LOCK, made.state.owners()[LOCK])

    made.target.at[write] = Fault(then=lose)

    with pytest.raises(StateError, match="lost its lock"):
        await made.applied()
    assert len(made.target.log) <= write + 1  # one was under way


async def test_jobs_without_a_source_job_are_deleted_one_by_one(bench: MakeBench) -> None:
    """They are no parts of one job: one that is refused keeps no other."""
    made = bench(MADE)
    orphans = (attrs.evolve(one, source=None) for one in deletes(MADE, "Job 0", "Job 1"))
    made.target.at[1] = Fault(NO)

    found = await made.applied(attrs.evolve(MADE.plan(), changes=tuple(orphans)))
    assert [one[1] for one in found] == ["failed", "done"]
    assert made.target.did == ["delete", "delete"]


POST, PATCH = AuthError("expired", where="POST devin /x"), AuthError("expired", where="PATCH devin /x")
RENAME = RENAMED.plan().pending[0]
PAUSE = attrs.evolve(RENAME, fields=(FieldChange(path="enabled", old=True, new=False, reason="it was paused"),))


@pytest.mark.parametrize(
    ("change", "error", "is_first"),
    [
        (attrs.evolve(RENAME, action="create"), POST, True),
        (attrs.evolve(RENAME, action="create"), PATCH, False),
        (RENAME, PATCH, True),
        (PAUSE, PATCH, True),
        (attrs.evolve(RENAME, fields=RENAME.fields * 2), PATCH, True),
        (attrs.evolve(RENAME, fields=(*RENAME.fields, *PAUSE.fields)), PATCH, False),
        (attrs.evolve(RENAME, pieces=2), PATCH, False),
        (attrs.evolve(RENAME, action="replace"), PATCH, False),
        (attrs.evolve(RENAME, action="adopt"), PATCH, False),
    ],
)
def test_only_a_change_of_which_nothing_was_sent_counts_as_not_begun(
    change: Change, error: AuthError, *, is_first: bool
) -> None:
    """Where an earlier request may have gone through, the job may be half changed: that is a failure."""
    assert _was_first(change, error) == is_first
