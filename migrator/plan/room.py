"""A target that takes so many active jobs and no more: what does not fit is blocked in the plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from migrator.canonical import Job, JobRef
from migrator.plan.actions import can_pause
from migrator.plan.changes import Change
from migrator.plan.names import age
from migrator.plan.plan_input import PlanInput


def within_room(inputs: PlanInput, changes: Iterable[Change]) -> Iterator[Change]:
    """Yield the changes, blocked where the target would hold more active jobs than it takes.

    Room goes first to jobs that become active again, then to those that are recreated in place of one that stays until
    then, then to new ones, the oldest at the source first. What is only made active for a moment counts as well, and so
    does a target record that cannot be read. Where more are active already than the connection or the mapping says, it
    is another number there, and nothing is predicted.
    """
    changes = list(changes)
    room = inputs.mapping.rules.room
    most = inputs.room or (room.active if room else 0)
    if room is None or (active := _active(inputs)) > most:
        yield from changes
        return
    free = most - active - sum(change.action == "resume" for change in changes)
    lacking: set[JobRef | None] = set()
    for ref, needed in _in_order(inputs, changes):
        if needed > free:
            lacking.add(ref)
        else:
            free -= needed
    title = inputs.mapping.rules.title
    reason = (
        f"no room for it: {title} takes {most} active {room.what}, {active} are active there already, "
        "and the jobs that are oldest at the source go first; pause or delete some there"
    )
    for change in changes:
        if change.source in lacking and change.action in {"create", "replace"}:
            yield attrs.evolve(change, action="blocked", fields=(), reason=reason)
        elif change.source in lacking and change.action not in {"none", "blocked"}:
            yield attrs.evolve(
                change, action="blocked", fields=(), reason=f"a part of the same job is blocked: {reason}"
            )
        else:
            yield change


def _active(inputs: PlanInput) -> int:
    jobs = (job for job in inputs.target.jobs if job.ref.scope == inputs.target_scope and job.live)
    return sum(1 for _job in jobs) + sum(one.ref.scope == inputs.target_scope for one in inputs.target.problems)


def _in_order(inputs: PlanInput, changes: Iterable[Change]) -> list[tuple[JobRef | None, int]]:
    """Return the source jobs whose changes take room, each with how much, in the order in which they get it."""
    needed: dict[JobRef | None, int] = {}
    first: set[JobRef | None] = set()
    for change in changes:
        beside = change.action == "replace" and (change.pieces > 1 or not can_pause(inputs))
        if change.action == "create" or beside:
            needed[change.source] = needed.get(change.source, 0) + 1
        if beside:
            first.add(change.source)
    jobs = inputs.at_source

    def priority(ref: JobRef | None) -> tuple[object, ...]:
        job: Job | None = jobs.get(ref) if ref else None
        return (ref not in first, *(age(job) if job else ()))

    return [(ref, needed[ref]) for ref in sorted(needed, key=priority)]
