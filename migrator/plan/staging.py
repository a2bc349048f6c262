"""Jobs that must not fire, and the active side.

A job stands still when it is paused; where its platform cannot pause, when its schedule is parked far in the future. No
platform here can create a paused job: it is created with such a schedule, paused, read back, and only then given its
real one, so that it is never live and due at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import attrs

from migrator.canonical import TRIGGER_PATHS, Fields, Job, JobRef, flatten, unflatten
from migrator.cron import Cron, next_fires, parse, render
from migrator.mapping import ProviderMapping
from migrator.plan.changes import Change
from migrator.plan.plan_input import PlanInput
from migrator.store.records import ActiveSide, Binding

_LAST_DAY_OF_EVERY_MONTH: Final = 28
_DISTANT: Final = timedelta(days=60)
"""A job whose next fire is further away than that is staged: no cutover lasts so long."""


def must_be_staged(fields: Fields, mapping: ProviderMapping) -> bool:
    """Return whether a job with these fields has to be made in steps."""
    return fields.get("enabled") is False and not mapping.rules.fields["enabled"].create_path


def parked_schedule(fields: Fields, mapping: ProviderMapping, *, now: datetime) -> Mapping[str, Any]:
    """Return a trigger of the same kind as the job's own whose next fire is far in the future: a parked schedule."""
    if "trigger.at" in fields:
        return {"trigger.at": (now + timedelta(days=360)).replace(microsecond=0)}
    day = now - timedelta(days=5)
    yearly = parse(f"0 0 {min(day.day, _LAST_DAY_OF_EVERY_MONTH)} {day.month} *", "vixie")
    return {"trigger.cron": parse(render(yearly, mapping.rules.dialect), mapping.rules.dialect)}


def stopping_fields(fields: Fields, mapping: ProviderMapping, contract: str, *, now: datetime) -> Fields | None:
    """Return what stops a job: a pause, or a parked schedule; None where it can be given neither.

    Args:
        fields: the job.
        mapping: its platform's.
        contract: the platform's update contract.
        now: the clock.
    """
    if mapping.rules.fields["enabled"].change_under(contract) == "update":
        return {"enabled": False}
    parked = parked_schedule(fields, mapping, now=now)
    kinds = {mapping.change_kind(path, fields, {**fields, **parked}, contract) for path in parked}
    return parked if kinds == {"update"} else None


def staged_fields(fields: Fields, mapping: ProviderMapping, contract: str, *, now: datetime, as_made: Fields) -> Fields:
    """Return the fields that a target job holds while it is staged; empty where the platform cannot stage it.

    Args:
        fields: the job as it is once it may fire.
        mapping: its platform's.
        contract: the platform's update contract.
        now: the clock.
        as_made: what was last written to it; a schedule in it that is still parked stays.
    """
    stop = stopping_fields(fields, mapping, contract, now=now) or {}
    written = {path: as_made[path] for path in stop if path in TRIGGER_PATHS and path in as_made}
    return written if written and is_distant({**fields, **written}, mapping.rules.dialect, now=now) else stop


def is_distant(fields: Fields, dialect: str, *, now: datetime) -> bool:
    """Return whether a job's schedule is parked; pauses do not count."""
    cron, at = fields.get("trigger.cron"), fields.get("trigger.at")
    if isinstance(at, datetime):
        return at > now + _DISTANT
    if not isinstance(cron, Cron):
        return True
    coming = next_fires(cron, fields["trigger.timezone"], now, 1, dialect=dialect or cron.dialect)
    return not coming or coming[0] > now + _DISTANT


def is_parked(job: Job, active_side: ActiveSide | None) -> bool:
    """Return whether a source job still is as a cutover stopped it."""
    if active_side is None or not active_side.parked:
        return False
    fields = flatten(job)
    return all(fields.get(path) == value for path, value in active_side.parked.items())


def is_cut_short(job: Job, active_side: ActiveSide) -> bool:
    """Return whether a switch of it has begun and not ended, so that neither side may be active, or both.

    A switch to the target that died before it stopped the source has changed nothing yet.
    """
    return active_side.begun is not None and (active_side.live == "target" or is_parked(job, active_side))


def may_fire(job: Job, active_side: ActiveSide | None) -> bool:
    """Return whether a source job fires: enabled by its owner, not stopped by its platform, not parked by a cutover."""
    return job.live and not is_parked(job, active_side)


def fires_again(job: Job, active_side: ActiveSide, dialect: str, *, now: datetime) -> bool:
    """Return whether a source job fires although the target is the active side, or soon will.

    Somebody has resumed it, or the schedule that it was parked with comes near.
    """
    if active_side.live != "target":
        return False
    if may_fire(job, active_side):
        return True
    changes_schedule = any(path in TRIGGER_PATHS for path in active_side.parked)
    return changes_schedule and job.live and not is_distant(flatten(job), dialect, now=now)


def as_wanted(job: Job, active_sides: Iterable[ActiveSide]) -> Job:
    """Return a source job as its owner wants it, without what a cutover did to stop it."""
    parked = next(
        (active_side for active_side in active_sides if active_side.source == job.ref and is_parked(job, active_side)),
        None,
    )
    if parked is None:
        return job
    return with_fields(job, parked.original)


def with_fields(job: Job, new: Fields) -> Job:
    """Return a job with another flag or schedule in place of its own."""
    fields = {**flatten(job), **new}
    changes_schedule = any(path in TRIGGER_PATHS for path in new)
    trigger = unflatten(fields, ref=job.ref).trigger if changes_schedule else job.trigger
    return attrs.evolve(job, enabled=fields["enabled"], trigger=trigger)


def staged(inputs: PlanInput, part: Change, fields: Fields, binding: Binding | None) -> tuple[Change, Fields]:
    """Return a change with what its target job becomes at the cutover, and the fields that the job has until then.

    Where nothing can stage the job, the change is blocked.
    """
    made = binding.applied if binding else {}
    stop = staged_fields(fields, inputs.mapping, inputs.contract, now=inputs.now, as_made=made)
    if not stop:
        reason = (
            f"under the {inputs.contract} contract {inputs.mapping.rules.title} can neither pause a job nor move its "
            "schedule, so it cannot be staged"
        )
        return attrs.evolve(part, action="blocked", reason=reason), fields
    return attrs.evolve(part, due={path: fields.get(path) for path in stop}), {**fields, **stop}


def out_of_place(inputs: PlanInput, ref: JobRef) -> str:
    """Return why a job's targets may not be changed before its active side is the recorded one; "" when it is."""
    cutover = f"migrator cutover {inputs.sync.name}"
    if ref in inputs.unfinished:
        what = "its cutover is unfinished, so both sides or neither may be active"
        return f"{what}. Finish it: {cutover}. Or switch back: {cutover} --back"
    if ref in inputs.revived:
        return (
            "the target is the active side, and it is active at the source again, or about to be: both sides fire "
            f"until it is paused there. Pause it there: {cutover}. Or switch back to the source: {cutover} --back"
        )
    return ""
