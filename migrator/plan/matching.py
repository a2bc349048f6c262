"""A source job without a target job of ours: find the one that is there already, or make one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs

from migrator.canonical import Fields, Job, JobRef, flatten
from migrator.mapping.marks import MarkKey, key_of, key_of_mark
from migrator.plan.basis import Basis
from migrator.plan.compare import differences, identical
from migrator.plan.decisions import setting
from migrator.plan.values import Change
from migrator.plan.ways import action_for, created, unchangeable

_ADOPTED: Final = "it is there already"


class Matcher:
    """Gives each source job the target job that it is looking for; none is given twice."""

    def __init__(self, basis: Basis) -> None:
        self.basis = basis
        linked = {link.target.id for link in basis.links}
        self.free = [job for job in basis.target.jobs if job.ref.id not in linked]
        self._unreadable = {
            (key_of_mark(problem.mark), problem.mark.piece): problem
            for problem in basis.target.problems
            if problem.mark and problem.ref.id not in linked
        }
        self._taken: set[JobRef] = set()
        self._marked: dict[tuple[MarkKey, int], list[Job]] = {}
        self._named: dict[str, list[Job]] = {}
        for job in self.free:
            if job.mark is None:
                self._named.setdefault(basis.mapping.form("name", job.name), []).append(job)
            else:
                self._marked.setdefault((key_of_mark(job.mark), job.mark.piece), []).append(job)

    def matched(self, piece: Change, fields: Fields) -> Change:
        """There is no target job of ours yet: make one, unless it is there."""
        assert piece.source is not None
        if odd := self._unreadable.get((key_of(piece.source), piece.piece)):
            reason = f"{odd.ref.id} at the target carries our mark for it and cannot be read: {odd.error}"
            return attrs.evolve(piece, action="blocked", target=odd.ref, reason=reason)
        marked = self._not_taken(self._marked.get((key_of(piece.source), piece.piece), ()))
        namesakes = self._not_taken(self._named.get(self.basis.mapping.form("name", fields["name"]), ()))
        twins = [job for job in namesakes if identical(fields, flatten(job), self.basis.mapping)]
        candidates = marked or twins or (namesakes if self.basis.sync.adopt == "name" else [])
        if not candidates:
            return created(self.basis, piece, fields)
        why = "carries our mark" if marked else "is exactly like it" if twins else "has its name"
        if len(candidates) > 1:
            ids = ", ".join(job.ref.id for job in candidates)
            reason = f"several jobs at the target could be it, each {why}: {ids}; delete or rename all but one"
            return attrs.evolve(piece, action="blocked", reason=reason)
        return self._adopted(piece, fields, candidates[0], why)

    def _not_taken(self, jobs: Iterable[Job]) -> list[Job]:
        return [job for job in jobs if job.ref not in self._taken]

    def _adopted(self, piece: Change, fields: Fields, job: Job, why: str) -> Change:
        found, adopt = attrs.evolve(piece, target=job.ref), self.basis.sync.adopt
        if adopt == "never":
            reason = (
                f'{_ADOPTED}: {job.ref.id} {why}, but this state has no link to it; adopt = "identical" takes it over'
            )
            need = setting(self.basis.sync, 'adopt = "identical"', f"a job that {why} is at the target already")
            return attrs.evolve(found, action="blocked", reason=reason, needs=(need,))
        remote = flatten(job)
        states = {"applied": remote, "seen": remote, "desired": fields, "remote": remote}
        changes = tuple(differences(**states, mapping=self.basis.mapping))
        if changes and adopt == "identical":
            paths = ", ".join(change.path for change in changes)
            reason = (
                f'{_ADOPTED}: {job.ref.id} {why}, but differs in {paths}; adopt = "name" takes it over and changes it'
            )
            need = setting(self.basis.sync, 'adopt = "name"', f"a job that {why} is at the target already, and differs")
            return attrs.evolve(found, action="blocked", fields=changes, reason=reason, needs=(need,))
        blocked = unchangeable(self.basis, changes, remote, fields)
        action, anew = action_for(self.basis, changes, remote, fields)
        if not blocked and action == "replace":
            blocked = (
                f"{_ADOPTED}: {job.ref.id} {why}, but {anew}; what is taken over is never deleted: change it there"
            )
        if blocked:
            return attrs.evolve(found, action="blocked", fields=changes, reason=blocked)
        self._taken.add(job.ref)
        return attrs.evolve(found, action="adopt", fields=changes, reason=f"it {why}")
