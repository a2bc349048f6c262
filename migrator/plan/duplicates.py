"""Target jobs that claim the same source job and part, of which there may be one at most.

A job claims a source job by the ownership tag that it carries, and by the binding that the state has for it. A person
who copies a job at the platform copies the tag as well, and a damaged binding makes the next run miss the job that it
was about: either way a job runs twice. Nothing here removes one; a person says which.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs
from attrs import frozen

from migrator.canonical import Job, JobRef
from migrator.mapping.ownership import TagKey, key_of, key_of_tag, scope_digest
from migrator.plan.changes import Change
from migrator.plan.plan_input import PlanInput
from migrator.store.records import Binding


@frozen(kw_only=True)
class Duplicate:
    """Several target jobs of one source job and part.

    Attributes:
        key: what an ownership tag calls the source job.
        source: the source job; None where only its tag is known.
        name: name of the first of the target jobs.
        piece: which part of the source job.
        pieces: how many parts it has.
        jobs: the target jobs, those with a binding first.
        bound: those of them that the state has a binding for.
    """

    key: TagKey
    source: JobRef | None
    name: str
    piece: int
    pieces: int
    jobs: tuple[JobRef, ...]
    bound: tuple[JobRef, ...] = ()

    @property
    def extra(self) -> tuple[JobRef, ...]:
        """Return all but the one that is bound to the source job, or would be."""
        return self.jobs[1:]

    @property
    def reason(self) -> str:
        """Return what is wrong, in one clause."""
        ids = ", ".join(job.id for job in self.jobs)
        label = f"{self.key[0]}/{self.key[2]}" + (f", part {self.piece}" if self.pieces > 1 else "")
        return f"{len(self.jobs)} jobs carry the ownership tag of {label}, or are bound to it: {ids}"


def duplicates(jobs: Iterable[Job], bindings: Iterable[Binding] = ()) -> tuple[Duplicate, ...]:
    """List the source jobs and parts that more than one of these target jobs claims.

    Args:
        jobs: the target's listing.
        bindings: the bindings of the target; a replaced job that waits to be deleted is left out.
    """
    here = {job.ref: job for job in jobs}
    replaced = {binding.target for binding in bindings if binding.superseded}
    bound: dict[tuple[TagKey, int], list[Binding]] = {}
    for binding in bindings:
        if binding.target in here and not binding.superseded:
            bound.setdefault((key_of(binding.source), binding.piece), []).append(binding)
    claims = {claim: {binding.target for binding in found} for claim, found in bound.items()}
    for job in here.values():
        if job.ownership_tag and job.ref not in replaced:
            claims.setdefault((key_of_tag(job.ownership_tag), job.ownership_tag.piece), set()).add(job.ref)
    found = (
        _duplicate(claim, [here[ref] for ref in refs], bound.get(claim, ()))
        for claim, refs in claims.items()
        if len(refs) > 1
    )
    return tuple(sorted(found, key=lambda one: (one.name.casefold(), one.key, one.piece)))


def _duplicate(claim: tuple[TagKey, int], jobs: Iterable[Job], bindings: Iterable[Binding]) -> Duplicate:
    own = {binding.target: binding for binding in bindings}
    in_order = sorted(jobs, key=lambda job: (job.ref not in own, str(job.created_at or ""), job.ref.id))
    first = in_order[0]
    parts = [binding.pieces for binding in own.values()] + [
        job.ownership_tag.pieces for job in in_order if job.ownership_tag
    ]
    return Duplicate(
        key=claim[0],
        source=next((binding.source for binding in own.values()), None),
        name=first.name,
        piece=claim[1],
        pieces=parts[0],
        jobs=tuple(job.ref for job in in_order),
        bound=tuple(own),
    )


def duplicates_of(inputs: PlanInput) -> tuple[Duplicate, ...]:
    """List those of the sync: its source shows the scope that the tag names, or the binding is its own."""
    scopes = {scope_digest(scope): scope for scope in inputs.source.scopes}
    own = {binding.target for binding in inputs.bindings if binding.sync == inputs.sync.name}
    provider = inputs.origin.rules.provider
    found = []
    for one in duplicates(inputs.target.jobs, inputs.bindings):
        is_listed = one.key[0] == provider and one.key[1] in scopes
        if one.source is None and is_listed:
            source = JobRef(provider=provider, scope=scopes[one.key[1]], id=one.key[2])
            found.append(attrs.evolve(one, source=source))
        elif is_listed or own & set(one.jobs):
            found.append(one)
    return tuple(found)


def unclear(found: Iterable[Duplicate]) -> frozenset[JobRef]:
    """Return the source jobs of which it is not clear which target job stands for them: nothing is done to those."""
    return frozenset(one.source for one in found if one.source and len(one.bound) != 1)


def blocked(found: Iterable[Duplicate], sync: str) -> Iterator[Change]:
    """Yield what a plan says of each job that is one too many."""
    for one in found:
        known = f"; the state is bound to {one.bound[0].id}" if len(one.bound) == 1 else ""
        reason = (
            f"{one.reason}{known}. Remove the surplus one: migrator dedupe {sync}; "
            "or remove the tag from a copy that stays"
        )
        for extra in one.extra:
            yield Change(
                action="blocked",
                source=one.source,
                target=extra,
                name=one.name,
                piece=one.piece,
                pieces=one.pieces,
                reason=reason,
            )
