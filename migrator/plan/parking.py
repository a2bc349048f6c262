"""Target jobs that should not fire where the target cannot pause: their schedules are parked far in the future."""

from __future__ import annotations

from typing import Final

import attrs

from migrator.canonical import Fields, Job, flatten
from migrator.plan.actions import can_pause
from migrator.plan.changes import Change, FieldChange
from migrator.plan.plan_input import PlanInput
from migrator.plan.staging import is_distant, staged_fields
from migrator.store.records import Binding

_PARKED: Final = "parked with a schedule far in the future"


def parked(inputs: PlanInput, part: Change, fields: Fields, binding: Binding | None) -> tuple[Change, Fields]:
    """Return a change and the fields of its target job, parked where that must not fire and cannot be paused.

    Both come back as they are where the sync does not ask for that (`when_unpausable`), or where nothing can park it.
    """
    if fields.get("enabled") is not False or not parks(inputs):
        return part, fields
    made = binding.applied if binding else {}
    parked_fields = staged_fields(fields, inputs.mapping, inputs.contract, now=inputs.now, as_made=made)
    if not parked_fields:
        return part, fields
    reason = f"it is paused at the source, and {why_not(inputs)}, so it is {_PARKED}"
    due = {path: fields.get(path) for path in parked_fields}
    part = attrs.evolve(part, reason="; ".join(filter(None, (part.reason, reason))), due=due)
    return part, {**fields, "enabled": True, **parked_fields}


def paused_for_good(inputs: PlanInput, removal: Change, remote: Job) -> Change:
    """Return what stops the target job of a source job that is gone: a pause, or else parking it."""
    if not remote.enabled:
        return attrs.evolve(removal, reason="removed at source; already paused")
    if can_pause(inputs):
        change = FieldChange(path="enabled", old=True, new=False, remote=True, reason="removed at source")
        return attrs.evolve(removal, action="pause", fields=(change,), reason="removed at source")
    if not parks(inputs):
        reason = f"removed at source, and it cannot be paused under the {inputs.contract} contract"
        return attrs.evolve(removal, action="blocked", reason=reason)
    fields = flatten(remote)
    if is_distant(fields, inputs.mapping.rules.dialect, now=inputs.now):
        return attrs.evolve(removal, reason=f"removed at source; already {_PARKED}")
    parked_fields = staged_fields(fields, inputs.mapping, inputs.contract, now=inputs.now, as_made={})
    reason = f"removed at source, and {why_not(inputs)}"
    if not parked_fields:
        return attrs.evolve(removal, action="blocked", reason=f"{reason}, nor can its schedule be moved")
    changes = tuple(
        FieldChange(path=path, old=fields.get(path), new=new, remote=fields.get(path), reason="removed at source")
        for path, new in parked_fields.items()
    )
    return attrs.evolve(removal, action="pause", fields=changes, reason=f"{reason}, so it is {_PARKED}")


def parks(inputs: PlanInput) -> bool:
    """Return whether jobs of this target are parked instead of paused."""
    return inputs.sync.when_unpausable == "park" and not can_pause(inputs)


def why_not(inputs: PlanInput) -> str:
    """Return the words for a target that cannot pause."""
    return f"{inputs.mapping.rules.title} cannot pause under the {inputs.contract} contract"
