"""The stages wired together: the only place that knows all of them.

open both sides ─▶ list and read both ─▶ settle what a dead run left ─▶ plan ─▶ apply ─▶ settle what lost its answer
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

import attrs

from migrator import audit as auditing
from migrator import verify as verifying
from migrator.apply import Applied
from migrator.apply.settle import take_for
from migrator.config import Schedule, Sync
from migrator.config.shapes import did_you_mean
from migrator.cron.check import second_opinion
from migrator.document import job_document
from migrator.errors import NotFoundError, RefusedError, UsageError
from migrator.extract import Extracted, extract
from migrator.mapping.codecs import write_time
from migrator.plan.document import plan_from_json
from migrator.plan.values import Plan
from migrator.recovery import rest_of, still_fits
from migrator.rollback import Trace, way_back
from migrator.running import Carrying, Progress, silently
from migrator.session import (
    Look,
    Runtime,
    Side,
    contract_of,
    locking,
    opened,
    requests_of,
    session_of,
    settled,
)
from migrator.state import Run, State
from migrator.state.journal import NEVER_SENT
from migrator.state.values import Intent

Agree = Callable[[Plan], Awaitable[bool]]
"""Asked with a plan before anything is written."""


async def export(runtime: Runtime, connection: str) -> dict[str, Any]:
    """Every job of a connection as a `migrator/jobs@1` document; writes to no provider.

    Jobs that cannot be read stand in `problems`, with their records.
    """
    async with opened(runtime, connection) as side:
        found = await extract(side.adapter, side.mapping, as_source=True)
        mapping = runtime.mapping("json")
        return {
            "schema": "migrator/jobs@1",
            "connection": connection,
            "provider": side.adapter.provider,
            "exported_at": write_time(runtime.clock.now()),
            "jobs": [job_document(job, mapping) for job in found.jobs],
            "problems": [
                {
                    "id": problem.ref.id,
                    "name": problem.name,
                    "error": str(problem.error),
                    "record": found.raws[problem.ref],
                }
                for problem in found.problems
            ],
        }


async def plan(runtime: Runtime, state: State, sync: str) -> tuple[Plan, Mapping[str, int]]:
    """What `sync` would change, and how many requests it took to find out."""
    async with session_of(runtime, state, sync) as session:
        look = await session.look(locked=False)
        return look.plan, session.requests


async def verify(runtime: Runtime, state: State, sync: str, *, days: int | None = None) -> verifying.Verification:
    """Read both sides of `sync` again, and prove job by job that they agree; writes to no provider.

    Args:
        runtime: what the command brings along.
        state: the open state.
        sync: its name.
        days: how long the instants have to agree; by default a day less than the sync promises, which is what the run
            of last night still does.
    """
    async with session_of(runtime, state, sync) as session:
        look = await session.look(locked=False)
        side = session.target
        links = state.links(side.adapter.provider, side.adapter.scopes, side.dialect)
        found = verifying.verify(
            look.plan,
            source=look.source,
            target=look.target,
            links=[link for link in links if link.sync == sync],
            span=timedelta(days=days or max(session.sync.schedule.days - 1, 1)),
            spot=second_opinion,
        )
        return attrs.evolve(found, requests=session.requests)


async def audit(runtime: Runtime, connection: str, provider: str, schedule: Schedule) -> auditing.Audit:
    """What would become of every job of a connection at a provider; writes nowhere, and asks the connection alone.

    Args:
        runtime: what the command brings along.
        connection: where the jobs live.
        provider: where they would go.
        schedule: how their schedules would be translated.
    """
    assumed = Sync(name=f"{connection}-to-{provider}", source=connection, target=provider, schedule=schedule)
    async with opened(runtime, connection) as side:
        found = await extract(side.adapter, side.mapping, as_source=True)
        now = runtime.clock.now()
        told = auditing.audit(found, target=runtime.mapping(provider), sync=assumed, now=now)
        return attrs.evolve(told, requests=requests_of(side))


async def apply(
    runtime: Runtime,
    state: State,
    sync: str,
    *,
    saved: Plan | None = None,
    resume: str | None = None,
    max_deletes: int | None = None,
    agree: Agree,
    stop: asyncio.Event,
    progress: Progress = silently,
) -> tuple[Plan, Applied]:
    """Make the changes of a sync.

    Args:
        runtime: what the command brings along.
        state: the open state.
        sync: its name.
        saved: a plan that was made before; it must still fit.
        resume: a run whose plan was only partly carried out; what is left of it must still fit.
        max_deletes: refuse everything when more than that many jobs would be deleted.
        agree: asked with the plan before anything is written.
        stop: set it to begin no new change.
        progress: called after each change.

    Returns:
        The plan, and what came of it: no run when there was nothing to do or `agree` said no.

    Raises:
        StalePlanError: the saved plan does not fit any more.
        RefusedError: the plan is unsafe as a whole.
        LockedError: another run writes to the same target.
    """
    run = run_id(runtime)
    async with (
        session_of(runtime, state, sync) as session,
        locking(state, session.target.lock, run, lost=stop.set),
    ):
        look = await session.look(locked=True)
        current = look.plan
        if saved:
            current = still_fits(saved, current)
        elif resume:
            current = _rest_of(state, resume, current)
        _guard(current, max_deletes)
        session.note_agreement(look)
        if not current.pending:
            session.remember_count(look)
        if not current.pending or not await agree(current):
            return current, Applied(requests=session.requests)
        carrying = Carrying(
            runtime=runtime,
            state=state,
            side=session.target,
            run=run,
            kind="resume" if resume else "apply",
            of=resume,
            stop=stop,
            progress=progress,
        )
        outcomes = await carrying.out(attrs.evolve(look, plan=current), session=session)
        session.remember_count(look)
        return current, Applied(run=run, outcomes=outcomes, requests=session.requests, stopped=stop.is_set())


async def rollback(
    runtime: Runtime,
    state: State,
    run: str,
    *,
    agree: Agree,
    stop: asyncio.Event,
    progress: Progress = silently,
) -> tuple[Plan, Applied]:
    """Put the target back as it was before a run, by a run of its own.

    Returns:
        The way back, and what came of it.

    Raises:
        UsageError: there is no such run.
        RefusedError: the sync writes elsewhere by now.
        LockedError: another run writes to the same target.
    """
    undone, own = run_of(state, run), run_id(runtime)
    sync = runtime.config.sync(undone.sync)
    async with opened(runtime, sync.target, state=state, target=True) as side:
        if (side.adapter.provider, side.adapter.scopes[0]) != (undone.provider, undone.scope):
            what = f"sync {sync.name} writes to another target by now than run {undone.id} did"
            raise RefusedError(what, actual=side.adapter.scopes[0], allowed=undone.scope)
        async with locking(state, side.lock, own, lost=stop.set):
            listed = await side.list_all()
            target, _uncertain = await settled(runtime, state, side, listed, locked=True)
            trace = await _trace(runtime, state, side, undone, target)
            back = way_back(trace)
            if not (back.pending or trace.adopted) or not await agree(back):
                return back, Applied(requests=requests_of(side))
            carrying = Carrying(
                runtime=runtime,
                state=state,
                side=side,
                run=own,
                kind="rollback",
                of=undone.id,
                stop=stop,
                progress=progress,
            )
            look = Look(plan=back, source=Extracted(jobs=()), target=target, is_short=True)
            outcomes = await carrying.out(look, session=None)
            undone_all = {o.target for o in outcomes if o.status != "done"}
            for ref in trace.adopted - undone_all:
                state.drop_link(ref)
            return back, Applied(run=own, outcomes=outcomes, requests=requests_of(side), stopped=stop.is_set())


async def _trace(runtime: Runtime, state: State, side: Side, run: Run, target: Extracted) -> Trace:
    runs = [other for other in state.runs() if (other.provider, other.scope) == (run.provider, run.scope)]
    own = ("rollback", run.id)
    later = [one for one in runs[: [one.id for one in runs].index(run.id)] if (one.kind, one.of) != own]
    lineage, serial = state.lineage(run.sync, fresh=uuid.uuid4().hex)
    return Trace(
        run=run,
        intents=state.intents(run.id),
        snapshots=state.snapshots(run.id, side.dialect),
        later=tuple(intent for other in later for intent in state.intents(other.id)),
        links=state.links(run.provider, (run.scope,), side.dialect),
        target=target,
        mapping=side.mapping,
        contract=await contract_of(state, side),
        connection=side.name,
        now=runtime.clock.now(),
        lineage=lineage,
        serial=serial,
    )


async def settle(runtime: Runtime, state: State, run: str, job: str, *, created: str | None) -> Intent:
    """Settle an uncertain create as a person says.

    Args:
        runtime: what the command brings along.
        state: the open state.
        run: the run that sent it.
        job: id or name of the source job, or name of the job at the target.
        created: id of the job that it made; None when it made none.

    Returns:
        The write that was settled.

    Raises:
        UsageError: there is no such uncertain write, or no such job.
        RefusedError: that job stands for something else.
        LockedError: another run writes to the same target.
    """
    found = run_of(state, run)
    sync = runtime.config.sync(found.sync)
    lock = f"{found.provider}:{found.scope}"
    async with opened(runtime, sync.target, state=state, target=True) as side, locking(state, lock, run_id(runtime)):
        intent = _uncertain(state.intents(run, side.dialect), run, job)
        if created is None:
            state.settle(intent, "failed", "a person looked: it was not made")
            return intent
        if (side.adapter.provider, side.adapter.scopes[0]) != (found.provider, found.scope):
            what = f"sync {sync.name} writes to another target by now than run {found.id} did"
            raise RefusedError(what, actual=side.adapter.scopes[0], allowed=found.scope)
        try:
            record = await side.adapter.get_job(found.scope, created)
        except NotFoundError as error:
            what = "there is no such job at the target"
            raise UsageError(what, actual=created, hint="give its id as the target names it") from error
        links = state.links(found.provider, (found.scope,), side.dialect)
        it = side.mapping.read(record.raw, scope=record.scope)
        take_for(it, intent, links=links, mapping=side.mapping, state=state)
        return intent


def _uncertain(intents: Iterable[Intent], run: str, job: str) -> Intent:
    unsettled = [i for i in intents if i.state in {"dispatched", "uncertain"} and i.action == "create" and i.source]
    found = [i for i in unsettled if job in {i.name, i.source and i.source.id}]
    if len(found) == 1:
        return found[0]
    allowed = ", ".join(sorted(i.name for i in (found or unsettled))) or "none is left in this run"
    what = "that names several uncertain writes" if found else "there is no such uncertain write in this run"
    hint = did_you_mean(job, (i.name for i in unsettled)) or "migrator status lists them"
    raise UsageError(what, where=f"run {run}", actual=job, allowed=allowed, hint=hint)


def run_id(runtime: Runtime) -> str:
    """The id of a new run: when it begins, and a little chance."""
    return f"{runtime.clock.now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"


def run_of(state: State, run: str) -> Run:
    """The run of that id.

    Raises:
        UsageError: there is none.
    """
    found = state.run(run)
    if found is None:
        latest = ", ".join(known.id for known in state.runs()[:3])
        raise UsageError("there is no such run", actual=run, allowed=latest, hint="migrator history lists them all")
    return found


def plan_of(run: Run) -> Plan:
    """The plan that a run carried out.

    Raises:
        RefusedError: it was not kept.
    """
    if run.plan is None:
        what = "the plan of this run was not kept: it was made by an old version"
        raise RefusedError(
            what, where=f"run {run.id}", hint=f"migrator apply {run.sync} does what is left by a new plan"
        )
    return plan_from_json(run.plan, where=f"plan of run {run.id}")


def _rest_of(state: State, run: str, fresh: Plan) -> Plan:
    found = run_of(state, run)
    runs = state.runs(found.sync)
    later = runs[: [other.id for other in runs].index(found.id)]
    sent = [intent for one in (found, *later) for intent in state.intents(one.id) if one.of in {None, found.id}]
    return rest_of(found, plan_of(found), fresh, later=later, sent=[i for i in sent if i.error != NEVER_SENT])


def _guard(current: Plan, max_deletes: int | None) -> None:
    """Refuse a plan that is unsafe as a whole."""
    where = f"sync {current.sync}"
    if current.refusal:
        raise RefusedError(current.refusal, where=where, hint=f"look at it with migrator plan {current.sync}")
    deletes = current.summary["delete"]
    if max_deletes is not None and deletes > max_deletes:
        what = f"the plan deletes {deletes} jobs, and at most {max_deletes} may be deleted; nothing was changed"
        raise RefusedError(what, where=where, hint="look at the plan, then allow more with --max-deletes")


__all__ = ["Runtime", "apply", "audit", "export", "plan", "plan_of", "rollback", "run_of", "settle", "verify"]
