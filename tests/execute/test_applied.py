"""How a plan is applied: a platform in memory, a state on disk, and any write refused, lost or kept otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from migrator.errors import (
    AuthError,
    ClockError,
    MigratorError,
    QuotaError,
    RejectedError,
    StateError,
    UncertainError,
)
from migrator.plan.changes import Change, Plan
from migrator.providers.base import ContractError
from migrator.store import open_state
from tests.execute.bench import LOCK, Bench, live
from tests.execute.memory import Fault
from tests.plan.builder import Given, job

NO = RejectedError("no")
LOST = UncertainError("no answer")
EXPIRED = AuthError("expired", status=401, where="POST devin /x")
FORBIDDEN = AuthError("not yours", status=403, where="PATCH devin /x")
FULL = QuotaError("too many", where="POST devin /x")

MakeBench = Callable[..., Bench]


@pytest.fixture
def bench(tmp_path: Path) -> MakeBench:
    """Makes a bench."""

    def make(given: Given, **values: Any) -> Bench:
        made: Bench = Bench(open_state(f"sqlite:///{tmp_path}/it.db", now=lambda: made.now), given, **values)
        return made

    return make


def jobs(number: int) -> Given:
    """Return so many source jobs."""
    return Given(source=tuple(job(f"Job {one}") for one in range(number)))


MADE = jobs(3).carried_out()
RENAMED = MADE.with_source(lambda one: attrs.evolve(one, name=f"{one.name}, renamed"))


def deletes(given: Given, *names: str) -> tuple[Change, ...]:
    """Return deletions of target jobs."""
    found = [one for one in given.target if one.name in names]
    bound = {binding.target: binding for binding in given.bindings}
    return tuple(Change(action="delete", source=bound[one.ref].source, target=one.ref, name=one.name) for one in found)


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


# -- creating ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "reads", "listings"), [(1, 1, 0), (4, 4, 0), (5, 0, 1), (7, 0, 1)])
async def test_what_was_created_without_an_answer_is_read(
    bench: MakeBench, number: int, reads: int, listings: int
) -> None:
    """One by one, or with one listing where there are many."""
    made = bench(jobs(number))
    made.target.answers = False

    assert await made.applied() == [("create", "done", "")] * number
    assert (made.target.reads, made.target.listings) == (reads, listings)
    assert all(binding.seen for binding in made.bindings().values())


async def test_a_listing_that_cannot_be_read_does_not_prove_what_was_created(bench: MakeBench) -> None:
    """Each fails; the bindings are there, so that nothing is created twice."""
    made = bench(jobs(5))
    made.target.answers = False
    made.target.at[5] = Fault(unread=EXPIRED)

    found = await made.applied()
    assert {one[1] for one in found} == {"failed"}
    assert all("created, but it could not be read back: " in one[2] for one in found)
    assert len(made.bindings()) == 5


@pytest.mark.parametrize("number", [1, 5])
async def test_a_job_that_is_kept_otherwise_than_it_was_created_is_told(bench: MakeBench, number: int) -> None:
    """The binding holds what is there, so that the next plan shows it."""
    made = bench(jobs(number))
    made.target.answers = False
    made.target.at[1] = Fault(then=lambda: made.target.raws["new-1"].update(prompt="Something else."))

    found = await made.applied()
    assert sorted(one[1] for one in found) == ["done"] * (number - 1) + ["failed"]
    assert made.bindings()["new-1"].seen["action.text"] == "Something else."


async def test_a_paused_job_is_never_live_with_its_own_schedule(bench: MakeBench) -> None:
    """It is created with a schedule that is far away, paused, and only then given its own."""
    given = jobs(1).with_source(lambda one: attrs.evolve(one, enabled=False))
    made = bench(given)

    assert await made.applied() == [("create", "done", "")]
    bodies = [body for _action, _key, body in made.target.log]
    assert [body.get("frequency") for body in bodies] == [bodies[0]["frequency"], None, "0 9 * * 1"]
    assert bodies[0]["frequency"] != "0 9 * * 1"
    assert bodies[1]["enabled"] is False
    assert "enabled" not in bodies[2]
    assert live(*made.target.jobs()) == []


async def test_a_paused_job_that_cannot_be_paused_is_deleted(bench: MakeBench) -> None:
    """The platform turns out to follow a contract under which it cannot pause."""
    given = jobs(1).with_source(lambda one: attrs.evolve(one, enabled=False))
    made = bench(given)
    made.target.mapping = fixed(made.target.mapping)
    made.target.at[2] = Fault(ContractError(NO, "put"))

    assert [one[1] for one in await made.applied()] == ["failed"]
    assert (made.target.did, made.target.raws, made.bindings()) == (["create", "update", "delete"], {}, {})


def fixed(mapping: Any) -> Any:
    """Return the mapping of a platform that has a second contract, under which it cannot pause."""
    rules = mapping.rules
    enabled = attrs.evolve(rules.fields["enabled"], change={"patch": "update", "put": "fixed"})
    contracts = {**rules.contracts, "put": rules.contracts["patch"]}
    rules = attrs.evolve(rules, fields={**rules.fields, "enabled": enabled}, contracts=contracts)
    return attrs.evolve(mapping, rules=rules)


async def test_a_server_without_tags_gets_the_job_without_one(bench: MakeBench) -> None:
    """It has refused the job for its tag, so nothing was created; no later job gets one."""
    made = bench(jobs(2))
    made.target.at[1] = Fault(RejectedError("no", body="unknown field: tags"))

    assert [one[1] for one in await made.applied()] == ["done", "done"]
    assert ["tags" in body for _action, _key, body in made.target.log][1:] in ([False, False], [True, False])
    assert len(made.target.raws) == 2


@pytest.mark.parametrize("error", [RejectedError("no", body="prompt is too long"), LOST, EXPIRED])
async def test_a_create_that_failed_otherwise_is_not_sent_again(bench: MakeBench, error: MigratorError) -> None:
    """A second one could make a second job."""
    made = bench(jobs(1))
    made.target.at[1] = Fault(error)

    assert [one[1] for one in await made.applied()] == ["failed"]
    assert made.target.did == ["create"]
    assert made.writes() == [("create", "uncertain" if error is LOST else "failed")]


# -- changing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("enabled", "order"), [(False, [True, False]), (True, [False, True])])
async def test_no_job_is_live_half_changed(bench: MakeBench, *, enabled: bool, order: list[bool]) -> None:
    """One that is to be paused is paused first; one that is to be resumed, last."""
    before = jobs(1).with_source(lambda one: attrs.evolve(one, enabled=not enabled)).carried_out()
    given = before.with_source(lambda one: attrs.evolve(one, name="Renamed", enabled=enabled))
    made = bench(given)

    assert {one[1] for one in await made.applied()} == {"done"}
    assert ["enabled" in body for _action, _key, body in made.target.log] == order


async def test_an_update_whose_effect_differs_is_told(bench: MakeBench) -> None:
    """What is there is noted, and what was written."""
    made = bench(attrs.evolve(RENAMED, source=RENAMED.source[:1], target=MADE.target[:1], bindings=MADE.bindings[:1]))
    key = made.given.target[0].ref.id
    made.target.at[1] = Fault(then=lambda: made.target.raws[key].update(name="Kept"))

    ((_action, status, error),) = await made.applied()
    assert (status, "did not take the change" in error) == ("failed", True)
    assert made.bindings()[key].seen["name"] == "Kept"
    assert made.bindings()[key].applied["name"] == "Job 0, renamed"


@pytest.mark.parametrize(
    ("fault", "state"),
    [(Fault(NO), "failed"), (Fault(LOST), "uncertain"), (Fault(unread=EXPIRED), "uncertain"), (Fault(), "done")],
)
async def test_what_is_known_of_an_update_is_noted(bench: MakeBench, fault: Fault, state: str) -> None:
    """A refusal has failed; without an answer, or without a look at it, its outcome is not known."""
    made = bench(attrs.evolve(RENAMED, source=RENAMED.source[:1], target=MADE.target[:1], bindings=MADE.bindings[:1]))
    made.target.answers = fault.unread is None
    made.target.at[1] = fault

    await made.applied()
    assert made.writes() == [("update", state)]


@pytest.mark.parametrize(("fault", "state", "left"), [(Fault(NO), "failed", 3), (Fault(LOST), "uncertain", 3)])
async def test_a_job_that_could_not_be_deleted_stays_bound(
    bench: MakeBench, fault: Fault, state: str, left: int
) -> None:
    """Else nothing would ever delete it."""
    made = bench(MADE)
    plan = attrs.evolve(MADE.plan(), changes=deletes(MADE, "Job 2"))
    made.target.at[1] = fault

    assert [one[1] for one in await made.applied(plan)] == ["failed"]
    assert (made.writes(), len(made.bindings())) == ([("delete", state)], left)


async def test_a_record_is_kept_as_it_was_before_the_run(bench: MakeBench) -> None:
    """Once, however often the run writes to the job."""
    made = bench(RENAMED)
    await made.applied()

    kept = {one.ref.id: one.record["name"] for one in made.state.saved_records("run-000001", "vixie")}
    assert kept == {one.ref.id: one.name for one in MADE.target}


async def test_a_job_that_was_adopted_is_bound_and_changed(bench: MakeBench) -> None:
    """Its record is kept without a binding: it was not ours."""
    given = attrs.evolve(RENAMED, source=RENAMED.source[:1], target=MADE.target[:1], bindings=())
    (change,) = attrs.evolve(RENAMED, source=RENAMED.source[:1]).plan().pending[:1]
    adopting = attrs.evolve(change, action="adopt")
    made = bench(given)

    assert await made.applied(attrs.evolve(given.plan(), changes=(adopting,))) == [("adopt", "done", "")]
    assert [one.name for one in made.target.jobs()] == ["Job 0, renamed"]
    assert set(made.bindings()) == {given.target[0].ref.id}
    (kept,) = made.state.saved_records("run-000001", "vixie")
    assert kept.binding is None


# -- replacing --------------------------------------------------------------------------------------------------------


def replacing() -> tuple[Given, Plan]:
    """Return a job that is made anew under another name."""
    given = attrs.evolve(RENAMED, source=RENAMED.source[:1], target=MADE.target[:1], bindings=MADE.bindings[:1])
    plan = given.plan()
    return given, attrs.evolve(plan, changes=tuple(attrs.evolve(one, action="replace") for one in plan.pending))


async def test_the_old_job_is_paused_before_the_new_one_is_made_and_deleted_after(bench: MakeBench) -> None:
    """At no time are both live."""
    given, plan = replacing()
    made = bench(given)
    seen: list[list[str]] = []
    made.target.at[0] = Fault(then=lambda: seen.append(live(*made.target.jobs())))

    assert await made.applied(plan) == [("replace", "done", "")]
    assert made.target.did == ["update", "create", "delete"]
    assert seen == [[], ["Job 0, renamed"], ["Job 0, renamed"]]
    assert set(made.bindings()) == {"new-1"}


@pytest.mark.parametrize(
    ("fault", "names"),
    [(Fault(NO), ["Job 0"]), (Fault(LOST), []), (Fault(LOST, arrives=True), ["Job 0, renamed"])],
)
async def test_the_old_job_goes_on_where_the_new_one_was_refused(
    bench: MakeBench, fault: Fault, names: list[str]
) -> None:
    """Without an answer the new one may be there: the old one stays aside, so that not both are live."""
    given, plan = replacing()
    made = bench(given)
    made.target.at[2] = fault

    assert [one[1] for one in await made.applied(plan)] == ["failed"]
    assert live(*made.target.jobs()) == names
    (old,) = made.bindings().values()
    assert old.superseded == (fault.error is LOST)


async def test_a_new_job_that_is_kept_otherwise_gives_way_to_the_old_one(bench: MakeBench) -> None:
    """It is deleted, and the old one resumed."""
    given, plan = replacing()
    made = bench(given)
    made.target.answers = False
    made.target.at[2] = Fault(then=lambda: made.target.raws["new-1"].update(prompt="Something else."))

    assert [one[1] for one in await made.applied(plan)] == ["failed"]
    assert live(*made.target.jobs()) == ["Job 0"]
    assert [one.superseded for one in made.bindings().values()] == [False]
