"""A source job without a managed target job: find the one that exists already, or create one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs

from migrator.canonical import Fields, Job, JobRef, flatten
from migrator.mapping.ownership import TagKey, key_of, key_of_tag, scope_digest
from migrator.plan.actions import action_for, created, unchangeable
from migrator.plan.changes import Change
from migrator.plan.compare import differences, identical
from migrator.plan.plan_input import PlanInput
from migrator.plan.policy import setting
from migrator.store.records import Binding

_ADOPTED: Final = "it exists at the target"


class Matcher:
    """Gives each source job the target job that it is looking for; none is given twice."""

    def __init__(self, inputs: PlanInput) -> None:
        self.inputs = inputs
        self._bound = {binding.target.id: binding for binding in inputs.bindings}
        self.free = [job for job in inputs.target.jobs if job.ref.id not in self._bound]
        self._unreadable = {
            (key_of_tag(problem.ownership_tag), problem.ownership_tag.piece): problem
            for problem in inputs.target.problems
            if problem.ownership_tag and problem.ref.id not in self._bound
        }
        self._matched: set[JobRef] = set()
        self._tagged: dict[tuple[TagKey, int], list[Job]] = {}
        self._tagged_anywhere: dict[tuple[str, str, int], list[Job]] = {}
        self._named: dict[str, list[Job]] = {}
        for job in inputs.target.jobs:
            binding = self._bound.get(job.ref.id)
            if job.ownership_tag and not (binding and binding.superseded):
                ownership_tag = job.ownership_tag
                self._tagged.setdefault((key_of_tag(ownership_tag), ownership_tag.piece), []).append(job)
                if binding is None:
                    self._tagged_anywhere.setdefault(
                        (ownership_tag.provider, ownership_tag.id, ownership_tag.piece), []
                    ).append(job)
            elif binding is None:
                self._named.setdefault(inputs.mapping.form("name", job.name), []).append(job)
        self._at_source: dict[str, list[JobRef]] = {}
        for job in inputs.source.jobs:
            if inputs.sync.select.matches(job):
                self._at_source.setdefault(inputs.mapping.form("name", job.name), []).append(job.ref)

    def is_replaced(self, binding: Binding) -> bool:
        """Return whether the job of a binding is gone, and another one carries its tag: nothing is created then."""
        tagged = self._tagged.get((key_of(binding.source), binding.piece), ())
        is_here = binding.target.id in self.inputs.at_target or binding.target.id in self.inputs.unreadable
        return not is_here and binding.target not in self.inputs.unproved and bool(tagged)

    def matched(self, part: Change, fields: Fields) -> Change:
        """Return the create of a part without a managed target job, or the adoption of one that exists."""
        assert part.source is not None
        if unreadable := self._unreadable.get((key_of(part.source), part.piece)):
            reason = (
                f"{unreadable.ref.id} at the target carries its ownership tag and cannot be read: {unreadable.error}"
            )
            return attrs.evolve(part, action="blocked", target=unreadable.ref, reason=reason)
        tagged, why_tagged = self._unmatched(self._tagged_for(part.source, part.piece)), "carries its ownership tag"
        if not tagged:
            found, why_tagged = self._by_origin(part.source, part.piece)
            tagged = self._unmatched(found)
        namesakes = self._unmatched(self._named.get(self.inputs.mapping.form("name", fields["name"]), ()))
        identical_jobs = [job for job in namesakes if identical(fields, flatten(job), self.inputs.mapping)]
        candidates = tagged or identical_jobs or (namesakes if self.inputs.sync.adopt == "name" else [])
        if not candidates:
            return created(self.inputs, part, fields)
        if tagged and (foreign := self._of_another(tagged)):
            reason = (
                f"{foreign.target.id} carries its ownership tag, but the state binds that job to {foreign.source}; "
                "one of the two is wrong, so nothing is created. Import a backup (migrator state import), or "
                'start a new state with adopt = "identical"'
            )
            return attrs.evolve(part, action="blocked", reason=reason)
        why = why_tagged if tagged else "is exactly like it" if identical_jobs else "has its name"
        if len(candidates) > 1:
            ids = ", ".join(job.ref.id for job in candidates)
            reason = f"several jobs at the target match, each {why}: {ids}; delete or rename all but one"
            return attrs.evolve(part, action="blocked", reason=reason)
        name = self.inputs.at_source[part.source].name
        rivals = self._at_source.get(self.inputs.mapping.form("name", name), ())
        if len(rivals) > 1 and not tagged and not identical_jobs:
            reason = (
                f"{candidates[0].ref} has its name, but so have several jobs at the source: "
                f"{', '.join(map(str, rivals))}; rename all but one, or the job at the target"
            )
            return attrs.evolve(part, action="blocked", reason=reason)
        return self._adopted(part, fields, candidates[0], why)

    def _tagged_for(self, source: JobRef, piece: int) -> list[Job]:
        """Return the jobs with the ownership tag of a source job, in any scope where ids are unique without it."""
        found = self._tagged.get((key_of(source), piece), [])
        if not found and self.inputs.origin.rules.identity.unique:
            found = self._tagged_anywhere.get((source.provider, source.id, piece), [])
        return found

    def _by_origin(self, source: JobRef, piece: int) -> tuple[list[Job], str]:
        """Return the jobs that are the origin of a record, or carry the ownership tag of it; and which of the two."""
        origin = self.inputs.at_source[source].origin
        if origin is None:
            return [], ""
        itself = self.inputs.at_target.get(origin.id)
        if itself and piece == 1 and itself.ref.id not in self._bound and self.inputs.is_origin(itself.ref, origin):
            return [itself], "is the job that it was exported from"
        tagged = self._tagged_anywhere.get((origin.provider, origin.id, piece), ())
        is_anywhere, digest = origin.provider in self.inputs.unscoped, scope_digest(origin.scope)
        found = [job for job in tagged if is_anywhere or (job.ownership_tag and job.ownership_tag.scope == digest)]
        return found, f"carries the ownership tag of its origin {origin}"

    def _of_another(self, jobs: Iterable[Job]) -> Binding | None:
        """Return a binding of these jobs to another source job that still exists, or None."""
        bindings = (self._bound.get(job.ref.id) for job in jobs)
        present = self.inputs.at_source.keys() | {problem.ref for problem in self.inputs.source.problems}
        return next((binding for binding in bindings if binding and binding.source in present), None)

    def _unmatched(self, jobs: Iterable[Job]) -> list[Job]:
        return [job for job in jobs if job.ref not in self._matched]

    def _adopted(self, part: Change, fields: Fields, job: Job, why: str) -> Change:
        found, adopt = attrs.evolve(part, target=job.ref), self.inputs.sync.adopt
        if adopt == "never":
            reason = (
                f'{_ADOPTED}: {job.ref.id} {why}, but this state has no binding to it; adopt = "identical" adopts it'
            )
            need = setting(self.inputs.sync, 'adopt = "identical"', f"a job that {why} is at the target already")
            return attrs.evolve(found, action="blocked", reason=reason, needs=(need,))
        remote = flatten(job)
        states = {"applied": remote, "seen": remote, "desired": fields, "remote": remote}
        changes = tuple(differences(**states, mapping=self.inputs.mapping))
        if changes and adopt == "identical":
            paths = ", ".join(change.path for change in changes)
            reason = f'{_ADOPTED}: {job.ref.id} {why}, but differs in {paths}; adopt = "name" adopts and changes it'
            need = setting(
                self.inputs.sync, 'adopt = "name"', f"a job that {why} is at the target already, and differs"
            )
            return attrs.evolve(found, action="blocked", fields=changes, reason=reason, needs=(need,))
        blocked = unchangeable(self.inputs, changes, remote, fields)
        action, why_replaced = action_for(self.inputs, changes, remote, fields)
        if not blocked and action == "replace":
            blocked = (
                f"{_ADOPTED}: {job.ref.id} {why}, but {why_replaced}; an adopted job is never deleted: change it there"
            )
        if blocked:
            return attrs.evolve(found, action="blocked", fields=changes, reason=blocked)
        self._matched.add(job.ref)
        return attrs.evolve(found, action="adopt", fields=changes, reason=f"it {why}")
