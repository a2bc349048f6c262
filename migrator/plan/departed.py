"""Target jobs of ours whose source job is gone, or that another one of ours has replaced."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

import attrs

from migrator.canonical import Job, JobRef
from migrator.mapping.marks import key_of_mark
from migrator.plan.basis import Basis
from migrator.plan.parking import paused_for_good
from migrator.plan.values import Change
from migrator.state.values import Link

_REMOVALS: Final = frozenset({"delete", "pause"})


def departed(basis: Basis, unclear: Collection[JobRef] = ()) -> Iterator[Change]:
    """What happens to the target jobs that nothing at the source stands behind any more.

    Args:
        basis: what the plan is made from.
        unclear: source jobs of which several target jobs claim to stand for them; nothing is done to those.
    """
    replaced = {link.target for link in basis.links if link.superseded}
    left = list(_departed(basis, unclear))
    removals = [change for change in left if change.action in _REMOVALS and change.target not in replaced]
    reason = _suspicious(basis, {change.source for change in removals}) if basis.is_proved else ""
    for change in left:
        is_doubted = reason and change in removals
        yield attrs.evolve(change, action="blocked", fields=(), reason=reason) if is_doubted else change


def _suspicious(basis: Basis, gone: Collection[JobRef | None]) -> str:
    """Why so many known jobs left the source that none of it is believed; "" when it is.

    Shares of the limits do not bind where there are few jobs; that most of them are gone is no more likely there.
    """
    known = {link.source for link in basis.links if link.sync == basis.sync.name and not link.superseded}
    if len(gone) * 2 <= len(known) or (
        len(gone) < len(known) and basis.sync.limits.deletes.allows(len(gone), of=len(known), floor=0)
    ):
        return ""
    return (
        f"removed at source, but so are {len(gone)} of the {len(known)} jobs that this sync knows there; check "
        "that the connection opens the right account; if they are really gone, raise limits.deletes in "
        f"[syncs.{basis.sync.name}]"
    )


def _departed(basis: Basis, unclear: Collection[JobRef]) -> Iterator[Change]:
    present = {job.ref for job in basis.source.jobs} | {problem.ref for problem in basis.source.problems}
    for link in basis.links:
        if link.source in basis.unsettled or link.source in unclear:
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
        reason = "another managed job has replaced it"
        yield Change(action="delete", source=link.source, target=link.target, name=name, reason=reason)


def _left(basis: Basis, link: Link) -> Change:
    name = str(link.applied.get("name", link.source.id))
    gone = Change(
        action="none", source=link.source, target=link.target, name=name, piece=link.piece, pieces=link.pieces
    )
    remote = basis.at_target.get(link.target.id)
    if remote is None:
        return attrs.evolve(gone, reason="removed on both sides")
    if kept := _kept(basis, link, remote):
        return attrs.evolve(gone, reason=kept)
    if all(job.ref in basis.retired for job in basis.source.jobs):
        reason = "removed at source, but so is everything else: an empty listing removes nothing"
        return attrs.evolve(gone, action="blocked", reason=reason)
    if link.source in basis.unproved:
        reason = "the source's listing lacks it, and reading it by its id got no answer"
        return attrs.evolve(gone, action="blocked", reason=reason)
    if basis.shrunk:
        return attrs.evolve(gone, action="blocked", reason=f"removed at source, but {basis.shrunk}")
    if basis.sync.on_missing == "delete":
        return attrs.evolve(gone, action="delete", reason="removed at source")
    return paused_for_good(basis, gone, remote)


def _kept(basis: Basis, link: Link, remote: Job) -> str:
    """Why a target job stays although its source job is gone; "" when something is to be done."""
    if remote.mark and key_of_mark(remote.mark) in basis.source_keys:
        return f"{remote.ref.id} carries the ownership tag of another job of the source, so it stays as it is"
    if basis.right_of(link.source) == "target":
        return "removed at source; kept, because the target is the active side"
    return "removed at source; kept" if basis.sync.on_missing == "keep" else ""
