"""Runs: their ids, how a person names one, and the session in which one writes."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from migrator.errors import RefusedError, UsageError
from migrator.execute.outcomes import Outcome
from migrator.plan.changes import Plan
from migrator.plan.document import plan_from_json
from migrator.store import State
from migrator.store.records import CUTOVER_KINDS, Run
from migrator.sync.endpoints import Runtime
from migrator.sync.session import Session, session_of

Progress = Callable[[Outcome], None]
"""Called after each change."""

Agree = Callable[[Plan], Awaitable[bool]]
"""Asked with a plan before anything is written."""

LAST: Final = "last"
"""The name of the latest run."""
_SHOWN: Final = 3
"""Runs that an error lists."""


def silently(_outcome: Outcome) -> None:
    """Show no progress."""


def run_id(runtime: Runtime) -> str:
    """Return the id of a new run: when it begins, and a little chance."""
    return f"{runtime.clock.now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"


@asynccontextmanager
async def locked_session(
    runtime: Runtime, state: State, sync: str, *, stop: asyncio.Event
) -> AsyncIterator[tuple[Session, str]]:
    """Open a sync for a run that writes, and hold the locks of what it writes to; yield it with the run's id.

    Raises:
        LockedError: another run writes there.
    """
    run = run_id(runtime)
    async with session_of(runtime, state, sync) as session, session.locking(run, lost=stop.set):
        yield session, run


def run_of(state: State, run: str) -> Run:
    """Return the run of that id, of an unambiguous beginning of one, or the latest run for "last".

    Raises:
        UsageError: no run, or more than one, has that name.
    """
    if found := state.run(run):
        return found
    runs = state.runs()
    hint = "list the runs: migrator history"
    if run == LAST:
        if not runs:
            raise UsageError("no run yet", actual=run, hint=hint)
        return _whole(state, runs[0])
    matching = [known for known in runs if run and known.id.startswith(run)]
    if len(matching) == 1:
        return _whole(state, matching[0])
    shown = [known.id for known in (matching or runs)[:_SHOWN]]
    what = f"more than one run begins with {run}" if matching else "unknown run"
    raise UsageError(what, where="RUN", actual=run, allowed=shown or "no run yet", hint=hint)


def _whole(state: State, listed: Run) -> Run:
    """Return a run of the list with its plan, which lists leave out."""
    return state.run(listed.id) or listed


def plan_of(run: Run) -> Plan:
    """Return the plan that a run carried out.

    Raises:
        RefusedError: it was not kept.
    """
    if run.kind in CUTOVER_KINDS:
        what = f"a {run.kind} run has no plan to resume: its next run reads both sides and goes on from there"
        back = " --back" if run.goal == "source" else ""
        raise RefusedError(what, where=f"run {run.id}", hint=f"finish it: migrator {run.kind} {run.sync}{back}")
    if run.plan is None:
        what = "the plan of this run was not kept: it was made by an old version"
        hint = f"plan again what is left: migrator apply {run.sync}"
        raise RefusedError(what, where=f"run {run.id}", hint=hint)
    return plan_from_json(run.plan, where=f"plan of run {run.id}")
