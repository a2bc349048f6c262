"""How a job is recreated: never two of it active, and the old one goes on where the new one cannot be made."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs
import pytest

from migrator.errors import (
    AuthError,
    RejectedError,
    UncertainError,
)
from migrator.plan.changes import Plan
from tests.execute.bench import live, replacing
from tests.execute.conftest import MakeBench
from tests.execute.memory import Fault, SearchedMemory
from tests.plan.builder import NOW, TARGET_SCOPE, Given, job

NO = RejectedError("no")
LOST = UncertainError("no answer")
EXPIRED = AuthError("expired", status=401, where="POST devin /x")


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

    assert await made.applied(plan) == [("replace", "failed", str(fault.error))]
    assert live(*made.target.jobs()) == names
    (old,) = made.bindings().values()
    assert old.superseded == (fault.error is LOST)


@pytest.mark.parametrize(("arrives", "did"), [(False, ["update", "create"]), (True, ["update", "create", "delete"])])
async def test_the_old_job_is_not_taken_for_the_new_one(bench: MakeBench, did: list[str], *, arrives: bool) -> None:
    """Both carry the same ownership tag; where the platform is asked for it, only a new one is what was made."""
    given, plan = replacing()
    made = bench(given, target=SearchedMemory(provider="devin", scope=TARGET_SCOPE).holding(*given.target))
    made.target.at[2] = Fault(LOST, arrives=arrives)

    assert [one[1] for one in await made.applied(plan)] == ["done" if arrives else "failed"]
    assert made.target.did == did
    assert live(*made.target.jobs()) == (["Job 0, renamed"] if arrives else [])


async def test_a_new_job_that_is_kept_otherwise_gives_way_to_the_old_one(bench: MakeBench) -> None:
    """It is deleted, and the old one resumed."""
    given, plan = replacing()
    made = bench(given)
    made.target.answers = False
    made.target.at[2] = Fault(then=lambda: made.target.raws["new-1"].update(prompt="Something else."))

    assert [one[1] for one in await made.applied(plan)] == ["failed"]
    assert live(*made.target.jobs()) == ["Job 0"]
    assert [one.superseded for one in made.bindings().values()] == [False]


DAILY = Given(source=(job("Daily", "1 0 ? * * *"),)).carried_out()
"""It is due in a minute."""


def renewing(until: timedelta) -> tuple[Given, Plan]:
    """Return a plan that recreates a job whose schedule is exact for so long."""
    given = DAILY.with_source(lambda one: attrs.evolve(one, name="Renamed"))
    plan = given.plan()
    (change,) = plan.pending
    assert change.schedule
    schedule = attrs.evolve(change.schedule, verdict="exact_until", until=NOW + until)
    return given, attrs.evolve(plan, changes=(attrs.evolve(change, action="replace", schedule=schedule),))


async def test_a_job_is_not_made_anew_around_a_fire(bench: MakeBench) -> None:
    """Nothing is sent before it has fired, as it would be missed or fire twice."""
    given, plan = renewing(timedelta(days=9))
    made = bench(given)
    seen: list[datetime] = []
    made.target.at[0] = Fault(then=lambda: seen.append(made.now))

    assert await made.applied(plan) == [("replace", "done", "")]
    assert min(seen) > NOW + timedelta(minutes=1)


async def test_what_a_plan_promises_is_checked_after_the_wait(bench: MakeBench) -> None:
    """The schedule has stopped being exact meanwhile: the old job goes on as it is."""
    given, plan = renewing(timedelta(seconds=61))
    made = bench(given)

    ((_action, status, error),) = await made.applied(plan)
    assert (status, "which has passed" in error, made.target.log) == ("failed", True, [])
    assert live(*made.target.jobs()) == ["Daily"]


@pytest.mark.parametrize(("longest", "name"), [(None, "Job 0 (replaced 000001)"), (20, "Jo (replaced 000001)")])
@pytest.mark.parametrize("is_refused", [True, False])
async def test_where_names_are_unique_the_old_job_gives_its_name_away(
    bench: MakeBench, longest: int | None, name: str, *, is_refused: bool
) -> None:
    """Else the new one would be refused; where that happens all the same, the old one gets its name back."""
    given, plan = replacing()
    made = bench(given)
    rules = made.target.mapping.rules
    fields = {**rules.fields, "name": attrs.evolve(rules.fields["name"], max=longest)}
    made.target.mapping = attrs.evolve(made.target.mapping, rules=attrs.evolve(rules, fields=fields, unique=("name",)))
    names: list[list[str]] = []

    def look() -> None:
        names.append([one.name for one in made.target.jobs()])

    made.target.at[3] = Fault(NO if is_refused else None, then=look)  # after the pause and the name

    assert [one[1] for one in await made.applied(plan)] == ["failed" if is_refused else "done"]
    assert names == [[name] if is_refused else [name, "Job 0, renamed"]]
    assert live(*made.target.jobs()) == ["Job 0" if is_refused else "Job 0, renamed"]
