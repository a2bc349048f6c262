"""Target jobs of ours whose source job is gone, or that another one of ours has replaced."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from migrator.plan.basis import Basis
from migrator.plan.values import Change, FieldChange
from migrator.plan.ways import can_pause
from migrator.state.values import Link


def departed(basis: Basis) -> Iterator[Change]:
    """What happens to the target jobs that nothing at the source stands behind any more."""
    present = {job.ref for job in basis.source.jobs} | {problem.ref for problem in basis.source.problems}
    for link in basis.links:
        if link.source in basis.unsettled:
            continue
        if link.superseded:
            yield from _leftover(basis, link)
            continue
        listed = link.source.scope in basis.source.scopes
        if link.sync == basis.sync.name and listed and link.source not in present:
            yield _left(basis, link)


def _leftover(basis: Basis, link: Link) -> Iterator[Change]:
    """A job that another one of ours has replaced, if it is still there."""
    if link.target.id in basis.at_target:
        name = str(link.applied.get("name", link.target.id))
        reason = "another job of ours has taken its place"
        yield Change(action="delete", source=link.source, target=link.target, name=name, reason=reason)


def _left(basis: Basis, link: Link) -> Change:
    name = str(link.applied.get("name", link.source.id))
    gone = Change(
        action="none", source=link.source, target=link.target, name=name, piece=link.piece, pieces=link.pieces
    )
    remote = basis.at_target.get(link.target.id)
    if remote is None:
        return attrs.evolve(gone, reason="it has left both sides")
    if basis.right_of(link.source) == "target":
        return attrs.evolve(gone, reason="it has left the source; the target has the right to fire, and keeps it")
    if basis.sync.on_missing == "keep":
        return attrs.evolve(gone, reason="it has left the source; kept")
    if all(job.ref in basis.retired for job in basis.source.jobs):
        reason = "it has left the source, but so has everything else: an empty listing removes nothing"
        return attrs.evolve(gone, action="blocked", reason=reason)
    if link.source in basis.unproved:
        reason = "the source's listing lacks it, and the source did not answer when it was asked for it"
        return attrs.evolve(gone, action="blocked", reason=reason)
    if basis.shrunk:
        return attrs.evolve(gone, action="blocked", reason=f"it has left the source, but {basis.shrunk}")
    if basis.sync.on_missing == "delete":
        return attrs.evolve(gone, action="delete", reason="it has left the source")
    if not remote.enabled:
        return attrs.evolve(gone, reason="it has left the source; already paused")
    if not can_pause(basis):
        reason = f"it has left the source, and it cannot be paused under the {basis.contract} contract"
        return attrs.evolve(gone, action="blocked", reason=reason)
    change = FieldChange(path="enabled", old=True, new=False, remote=True, reason="it has left the source")
    return attrs.evolve(gone, action="pause", fields=(change,), reason="it has left the source")
