"""What a cutover does around its switches: it asks, locks both sides, and creates nothing when it switches back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from migrator.cutover.commands import cutover
from migrator.cutover.switches import Cutover, Order
from migrator.errors import UsageError
from migrator.plan.changes import Plan
from tests.conformance.lab import Lab
from tests.cutover.conftest import MakeLab
from tests.cutover.simulated_time import cut, statuses

WRITES = {"POST", "PUT", "PATCH", "DELETE"}


def sent(lab: Lab) -> list[tuple[str, str]]:
    """Return what was written since it was last asked, and forget it."""
    found = [(one["provider"], one["method"]) for one in lab.world.requests if one["method"] in WRITES]
    lab.world.requests.clear()
    return found


async def asked(lab: Lab, *, yes: bool, **order: Any) -> tuple[Cutover, list[tuple[Cutover, Plan]]]:
    """Cut over; return the result, and what was asked."""
    questions: list[tuple[Cutover, Plan]] = []

    async def agree(switches: Cutover, plan: Plan) -> bool:
        questions.append((switches, plan))
        return yes

    stop = asyncio.Event()
    found = await cutover(lab.runtime, lab.state, "it", Order(**order), agree=agree, stop=stop, progress=lambda _: None)
    return found, questions


async def test_nothing_is_written_without_consent(make_lab: MakeLab) -> None:
    """Neither the target job that would be made first, nor a run, nor a record."""
    lab = make_lab("scrip", "devin")
    lab.source.wish(1)
    sent(lab)
    found, ((switches, plan),) = await asked(lab, yes=False)

    assert statuses(switches) == [("planned", "source")]
    assert [one.action for one in plan.pending] == ["create"]
    assert (found.run, found.switches, sent(lab), lab.state.runs(), lab.state.owners()) == (None, (), [], (), {})


async def test_nothing_is_asked_where_nothing_is_to_be_done(make_lab: MakeLab) -> None:
    """The second time."""
    lab = make_lab("scrip", "devin")
    lab.source.wish(1)
    await cut(lab)

    found, questions = await asked(lab, yes=False)
    assert (statuses(found), questions) == ([("there", "target")], [])


async def test_only_the_named_jobs_are_made(make_lab: MakeLab) -> None:
    """The other one is not asked about, either."""
    lab = make_lab("scrip", "devin")
    lab.source.wish(1)
    lab.source.wish(2)
    found, ((switches, plan),) = await asked(lab, yes=True, jobs=("Job 001",))

    assert ([one.name for one in plan.pending], statuses(switches)) == (["Job 001"], [("planned", "source")])
    assert (statuses(found), len(lab.made)) == ([("moved", "target")], 1)


async def test_a_switch_back_makes_nothing_at_the_target(make_lab: MakeLab) -> None:
    """A new job of the source, and an edit, wait for the next sync."""
    lab = make_lab("scrip", "devin")
    lab.source.wish(1)
    await cut(lab)
    lab.source.wish(2)
    sent(lab)

    found, ((_moves, plan),) = await asked(lab, yes=True, goal="source")
    assert (plan.changes, [one for one in statuses(found) if one[0] == "moved"]) == ((), [("moved", "source")])
    assert {method for provider, method in sent(lab) if provider == "devin"} <= {"PATCH", "PUT"}
    assert len(lab.made) == 1


async def test_both_sides_are_locked_while_jobs_are_switched(make_lab: MakeLab) -> None:
    """So that neither a sync to the target nor one to the source writes beside it; after that none is."""
    lab = make_lab("scrip", "devin")
    lab.source.wish(1)
    held: list[set[str]] = []

    async def agree(*_asked: object) -> bool:
        return True

    await cutover(
        lab.runtime,
        lab.state,
        "it",
        Order(),
        agree=agree,
        stop=asyncio.Event(),
        progress=lambda _: held.append({lock.split(":")[0] for lock in lab.state.owners()}),
    )
    assert (held, lab.state.owners()) == ([{"scrip", "devin"}], {})


async def test_a_two_way_sync_has_no_cutover(make_lab: MakeLab) -> None:
    """Both sides are the source of it."""
    lab = make_lab("scrip", "devin", two_way=True)
    lab.source.wish(1)
    with pytest.raises(UsageError, match="a two-way sync has no cutover"):
        await asked(lab, yes=True)
