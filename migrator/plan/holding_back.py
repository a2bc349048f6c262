"""Target jobs that may not fire yet, and jobs whose right to fire is not where it should be."""

from __future__ import annotations

import attrs

from migrator.canonical import Fields, JobRef
from migrator.holding import held_back
from migrator.plan.basis import Basis
from migrator.plan.values import Change
from migrator.state.values import Link


def held(basis: Basis, piece: Change, fields: Fields, link: Link | None) -> tuple[Change, Fields]:
    """A change with what its target job becomes at the cut-over, and the fields that the job has until then.

    Where nothing can hold the job back, the change is blocked.
    """
    made = link.applied if link else {}
    holding = held_back(fields, basis.mapping, basis.contract, now=basis.now, as_made=made)
    if not holding:
        reason = (
            f"under the {basis.contract} contract {basis.mapping.rules.title} can neither pause a job nor move its "
            "schedule, so it cannot be held back until the cut-over"
        )
        return attrs.evolve(piece, action="blocked", reason=reason), fields
    return attrs.evolve(piece, due={path: fields.get(path) for path in holding}), {**fields, **holding}


def out_of_place(basis: Basis, ref: JobRef) -> str:
    """Why nothing may be done to a job's targets before its right to fire is where it should be; "" when it is."""
    cutover = f"migrator cutover {basis.sync.name}"
    if ref in basis.unfinished:
        told = "its cut-over is unfinished, so that neither side may be live, or both"
        return f"{told}: {cutover} finishes it, --back takes it back"
    if ref in basis.revived:
        return (
            "its right to fire has moved to the target, and it is live at the source again, or about to be: both sides "
            f"fire until it is paused there; {cutover} does that, and {cutover} --back gives it the right back"
        )
    return ""
