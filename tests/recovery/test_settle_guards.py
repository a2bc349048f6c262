"""Which writes a person may settle, and that they are settled then."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from migrator.canonical import JobRef
from migrator.errors import RefusedError, UsageError
from migrator.store.records import IntentState, Run, Write
from migrator.sync import undo
from tests.conformance.lab import Lab
from tests.recovery.conftest import MakeLab
from tests.recovery.dying import uncertain

JOB = JobRef(provider="omni", scope="acme", id="1")


def left(lab: Lab, state: IntentState, **values: Any) -> None:
    """Leave a create of this state, or another write, in a run that has ended."""
    now = lab.runtime.clock.now()
    known = Write(
        run="run-1",
        seq=1,
        sync="it",
        action="create",
        source=JOB,
        target_scope=lab.scope,
        target_id=None,
        name="Job",
        fields={},
        at=now,
        state="claimed",
    )
    write = attrs.evolve(known, **values)
    run = Run(id="run-1", sync="it", provider="devin", scope=lab.scope, started_at=now)
    lab.state.begin_run(run, plan_digest="", dialect="vixie", claims=[write])
    lock = f"devin:{lab.scope}"
    owner = lab.state.lock(lock, "run-1")
    lab.state.dispatch(attrs.evolve(write, state="dispatched"), "devin", "vixie", lock=lock)
    lab.state.unlock(lock, owner)
    if state != "dispatched":
        lab.state.settle(write, state)


async def settled(lab: Lab, job: str = "Job", **values: Any) -> Write:
    """Settle it as not made."""
    return await undo.settle(lab.runtime, lab.state, "run-1", job, **{"created": None} | values)


def state_of(lab: Lab) -> str:
    """Return the state of the one write."""
    (write,) = lab.state.writes("run-1")
    return write.state


@pytest.mark.parametrize("job", ["Job", "1"])
@pytest.mark.parametrize("state", ["uncertain", "dispatched"])
async def test_a_create_of_unknown_outcome_is_settled(make_lab: MakeLab, state: IntentState, job: str) -> None:
    """Also one of a run that was killed; by the name of the job or its id."""
    lab = make_lab("omni", "devin")
    left(lab, state)

    await settled(lab, job)
    assert (state_of(lab), lab.state.all_unresolved_writes()) == ("failed", ())


@pytest.mark.parametrize(
    ("state", "values"),
    [
        ("done", {}),
        ("failed", {}),
        ("uncertain", {"action": "update", "target_id": "9"}),
        ("uncertain", {"action": "delete", "target_id": "9"}),
        ("uncertain", {"source": None}),
    ],
)
async def test_no_other_write_is(make_lab: MakeLab, state: IntentState, values: dict[str, Any]) -> None:
    """Its outcome is known, or the next run finds it out."""
    lab = make_lab("omni", "devin")
    left(lab, state, **values)

    with pytest.raises(UsageError, match="unknown unresolved write in this run"):
        await settled(lab)
    assert state_of(lab) == state


async def test_no_job_of_another_target_is_named(make_lab: MakeLab) -> None:
    """The sync writes elsewhere by now: an id there is another job's."""
    lab = make_lab("omni", "devin")
    run = await uncertain(lab)
    await lab.plan()
    key = min(lab.made)
    lab.configure(target="scrip")

    with pytest.raises(RefusedError, match="writes to another target than run"):
        await undo.settle(lab.runtime, lab.state, run, "Job 001", created=key)
    assert len(lab.state.all_unresolved_writes()) == 1
