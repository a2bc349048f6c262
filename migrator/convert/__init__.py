"""Reduce a canonical job to what the target can hold, and say what that costs.

Pure: the same job, mapping, sync and clock give the same result. Converting what was converted changes nothing more.
"""

from __future__ import annotations

from datetime import datetime

import attrs
from attrs import frozen

from migrator.canonical import TRIGGER_PATHS, Fields, Job, Loss, flatten
from migrator.config import Sync
from migrator.convert.fields import (
    Need,
    convert_action,
    cut_to_size,
    drop_lost,
    drop_rivals,
    fill,
    in_order,
    look_up,
    missing,
)
from migrator.convert.limits import beyond_limits
from migrator.convert.schedule import ConvertedSchedule, prefetch, schedule_of
from migrator.errors import clause
from migrator.mapping import ProviderMapping


@frozen(kw_only=True)
class Converted:
    """A job as the target can hold it.

    Attributes:
        parts: flat fields, one set for each target job; empty when the job cannot be migrated.
        losses: what it gives up.
        schedule: what became of its schedule.
        refused: why it cannot be migrated at all, a sentence each.
        needs: what the sync must still say before it can be migrated.
        dead: why there is nothing left to migrate; "" while it still fires.
        notes: what a person should know, although nothing is lost.
    """

    parts: tuple[Fields, ...] = ()
    losses: tuple[Loss, ...] = ()
    schedule: ConvertedSchedule
    refused: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    dead: str = ""
    notes: tuple[str, ...] = ()


def convert(job: Job, *, target: ProviderMapping, sync: Sync, now: datetime) -> Converted:
    """Return what `job` becomes at the target of `sync`."""
    fields = {path: value for path, value in flatten(job).items() if path not in TRIGGER_PATHS}
    losses = list(job.residue)
    notes = []
    if job.suspended is not None:
        notes.append(f"disabled by {job.ref.provider.title()}: {clause(job.suspended)}; paused at the target")
    if job.failing:
        notes.append(f"its runs fail at {job.ref.provider.title()}: {job.failing}")
    if not job.live:
        fields["enabled"] = False
    fields = look_up(fields, sync.lookup)
    fields, needs = convert_action(fields, losses, target=target, sync=sync)
    fields = drop_lost(fields, losses, target)
    fields = fill(fill(fields, sync.set, target), target.defaults(), target)
    fields = drop_rivals(fields, losses, target)
    fields = cut_to_size(fields, losses, job.ref, target)
    schedule, triggers, reason = schedule_of(job, target=target.rules, sync=sync, now=now)
    if job.unknown and not target.holds("provider_fields"):
        schedule = attrs.evolve(schedule, flags=(*schedule.flags, "unknown_fields"))
    if schedule.verdict == "dead":
        return Converted(losses=tuple(losses), schedule=schedule, dead=reason, notes=tuple(notes))
    if schedule.verdict == "approximate" and triggers:
        losses.append(_inexact(schedule, reason, target.rules.title))
        reason = ""
    more, beyond = beyond_limits(fields, target=target, sync=sync)
    needs += more
    reason = "; ".join(filter(None, (reason, *beyond)))
    if not reason:
        needs += missing({**fields, **triggers[0]}, sync, target.rules)
    if not reason and not needs and target.refuses:  # what the sync can still set is no reason to refuse
        reason = next(filter(None, (target.why_refused({**fields, **trigger}) for trigger in triggers)), "")
    return Converted(
        parts=() if reason or needs else tuple(in_order({**fields, **trigger}) for trigger in triggers),
        losses=tuple(losses),
        schedule=schedule,
        refused=(reason,) if reason else (),
        needs=tuple(needs),
        notes=tuple(notes),
    )


def _inexact(schedule: ConvertedSchedule, reason: str, title: str) -> Loss:
    """Return what an approximate schedule gives up."""
    if rounded := schedule.evidence.get("rounded"):
        reason = (
            f"{title} fires on whole minutes: it fires at the next one, {schedule.evidence['shift_seconds']:g} s later"
        )
        return Loss(path="trigger.at", had=rounded[0], becomes=rounded[1], reason=reason)
    (piece,) = schedule.pieces
    return Loss(path="trigger.cron", had=schedule.evidence["source"]["text"], becomes=piece["text"], reason=reason)


__all__ = ["Converted", "ConvertedSchedule", "Need", "convert", "prefetch"]
