"""What a plan is made from: both listings, the bindings between them, and what else is known of the two sides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property

import attrs
from attrs import field, frozen

from migrator.canonical import Fields, Job, JobRef
from migrator.config import Sync
from migrator.extract import Extracted, Problem
from migrator.mapping import ProviderMapping
from migrator.mapping.ownership import TagKey, key_of, key_of_tag
from migrator.mapping.sections import ChangeKind
from migrator.plan.changes import Plan
from migrator.store.records import ActiveSide, Binding, Bound, Live, Takeover, Write


@frozen(kw_only=True)
class PlanInput:
    """What a plan is made from.

    Attributes:
        sync: what is wanted.
        source: the source's listing.
        target: the target's listing.
        target_scope: where new jobs are made.
        bindings: every binding into the target.
        reverse: every binding into the source: the source jobs among its targets are copies of somebody else's.
        mapping: the target's.
        contract: the target's update contract.
        origin: the source's mapping.
        origin_contract: the source's update contract; "" where nothing is written to the source.
        now: the clock.
        lineage: the state's.
        serial: the state's.
        uncertain: writes that only a person can resolve; each blocks its source job.
        unproved: jobs that a listing does not show and that could not be asked for.
        last_count: how many jobs the source had when it was last in order; None when that is not known.
        active_sides: by source job, which side is active; without one, each side fires by its own flag.
        revived: the source jobs that are active again after a cutover, or are about to be.
        elsewhere: bindings of the sync between other places than these two, and those of other syncs into other scopes
            of these two providers.
        removed: the source jobs that we deleted ourselves.
        is_proved: whether jobs that a listing lacks were asked for by their ids.
        unfinished: the source jobs of which a cutover, there or back, was interrupted.
        room: how many active jobs the target takes, None for the number in its mapping.
        kept: the source jobs that are gone, and whose kept definition stands in the source's listing.
        retired: those of them that were deleted on purpose, by a run or as a person said.
        takeovers: the jobs of files that took the place of retired source jobs.
        unscoped: the providers of which no two jobs share an id, in any scope.
        hold: whether new target jobs are staged until the cutover.
    """

    sync: Sync
    source: Extracted
    target: Extracted
    target_scope: str
    bindings: tuple[Binding, ...]
    reverse: tuple[Binding, ...] = ()
    mapping: ProviderMapping
    contract: str
    origin: ProviderMapping
    origin_contract: str = ""
    now: datetime
    lineage: str
    serial: int
    uncertain: tuple[Write, ...] = ()
    unproved: frozenset[JobRef] = frozenset()
    last_count: int | None = None
    active_sides: Mapping[JobRef, ActiveSide] = field(factory=dict)
    revived: frozenset[JobRef] = frozenset()
    elsewhere: tuple[Bound, ...] = ()
    removed: frozenset[JobRef] = frozenset()
    is_proved: bool = True
    unfinished: frozenset[JobRef] = frozenset()
    room: int | None = None
    kept: frozenset[JobRef] = frozenset()
    retired: frozenset[JobRef] = frozenset()
    takeovers: tuple[Takeover, ...] = ()
    unscoped: frozenset[str] = frozenset()
    hold: bool = False

    @cached_property
    def source_as_listed(self) -> Extracted:
        """Return the source's listing without the kept definitions of jobs that are gone."""
        return attrs.evolve(self.source, jobs=tuple(job for job in self.source.jobs if job.ref not in self.kept))

    @cached_property
    def at_target(self) -> Mapping[str, Job]:
        """Return the target's jobs by id."""
        return {job.ref.id: job for job in self.target.jobs}

    @cached_property
    def unreadable(self) -> Mapping[str, Problem]:
        """Return the target's records that cannot be read, by id."""
        return {problem.ref.id: problem for problem in self.target.problems}

    @cached_property
    def current_bindings(self) -> Mapping[JobRef, tuple[Binding, ...]]:
        """Return for each source job the bindings of its parts, without superseded ones, in their order."""
        found: dict[JobRef, tuple[Binding, ...]] = {}
        for binding in self.bindings:
            if not binding.superseded:
                others = (other for other in found.get(binding.source, ()) if other.piece != binding.piece)
                found[binding.source] = tuple(sorted((*others, binding), key=lambda one: one.piece))
        return found

    def binding(self, ref: JobRef, piece: int) -> Binding | None:
        """Return the current binding of a part of a source job, or None."""
        return next((binding for binding in self.current_bindings.get(ref, ()) if binding.piece == piece), None)

    @cached_property
    def unresolved(self) -> Mapping[JobRef, Write]:
        """Return the writes that only a person can resolve, by source job."""
        return {write.source: write for write in self.uncertain if write.source}

    @cached_property
    def at_source(self) -> Mapping[JobRef, Job]:
        """Return the source's jobs by ref."""
        return {job.ref: job for job in self.source.jobs}

    @cached_property
    def source_keys(self) -> Mapping[TagKey, JobRef]:
        """Return the source's jobs by what an ownership tag calls them."""
        return {key_of(ref): ref for ref in self.at_source}

    def origin_kind(self, path: str, old: Fields, new: Fields) -> ChangeKind:
        """Return how a field of a source job can change from its value in `old` to its value in `new`."""
        return self.origin.change_kind(path, old, new, self.origin_contract)

    @cached_property
    def originals(self) -> Mapping[JobRef, JobRef]:
        """Return the source jobs that are managed copies of others by the bindings, each with its original."""
        return {binding.target: binding.source for binding in self.reverse}

    @cached_property
    def by_key(self) -> Mapping[TagKey, JobRef]:
        """Return the target's jobs by what an ownership tag would call them."""
        return {key_of(job.ref): job.ref for job in self.target.jobs}

    @cached_property
    def copies(self) -> Mapping[TagKey, JobRef]:
        """Return the managed copies at the target, by what an ownership tag calls the source job."""
        tagged = {key_of_tag(job.ownership_tag): job.ref for job in self.target.jobs if job.ownership_tag}
        bound_jobs = {
            key_of(binding.source): binding.target
            for binding in self.bindings
            if binding.target.id in self.at_target and not binding.superseded
        }
        return tagged | bound_jobs

    def is_origin(self, ref: JobRef, origin: JobRef) -> bool:
        """Return whether a job is the origin that a file names, also where its scope had another name then."""
        if ref == origin:
            return True
        return (ref.provider, ref.id) == (origin.provider, origin.id) and ref.provider in self.unscoped

    def active_side_of(self, ref: JobRef) -> Live:
        """Return the active side of a source job; "target" counts only while there is a target job.

        While a switch has not ended, target jobs count as staged: no sync activates them.
        """
        active_side = self.active_sides.get(ref)
        if ref in self.unfinished:
            return "source"
        if active_side and (active_side.live == "source" or ref in self.current_bindings):
            return active_side.live
        return "source" if self.hold and ref not in self.current_bindings else "both"

    def first_target(self, ref: JobRef) -> JobRef | None:
        """Return the target job of a source job's first part, or None."""
        bindings = self.current_bindings.get(ref)
        return bindings[0].target if bindings else None

    def missing(self, plan: Plan) -> tuple[frozenset[JobRef], frozenset[JobRef]]:
        """Return the jobs whose absence from a listing causes a change: at the source, and at the target."""
        listed = {job.ref for job in self.source.jobs} | {problem.ref for problem in self.source.problems}
        removed_jobs = {c.source for c in plan.changes if c.action in {"delete", "pause"} and c.source not in listed}
        made = {(c.source, c.piece) for c in plan.changes if c.action in {"create", "adopt"}}
        absent = {
            binding.target
            for binding in self.bindings
            if not binding.superseded and (binding.source, binding.piece) in made
        }
        superseded = {binding.source for binding in self.bindings if binding.superseded}
        return frozenset(ref for ref in removed_jobs if ref and ref not in superseded), frozenset(absent)

    @property
    def shrunk(self) -> str:
        """Return why the source's listing is suspiciously short; "" when it is not."""
        count, limits = len(self.source.jobs) + len(self.source.problems), self.sync.limits
        if self.last_count is None or limits.deletes.allows(
            self.last_count - count, of=self.last_count, floor=limits.floor
        ):
            return ""
        return (
            f"the jobs at the source went from {self.last_count} to {count} since the last time, which limits.deletes "
            f"= {limits.deletes} does not allow; if they are really gone, raise it in [syncs.{self.sync.name}]"
        )
