"""Retire source jobs: stop or delete them, once their target is proved and has been due since it fires alone.

A target job counts as tried when its platform says that it fired since it is active alone, or when it was due since
then. Whether that run succeeded is for a person to check: no platform reports it reliably. A job that is paused on both
sides has no fire to wait for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import get_args

import attrs

from migrator.active_side import SwitchContext
from migrator.canonical import Job, JobRef, flatten
from migrator.config import Mode
from migrator.convert.schedule import schedule_of
from migrator.cutover.commands import Consent, both_locked
from migrator.cutover.context import CutoverContext, cutover_context, switch_planner_of
from migrator.cutover.cutover_run import CutoverRun, SwitchProgress, preview
from migrator.cutover.decide import SwitchPlanner
from migrator.cutover.deferred import check_in_effect
from migrator.cutover.switches import Cutover, Nightly, Order, Switch, SwitchStep
from migrator.errors import RefusedError, clause
from migrator.extract import look_up
from migrator.plan.staging import may_fire
from migrator.store import State
from migrator.store.records import RunKind
from migrator.sync.active_status import job_in
from migrator.sync.endpoints import Runtime, reconcile_source_writes
from migrator.sync.runs import run_id
from migrator.sync.session import session_of


async def retire(
    runtime: Runtime,
    state: State,
    sync: str,
    order: Order,
    *,
    delete: bool,
    at_most: int | None,
    agree: Consent,
    stop: asyncio.Event,
    progress: SwitchProgress,
) -> Cutover:
    """Stop or delete the source jobs of a sync that are not needed any more; return the result.

    Args:
        runtime: what the command brings along.
        state: the open state.
        sync: its name.
        order: which jobs, and the time without a fire around a stop.
        delete: whether those that are stopped are deleted, too; else those that still fire are stopped.
        at_most: how many may be touched; None for what the sync's `limits.deletes` allows.
        agree: asked before anything is written.
        stop: set it to begin no new one.
        progress: called with each result.

    Raises:
        UsageError: a job is unknown.
        RefusedError: that would be too many at once, or the target follows a change later than it is written.
        LockedError: another run writes to one of the two sides.
    """
    run = run_id(runtime)
    async with session_of(runtime, state, sync) as session, both_locked(session, run, stop=stop):
        check_in_effect(session, "retire", is_in_effect=order.in_effect, counts=("target",))
        await reconcile_source_writes(runtime, state, session.source)
        snapshot = await session.snapshot(locked=True)
        context = await cutover_context(session, snapshot)
        planner = switch_planner_of(context, order)
        refs = sorted(context.chosen(order.jobs), key=lambda ref: (context.name(ref).casefold(), str(ref)))
        switches = [_retirement(context, planner, ref, delete=delete) for ref in refs]
        planned = sum(switch.status == "planned" for switch in switches)
        if not order.is_dry:
            _guard(context, planned, at_most)
            if delete:
                state.put_retired(sync, await _deleted_before(context, order, switches))
                context.record_ended()
        nightly = tuple(_nightly(context, switches))
        proposal = attrs.evolve(preview(session, order, switches), nightly=nightly)
        if not planned or order.is_dry or not await agree(proposal, attrs.evolve(snapshot.plan, changes=())):
            return proposal
        cutover_run = CutoverRun(context=context, order=order, run=run, kind="retire", stop=stop, progress=progress)
        return attrs.evolve(await cutover_run.apply(switches), nightly=nightly)


def _guard(context: CutoverContext, planned: int, at_most: int | None) -> None:
    """Refuse to touch more source jobs than is allowed."""
    sync = context.session.sync
    if at_most is not None:
        allowed, limit = planned <= at_most, f"--max-deletes {at_most}"
    else:
        of, deletes = len(context.bindings), sync.limits.deletes
        allowed, limit = deletes.allows(planned, of=of, floor=sync.limits.floor), f"limits.deletes = {deletes}"
    if planned and not allowed:
        what = f"the run would retire {planned} source jobs, and {limit} does not allow that; nothing was changed"
        hint = f"list them with --dry-run, then allow more: --max-deletes {planned}"
        raise RefusedError(what, where=f"sync {sync.name}", hint=hint)


async def _deleted_before(context: CutoverContext, order: Order, switches: Iterable[Switch]) -> frozenset[JobRef]:
    """Return the source jobs that were deleted already: they count as retired from now on.

    Where none of the known jobs is listed, the token may open another account: then only those that were named.
    """
    if context.snapshot.plan.refusal and not order.jobs:
        return frozenset()
    missing = {
        switch.source
        for switch in switches
        if switch.status == "there" and job_in(context.snapshot.listed, switch.source) is None
    }
    source = context.session.source
    found = await look_up(source.adapter, source.mapping, missing, as_source=True)
    listed = {job.ref for job in found.jobs} | {problem.ref for problem in found.problems}
    return frozenset(missing) - found.unproved - listed


def _retirement(context: CutoverContext, planner: SwitchPlanner, ref: JobRef, *, delete: bool) -> Switch:
    """Return what retires one source job, or the reason why it stays."""
    switch_context, active_side = context.switch_context(ref), context.snapshot.active_sides.get(ref)
    switch = context.switch(ref, planner, "target")
    if switch_context is None:
        return attrs.evolve(switch, reason="it has no target job") if ref not in context.bindings else switch
    if reason := _too_early(context, switch, switch_context):
        return attrs.evolve(switch, status="refused", steps=(), reason=reason)
    if switch.live == "paused":
        evidence, is_tried = _paused(planner, switch_context), True
    else:
        since = active_side.since if active_side else _made_at(context, ref)
        evidence, is_tried = _tried(planner, switch_context, since)
    if not is_tried:
        return attrs.evolve(switch, status="refused", steps=(), reason=evidence)
    if not delete:
        return attrs.evolve(switch, reason=evidence) if switch.steps else _already_stopped(switch)
    if may_fire(switch_context.source, active_side):
        reason = "both sides fire: retire it without --delete first, and delete it after its target has fired"
        return attrs.evolve(switch, status="refused", steps=(), reason=reason)
    return attrs.evolve(_deleted(switch, switch_context, planner), reason=evidence)


def _too_early(context: CutoverContext, switch: Switch, switch_context: SwitchContext) -> str:
    """Return why the source job is still needed; "" when its target is active and proved."""
    active_side, cutover = switch_context.active_side, f"switch it first: migrator cutover {context.session.sync.name}"
    if active_side is not None and active_side.live == "source":
        return f"the source is the active side; {cutover}"
    if context.is_out_of_place(switch.source):
        return f"the source is active again; {cutover}"
    at = flatten(switch_context.wanted).get("trigger.at")
    is_past = isinstance(at, datetime) and at <= context.snapshot.plan.created_at
    if is_past or (switch.live == "over" and active_side is not None):
        return ""  # it is not due any more: there is nothing left to prove
    return switch.reason if switch.status in {"refused", "left"} else ""  # a switch that is not proved is refused


def _nightly(context: CutoverContext, switches: Iterable[Switch]) -> Iterator[Nightly]:
    """Yield the jobs that are to be retired, or are, and whose targets stay exact only while syncs renew them."""
    for switch in switches:
        schedules = [change.schedule for change in context.changes.get(switch.source, ()) if change.schedule]
        until = min((one.until for one in schedules if one.verdict == "exact_until" and one.until), default=None)
        job = job_in(context.snapshot.source, switch.source)
        if until and job and switch.status in {"planned", "there"}:
            modes = dict(_modes(context, job, until))
            yield Nightly(source=switch.source, name=switch.name, until=until, modes=modes)


def _modes(context: CutoverContext, job: Job, until: datetime) -> Iterator[tuple[str, str]]:
    """Yield the modes under which a job's schedule is renewed later or never, each with what it does."""
    sync, rules = context.session.sync, context.session.target.mapping.rules
    for mode in get_args(Mode):
        if mode == sync.schedule.mode:
            continue
        other = attrs.evolve(sync, schedule=attrs.evolve(sync.schedule, mode=mode))
        schedule, parts, reason = schedule_of(job, target=rules, sync=other, now=context.snapshot.plan.created_at)
        if not parts:
            continue
        if schedule.verdict == "approximate":
            yield mode, f"not to be renewed, but {reason}"
        elif schedule.verdict != "exact_until":
            yield mode, "not to be renewed"
        elif schedule.until and schedule.until > until:
            yield mode, f"exact until {schedule.until:%Y-%m-%d}, by {len(parts)} target jobs"


def _already_stopped(switch: Switch) -> Switch:
    return attrs.evolve(switch, status="there", reason="already stopped at the source; --delete removes it")


def _deleted(switch: Switch, switch_context: SwitchContext, planner: SwitchPlanner) -> Switch:
    step = SwitchStep(
        side="source", job=switch_context.source.ref, does="delete", before=flatten(switch_context.source)
    )
    return attrs.evolve(
        switch,
        status="planned",
        steps=(step,),
        active_side=switch_context.active_side,
        switched=planner.active_side(switch_context, live="target"),
        calendars=tuple(planner.calendars(switch_context)),  # a job that is over has none of its own
    )


def _tried(planner: SwitchPlanner, switch_context: SwitchContext, since: datetime | None) -> tuple[str, bool]:
    """Return in words, and as a flag, whether the target jobs have fired, or were due, since they may fire."""
    since_when = f"since {since:%Y-%m-%d %H:%M} UTC" if since else "since it was created"
    fired = max((job.fired_at for job in switch_context.targets.values() if job.fired_at), default=None)
    if fired and since and fired >= since:
        return f"the target is proved, and fired last at {fired:%Y-%m-%d %H:%M} UTC", True
    if since is None or since >= planner.now:
        return "the target has not fired yet; wait for its next fire", False
    _own, *targets = planner.calendars(switch_context)
    if due := sum(len(calendar.between(since, planner.now)) for calendar in targets):
        return f"the target is proved, and was due {'once' if due == 1 else f'{due} times'} {since_when}", True
    return f"the target has not fired {since_when}; wait for its next fire", False


def _paused(planner: SwitchPlanner, switch_context: SwitchContext) -> str:
    """Return why a job that is paused on both sides has no fire to wait for."""
    suspended = switch_context.source.suspended
    who = "its owner" if suspended is None else f"{planner.source.rules.title} ({clause(suspended)})"
    return f"the target is proved, and paused like the source, by {who}: there is no fire to wait for"


def _made_at(context: CutoverContext, ref: JobRef) -> datetime | None:
    """Return when the target job of a source job was created, as far as the journal knows."""
    endpoints = (context.session.source, context.session.target)
    dialects = {endpoint.mapping.rules.provider: endpoint.dialect for endpoint in endpoints}
    writes = context.session.state.about(ref, get_args(RunKind), dialects)
    own = (write for write in writes if write.sync == context.session.sync.name)
    return next((w.ended_at for w in own if w.action in {"create", "adopt"} and w.state == "done"), None)
