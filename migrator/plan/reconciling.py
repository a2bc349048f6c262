"""A source job with a target job of ours: what was last applied, what is wanted now, and what is there.

Whoever changed a field since we last wrote it decides what happens: the source alone, and the target follows; somebody
at the target, and the sync's `on_drift` says whose value counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from migrator.canonical import TRIGGER_PATHS, Fields, answered
from migrator.lower import Need
from migrator.plan.basis import Basis
from migrator.plan.compare import BOTH, SOURCE, TARGET, agreed, differences, unkept
from migrator.plan.decisions import setting
from migrator.plan.returning import RETURNED, Returning, returning
from migrator.plan.values import Change, FieldChange
from migrator.plan.ways import action_for, created, unchangeable
from migrator.soundness import contrast
from migrator.state.values import Link

_RENEWED: Final = "the schedule at the source is unchanged; only its window has moved on"


def reconciled(basis: Basis, piece: Change, fields: Fields, link: Link) -> Change:
    """What happens to the target job of a link.

    Args:
        basis: what the plan is made from.
        piece: the change so far: what is known of it without looking at the target job.
        fields: the wanted target job.
        link: what was last written.
    """
    piece = attrs.evolve(piece, target=link.target)
    if problem := basis.unreadable.get(link.target.id):
        return attrs.evolve(piece, action="blocked", reason=f"the target job cannot be read: {problem.error}")
    job = basis.at_target.get(link.target.id)
    if job is None:
        return _vanished(basis, piece, fields, link)
    if job.trouble:
        told = f"{basis.mapping.rules.title} reports of {link.target.id} at the target: {job.trouble}"
        piece = attrs.evolve(piece, reason="; ".join(filter(None, (piece.reason, told))))
    remote = answered(job, link.applied)
    if job.suspended is None:
        return _compared(basis, piece, fields, link, remote)
    if fields.get("enabled") is False:
        remote["enabled"] = False  # it fires nothing, and some platforms refuse to pause what they have stopped
    return _suspended(_compared(basis, piece, fields, link, remote), job.suspended, title=basis.mapping.rules.title)


def _suspended(change: Change, why: str, *, title: str) -> Change:
    """The change of a target job that its platform has stopped: what the source fires does not fire there."""
    if not change.live or change.action == "blocked":
        return change
    reason = f"stopped by {title} ({why}): it does not fire at the target until somebody resumes it there"
    if change.action == "none":
        return attrs.evolve(change, action="blocked", reason=reason)
    return attrs.evolve(change, reason="; ".join(filter(None, (change.reason, reason))))


def _compared(basis: Basis, piece: Change, fields: Fields, link: Link, remote: Fields) -> Change:
    """What happens to a target job that was read."""
    states = {"applied": link.applied, "seen": link.seen, "desired": fields, "remote": remote}
    found = tuple(differences(**states, mapping=basis.mapping))
    piece = attrs.evolve(piece, agreed=agreed(**states, mapping=basis.mapping))
    edited = [change for change in found if change.reason in {TARGET, BOTH}]
    if reason := _undecided(edited, basis.sync.on_drift):
        return attrs.evolve(piece, action="blocked", fields=found, reason=reason, needs=(_overwriting(basis, edited),))
    kept = tuple(change for change in found if change.reason == SOURCE or basis.sync.on_drift == "source")
    if blocked := unchangeable(basis, kept, remote, fields):
        return attrs.evolve(piece, action="blocked", fields=found, reason=blocked)
    if edited and basis.sync.on_drift == "target" and basis.sync.two_way:
        return _both_ways(basis, piece, kept, desired=fields, edited=edited, remote=remote)
    if not kept and edited:
        reason = f"edits at the target are kept: {', '.join(change.path for change in edited)}"
        return attrs.evolve(piece, fields=found, reason=reason)
    if not kept:
        return _as_kept(basis, piece, unkept(**states, mapping=basis.mapping, accepted=basis.sync.accept_stored))
    renews = _renews(basis, kept, piece, link)
    action, reason = action_for(basis, kept, remote, fields, why=_RENEWED if renews else piece.reason)
    return attrs.evolve(piece, action=action, fields=kept, renews=renews, reason=reason)


def _as_kept(basis: Basis, piece: Change, odd: Sequence[FieldChange]) -> Change:
    """Leave a target job alone; where the platform keeps something else than was written, a person decides."""
    if not odd:
        return piece
    told = []
    for change in odd:
        written, stored = contrast(change.new, change.remote)
        told.append(f"{change.path} was written as {written} and is kept as {stored}")
    line = f"accept_stored = {json.dumps([*basis.sync.accept_stored, *(change.path for change in odd)])}"
    reason = (
        f"{basis.mapping.rules.title} keeps something else than was written: {'; '.join(told)}; correct it at the "
        f"source, or accept it with {line} in [syncs.{basis.sync.name}]"
    )
    need = setting(basis.sync, line, f"{basis.mapping.rules.title} keeps something else than was written")
    return attrs.evolve(piece, action="blocked", fields=tuple(odd), reason=reason, needs=(need,))


def _both_ways(
    basis: Basis,
    piece: Change,
    kept: tuple[FieldChange, ...],
    *,
    desired: Fields,
    edited: Sequence[FieldChange],
    remote: Fields,
) -> Change:
    """The target takes what the source has changed, and the source what was edited at the target; or neither does."""
    assert piece.source is not None
    paths = [change.path for change in edited]
    job = basis.at_source[piece.source]
    found = (
        returning(basis, job, desired={**desired, **piece.due}, edited=paths, remote=remote)
        if piece.pieces == len(basis.standing[piece.source]) == 1
        else Returning(reason="several target jobs are bound to one source job")
    )
    if found.back is None:
        reason = f"{', '.join(paths)} cannot go back to the source: {found.reason}; edit it there, or undo it here"
        return attrs.evolve(piece, action="blocked", fields=(*kept, *edited), reason=reason)
    action, reason = action_for(basis, kept, remote, desired, why=f"{RETURNED}: {', '.join(paths)}")
    return attrs.evolve(piece, action=action, fields=kept, back=found.back, reason=reason)


def _undecided(edited: Iterable[FieldChange], on_drift: str) -> str:
    """Why an edit at the target waits for a person; "" where the sync says whose value counts.

    That the target's counts says nothing of a field that the source has changed as well: then one of two people's work
    would be lost unseen.
    """
    both = ", ".join(change.path for change in edited if change.reason == BOTH)
    if both and on_drift != "source":
        return (
            f"both sides changed {both}; make them equal, or let the source overwrite the target "
            'with on_drift = "source"'
        )
    paths = ", ".join(change.path for change in edited)
    if paths and on_drift == "refuse":
        return f'somebody changed {paths} at the target; on_drift = "source" overwrites it, "target" keeps it'
    return ""


def _overwriting(basis: Basis, edited: Iterable[FieldChange]) -> Need:
    """What a sync says so that the source overwrites an edit at the target."""
    if any(change.reason == BOTH for change in edited):
        return setting(basis.sync, 'on_drift = "source"', "it was changed on both sides")
    return setting(basis.sync, 'on_drift = "source"', 'it was edited at the target; "target" keeps such edits')


def _renews(basis: Basis, changes: Iterable[FieldChange], piece: Change, link: Link) -> bool:
    """Whether these changes come from time going by alone: the source's schedule is what it was."""
    moved = {*TRIGGER_PATHS, *(("name",) if link.pieces != piece.pieces else ())}  # names say how many pieces there are
    return is_same_schedule(basis, piece) and all(c.reason == SOURCE and c.path in moved for c in changes)


def is_same_schedule(basis: Basis, change: Change) -> bool:
    """Whether the source's schedule is the one that a target job of ours was last in step with.

    Of several pieces one suffices: a run that died may have left others that never got theirs.
    """
    said = change.schedule.stands_for if change.schedule else ""
    links = basis.standing.get(change.source, ()) if change.source else ()
    return bool(said) and any(link.stands_for == said for link in links)


def _vanished(basis: Basis, piece: Change, fields: Fields, link: Link) -> Change:
    """The target job is not there any more."""
    if link.target in basis.unproved:
        reason = f"the target's listing lacks {link.target.id}, and reading it by its id got no answer"
        return attrs.evolve(piece, action="blocked", reason=reason)
    if basis.sync.on_deleted == "recreate":
        return attrs.evolve(created(basis, piece, fields), target=None)
    reason = (
        f"somebody deleted {link.target.id} at the target; "
        f'on_deleted = "recreate" in [syncs.{basis.sync.name}] recreates it'
    )
    need = setting(basis.sync, 'on_deleted = "recreate"', "somebody deleted it at the target")
    return attrs.evolve(piece, action="blocked", reason=reason, needs=(need,))
