"""Which runs are not rolled back, whatever they wrote, and what is said instead."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from migrator.canonical import JobRef
from migrator.errors import RefusedError
from migrator.plan.changes import Plan
from migrator.store.records import ORIGIN, IntentState, Run, RunKind, Write
from migrator.sync import undo
from tests.conformance.lab import Lab
from tests.faults.machine import apply
from tests.recovery.conftest import MakeLab
from tests.recovery.rollbacks import back

JOB = JobRef(provider="omni", scope="acme", id="1")


async def refusal(lab: Lab, kind: RunKind, **ended: IntentState) -> str:
    """Return why a run of a kind is not rolled back, and what to do; nobody is asked, and nothing is sent.

    Args:
        lab: both platforms.
        kind: the kind.
        ended: how its deletions ended, of a source job and of a target job.
    """
    now = lab.runtime.clock.now()
    goal: Any = "target" if kind in {"cutover", "retire"} else None
    run = Run(id="run-1", sync="it", provider="devin", scope=lab.scope, kind=kind, goal=goal, started_at=now)
    pieces = {"source": ORIGIN, "target": 1}
    writes = [
        Write(
            run="run-1",
            seq=number,
            sync="it",
            action="delete",
            source=JOB,
            target_scope=lab.scope,
            target_id=JOB.id,
            piece=pieces[side],
            name="Job",
            fields={},
            at=now,
            state="claimed",
        )
        for number, side in enumerate(ended, 1)
    ]
    lab.state.begin_run(run, plan_digest="", dialect="vixie", claims=writes)
    for write, state in zip(writes, ended.values(), strict=True):
        lab.state.settle(write, state)

    async def agree(_plan: Plan) -> bool:
        raise AssertionError

    lab.world.requests.clear()
    with pytest.raises(RefusedError) as caught:
        await undo.rollback(lab.runtime, lab.state, "run-1", agree=agree, stop=asyncio.Event())
    assert len(lab.world.requests) == 0
    return str(caught.value)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("move", "a move changed what migrator knows, and no job"),
        ("forget", "a forget changed what migrator knows, and no job"),
        ("dedupe", "the copies that it removed would run twice again"),
        ("cutover", "a cutover switches the active side of jobs, and is not rolled back at the target alone"),
        ("retire", "a retire switches the active side of jobs, and is not rolled back at the target alone"),
    ],
)
async def test_a_run_that_did_more_than_write_to_the_target_is_refused(
    make_lab: MakeLab, kind: RunKind, told: str
) -> None:
    """Its way back is another command."""
    assert told in await refusal(make_lab("omni", "devin"), kind)


@pytest.mark.parametrize(
    ("ended", "is_told"),
    [({"source": "done"}, True), ({"source": "failed"}, False), ({"target": "done"}, False)],
)
async def test_only_what_was_deleted_at_the_source_is_said_to_be(
    make_lab: MakeLab, ended: dict[str, IntentState], *, is_told: bool
) -> None:
    """The others can be switched back."""
    told = await refusal(make_lab("omni", "devin"), "retire", **ended)
    assert ("it deleted source jobs" in told, "--back" in told) == (is_told, not is_told)


async def test_a_job_that_could_not_be_given_back_stays_managed(make_lab: MakeLab) -> None:
    """The target refuses to take its old text: the next plan still knows that it is ours."""
    lab = make_lab("omni", "devin", adopt="name")
    lab.source.wish(1)
    lab.target.wish(1, text="By hand.")
    await apply(lab)
    lab.world.fault("status", provider="devin", method="PATCH", status=422)

    _plan, applied = await back(lab)

    assert applied.summary == {"done": 0, "failed": 1, "skipped": 0}
    assert len(lab.bindings()) == 1


async def test_a_staged_job_is_removed_by_a_rollback(make_lab: MakeLab) -> None:
    """The source is the active side: nothing is taken away by it."""
    lab = make_lab("omni", "devin")
    lab.source.wish(1)
    await lab.carry_out(hold=True)
    assert len(lab.made) == 1

    plan, applied = await back(lab)

    assert ([one.action for one in plan.pending], applied.summary["done"]) == (["delete"], 1)
    assert lab.made == {}
