"""What a single change sends, and what it leaves: promises, adoption, and edits that go back to the source."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from migrator.errors import RejectedError
from migrator.plan.changes import FieldChange, Plan, WriteBack
from tests.execute.bench import MADE, RUN, jobs
from tests.execute.conftest import MakeBench
from tests.execute.memory import Fault
from tests.plan.builder import NOW, Given

NO = RejectedError("no")
ONE = attrs.evolve(MADE, source=MADE.source[:1], target=MADE.target[:1], bindings=MADE.bindings[:1])


async def test_a_job_whose_schedule_has_stopped_being_exact_is_not_created(bench: MakeBench) -> None:
    """Between the plan and its turn: it would fire at the wrong times."""
    given = jobs(1)
    plan = given.plan()
    (change,) = plan.changes
    assert change.schedule
    schedule = attrs.evolve(change.schedule, verdict="exact_until", until=NOW)
    made = bench(given)

    ((_action, status, error),) = await made.applied(made.edited(plan, schedule=schedule))
    assert (status, "which has passed" in error, made.target.log) == ("failed", True, [])


@pytest.mark.parametrize("fields", [(), (FieldChange(path="name", new="Renamed", reason="it was renamed"),)])
async def test_a_job_is_adopted_with_as_many_requests_as_it_needs(
    bench: MakeBench, fields: tuple[FieldChange, ...]
) -> None:
    """None where it is in line already; its record is kept as of a job that was not ours."""
    made = bench(attrs.evolve(ONE, bindings=()))
    plan = attrs.evolve(ONE.plan(), changes=())
    (change,) = jobs(1).plan().changes
    adopting = attrs.evolve(change, action="adopt", target=ONE.target[0].ref, fields=fields)

    assert await made.applied(attrs.evolve(plan, changes=(adopting,))) == [("adopt", "done", "")]
    assert made.target.did == ["update"] * len(fields)
    (binding,) = made.bindings().values()
    assert (binding.target, binding.seen["name"]) == (ONE.target[0].ref, "Renamed" if fields else "Job 0")
    assert [one.binding for one in made.state.saved_records(RUN, "vixie")] == [None]


def written_back() -> tuple[Given, Plan]:
    """Return a plan that takes a prompt that was edited at the target over to the source."""
    given = ONE.with_target(lambda one: attrs.evolve(one, action=attrs.evolve(one.action, text="Edited.")))
    edit = FieldChange(path="action.text", old="Do Job 0.", new="Edited.", reason="it was edited")
    plan = given.plan()
    (change,) = plan.changes
    change = attrs.evolve(change, action="update", fields=(), back=WriteBack(paths=("action.text",), fields=(edit,)))
    return given, attrs.evolve(plan, changes=(change,))


async def test_an_edit_at_the_target_goes_to_the_source(bench: MakeBench) -> None:
    """The binding agrees with it then, so that the next plan sees no difference; nothing else is written."""
    given, plan = written_back()
    made = bench(given)

    assert await made.applied(plan) == [("update", "done", "")]
    assert (made.source.did, made.target.did) == (["update"], [])
    assert "Edited." in str(made.source.raws)
    (binding,) = made.bindings().values()
    assert (binding.applied["action.text"], binding.seen["action.text"]) == ("Edited.", "Edited.")


async def test_an_edit_that_the_source_refuses_stays_a_difference(bench: MakeBench) -> None:
    """Else the next sync would take the target for unchanged, and the edit for the source's."""
    given, plan = written_back()
    made = bench(given)
    made.source.at[1] = Fault(NO)

    assert [one[1] for one in await made.applied(plan)] == ["failed"]
    (binding,) = made.bindings().values()
    assert binding.applied["action.text"] == "Do Job 0."


@pytest.mark.parametrize("seconds", [5, 50])
async def test_a_paused_job_is_recreated_at_any_time(bench: MakeBench, seconds: int) -> None:
    """No fire of it falls into the change, however near its schedule is; it stays paused."""
    given = MADE.with_target(lambda one: attrs.evolve(one, enabled=False)).with_source(
        lambda one: attrs.evolve(one, enabled=False, name=f"{one.name}, renamed")
    )
    given = attrs.evolve(given, source=given.source[:1], target=given.target[:1], bindings=given.bindings[:1])
    plan = given.plan()
    made = bench(given)
    made.now = NOW + timedelta(days=1, hours=9, seconds=-seconds)

    assert [one[1] for one in await made.applied(made.edited(plan, action="replace"))] == ["done"]
    assert made.slept == []
    assert [(one.name, one.enabled) for one in made.target.jobs()] == [("Job 0, renamed", False)]


async def test_what_the_platform_answered_with_is_not_read_again(bench: MakeBench) -> None:
    """One request for each job."""
    made = bench(jobs(5))

    assert await made.applied() == [("create", "done", "")] * 5
    assert (made.target.did, made.target.reads, made.target.listings) == (["create"] * 5, 0, 0)


async def test_a_job_that_the_platform_answers_otherwise_than_it_was_created_is_told(bench: MakeBench) -> None:
    """The binding holds what is there, so that the next plan shows it."""
    made = bench(jobs(1))
    made.target.at[1] = Fault(then=lambda: made.target.raws["new-1"].update(prompt="Something else."))

    ((_action, status, error),) = await made.applied()
    assert (status, "holds something else than was written" in error) == ("failed", True)
    assert made.bindings()["new-1"].seen["action.text"] == "Something else."
