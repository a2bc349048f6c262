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
from migrator.state.values import Link

_ADOPTED: Final = "it exists at the target"


class Matcher:
    """Gives each source job the target job that it is looking for; none is given twice."""

    def __init__(self, basis: Basis) -> None:
        self.basis = basis
        self._linked = {link.target.id: link for link in basis.links}
        self.free = [job for job in basis.target.jobs if job.ref.id not in self._linked]
        self._unreadable = {
            (key_of_mark(problem.mark), problem.mark.piece): problem
            for problem in basis.target.problems
            if problem.mark and problem.ref.id not in self._linked
        }
        self._taken: set[JobRef] = set()
        self._marked: dict[tuple[MarkKey, int], list[Job]] = {}
        self._marked_elsewhere: dict[tuple[str, str, int], list[Job]] = {}
        self._named: dict[str, list[Job]] = {}
        for job in basis.target.jobs:
            link = self._linked.get(job.ref.id)
            if job.mark and not (link and link.superseded):
                mark = job.mark
                self._marked.setdefault((key_of_mark(mark), mark.piece), []).append(job)
                if link is None:
                    self._marked_elsewhere.setdefault((mark.provider, mark.id, mark.piece), []).append(job)
            elif link is None:
                self._named.setdefault(basis.mapping.form("name", job.name), []).append(job)
        self._at_source: dict[str, list[JobRef]] = {}
        for job in basis.source.jobs:
            if basis.sync.select.matches(job):
                self._at_source.setdefault(basis.mapping.form("name", job.name), []).append(job.ref)

    def stands_in(self, link: Link) -> bool:
        """Whether the job of a binding is gone, and another one carries the ownership tag: nothing is made then."""
        tagged = self._marked.get((key_of(link.source), link.piece), ())
        is_here = link.target.id in self.basis.at_target or link.target.id in self.basis.unreadable
        return not is_here and link.target not in self.basis.unproved and bool(tagged)

    def matched(self, piece: Change, fields: Fields) -> Change:
        """There is no target job of ours yet: make one, unless it is there."""
        assert piece.source is not None
        if odd := self._unreadable.get((key_of(piece.source), piece.piece)):
            reason = f"{odd.ref.id} at the target carries its ownership tag and cannot be read: {odd.error}"
            return attrs.evolve(piece, action="blocked", target=odd.ref, reason=reason)
        marked = self._not_taken(self._marked_for(piece.source, piece.piece))
        namesakes = self._not_taken(self._named.get(self.basis.mapping.form("name", fields["name"]), ()))
        twins = [job for job in namesakes if identical(fields, flatten(job), self.basis.mapping)]
        candidates = marked or twins or (namesakes if self.basis.sync.adopt == "name" else [])
        if not candidates:
            return created(self.basis, piece, fields)
        if marked and (stranger := self._of_another(marked)):
            reason = (
                f"{stranger.target.id} carries its ownership tag, but the state binds that job to {stranger.source}; "
                "one of the two is wrong, so nothing is created. Import a backup (migrator state import), or "
                'start a new state with adopt = "identical"'
            )
            return attrs.evolve(piece, action="blocked", reason=reason)
        why = "carries its ownership tag" if marked else "is exactly like it" if twins else "has its name"
        if len(candidates) > 1:
            ids = ", ".join(job.ref.id for job in candidates)
            reason = f"several jobs at the target match, each {why}: {ids}; delete or rename all but one"
            return attrs.evolve(piece, action="blocked", reason=reason)
        name = self.basis.at_source[piece.source].name
        rivals = self._at_source.get(self.basis.mapping.form("name", name), ())
        if len(rivals) > 1 and not marked and not twins:
            reason = (
                f"{candidates[0].ref} has its name, but so have several jobs at the source: "
                f"{', '.join(map(str, rivals))}; rename all but one, or the job at the target"
            )
            return attrs.evolve(piece, action="blocked", reason=reason)
        return self._adopted(piece, fields, candidates[0], why)

    def _marked_for(self, source: JobRef, piece: int) -> list[Job]:
        """Return the jobs with the ownership tag of a source job, in any scope where ids are unique without it."""
        found = self._marked.get((key_of(source), piece), [])
        if not found and self.basis.origin.rules.identity.unique:
            found = self._marked_elsewhere.get((source.provider, source.id, piece), [])
        return found

    def _of_another(self, jobs: Iterable[Job]) -> Link | None:
        """The binding of a job to another source job that is still there; one to a job that is gone does not count."""
        links = (self._linked.get(job.ref.id) for job in jobs)
        present = self.basis.at_source.keys() | {problem.ref for problem in self.basis.source.problems}
        return next((link for link in links if link and link.source in present), None)

    def _not_taken(self, jobs: Iterable[Job]) -> list[Job]:
        return [job for job in jobs if job.ref not in self._taken]

    def _adopted(self, piece: Change, fields: Fields, job: Job, why: str) -> Change:
        found, adopt = attrs.evolve(piece, target=job.ref), self.basis.sync.adopt
        if adopt == "never":
            reason = (
                f'{_ADOPTED}: {job.ref.id} {why}, but this state has no binding to it; adopt = "identical" adopts it'
            )
            need = setting(self.basis.sync, 'adopt = "identical"', f"a job that {why} is at the target already")
            return attrs.evolve(found, action="blocked", reason=reason, needs=(need,))
        remote = flatten(job)
        states = {"applied": remote, "seen": remote, "desired": fields, "remote": remote}
        changes = tuple(differences(**states, mapping=self.basis.mapping))
        if changes and adopt == "identical":
            paths = ", ".join(change.path for change in changes)
            reason = f'{_ADOPTED}: {job.ref.id} {why}, but differs in {paths}; adopt = "name" adopts and changes it'
            need = setting(self.basis.sync, 'adopt = "name"', f"a job that {why} is at the target already, and differs")
            return attrs.evolve(found, action="blocked", fields=changes, reason=reason, needs=(need,))
        blocked = unchangeable(self.basis, changes, remote, fields)
        action, anew = action_for(self.basis, changes, remote, fields)
        if not blocked and action == "replace":
            blocked = f"{_ADOPTED}: {job.ref.id} {why}, but {anew}; an adopted job is never deleted: change it there"
        if blocked:
            return attrs.evolve(found, action="blocked", fields=changes, reason=blocked)
        self._taken.add(job.ref)
        return attrs.evolve(found, action="adopt", fields=changes, reason=f"it {why}")
