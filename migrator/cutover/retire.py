"""Retire source jobs: stop or delete them, once their target is proved and has been due since it fires alone.

A target job counts as tried when its platform says that it fired since it has the right to, or when it was due since
then. Whether that run succeeded is for a person to check: no platform reports it reliably.
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
from migrator.cutover.cutover_run import CutoverRun, Told, preview
from migrator.cutover.decide import SwitchPlanner
from migrator.cutover.deferred import check_in_effect
from migrator.cutover.switches import Cutover, Nightly, Order, Switch, SwitchStep
from migrator.errors import RefusedError
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
    progress: Told,
) -> Cutover:
    """Stop or delete the source jobs of a sync that are not needed any more.

    Args:
        runtime: what the command brings along.
        state: the open state.
        sync: its name.
        order: which jobs, and the time without a fire around a stop.
        delete: whether those that stand still are deleted, too; else those that still fire are stopped.
        at_most: how many may be touched; None for what the sync's `limits.deletes` allows.
        agree: asked before anything is written.
        stop: set it to begin no new one.
        progress: told after each.

    Raises:
        UsageError: a job is unknown.
        RefusedError: that would be too many at once, or the target follows a change later than it is written.
        LockedError: another run writes to one of the two sides.
    """
    run = run_id(runtime)
    async with session_of(runtime, state, sync) as session, both_locked(session, run, stop=stop):
        check_in_effect(session, "retire", told=order.in_effect, counts=("target",))
        await reconcile_source_writes(runtime, state, session.source)
        snapshot = await session.snapshot(locked=True)
        stage = await cutover_context(session, snapshot)
        mover = switch_planner_of(stage, order)
        refs = sorted(stage.chosen(order.jobs), key=lambda ref: (stage.name(ref).casefold(), str(ref)))
        moves = [_retirement(stage, mover, ref, delete=delete) for ref in refs]
        planned = sum(move.status == "planned" for move in moves)
        if not order.is_dry:
            _guard(stage, planned, at_most)
            if delete:
                state.note_retired(sync, await _gone(stage, order, moves))
        nightly = tuple(_nightly(stage, moves))
        asked = attrs.evolve(preview(session, order, moves), nightly=nightly)
        if not planned or order.is_dry or not await agree(asked, attrs.evolve(snapshot.plan, changes=())):
            return asked
        handing = CutoverRun(stage=stage, order=order, run=run, kind="retire", stop=stop, progress=progress)
        return attrs.evolve(await handing.out(moves), nightly=nightly)


def _guard(stage: CutoverContext, planned: int, at_most: int | None) -> None:
    """Refuse to touch more source jobs than is allowed."""
    sync = stage.session.sync
    if at_most is not None:
        allowed, limit = planned <= at_most, f"--max-deletes {at_most}"
    else:
        of, deletes = len(stage.bindings), sync.limits.deletes
        allowed, limit = deletes.allows(planned, of=of, floor=sync.limits.floor), f"limits.deletes = {deletes}"
    if planned and not allowed:
        what = f"the run would retire {planned} source jobs, and {limit} does not allow that; nothing was changed"
        hint = f"list them with --dry-run, then allow more: --max-deletes {planned}"
        raise RefusedError(what, where=f"sync {sync.name}", hint=hint)


async def _gone(stage: CutoverContext, order: Order, moves: Iterable[Switch]) -> frozenset[JobRef]:
    """Return the source jobs that were deleted already: they count as retired from now on.

    Where none of the known jobs is listed, the token may open another account: then only those that were named.
    """
    if stage.snapshot.plan.refusal and not order.jobs:
        return frozenset()
    there = {
        move.source for move in moves if move.status == "there" and job_in(stage.snapshot.listed, move.source) is None
    }
    source = stage.session.source
    found = await look_up(source.adapter, source.mapping, there, as_source=True)
    back = {job.ref for job in found.jobs} | {problem.ref for problem in found.problems}
    return frozenset(there) - found.unproved - back


def _retirement(stage: CutoverContext, mover: SwitchPlanner, ref: JobRef, *, delete: bool) -> Switch:
    """What retiring one source job takes, or why it stays."""
    context, active_side = stage.context(ref), stage.snapshot.active_sides.get(ref)
    move = stage.move(ref, mover, "target")
    if context is None:
        return attrs.evolve(move, reason="it has no target job") if ref not in stage.bindings else move
    if reason := _too_early(stage, move, context):
        return attrs.evolve(move, status="refused", turns=(), reason=reason)
    told, is_tried = _tried(mover, context, active_side.since if active_side else _made_at(stage, ref))
    if not is_tried:
        return attrs.evolve(move, status="refused", turns=(), reason=told)
    if not delete:
        return attrs.evolve(move, reason=told) if move.turns else _stands_still(move)
    if may_fire(context.source, active_side):
        reason = "both sides fire: retire it without --delete first, and delete it after its target has fired"
        return attrs.evolve(move, status="refused", turns=(), reason=reason)
    return attrs.evolve(_deleted(move, context, mover), reason=told)


def _too_early(stage: CutoverContext, move: Switch, context: SwitchContext) -> str:
    """Return why the source job is still needed; "" when its target is active and proved."""
    active_side, cutover = context.active_side, f"switch it first: migrator cutover {stage.session.sync.name}"
    if active_side is not None and active_side.live == "source":
        return f"the source is the active side; {cutover}"
    if stage.is_out_of_place(move.source):
        return f"the source is active again; {cutover}"
    at = flatten(context.wished).get("trigger.at")
    if isinstance(at, datetime) and at <= stage.snapshot.plan.created_at:
        return ""  # it was for one instant, which has passed: there is nothing left to prove
    return move.reason if move.status in {"refused", "left"} else ""  # a move that is not proved is refused


def _nightly(stage: CutoverContext, moves: Iterable[Switch]) -> Iterator[Nightly]:
    """The jobs that are to be retired, or are, and whose targets stay exact only while syncs renew them."""
    for move in moves:
        schedules = [change.schedule for change in stage.changes.get(move.source, ()) if change.schedule]
        until = min((one.until for one in schedules if one.verdict == "exact_until" and one.until), default=None)
        job = job_in(stage.snapshot.source, move.source)
        if until and job and move.status in {"planned", "there"}:
            modes = dict(_modes(stage, job, until))
            yield Nightly(source=move.source, name=move.name, until=until, modes=modes)


def _modes(stage: CutoverContext, job: Job, until: datetime) -> Iterator[tuple[str, str]]:
    """The modes under which a job's schedule would not have to be renewed, or later than now; each with how so."""
    sync, rules = stage.session.sync, stage.session.target.mapping.rules
    for mode in get_args(Mode):
        if mode == sync.schedule.mode:
            continue
        other = attrs.evolve(sync, schedule=attrs.evolve(sync.schedule, mode=mode))
        schedule, parts, reason = schedule_of(job, target=rules, sync=other, now=stage.snapshot.plan.created_at)
        if not parts:
            continue
        if schedule.verdict == "approximate":
            yield mode, f"not to be renewed, but {reason}"
        elif schedule.verdict != "exact_until":
            yield mode, "not to be renewed"
        elif schedule.until and schedule.until > until:
            yield mode, f"exact until {schedule.until:%Y-%m-%d}, by {len(parts)} target jobs"


def _stands_still(move: Switch) -> Switch:
    return attrs.evolve(move, status="there", reason="already stopped at the source; --delete removes it")


def _deleted(move: Switch, context: SwitchContext, mover: SwitchPlanner) -> Switch:
    turn = SwitchStep(side="source", job=context.source.ref, does="delete", before=flatten(context.source))
    return attrs.evolve(move, status="planned", turns=(turn,), switched=mover.active_side(context, live="target"))


def _tried(mover: SwitchPlanner, context: SwitchContext, since: datetime | None) -> tuple[str, bool]:
    """Whether the target jobs have fired, or would have, since they may; in words, and at all."""
    told = f"since {since:%Y-%m-%d %H:%M} UTC" if since else "since it was created"
    fired = max((job.fired_at for job in context.targets.values() if job.fired_at), default=None)
    if fired and since and fired >= since:
        return f"the target is proved, and fired last at {fired:%Y-%m-%d %H:%M} UTC", True
    if since is None or since >= mover.now:
        return "the target has not fired yet; wait for its next fire", False
    _own, *targets = mover.calendars(context)
    if due := sum(len(calendar.between(since, mover.now)) for calendar in targets):
        return f"the target is proved, and was due {'once' if due == 1 else f'{due} times'} {told}", True
    return f"the target has not fired {told}; wait for its next fire", False


def _made_at(stage: CutoverContext, ref: JobRef) -> datetime | None:
    """When the target job of a source job was made, as far as the journal knows."""
    sides = (stage.session.source, stage.session.target)
    dialects = {side.mapping.rules.provider: side.dialect for side in sides}
    writes = stage.session.state.about(ref, get_args(RunKind), dialects)
    own = (write for write in writes if write.sync == stage.session.sync.name)
    return next((w.ended_at for w in own if w.action in {"create", "adopt"} and w.state == "done"), None)
