"""A source job without a target job of ours: find the one that is there already, or make one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import attrs

from migrator.canonical import Fields, Job, JobRef, flatten
from migrator.mapping.marks import scope_digest
from migrator.plan.basis import Basis
from migrator.plan.compare import differences, identical
from migrator.plan.values import Change
from migrator.plan.ways import created, unchangeable

_ADOPTED: Final = "it is there already"


class Matcher:
    """Gives each source job the target job that it is looking for; none is given twice."""

    def __init__(self, basis: Basis) -> None:
        self.basis = basis
        linked = {link.target.id for link in basis.links}
        self.free = [job for job in basis.target.jobs if job.ref.id not in linked]

    def matched(self, piece: Change, fields: Fields) -> Change:
        """There is no target job of ours yet: make one, unless it is there."""
        assert piece.source is not None
        marked = [job for job in self.free if stands_for(job, piece.source, piece.piece)]
        unmarked = [job for job in self.free if job.mark is None]
        twins = [job for job in unmarked if identical(fields, flatten(job), self.basis.mapping)]
        by_name = self.basis.sync.adopt == "name"
        namesakes = [job for job in unmarked if job.name == fields["name"]] if by_name else []
        candidates = marked or twins or namesakes
        if not candidates:
            return created(self.basis, piece, fields)
        why = "carries our mark" if marked else "is exactly like it" if twins else "has its name"
        if len(candidates) > 1:
            ids = ", ".join(job.ref.id for job in candidates)
            reason = f"several jobs at the target could be it, each {why}: {ids}; delete or rename all but one"
            return attrs.evolve(piece, action="blocked", reason=reason)
        return self._adopted(piece, fields, candidates[0], why)

    def _adopted(self, piece: Change, fields: Fields, job: Job, why: str) -> Change:
        found, adopt = attrs.evolve(piece, target=job.ref), self.basis.sync.adopt
        if adopt == "never":
            reason = (
                f'{_ADOPTED}: {job.ref.id} {why}, but this state has no link to it; adopt = "identical" takes it over'
            )
            return attrs.evolve(found, action="blocked", reason=reason)
        remote = flatten(job)
        states = {"applied": remote, "seen": remote, "desired": fields, "remote": remote}
        changes = tuple(differences(**states, mapping=self.basis.mapping))
        if changes and adopt == "identical":
            paths = ", ".join(change.path for change in changes)
            reason = (
                f'{_ADOPTED}: {job.ref.id} {why}, but differs in {paths}; adopt = "name" takes it over and changes it'
            )
            return attrs.evolve(found, action="blocked", fields=changes, reason=reason)
        if blocked := unchangeable(self.basis, changes, remote, fields):
            return attrs.evolve(found, action="blocked", fields=changes, reason=blocked)
        self.free.remove(job)
        return attrs.evolve(found, action="adopt", fields=changes, reason=f"it {why}")


def stands_for(job: Job, ref: JobRef, piece: int | None = None) -> bool:
    """Whether a target job carries our mark for this source job (and this piece of it)."""
    mark = job.mark
    if mark is None or (mark.provider, mark.scope, mark.id) != (ref.provider, scope_digest(ref.scope), ref.id):
        return False
    return piece is None or mark.piece == piece


def is_ours(job: Job, sources: Collection[JobRef]) -> bool:
    """Whether a target job carries our mark for one of these source jobs."""
    return job.mark is not None and any(stands_for(job, ref) for ref in sources)
