"""One pass over both listings: what happens to each job."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import attrs

from migrator.canonical import Fields, Job, JobRef, Loss, covers
from migrator.convert import Converted, convert
from migrator.convert.fields import Need
from migrator.convert.schedule import ConvertedSchedule
from migrator.isolation import attempt
from migrator.mapping.ownership import key_of, key_of_tag
from migrator.plan.actions import created
from migrator.plan.changes import Change
from migrator.plan.duplicates import blocked, duplicates_of, unclear
from migrator.plan.matching import Matcher
from migrator.plan.names import age, unique_names
from migrator.plan.origins import Origins
from migrator.plan.orphans import orphans
from migrator.plan.parking import parked
from migrator.plan.plan_input import PlanInput
from migrator.plan.policy import permission
from migrator.plan.removed import removed_at_source
from migrator.plan.staged import out_of_place, staged
from migrator.plan.successors import Successors
from migrator.plan.three_way_merge import is_same_schedule, merged_change
from migrator.store.records import Binding, Write

RETIRED: Final = "its source job was retired; it is synced from the definition that was kept"
KEPT: Final = "its source job is gone; it is synced from the definition that was kept"


class Planner:
    """Goes through the source jobs, then through what was removed at source; `each` is told of every job."""

    def __init__(self, inputs: PlanInput, each: Callable[[], None] = lambda: None) -> None:
        self.inputs = inputs
        self.each = each
        self.sync = inputs.sync
        self.mapping = inputs.mapping
        self.matcher = Matcher(inputs)
        self.duplicates = duplicates_of(inputs)
        self.unclear = unclear(self.duplicates)
        self.origins = Origins(inputs)
        self.successors = Successors(inputs, tuple(removed_at_source(inputs, self.unclear)))

    def changes(self) -> Iterator[Change]:
        """Every change, in no order."""
        inputs = self.inputs
        copies = {job.ref: why for job in inputs.source.jobs if (why := self._is_copy(job))}
        wanted = [job for job in inputs.source.jobs if job.ref not in copies]
        selected = [job for job in wanted if self.sync.select.matches(job)]
        for job, result in self._named(selected):
            if job.ref not in inputs.unsettled and job.ref not in self.unclear:
                yield from self._guarded(job, result)
        yield from blocked((one for one in self.duplicates if one.source not in inputs.unsettled), self.sync.name)
        for write in inputs.unsettled.values():
            yield _unsettled(write)
        for job in wanted:
            is_ours = job.ref in inputs.standing and job.ref not in inputs.unsettled and job.ref not in self.unclear
            if is_ours and not self.sync.select.matches(job):
                reason = "it is no longer selected; it is left unchanged"
                target = inputs.first_target(job.ref)
                yield Change(action="none", source=job.ref, name=job.name, target=target, reason=reason)
        for job in inputs.source.jobs:
            if job.ref in copies and self.sync.select.matches(job):
                yield Change(action="none", source=job.ref, name=job.name, reason=copies[job.ref])
        for problem in inputs.source.problems:
            yield Change(
                action="blocked",
                source=problem.ref,
                name=problem.name,
                target=inputs.first_target(problem.ref),
                reason=f"it cannot be read: {problem.error}",
            )
        yield from self.successors.noted()
        told = {ref for one in self.duplicates for ref in one.jobs}
        yield from orphans(inputs, (job for job in self.matcher.free if job.ref not in told))

    def _is_copy(self, job: Job) -> str:
        """Why a source job is not to go: it is itself a copy, as the state knows or its mark says; "" when it may.

        The target has its original, or a copy of that which did not come this way: another one would fire beside it.
        """
        inputs = self.inputs
        known = inputs.originals.get(job.ref)
        keys = ([key_of(known)] if known else []) + ([key_of_tag(job.ownership_tag)] if job.ownership_tag else [])
        for key in keys:
            if original := inputs.by_key.get(key):
                return f"it is the managed copy of {original}, which is at the target"
            if (twin := inputs.copies.get(key)) and job.ref not in inputs.standing:
                return f"it is a managed copy of {'/'.join((key[0], key[2]))}, which the target has already: {twin}"
        return ""

    def _named(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Converted]]:
        """The jobs as the target can hold them; only where names are unique, all of them must be known at once."""
        inputs, rules = self.inputs, self.mapping.rules
        if "name" not in rules.unique:
            in_turn = sorted(jobs, key=lambda job: (job.ref not in inputs.standing, *age(job)))
            return ((job, self._lowered(job)) for job in in_turn)
        lowered = {job.ref: (job, self._lowered(job)) for job in jobs}
        current = {
            ref: inputs.at_target[binding.target.id].name
            for ref in lowered
            if (binding := inputs.binding(ref, 1)) and binding.target.id in inputs.at_target
        }
        ours = {binding.target.id for ref in lowered for binding in inputs.standing.get(ref, ())}
        marks = {key_of(ref) for ref in lowered}
        foreign = {
            job.name
            for job in inputs.target.jobs
            if job.ref.id not in ours and not (job.ownership_tag and key_of_tag(job.ownership_tag) in marks)
        }
        return unique_names(lowered, current=current, foreign=foreign, rules=rules)

    def _lowered(self, job: Job) -> Converted:
        self.each()
        found = attempt("converted", convert, job, target=self.mapping, sync=self.sync, now=self.inputs.now)
        return (
            found
            if isinstance(found, Converted)
            else Converted(schedule=ConvertedSchedule(verdict="none"), refused=(str(found),))
        )

    def _guarded(self, job: Job, lowered: Converted) -> list[Change]:
        """The changes of one job, or the one that blocks it."""
        found = attempt("planned", lambda: list(self._for_job(job, lowered)))
        if isinstance(found, list):
            return found
        target = self.inputs.first_target(job.ref)
        return [Change(action="blocked", source=job.ref, target=target, name=job.name, reason=str(found))]

    def _for_job(self, job: Job, lowered: Converted) -> Iterator[Change]:
        base = Change(
            action="none",
            source=job.ref,
            target=self.inputs.first_target(job.ref),
            name=job.name,
            losses=lowered.losses,
            schedule=lowered.schedule,
            reason="; ".join((*lowered.notes, *self._kept(job.ref))),
            live=job.live,
        )
        if lowered.dead:
            yield attrs.evolve(base, losses=(), reason=f"nothing to migrate: {lowered.dead}")
            return
        if reason := self.origins.refused(job):
            yield attrs.evolve(base, action="blocked", losses=(), reason=reason)
            return
        reason, needs = self._refusal(lowered)
        if reason:
            yield attrs.evolve(base, action="blocked", reason=reason, needs=needs)
            return
        pieces = _all_or_none(self._for_pieces(job, lowered, base))
        if reason := out_of_place(self.inputs, job.ref):
            pieces = (attrs.evolve(piece, action="blocked", fields=(), reason=reason) for piece in pieces)
        yield from pieces

    def _kept(self, ref: JobRef) -> tuple[str, ...]:
        return (RETIRED,) if ref in self.inputs.retired else (KEPT,) if ref in self.inputs.kept else ()

    def _for_pieces(self, job: Job, lowered: Converted, base: Change) -> Iterator[Change]:
        count = len(lowered.pieces)
        base = attrs.evolve(base, active_side=self.inputs.active_side_of(job.ref))
        renews = is_same_schedule(self.inputs, base)
        for number, fields in enumerate(lowered.pieces, 1):
            piece = attrs.evolve(base, piece=number, pieces=count, name=fields["name"], target=None)
            binding = self.inputs.binding(job.ref, number)
            yield self._for_piece(piece if binding else attrs.evolve(piece, renews=renews), fields, binding)
        for binding in self.inputs.standing.get(job.ref, ()):
            if binding.piece > count and binding.target.id in self.inputs.at_target:
                extra = attrs.evolve(base, piece=binding.piece, pieces=binding.pieces, target=binding.target, losses=())
                reason = f"its schedule takes {count} jobs now"
                yield attrs.evolve(extra, action="delete", reason=reason, renews=renews)

    def _for_piece(self, piece: Change, fields: Fields, binding: Binding | None) -> Change:
        inputs, wanted = self.inputs, fields
        if piece.source in inputs.revived:  # a cutover stops the source again, and lets the target fire if it does not
            piece = attrs.evolve(piece, due={"enabled": fields.get("enabled", True)})
        if piece.active_side == "source":
            piece, wanted = staged(inputs, piece, fields, binding)
            if piece.action == "blocked":
                return attrs.evolve(piece, target=binding.target if binding else None)
        else:
            piece, wanted = parked(inputs, piece, fields, binding)
        if binding and not self.matcher.stands_in(binding):
            return merged_change(inputs, piece, wanted, binding)
        found = self.matcher.matched(piece, fields if piece.active_side == "source" else wanted)
        if found.action != "create":
            return attrs.evolve(found, active_side="both")  # what is there already fires already
        return self.successors.checked(found if wanted is fields else created(inputs, piece, wanted))

    def _refusal(self, lowered: Converted) -> tuple[str, tuple[Need, ...]]:
        """Why a job cannot go, and what the sync could say about it."""
        if lowered.refused:
            return "; ".join(lowered.refused), ()
        if lowered.needs:
            return "; ".join(map(str, lowered.needs)), (*lowered.needs, *self._permissions(lowered))
        permissions = self._permissions(lowered)
        if not permissions:
            return "", ()
        unallowed = self._unallowed(lowered)
        told = "; ".join(f"{loss.path} ({loss.reason})" for loss in unallowed)
        listed = ", ".join(f'"{path}"' for path in dict.fromkeys(loss.path for loss in unallowed))
        what = f"it would lose {told}; allow it with allow_loss = [{listed}] in [syncs.{self.sync.name}]"
        return what, permissions

    def _permissions(self, lowered: Converted) -> tuple[Need, ...]:
        return tuple(permission(self.sync, loss) for loss in self._unallowed(lowered))

    def _unallowed(self, lowered: Converted) -> list[Loss]:
        allowed = self.sync.allow_loss
        return [loss for loss in lowered.losses if not any(covers(path, loss.path) for path in allowed)]


def _unsettled(write: Write) -> Change:
    """An unresolved write of an earlier run: its job is left alone."""
    assert write.source is not None
    reason = (
        f"{write.error}. Check the target, then: migrator settle {write.run} {write.source.id} "
        "--created ID, or --not-created"
    )
    return Change(action="blocked", source=write.source, name=write.name, target=None, reason=reason)


def _all_or_none(pieces: Iterable[Change]) -> Iterator[Change]:
    """The parts of one job: where one is blocked, nothing is done to the others, lest fires are lost or doubled."""
    pieces = list(pieces)
    blocked = next((piece for piece in pieces if piece.action == "blocked"), None)
    for piece in pieces:
        if blocked and piece.action not in {"blocked", "none"}:
            reason = f"part {blocked.piece} of the same job is blocked, and all parts change together"
            yield attrs.evolve(piece, action="blocked", fields=(), reason=reason)
        else:
            yield piece
