"""A source job with a managed target job: what was last applied, what is wanted now, and what is there.

Whoever changed a field since we last wrote it decides what happens: the source alone, and the target follows; somebody
at the target, and the sync's `on_drift` says whose value counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from migrator.canonical import TRIGGER_PATHS, Fields, answered
from migrator.convert.fields import Need
from migrator.plan.actions import action_for, created, unchangeable
from migrator.plan.changes import Change, FieldChange
from migrator.plan.compare import BOTH, SOURCE, TARGET, agreed, differences, unkept
from migrator.plan.plan_input import PlanInput
from migrator.plan.policy import setting
from migrator.plan.write_back import RETURNED, WriteBacks, write_backs
from migrator.soundness import contrast
from migrator.store.records import Binding

_RENEWED: Final = "the schedule at the source is unchanged; only its window has moved on"


def merged_change(inputs: PlanInput, part: Change, fields: Fields, binding: Binding) -> Change:
    """Return what happens to the target job of a binding.

    Args:
        inputs: what the plan is made from.
        part: the change so far, without regard to the target job.
        fields: the wanted target job.
        binding: what was last written.
    """
    part = attrs.evolve(part, target=binding.target)
    if problem := inputs.unreadable.get(binding.target.id):
        return attrs.evolve(part, action="blocked", reason=f"the target job cannot be read: {problem.error}")
    job = inputs.at_target.get(binding.target.id)
    if job is None:
        return _vanished(inputs, part, fields, binding)
    if job.trouble:
        note = f"{inputs.mapping.rules.title} reports of {binding.target.id} at the target: {job.trouble}"
        part = attrs.evolve(part, reason="; ".join(filter(None, (part.reason, note))))
    remote = answered(job, binding.applied)
    if job.suspended is None:
        return _compared(inputs, part, fields, binding, remote)
    if fields.get("enabled") is False:
        remote["enabled"] = False  # it fires nothing, and some platforms refuse to pause what they have stopped
    return stopped(_compared(inputs, part, fields, binding, remote), job.suspended, title=inputs.mapping.rules.title)


def stopped(change: Change, why: str, *, title: str) -> Change:
    """Return the change of a target job that its platform has stopped: what the source fires does not fire there."""
    if not change.live or change.action == "blocked":
        return change
    reason = f"stopped by {title} ({why}): it does not fire at the target until somebody resumes it there"
    if change.action == "none":
        return attrs.evolve(change, action="blocked", reason=reason)
    return attrs.evolve(change, reason="; ".join(filter(None, (change.reason, reason))))


def _compared(inputs: PlanInput, part: Change, fields: Fields, binding: Binding, remote: Fields) -> Change:
    """Return what happens to a target job that was read."""
    states = {"applied": binding.applied, "seen": binding.seen, "desired": fields, "remote": remote}
    found = tuple(differences(**states, mapping=inputs.mapping))
    part = attrs.evolve(part, agreed=agreed(**states, mapping=inputs.mapping))
    edited = [change for change in found if change.reason in {TARGET, BOTH}]
    if reason := _undecided(edited, inputs.sync.on_drift):
        return attrs.evolve(part, action="blocked", fields=found, reason=reason, needs=(_overwriting(inputs, edited),))
    kept = tuple(change for change in found if change.reason == SOURCE or inputs.sync.on_drift == "source")
    if blocked := unchangeable(inputs, kept, remote, fields):
        return attrs.evolve(part, action="blocked", fields=found, reason=blocked)
    if edited and inputs.sync.on_drift == "target" and inputs.sync.two_way:
        return _two_way(inputs, part, kept, desired=fields, edited=edited, remote=remote)
    if not kept and edited:
        reason = f"edits at the target are kept: {', '.join(change.path for change in edited)}"
        return attrs.evolve(part, fields=found, reason=reason)
    if not kept:
        return _unchanged(inputs, part, unkept(**states, mapping=inputs.mapping, accepted=inputs.sync.accept_stored))
    renews = _renews(inputs, kept, part, binding)
    action, reason = action_for(inputs, kept, remote, fields, why=_RENEWED if renews else part.reason)
    return attrs.evolve(part, action=action, fields=kept, renews=renews, reason=reason)


def _unchanged(inputs: PlanInput, part: Change, odd: Sequence[FieldChange]) -> Change:
    """Return no change; blocked where the platform keeps something else than was written, and a person decides."""
    if not odd:
        return part
    differing = []
    for change in odd:
        written, stored = contrast(change.new, change.remote)
        differing.append(f"{change.path} was written as {written} and is kept as {stored}")
    line = f"accept_stored = {json.dumps([*inputs.sync.accept_stored, *(change.path for change in odd)])}"
    reason = (
        f"{inputs.mapping.rules.title} keeps something else than was written: {'; '.join(differing)}; correct it at "
        f"the source, or accept it with {line} in [syncs.{inputs.sync.name}]"
    )
    need = setting(inputs.sync, line, f"{inputs.mapping.rules.title} keeps something else than was written")
    return attrs.evolve(part, action="blocked", fields=tuple(odd), reason=reason, needs=(need,))


def _two_way(
    inputs: PlanInput,
    part: Change,
    kept: tuple[FieldChange, ...],
    *,
    desired: Fields,
    edited: Sequence[FieldChange],
    remote: Fields,
) -> Change:
    """Return the change that brings edits of both sides to the other one; blocked where one of them cannot go."""
    assert part.source is not None
    paths = [change.path for change in edited]
    job = inputs.at_source[part.source]
    found = (
        write_backs(inputs, job, desired={**desired, **part.due}, edited=paths, remote=remote)
        if part.pieces == len(inputs.current_bindings[part.source]) == 1
        else WriteBacks(reason="several target jobs are bound to one source job")
    )
    if found.back is None:
        reason = f"{', '.join(paths)} cannot go back to the source: {found.reason}; edit it there, or undo it here"
        return attrs.evolve(part, action="blocked", fields=(*kept, *edited), reason=reason)
    action, reason = action_for(inputs, kept, remote, desired, why=f"{RETURNED}: {', '.join(paths)}")
    return attrs.evolve(part, action=action, fields=kept, back=found.back, reason=reason)


def _undecided(edited: Iterable[FieldChange], on_drift: str) -> str:
    """Return why an edit at the target waits for a person; "" where the sync says whose value counts.

    That the target's counts says nothing of a field that the source has changed as well: then one of two people's work
    would be lost unseen.
    """
    conflicts = ", ".join(change.path for change in edited if change.reason == BOTH)
    if conflicts and on_drift != "source":
        return (
            f"both sides changed {conflicts}; make them equal, or let the source overwrite the target "
            'with on_drift = "source"'
        )
    paths = ", ".join(change.path for change in edited)
    if paths and on_drift == "refuse":
        return f'somebody changed {paths} at the target; on_drift = "source" overwrites it, "target" keeps it'
    return ""


def _overwriting(inputs: PlanInput, edited: Iterable[FieldChange]) -> Need:
    """Return the setting by which the source overwrites an edit at the target."""
    if any(change.reason == BOTH for change in edited):
        return setting(inputs.sync, 'on_drift = "source"', "it was changed on both sides")
    return setting(inputs.sync, 'on_drift = "source"', 'it was edited at the target; "target" keeps such edits')


def _renews(inputs: PlanInput, changes: Iterable[FieldChange], part: Change, binding: Binding) -> bool:
    """Return whether these changes come from the passing of time alone: the source's schedule is what it was."""
    changed = {
        *TRIGGER_PATHS,
        *(("name",) if binding.pieces != part.pieces else ()),
    }  # names say how many parts there are
    return is_same_schedule(inputs, part) and all(c.reason == SOURCE and c.path in changed for c in changes)


def is_same_schedule(inputs: PlanInput, change: Change) -> bool:
    """Return whether the source's schedule is the one that a managed copy was last in step with.

    Of several parts one suffices: a run that died may have left others that never got theirs.
    """
    wanted = change.schedule.stands_for if change.schedule else ""
    bindings = inputs.current_bindings.get(change.source, ()) if change.source else ()
    return bool(wanted) and any(binding.stands_for == wanted for binding in bindings)


def _vanished(inputs: PlanInput, part: Change, fields: Fields, binding: Binding) -> Change:
    """Return what happens to a target job that does not exist any more."""
    if binding.target in inputs.unproved:
        reason = f"the target's listing lacks {binding.target.id}, and reading it by its id got no answer"
        return attrs.evolve(part, action="blocked", reason=reason)
    if inputs.sync.on_deleted == "recreate":
        return attrs.evolve(created(inputs, part, fields), target=None)
    reason = (
        f"somebody deleted {binding.target.id} at the target; "
        f'on_deleted = "recreate" in [syncs.{inputs.sync.name}] recreates it'
    )
    need = setting(inputs.sync, 'on_deleted = "recreate"', "somebody deleted it at the target")
    return attrs.evolve(part, action="blocked", reason=reason, needs=(need,))
