"""Target jobs that should stand still where the target cannot pause: their schedules are parked far in the future."""

from __future__ import annotations

from typing import Final

import attrs

from migrator.canonical import Fields, Job, flatten
from migrator.holding import held_back, is_distant
from migrator.plan.basis import Basis
from migrator.plan.values import Change, FieldChange
from migrator.plan.ways import can_pause
from migrator.state.values import Link

_PARKED: Final = "parked with a schedule far in the future"


def parked(basis: Basis, piece: Change, fields: Fields, link: Link | None) -> tuple[Change, Fields]:
    """Return a change and the fields of its target job, parked where that has to stand still and cannot be paused.

    Both come back as they are where the sync does not ask for that (`when_unpausable`), or where nothing can park it.
    """
    if fields.get("enabled") is not False or not parks(basis):
        return piece, fields
    made = link.applied if link else {}
    away = held_back(fields, basis.mapping, basis.contract, now=basis.now, as_made=made)
    if not away:
        return piece, fields
    reason = f"it is paused at the source, and {why_not(basis)}, so it is {_PARKED}"
    due = {path: fields.get(path) for path in away}
    piece = attrs.evolve(piece, reason="; ".join(filter(None, (piece.reason, reason))), due=due)
    return piece, {**fields, "enabled": True, **away}


def paused_for_good(basis: Basis, gone: Change, remote: Job) -> Change:
    """Return what brings the target job of a source job that is gone to stand still: a pause, or else parking it."""
    if not remote.enabled:
        return attrs.evolve(gone, reason="removed at source; already paused")
    if can_pause(basis):
        change = FieldChange(path="enabled", old=True, new=False, remote=True, reason="removed at source")
        return attrs.evolve(gone, action="pause", fields=(change,), reason="removed at source")
    if not parks(basis):
        reason = f"removed at source, and it cannot be paused under the {basis.contract} contract"
        return attrs.evolve(gone, action="blocked", reason=reason)
    fields = flatten(remote)
    if is_distant(fields, basis.mapping.rules.dialect, now=basis.now):
        return attrs.evolve(gone, reason=f"removed at source; already {_PARKED}")
    away = held_back(fields, basis.mapping, basis.contract, now=basis.now, as_made={})
    reason = f"removed at source, and {why_not(basis)}"
    if not away:
        return attrs.evolve(gone, action="blocked", reason=f"{reason}, nor can its schedule be moved")
    changes = tuple(
        FieldChange(path=path, old=fields.get(path), new=new, remote=fields.get(path), reason="removed at source")
        for path, new in away.items()
    )
    return attrs.evolve(gone, action="pause", fields=changes, reason=f"{reason}, so it is {_PARKED}")


def parks(basis: Basis) -> bool:
    """Return whether jobs of this target are parked instead of paused."""
    return basis.sync.when_unpausable == "park" and not can_pause(basis)


def why_not(basis: Basis) -> str:
    """Return the words for a target that cannot pause."""
    return f"{basis.mapping.rules.title} cannot pause under the {basis.contract} contract"
