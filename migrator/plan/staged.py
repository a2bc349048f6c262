"""Staged target jobs, and jobs whose active side is not the recorded one."""

from __future__ import annotations

import attrs

from migrator.canonical import Fields, JobRef
from migrator.plan.changes import Change
from migrator.plan.plan_input import PlanInput
from migrator.plan.staging import staged_fields
from migrator.store.records import Binding


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
