"""Which side of each job is active, from what both sides hold; and which jobs are active nowhere."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final, Literal

from attrs import frozen

from migrator.canonical import Job, JobRef
from migrator.cutover import Found, Scene, Standing, back_command, found_live, is_spent
from migrator.extract import Extracted
from migrator.holding import may_fire
from migrator.isolation import attempt
from migrator.plan.values import Change
from migrator.session import Look, Session
from migrator.state.values import Dark, Link

DARK: Final[Mapping[str, Literal["neither", "part", "unknown"]]] = {
    "neither": "neither",
    "part": "part",
    "unknown": "unknown",
}
"""What is found of a job that is not known to be active on one side in full."""


@frozen(kw_only=True)
class Standings:
    """Both sides of a sync, read a moment ago.

    Attributes:
        session: the open sides.
        look: what was read, and the plan that follows.
    """

    session: Session
    look: Look

    @cached_property
    def links(self) -> Mapping[JobRef, tuple[Link, ...]]:
        """The target jobs of each source job, by piece."""
        found: dict[JobRef, list[Link]] = {}
        for link in self.look.links:
            if link.sync == self.session.sync.name and not link.superseded:
                found.setdefault(link.source, []).append(link)
        return {ref: tuple(sorted(links, key=lambda link: link.piece)) for ref, links in found.items()}

    @cached_property
    def changes(self) -> Mapping[JobRef, tuple[Change, ...]]:
        """What the plan says of each source job."""
        found: dict[JobRef, list[Change]] = {}
        for change in self.look.plan.changes:
            if change.source:
                found.setdefault(change.source, []).append(change)
        return {ref: tuple(changes) for ref, changes in found.items()}

    # -- one job ------------------------------------------------------------------------------------------------------

    def scene(self, ref: JobRef, *, partial: bool = False) -> Scene | None:
        """What is known of one source job; None where a side lacks one of the jobs.

        Args:
            ref: the source job.
            partial: whether target jobs may be missing: what is left of them is looked at.
        """
        links = self.links.get(ref, ())
        targets = {link.target: job_in(self.look.target, link.target) for link in links}
        listed, wished = job_in(self.look.listed, ref), job_in(self.look.source, ref)
        there = {target: job for target, job in targets.items() if job}
        if listed is None or wished is None or not links or (len(there) < len(targets) and not partial):
            return None
        return Scene(
            source=listed,
            wished=wished,
            right=self.look.rights.get(ref),
            links=tuple(link for link in links if link.target in there),
            targets=there,
            due={change.target: change.due for change in self.changes.get(ref, ()) if change.target and change.due},
            spent=frozenset(
                job.ref
                for side, jobs in ((self.session.source, [wished]), (self.session.target, there.values()))
                for job in jobs
                if is_spent(job, side.dialect, self.look.plan.created_at)
            ),
        )

    def standing(self, ref: JobRef) -> Standing:
        """Which side of a job fires; unknown where that cannot be found out of this one job."""
        found = attempt("compared", self._standing, ref)
        if isinstance(found, Standing):
            return found
        right, targets = self.look.rights.get(ref), tuple(link.target for link in self.links.get(ref, ()))
        return Standing(
            source=ref,
            name=self.name(ref),
            targets=targets,
            meant=right.live if right else "both",
            live="unknown",
            since=right.since if right else None,
            is_unfinished=right is not None and right.begun is not None,
        )

    def _standing(self, ref: JobRef) -> Standing:
        scene, right, links = self.scene(ref), self.look.rights.get(ref), self.links.get(ref, ())
        return Standing(
            source=ref,
            name=self.name(ref),
            targets=tuple(link.target for link in links),
            meant=right.live if right else "both",
            live=found_live(scene) if scene else self._one_sided(ref),
            since=right.since if right else None,
            is_unfinished=right is not None and right.begun is not None,
        )

    def name(self, ref: JobRef) -> str:
        """The name of a source job; of one that is gone, what its target job is called."""
        job, links = job_in(self.look.listed, ref), self.links.get(ref)
        return job.name if job else str(links[0].applied.get("name", ref.id)) if links else ref.id

    def _one_sided(self, ref: JobRef) -> Found:
        """The same where a side lacks one of the jobs."""
        if any(problem.ref == ref for problem in self.look.listed.problems):
            return "unknown"
        listed, wished = job_in(self.look.listed, ref), job_in(self.look.source, ref)
        if wished and is_spent(wished, self.session.source.dialect, self.look.plan.created_at):
            return "over"
        targets = [job_in(self.look.target, link.target) for link in self.links.get(ref, ())]
        if listed and not listed.live and not targets:
            return "paused"
        active = [job is not None and job.live for job in targets]
        if listed is not None and may_fire(listed, self.look.rights.get(ref)):
            return "both" if any(active) else "source"
        if any(active):
            return "target" if all(active) else "part"
        return "paused" if wished and not wished.live else "neither"

    # -- active nowhere -----------------------------------------------------------------------------------------------

    def dark(self) -> tuple[Dark, ...]:
        """Return the jobs that should be active and are not active in full on one side, of those that were cut over."""
        return tuple(dark for ref in self.links if ref in self.look.rights and (dark := self._dark(ref)))

    def _dark(self, ref: JobRef) -> Dark | None:
        wished = job_in(self.look.source, ref)
        if wished and not wished.live:
            return None
        targets = [job_in(self.look.target, link.target) for link in self.links[ref]]
        if job_in(self.look.listed, ref) is None and None in targets:
            return None  # somebody has deleted it on both sides
        standing = self.standing(ref)
        if standing.live not in DARK or (standing.live == "unknown" and all(job and job.live for job in targets)):
            return None
        return Dark(
            source=ref,
            name=standing.name,
            live=DARK[standing.live],
            since=self.look.plan.created_at,
            repair=self._repair(ref, standing, targets),
        )

    def _repair(self, ref: JobRef, standing: Standing, targets: Sequence[Job | None]) -> str:
        """The command that lets a job fire again."""
        sync, source = self.session.sync.name, job_in(self.look.listed, ref)
        if standing.is_unfinished and all(job and job.suspended is None for job in targets):
            return shlex.join(["migrator", "cutover", sync, "--job", standing.name])
        return back_command(sync, source) if source else shlex.join(["migrator", "plan", sync])


def job_in(listing: Extracted, ref: JobRef) -> Job | None:
    """The job of that ref in a listing, if it is there."""
    try:
        return listing.job(ref)
    except KeyError:
        return None
