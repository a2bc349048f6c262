"""Both sides as they are, and what follows for the right to fire of each job: its move, or why there is none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Final

import attrs
from attrs import frozen

from migrator.canonical import Job, JobRef
from migrator.config.shapes import did_you_mean
from migrator.cron.check import second_opinion
from migrator.cutover import Found, Goal, Move, Mover, Order, Scene, Standing, Status, found_live, is_spent
from migrator.errors import UsageError
from migrator.extract import Extracted
from migrator.holding import is_cut_short, may_fire, stirs
from migrator.isolation import attempt
from migrator.plan.values import Change
from migrator.session import Look, Session, contract_of
from migrator.state.values import Link
from migrator.verify import WELL, Proof, verify

_SHOWN: Final = 5


@frozen(kw_only=True)
class Stage:
    """Both sides of a sync, read a moment ago.

    Attributes:
        session: the open sides.
        look: what was read, and the plan that follows.
        contracts: the update contracts of source and target.
        elsewhere: the source jobs whose right has moved to another target, each with that one.
    """

    session: Session
    look: Look
    contracts: tuple[str, str]
    elsewhere: Mapping[JobRef, str]

    @cached_property
    def links(self) -> Mapping[JobRef, tuple[Link, ...]]:
        """The target jobs of each source job, by piece."""
        side, found = self.session.target, dict[JobRef, list[Link]]()
        for link in self.session.state.links(side.adapter.provider, side.adapter.scopes, side.dialect):
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

    @cached_property
    def proofs(self) -> Mapping[JobRef, Proof]:
        """What verifying each source job comes to."""
        span = timedelta(days=max(self.session.sync.schedule.days - 1, 1))
        links = [link for group in self.links.values() for link in group]
        look = self.look
        found = verify(
            look.plan,
            source=look.source,
            target=look.target,
            links=links,
            span=span,
            spot=second_opinion,
            duplicates=look.duplicates,
        )
        return {proof.source: proof for proof in found.proofs}

    def chosen(self, names: Collection[str]) -> frozenset[JobRef]:
        """The source jobs of these names or ids; all that the sync has to do with where none is given.

        Raises:
            UsageError: there is no such job.
        """
        mine = {job.ref: job.name for job in self.look.listed.jobs if job.ref in self.changes}
        mine |= {ref: str(links[0].applied.get("name", ref.id)) for ref, links in self.links.items() if ref not in mine}
        for name in names:
            if not any(name in {ref.id, shown} for ref, shown in mine.items()):
                allowed = ", ".join(sorted(mine.values())[:_SHOWN]) + (", …" if len(mine) > _SHOWN else "")
                what = f"the source of sync {self.session.sync.name} has no such job"
                hint = did_you_mean(name, mine.values())
                raise UsageError(what, where="--job", actual=name, allowed=allowed or "none is there", hint=hint)
        return frozenset(ref for ref, shown in mine.items() if not names or {ref.id, shown} & set(names))

    # -- one job ------------------------------------------------------------------------------------------------------

    def scene(self, ref: JobRef) -> Scene | None:
        """What is known of one source job; None where a side lacks one of the jobs."""
        links = self.links.get(ref, ())
        targets = {link.target: _of(self.look.target, link.target) for link in links}
        listed, wished = _of(self.look.listed, ref), _of(self.look.source, ref)
        there = {target: job for target, job in targets.items() if job}
        if listed is None or wished is None or not links or len(there) < len(targets):
            return None
        return Scene(
            source=listed,
            wished=wished,
            right=self.look.rights.get(ref),
            links=links,
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
        job, links = _of(self.look.listed, ref), self.links.get(ref)
        return job.name if job else str(links[0].applied.get("name", ref.id)) if links else ref.id

    def _one_sided(self, ref: JobRef) -> Found:
        """The same where a side lacks one of the jobs."""
        if any(problem.ref == ref for problem in self.look.listed.problems):
            return "unknown"
        job, targets = _of(self.look.listed, ref), {link.target for link in self.links.get(ref, ())}
        if job and is_spent(job, self.session.source.dialect, self.look.plan.created_at):
            return "over"
        if job and not job.live and not targets:
            return "paused"
        source = job is not None and may_fire(job, self.look.rights.get(ref))
        target = any(one.live for ref in targets if (one := _of(self.look.target, ref)))
        return "both" if source and target else "source" if source else "target" if target else "neither"

    def move(self, ref: JobRef, mover: Mover, goal: Goal, *, is_preview: bool = False) -> Move:
        """What moving the right of one job takes, or why it stays.

        Args:
            ref: the source job.
            mover: what plans moves.
            goal: which side shall fire.
            is_preview: whether target jobs that are not there yet are still going to be made.
        """
        standing = self.standing(ref)
        stays = Move(source=ref, name=standing.name, goal=goal, live=standing.live, targets=standing.targets)
        found = attempt("switched", self._move, ref, mover, goal, stays, is_preview=is_preview)
        return found if isinstance(found, Move) else attrs.evolve(stays, status="refused", reason=str(found))

    def _move(self, ref: JobRef, mover: Mover, goal: Goal, stays: Move, *, is_preview: bool) -> Move:
        scene = self.scene(ref)
        if status_and_reason := self._why_not(ref, scene, goal):
            status, reason = status_and_reason
            if status == "planned" and not is_preview:
                status, reason = "refused", "its target job could not be made; migrator history shows why"
            return attrs.evolve(stays, status=status, reason=reason)
        assert scene is not None
        return mover.move(scene, goal)

    def _why_not(self, ref: JobRef, scene: Scene | None, goal: Goal) -> tuple[Status, str] | None:
        if scene is None:
            return self._incomplete(ref, goal)
        if goal == "source" or self.is_out_of_place(ref):
            return None
        if other := self.elsewhere.get(ref):
            return "refused", f"its right to fire has moved to {other} already; take that back first"
        changes = self.changes.get(ref, ())
        if blocked := [change.reason for change in changes if change.action == "blocked"]:
            return "refused", "; ".join(dict.fromkeys(blocked))
        if pending := [change.action for change in changes if change.action != "none"]:
            return "refused", f"the target is not in line yet: {', '.join(dict.fromkeys(pending))} is still to be done"
        if changes and all(change.schedule is None or change.schedule.verdict == "dead" for change in changes):
            return "left", "; ".join(dict.fromkeys(change.reason for change in changes if change.reason))
        proof = self.proofs.get(ref)
        if proof is None or proof.status not in WELL:
            told = f"{proof.status}: {proof.reason}" if proof else "nothing was compared"
            return "refused", f"it is not verified ({told}); look with: migrator verify {self.session.sync.name}"
        return None

    def _incomplete(self, ref: JobRef, goal: Goal) -> tuple[Status, str]:
        """Why a job cannot be moved of which a side lacks something."""
        right, changes = self.look.rights.get(ref), self.changes.get(ref, ())
        if blocked := [change.reason for change in changes if change.action == "blocked"]:
            return "refused", "; ".join(dict.fromkeys(blocked))
        if ref not in self.links:
            if goal == "target" and any(change.action == "create" for change in changes):
                return "planned", "it is made at the target first, held back"
            return "left", "; ".join(change.reason for change in changes if change.reason) or "it has no target job"
        if _of(self.look.listed, ref) is None:
            if goal == "target" and right and right.live == "target":
                return "there", "the target has the right to fire already, and the source job is gone"
            return "refused", "the source job is gone, so that the source cannot fire it"
        return "refused", "the target lacks a job that stands for it; migrator plan shows what is to be done"

    def is_out_of_place(self, ref: JobRef) -> bool:
        """Whether a cut-over was not finished, or somebody has undone half of it: there is nothing to prove yet."""
        job, right = _of(self.look.listed, ref), self.look.rights.get(ref)
        if job is None or right is None:
            return False
        return is_cut_short(job, right) or stirs(job, right, self.session.source.dialect, now=self.look.plan.created_at)


async def stage_of(session: Session, look: Look) -> Stage:
    """What was read, with all that is needed to plan moves."""
    source, target = session.source, session.target
    known = session.state.rights(source.adapter.provider, source.adapter.scopes, source.dialect)
    return Stage(
        session=session,
        look=look,
        contracts=(await contract_of(session.state, source), await contract_of(session.state, target)),
        elsewhere={r.source: r.target[0] for r in known if r.target != target.place and r.live == "target"},
    )


def mover_of(stage: Stage, order: Order) -> Mover:
    """What plans the moves of an order."""
    session = stage.session
    now = session.runtime.clock.now()
    return Mover(
        sync=session.sync.name,
        scope=session.target.place,
        source=session.source.mapping,
        source_contract=stage.contracts[0],
        target=session.target.mapping,
        target_contract=stage.contracts[1],
        now=now,
        spare=max(order.at - now, timedelta()) + 2 * order.guard if order.at else 2 * order.guard,
        may_delete=order.may_delete,
    )


def _of(listing: Extracted, ref: JobRef) -> Job | None:
    try:
        return listing.job(ref)
    except KeyError:
        return None
