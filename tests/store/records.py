"""Records that the tests of the state keep in it: one job, its run, its writes and its active side."""

from __future__ import annotations

from typing import Any

import attrs

from migrator.canonical import JobRef
from migrator.store import State
from migrator.store.records import ActiveSide, Binding, Missed, Run, Write
from tests.store.conftest import START

SOURCE = JobRef(provider="omni", scope="acme.example/api", id="source-1")
TARGET = JobRef(provider="devin", scope="org-1", id="target-1")
LOCK = "devin:org-1"
HOME = ("omni", ("acme.example/api",))
FIELDS = {"name": "Job", "action.text": "Say é.", "enabled": False}


def write(seq: int = 1, **changes: Any) -> Write:
    """Return a write of run `one`."""
    known = Write(run="one", seq=seq, sync="it", action="create", source=SOURCE, target_scope="org-1", at=START)
    return attrs.evolve(known, **{"name": "Job", "fields": FIELDS, **changes})


def binding(**changes: Any) -> Binding:
    """Return the binding of the source job to the target job."""
    return attrs.evolve(Binding(source=SOURCE, target=TARGET, sync="it", applied=FIELDS, seen=FIELDS), **changes)


def begun(state: State, *claims: Write, run: str = "one") -> None:
    """Begin a run, which then holds its lock."""
    state.lineage("it", fresh="first")
    state.lock(LOCK, run)
    known = Run(id=run, sync="it", provider="devin", scope="org-1", started_at=state.now(), plan="{}")
    state.begin_run(known, plan_digest="d", dialect="vixie", claims=claims)


def active_side(**changes: Any) -> ActiveSide:
    """Return the active side of a job that is staged at the target."""
    known = ActiveSide(source=SOURCE, target=("devin", "org-1"), sync="it", name="Job", live="source", since=START)
    return attrs.evolve(known, **changes)


def missed(**changes: Any) -> Missed:
    """Return an instant at which nothing fired."""
    cause = "the target did not answer"
    known = Missed(source=SOURCE, at=START, sync="it", name="Job", kind="neither", cause=cause, run="one")
    return attrs.evolve(known, **changes)


def used(state: State) -> State:
    """Return the state, filled with something of everything; its run is not under way any more."""
    begun(state, write(state="claimed"), write(2, state="claimed"))
    state.dispatch(write(2), "devin", "vixie", lock=LOCK)
    state.put_binding(binding(), dialect="vixie", settles=write(2))
    state.save_record("one", TARGET, {"name": "Job é\n\u0000"}, binding=binding(), dialect="vixie")
    state.remember("org-1", "contract", "put")
    state.end_run("one", {"done": 1})
    state.unlock(LOCK, state.owners()[LOCK])
    return state
