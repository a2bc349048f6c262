"""In which ways the target lets a job be created and changed, under its update contract."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

import attrs

from migrator.canonical import PATHS, SHARED_PATHS, Fields
from migrator.plan.changes import Action, Change, FieldChange
from migrator.plan.plan_input import PlanInput

STAGED: Final = "staged until the cutover"
PARKED: Final = "parked while the source job is paused"


def created(inputs: PlanInput, part: Change, fields: Fields) -> Change:
    """Return the create of a target job; blocked where it would have to be paused and nothing can be."""
    if fields.get("enabled") is False and not can_pause(inputs):
        reason = (
            f"it is paused at the source, and under the {inputs.contract} contract {inputs.mapping.rules.title} "
            "can neither create a paused job nor pause one; resume it, leave it out with select, or park it with "
            f'when_unpausable = "park" in [syncs.{inputs.sync.name}]'
        )
        return attrs.evolve(part, action="blocked", reason=reason)
    staged = STAGED if part.active_side == "source" else PARKED
    new = tuple(
        (_shared if path in SHARED_PATHS else _new)(path, fields[path], staged if path in part.due else "new")
        for path in PATHS
        if path in fields
    )
    return attrs.evolve(part, action="create", fields=new)


def _new(path: str, value: Any, reason: str) -> FieldChange:
    return FieldChange(path=path, new=value, reason=reason)


_shared: Final = lru_cache(maxsize=1024)(_new)
"""The same, one for all jobs that have the value."""


def can_pause(inputs: PlanInput) -> bool:
    """Return whether a target job can be paused."""
    rule = inputs.mapping.rules.fields.get("enabled")
    if rule is None:
        return False
    return bool(rule.create_path) or rule.change_under(inputs.contract) == "update"


def unchangeable(inputs: PlanInput, changes: Iterable[FieldChange], remote: Fields, new: Fields) -> str:
    """Return why a target job cannot be changed so; "" when it can."""
    fixed = [change.path for change in changes if _kind(inputs, change, remote, new) == "fixed"]
    if not fixed:
        return ""
    title, contract = inputs.mapping.rules.title, inputs.contract
    what = f"{title} cannot change {', '.join(fixed)} under the {contract} contract; change it there by hand"
    if fixed == ["enabled"] and new.get("enabled") is False:
        return f'{what}, or park it with when_unpausable = "park" in [syncs.{inputs.sync.name}]'
    return what


def action_for(
    inputs: PlanInput, changes: Iterable[FieldChange], remote: Fields, new: Fields, *, why: str = ""
) -> tuple[Action, str]:
    """Return the action that makes these changes, and why; `why` is the reason that is known already."""
    changes = list(changes)
    why_replaced = [change.path for change in changes if _kind(inputs, change, remote, new) == "replace"]
    if why_replaced:
        title, contract = inputs.mapping.rules.title, inputs.contract
        reason = f"{title} can change {', '.join(why_replaced)} only by recreating it under the {contract} contract"
        return "replace", "; ".join(filter(None, (why, reason)))
    if [change.path for change in changes] == ["enabled"]:
        return ("resume" if changes[0].new else "pause"), why
    return "update", why


def _kind(inputs: PlanInput, change: FieldChange, remote: Fields, new: Fields) -> str:
    return inputs.mapping.change_kind(change.path, remote, new, inputs.contract)
