"""What a single change sends, and what it leaves: promises, adoption, and edits that go back to the source."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from migrator.errors import RejectedError
from migrator.plan.changes import FieldChange, Plan, WriteBack
from tests.execute.bench import MADE, RENAMED, RUN, fixed, jobs
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


def recreating() -> tuple[Given, Plan]:
    """Return a paused job that is recreated under another name."""
    paused = ONE.with_target(lambda one: attrs.evolve(one, enabled=False))
    given = paused.with_source(lambda one: attrs.evolve(one, enabled=False, name=f"{one.name}, renamed"))
    plan = given.plan()
    return given, attrs.evolve(plan, changes=tuple(attrs.evolve(one, action="replace") for one in plan.changes))


@pytest.mark.parametrize("seconds", [5, 50])
async def test_a_paused_job_is_recreated_at_any_time(bench: MakeBench, seconds: int) -> None:
    """No fire of it falls into the change, however near its schedule is; it stays paused."""
    given, plan = recreating()
    made = bench(given)
    made.now = NOW + timedelta(days=1, hours=9, seconds=-seconds)

    assert await made.applied(plan) == [("replace", "done", "")]
    assert (made.slept, made.target.log[-1][0]) == ([], "delete")
    assert [key for _did, key, _body in made.target.log] == ["new-1"] * 3 + [given.target[0].ref.id]
    assert [(one.name, one.enabled) for one in made.target.jobs()] == [("Job 0, renamed", False)]
    (kept,) = made.state.saved_records(RUN, "vixie")
    assert kept.binding == given.bindings[0]  # so that a rollback does not take it for one to be deleted


async def test_a_paused_job_stays_where_the_new_one_was_refused(bench: MakeBench) -> None:
    """It is not marked as replaced any more, or the next run would delete it."""
    given, plan = recreating()
    made = bench(given)
    made.target.at[1] = Fault(NO)

    assert await made.applied(plan) == [("replace", "failed", "no")]
    assert made.bindings() == {given.bindings[0].target.id: given.bindings[0]}


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


RECREATED = attrs.evolve(RENAMED, source=RENAMED.source[:1], target=MADE.target[:1], bindings=MADE.bindings[:1])


async def test_an_edit_at_the_target_outlasts_the_job_that_it_was_made_to(bench: MakeBench) -> None:
    """Only what the plan changes is written: the plan has let the edit stand."""
    given = RECREATED.with_target(lambda one: attrs.evolve(one, action=attrs.evolve(one.action, text="Edited.")))
    made = bench(given)
    plan = made.edited(RECREATED.plan(), action="replace")

    assert await made.applied(plan) == [("replace", "done", "")]
    assert [(raw["name"], raw["prompt"]) for raw in made.target.raws.values()] == [("Job 0, renamed", "Edited.")]


async def test_a_job_is_recreated_as_it_was_written(bench: MakeBench) -> None:
    """Not in the form in which its platform shows it."""
    (binding,) = RECREATED.bindings
    binding = attrs.evolve(binding, applied={**binding.applied, "action.text": "Do Job 0. "})
    made = bench(attrs.evolve(RECREATED, bindings=(binding,)))
    plan = made.edited(RECREATED.plan(), action="replace")

    await made.applied(plan)
    assert [body["prompt"] for action, _key, body in made.target.log if action == "create"] == ["Do Job 0. "]


async def test_a_job_that_cannot_be_paused_is_recreated_without_a_pause(bench: MakeBench) -> None:
    """Nothing is sent that its platform has to refuse."""
    made = bench(RECREATED, contracts=("put", "put"))
    made.target.mapping = fixed(made.target.mapping)

    assert await made.applied(made.edited(RECREATED.plan(), action="replace")) == [("replace", "done", "")]
    assert made.target.did == ["create", "delete"]
