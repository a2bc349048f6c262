"""How single jobs are written: a platform in memory, and any write refused, lost or kept otherwise."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from migrator.errors import (
    AuthError,
    MigratorError,
    RejectedError,
    UncertainError,
)
from migrator.providers.base import ContractError
from tests.execute.bench import MADE, RENAMED, Bench, deletes, fixed, jobs, live
from tests.execute.conftest import MakeBench
from tests.execute.memory import Fault, SearchedMemory
from tests.plan.builder import TARGET_SCOPE

NO = RejectedError("no")
LOST = UncertainError("no answer")
EXPIRED = AuthError("expired", status=401, where="POST devin /x")

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
    assert made.writes() == [("create", "done"), ("update", "failed"), ("delete", "done")]


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


def searched(bench: MakeBench, number: int, **values: Any) -> Bench:
    """A run against a platform that finds jobs by their ownership tag."""
    return bench(jobs(number), target=SearchedMemory(provider="devin", scope=TARGET_SCOPE, **values))


async def test_a_create_without_an_answer_is_found_by_its_tag(bench: MakeBench) -> None:
    """Its job is bound and checked like any other, without a listing; one that never arrived is not sent again."""
    made = searched(bench, 3)
    made.target.at = {1: Fault(LOST, arrives=True), 2: Fault(LOST)}

    found = await made.applied()
    assert ["done", "done", "failed"] == sorted(status for _action, status, _error in found)
    assert (made.target.did, made.target.listings) == (["create"] * 3, 0)
    assert {"new-1", "new-3"} == {binding.target.id for binding in made.bindings().values()}
    assert sorted(state for _action, state in made.writes()) == ["done", "done", "uncertain"]


@pytest.mark.parametrize(
    "hidden",
    [
        {"late": 1},
        {"at": {1: Fault(LOST, arrives=True, unread=EXPIRED)}},
    ],
)
async def test_a_search_that_shows_nothing_proves_nothing(bench: MakeBench, hidden: dict[str, Any]) -> None:
    """The write stays unresolved, until a listing tells."""
    made = searched(bench, 1, **{"at": {1: Fault(LOST, arrives=True)}, **hidden})

    assert ["failed"] == [status for _action, status, _error in await made.applied()]
    assert made.writes() == [("create", "uncertain")]


async def test_of_two_jobs_with_the_same_tag_none_is_taken(bench: MakeBench) -> None:
    """Somebody has copied what was made: a listing, and where that does not tell a person, decides."""
    made = searched(bench, 1)

    def copied() -> None:
        made.target.raws["copy"] = {**made.target.raws["new-1"], "scheduled_session_id": "copy"}

    made.target.at[1] = Fault(LOST, arrives=True, then=copied)
    assert ["failed"] == [status for _action, status, _error in await made.applied()]
    assert made.writes() == [("create", "uncertain")]


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
