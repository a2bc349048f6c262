"""Orphans: target jobs with an ownership tag, without a binding in this state and without a source job.

They are what is left when a source job goes in the time between the loss of a state and the next run; or they belong to
another state that writes to the same target. The tag does not tell which, so nothing is done to them, and the plan
names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from migrator.canonical import Job, JobRef
from migrator.mapping.ownership import scope_digest
from migrator.plan.changes import Change
from migrator.plan.plan_input import PlanInput

_REASON: Final = (
    "it carries an ownership tag, but its source job is not listed and this state has no binding to it; it is kept: "
    "delete it at the target if it is not needed"
)


def orphans(inputs: PlanInput, free: Iterable[Job]) -> Iterator[Change]:
    """Yield what is to be said about such jobs, given the target jobs that nothing is bound to."""
    present = {job.ref for job in inputs.source.jobs} | {problem.ref for problem in inputs.source.problems}
    scopes = {scope_digest(scope): scope for scope in inputs.source.scopes}
    for job in free:
        ownership_tag = job.ownership_tag
        if ownership_tag is None or ownership_tag.scope not in scopes:
            continue
        source = JobRef(provider=ownership_tag.provider, scope=scopes[ownership_tag.scope], id=ownership_tag.id)
        if source not in present and source not in inputs.unresolved:
            yield Change(
                action="none",
                source=source,
                target=job.ref,
                name=job.name,
                piece=ownership_tag.piece,
                pieces=ownership_tag.pieces,
                reason=_REASON,
            )
