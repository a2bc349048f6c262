"""Edits at the target that go back to the source, where a sync is two-way.

What the source would have to say is found by saying the edited values in its own terms; and it may say so only if,
converted again, that gives exactly what the target has, and changes nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs
from attrs import frozen

from migrator.canonical import EVENT_PATHS, PATHS, PROMPT_PATHS, TRIGGER_PATHS, Event, Fields, Job, flatten, unflatten
from migrator.config import Sync
from migrator.convert import Converted, convert
from migrator.mapping.codecs import write_time
from migrator.plan.changes import FieldChange, WriteBack
from migrator.plan.plan_input import PlanInput

RETURNED: Final = "the target was edited, and the source follows"
_KEPT: Final = frozenset(
    {"ref", "suspended", "failing", "provider_fields", "residue", "ownership_tag", "created_at", "updated_at"}
)
"""What a source job has beside its fields."""


@frozen(kw_only=True)
class WriteBacks:
    """The write-back of edits, or why it is impossible.

    Attributes:
        back: what the source becomes; None when that is not possible.
        reason: why not.
    """

    back: WriteBack | None = None
    reason: str = ""


def write_backs(inputs: PlanInput, job: Job, *, desired: Fields, edited: Sequence[str], remote: Fields) -> WriteBacks:
    """Return the write-back of a target job's edits to its source job.

    Args:
        inputs: what the plan is made from.
        job: the source job.
        desired: what the target job would be without the edits.
        edited: the paths that were edited at the target and that the source has not changed.
        remote: the target job as it is.
    """
    if inputs.active_side_of(job.ref) != "both" and {"enabled", *TRIGGER_PATHS}.intersection(edited):
        return WriteBacks(reason="only a cutover changes which side is active")
    alien = set(PROMPT_PATHS if isinstance(job.action, Event) else EVENT_PATHS).intersection(edited)
    if alien:
        return WriteBacks(reason=f"its action there has no {', '.join(sorted(alien))}")
    wanted = _edited(job, edited, remote)
    if not _fits(inputs, wanted, desired=desired, edited=edited, remote=remote):
        what = ", ".join(edited)
        return WriteBacks(reason=f"the source cannot express {what} as it was edited at the target")
    now, then = _at_source(inputs, job), _at_source(inputs, wanted)
    if (refused := _refused(now, then)) or len(now.parts) != 1:
        return WriteBacks(reason=refused or "the source cannot express it")
    old, new = now.parts[0], then.parts[0]
    changed = [path for path in PATHS if not inputs.origin.same(path, old.get(path), new.get(path))]
    stuck = [path for path in changed if inputs.origin_kind(path, old, new) != "update"]
    if stuck:
        title = inputs.origin.rules.title
        return WriteBacks(reason=f"{title} cannot change {', '.join(stuck)} of a job that is there")
    fields = tuple(
        FieldChange(path=path, old=old.get(path), new=new.get(path), remote=remote.get(path), reason=RETURNED)
        for path in changed
    )
    return WriteBacks(back=WriteBack(paths=tuple(edited), fields=fields))


def _edited(job: Job, edited: Sequence[str], remote: Fields) -> Job:
    """Return the source job with the target's values of these paths; of a schedule, all of it."""
    paths = {*edited, *(TRIGGER_PATHS if set(edited) & set(TRIGGER_PATHS) else ())}
    fields: dict[str, Any] = {path: value for path, value in flatten(job).items() if path not in paths}
    fields |= {path: remote[path] for path in paths if path in remote}
    kept = {a.name: getattr(job, a.name) for a in attrs.fields(Job) if a.name in _KEPT}
    trigger = {} if set(TRIGGER_PATHS) & fields.keys() else {"trigger": job.trigger}
    return unflatten(fields, **kept, **trigger)


def _fits(inputs: PlanInput, wanted: Job, *, desired: Fields, edited: Sequence[str], remote: Fields) -> bool:
    """Return whether the changed source job becomes what the target has, and what the target would have had."""
    after = convert(wanted, target=inputs.mapping, sync=inputs.sync, now=inputs.now)
    if len(after.parts) != 1:
        return False
    (fields,) = after.parts
    others = [path for path in PATHS if path not in {*edited, "name"} and inputs.mapping.holds(path)]
    return all(inputs.mapping.same(path, fields.get(path), remote.get(path)) for path in edited) and all(
        inputs.mapping.same(path, fields.get(path), desired.get(path)) for path in others
    )


def _at_source(inputs: PlanInput, job: Job) -> Converted:
    """Return a job converted for the source's own platform: nothing is lost there that came from there."""
    bare = Sync(name=inputs.sync.name, source=inputs.sync.target, target=inputs.sync.source)
    return convert(
        job, target=inputs.origin, sync=attrs.evolve(bare, event_name=inputs.sync.event_name), now=inputs.now
    )


def _refused(now: Converted, then: Converted) -> str:
    """Return why the source cannot hold the changed job; "" when it can."""
    if len(then.parts) != 1:
        return "; ".join([*then.refused, *map(str, then.needs), then.dead]).strip("; ")
    if then.schedule.verdict == "exact_until" and then.schedule.until:
        return f"the source can hold that schedule only until {write_time(then.schedule.until)}"
    new = [loss for loss in then.losses if loss not in now.losses]
    return "; ".join(f"{loss.path}: {loss.reason}" for loss in new)
