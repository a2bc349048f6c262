"""What ends a run, what is told of each change, and writes that show late."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from migrator.errors import AuthError, RejectedError
from migrator.extract import LATE_WAITS
from tests.execute.bench import MADE, RENAMED, Bench, deletes, jobs
from tests.execute.conftest import MakeBench
from tests.execute.memory import Fault
from tests.execute.parts import TWO, creates
from tests.plan.builder import Given

EXPIRED = AuthError("expired", status=401, where="POST devin /x")
ONE = attrs.evolve(RENAMED, source=RENAMED.source[:1], target=MADE.target[:1], bindings=MADE.bindings[:1])


async def test_a_token_that_is_refused_for_the_parts_of_a_job_ends_the_run(bench: MakeBench) -> None:
    """It would be refused for every other job too."""
    others = jobs(5)
    given = Given(source=(*TWO.source, *others.source))
    made = bench(given)
    made.target.at[1] = Fault(EXPIRED)
    plan = attrs.evolve(given.plan(), changes=(*creates().changes, *others.plan().changes))

    found = await made.applied(plan)
    assert (found[0][1], found[-1][1]) == ("failed", "skipped")
    assert "refused our token" in found[-1][2]
    assert len(made.target.log) <= 2  # one was under way


async def test_what_is_told_of_a_change_names_its_target_job(bench: MakeBench) -> None:
    """The new one where one was made."""
    given = attrs.evolve(MADE, source=(*RENAMED.source[:1], *jobs(4).source[3:]))
    made = bench(given)
    plan = given.plan()
    renamed, created = (next(one for one in plan.changes if one.action == action) for action in ("update", "create"))

    await made.applied(attrs.evolve(plan, changes=(renamed, created, *deletes(MADE, "Job 2"))))
    told = {one.action: one.target for one in made.told}
    assert told == {
        "update": MADE.target[0].ref,
        "create": made.target.ref("new-1"),
        "delete": MADE.target[2].ref,
    }


async def test_what_cannot_be_read_back_is_told_of_its_job_alone(bench: MakeBench) -> None:
    """Somebody has deleted it at once; its write is known, and the others are done."""
    made = bench(jobs(2))
    made.target.answers = False
    made.target.at[1] = Fault(then=made.target.raws.clear)

    assert sorted(one[1] for one in await made.applied()) == ["done", "failed"]
    assert [one.target for one in made.told if one.status == "failed"] == [made.target.ref("new-1")]


async def test_a_server_that_refuses_a_job_without_a_tag_is_not_asked_again(bench: MakeBench) -> None:
    """Its error names the field of the tag, but no tag was sent."""
    made = bench(jobs(4))
    made.target.at[0] = Fault(RejectedError("no", body="unknown field: tags"))

    assert {one[1] for one in await made.applied()} == {"failed"}
    tagged = ["tags" in body for _action, _key, body in made.target.log]
    assert len(made.target.log) == 4 + sum(tagged)  # a second request for each that carried a tag


def late(made: Bench, key: str, looks: int) -> Fault:
    """Return a write that shows after so many waits; it is not answered with the job."""
    made.target.answers = False
    before, hidden = made.target.raws.get(key), list[dict[str, Any]]()

    def hide() -> None:
        hidden.append(made.target.raws.pop(key))
        made.target.raws |= {key: before} if before else {}

    def show() -> None:
        if hidden and len(made.slept) == looks:
            made.target.raws[key] = hidden.pop()

    made.meanwhile = show
    return Fault(then=hide)


@pytest.mark.parametrize(
    ("given", "key", "action"), [(jobs(1), "new-1", "create"), (ONE, ONE.target[0].ref.id, "update")]
)
async def test_a_write_may_show_late(bench: MakeBench, given: Given, key: str, action: str) -> None:
    """The job is read as often as a write may take to show."""
    made = bench(given)
    made.target.at[1] = late(made, key, len(LATE_WAITS))

    assert await made.applied() == [(action, "done", "")]
    assert (made.target.did, made.slept) == ([action], list(LATE_WAITS))
