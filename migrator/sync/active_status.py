"""Which side of each job is active, from what both sides hold; and which jobs are active nowhere."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final, Literal

import attrs
from attrs import frozen

from migrator.active_side import ActiveStatus, FiringSide, SwitchContext, firing_side, is_spent, switch_back_command
from migrator.canonical import Job, JobRef
from migrator.errors import MigratorError
from migrator.extract import Extracted
from migrator.isolation import attempt
from migrator.plan.changes import Change
from migrator.plan.staging import may_fire
from migrator.providers.registry import PROVIDERS
from migrator.store.records import Binding, InactiveJob
from migrator.sync.session import Session, Snapshot

INACTIVE: Final[Mapping[str, Literal["neither", "part", "unknown"]]] = {
    "neither": "neither",
    "part": "part",
    "unknown": "unknown",
}
"""The readings of a job that is not known to be active on one side in full."""


@frozen(kw_only=True)
class ActiveStatuses:
    """Both sides of a sync, read a moment ago.

    Attributes:
        session: the open sides.
        snapshot: what was read, and the plan that follows.
    """

    session: Session
    snapshot: Snapshot

    @cached_property
    def bindings(self) -> Mapping[JobRef, tuple[Binding, ...]]:
        """Return the target jobs of each source job, by part."""
        found: dict[JobRef, list[Binding]] = {}
        for binding in self.snapshot.bindings:
            if binding.sync == self.session.sync.name and not binding.superseded:
                found.setdefault(binding.source, []).append(binding)
        return {ref: tuple(sorted(bindings, key=lambda binding: binding.piece)) for ref, bindings in found.items()}

    @cached_property
    def changes(self) -> Mapping[JobRef, tuple[Change, ...]]:
        """Return the planned changes of each source job."""
        found: dict[JobRef, list[Change]] = {}
        for change in self.snapshot.plan.changes:
            if change.source:
                found.setdefault(change.source, []).append(change)
        return {ref: tuple(changes) for ref, changes in found.items()}

    # -- one job ------------------------------------------------------------------------------------------------------

    def switch_context(self, ref: JobRef, *, partial: bool = False) -> SwitchContext | None:
        """Return what is known of one source job; None where a side lacks one of the jobs.

        Args:
            ref: the source job.
            partial: whether target jobs may be missing: what is left of them is looked at.
        """
        bindings = self.bindings.get(ref, ())
        targets = {binding.target: job_in(self.snapshot.target, binding.target) for binding in bindings}
        listed, wanted = job_in(self.snapshot.listed, ref), job_in(self.snapshot.source, ref)
        present = {target: job for target, job in targets.items() if job}
        if listed is None or wanted is None or not bindings or (len(present) < len(targets) and not partial):
            return None
        return SwitchContext(
            source=listed,
            wanted=wanted,
            active_side=self.snapshot.active_sides.get(ref),
            bindings=tuple(binding for binding in bindings if binding.target in present),
            targets=present,
            due={change.target: change.due for change in self.changes.get(ref, ()) if change.target and change.due},
            spent=frozenset(
                job.ref
                for endpoint, jobs in ((self.session.source, [wanted]), (self.session.target, present.values()))
                for job in jobs
                if is_spent(job, endpoint.dialect, self.snapshot.plan.created_at)
            ),
        )

    def status(self, ref: JobRef) -> ActiveStatus:
        """Return which side of a job fires; unknown where that cannot be found out of this one job."""
        found = attempt("compared", self._side_of, ref)
        active_side = self.snapshot.active_sides.get(ref)
        return ActiveStatus(
            source=ref,
            name=self.name(ref),
            targets=tuple(binding.target for binding in self.bindings.get(ref, ())),
            meant=active_side.live if active_side else "both",
            live="unknown" if isinstance(found, MigratorError) else found,
            since=active_side.since if active_side else None,
            is_unfinished=active_side is not None and active_side.begun is not None,
        )

    def _side_of(self, ref: JobRef) -> FiringSide:
        context = self.switch_context(ref)
        return self._firing(firing_side(context) if context else self._one_sided(ref))

    def _firing(self, found: FiringSide) -> FiringSide:
        """Return which endpoint's copy fires, where an archive of jobs fires none of those that it holds."""
        fires = [
            PROVIDERS[endpoint.mapping.rules.provider].capabilities.runs_jobs
            for endpoint in (self.session.source, self.session.target)
        ]
        if found != "both" or all(fires):
            return found
        return "source" if fires[0] else "target"

    def name(self, ref: JobRef) -> str:
        """Return the name of a source job; of one that is gone, what its target job is called."""
        job, bindings = job_in(self.snapshot.listed, ref), self.bindings.get(ref)
        return job.name if job else str(bindings[0].applied.get("name", ref.id)) if bindings else ref.id

    def _one_sided(self, ref: JobRef) -> FiringSide:
        """Return which side fires where a side lacks one of the jobs."""
        if any(problem.ref == ref for problem in self.snapshot.listed.problems):
            return "unknown"
        listed, wanted = job_in(self.snapshot.listed, ref), job_in(self.snapshot.source, ref)
        if wanted and is_spent(wanted, self.session.source.dialect, self.snapshot.plan.created_at):
            return "over"
        targets = [job_in(self.snapshot.target, binding.target) for binding in self.bindings.get(ref, ())]
        active = [job is not None and job.live for job in targets]
        if listed is not None and may_fire(listed, self.snapshot.active_sides.get(ref)):
            return "both" if any(active) else "source"
        if any(active):
            return "target" if all(active) else "part"
        return "paused" if wanted and not wanted.live else "neither"

    # -- active nowhere -----------------------------------------------------------------------------------------------

    def inactive_jobs(self) -> tuple[InactiveJob, ...]:
        """Return the jobs that should be active and are not active in full on one side, of those that were cut over."""
        return tuple(
            inactive
            for ref in self.bindings
            if ref in self.snapshot.active_sides and (inactive := self._inactive_job(ref))
        )

    def record_ended(self) -> None:
        """Record the end of switches that a crash left open: the source job is deleted, and the target is active."""
        listed = self.snapshot.listed
        there = {job.ref for job in listed.jobs} | {problem.ref for problem in listed.problems}
        ended = [
            attrs.evolve(active_side, begun=None)
            for ref, active_side in self.snapshot.active_sides.items()
            if active_side.begun and active_side.live == "target" and ref in self.bindings and ref not in there
            if self.status(ref).live in {"target", "paused", "over"}
        ]
        if ended and not self.snapshot.is_short:
            self.session.state.put_active_side(*ended, dialect=self.session.source.dialect)

    def _inactive_job(self, ref: JobRef) -> InactiveJob | None:
        wanted = job_in(self.snapshot.source, ref)
        if wanted and not wanted.live:
            return None
        targets = [job_in(self.snapshot.target, binding.target) for binding in self.bindings[ref]]
        if job_in(self.snapshot.listed, ref) is None and None in targets:
            return None  # somebody has deleted it on both sides
        status = self.status(ref)
        if status.live not in INACTIVE or (status.live == "unknown" and all(job and job.live for job in targets)):
            return None
        return InactiveJob(
            source=ref,
            name=status.name,
            live=INACTIVE[status.live],
            since=self.snapshot.plan.created_at,
            repair=self._repair(ref, status, targets),
        )

    def _repair(self, ref: JobRef, status: ActiveStatus, targets: Sequence[Job | None]) -> str:
        """Return the command that lets a job fire again: an unfinished switch goes on in its direction."""
        sync, source = self.session.sync.name, job_in(self.snapshot.listed, ref)
        to_target = status.is_unfinished and status.meant != "target"
        if to_target and all(job and job.suspended is None for job in targets):
            return shlex.join(["migrator", "cutover", sync, "--job", status.name])
        return switch_back_command(sync, source) if source else shlex.join(["migrator", "plan", sync])


def job_in(listing: Extracted, ref: JobRef) -> Job | None:
    """Return the job of that ref in a listing, or None."""
    try:
        return listing.job(ref)
    except KeyError:
        return None
