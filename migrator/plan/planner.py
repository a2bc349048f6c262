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
from migrator.plan.staging import out_of_place, staged
from migrator.plan.successors import Successors
from migrator.plan.three_way_merge import is_same_schedule, merged_change
from migrator.store.records import Binding, Write

RETIRED: Final = "its source job was retired; it is synced from the definition that was kept"
KEPT: Final = "its source job is gone; it is synced from the definition that was kept"


class Planner:
    """Plans the source jobs, then what was removed at source; `each` is called for every job."""

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
        """Yield every change, in no order."""
        inputs = self.inputs
        copies = {job.ref: why for job in inputs.source.jobs if (why := self._is_copy(job))}
        wanted = [job for job in inputs.source.jobs if job.ref not in copies]
        selected = [job for job in wanted if self.sync.select.matches(job)]
        for job, result in self._named(selected):
            if job.ref not in inputs.unresolved and job.ref not in self.unclear:
                yield from self._guarded(job, result)
        yield from blocked((one for one in self.duplicates if one.source not in inputs.unresolved), self.sync.name)
        for write in inputs.unresolved.values():
            yield _unresolved(write)
        for job in wanted:
            is_managed = (
                job.ref in inputs.current_bindings and job.ref not in inputs.unresolved and job.ref not in self.unclear
            )
            if is_managed and not self.sync.select.matches(job):
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
        yield from self.successors.removals_with_notes()
        named = {ref for one in self.duplicates for ref in one.jobs}
        yield from orphans(inputs, (job for job in self.matcher.free if job.ref not in named))

    def _is_copy(self, job: Job) -> str:
        """Return why a source job is not migrated: it is itself a managed copy; "" when it may be.

        The target has its original, or a copy of that which did not come this way: another one would fire beside it.
        """
        inputs = self.inputs
        known = inputs.originals.get(job.ref)
        keys = ([key_of(known)] if known else []) + ([key_of_tag(job.ownership_tag)] if job.ownership_tag else [])
        for key in keys:
            if original := inputs.by_key.get(key):
                return f"it is the managed copy of {original}, which is at the target"
            if (managed_copy := inputs.copies.get(key)) and job.ref not in inputs.current_bindings:
                return f"it is a managed copy of {key[0]}/{key[2]}, which the target has already: {managed_copy}"
        return ""

    def _named(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Converted]]:
        """Return the jobs, converted; only where names are unique, all of them are converted at once."""
        inputs, rules = self.inputs, self.mapping.rules
        if "name" not in rules.unique:
            in_order = sorted(jobs, key=lambda job: (job.ref not in inputs.current_bindings, *age(job)))
            return ((job, self._converted(job)) for job in in_order)
        converted = {job.ref: (job, self._converted(job)) for job in jobs}
        current = {
            ref: inputs.at_target[binding.target.id].name
            for ref in converted
            if (binding := inputs.binding(ref, 1)) and binding.target.id in inputs.at_target
        }
        managed = {binding.target.id for ref in converted for binding in inputs.current_bindings.get(ref, ())}
        tags = {key_of(ref) for ref in converted}
        foreign = {
            job.name
            for job in inputs.target.jobs
            if job.ref.id not in managed and not (job.ownership_tag and key_of_tag(job.ownership_tag) in tags)
        }
        return unique_names(converted, current=current, foreign=foreign, rules=rules)

    def _converted(self, job: Job) -> Converted:
        self.each()
        found = attempt("converted", convert, job, target=self.mapping, sync=self.sync, now=self.inputs.now)
        return (
            found
            if isinstance(found, Converted)
            else Converted(schedule=ConvertedSchedule(verdict="none"), refused=(str(found),))
        )

    def _guarded(self, job: Job, converted: Converted) -> list[Change]:
        """Return the changes of one job, or the one that blocks it."""
        found = attempt("planned", lambda: list(self._for_job(job, converted)))
        if isinstance(found, list):
            return found
        target = self.inputs.first_target(job.ref)
        return [Change(action="blocked", source=job.ref, target=target, name=job.name, reason=str(found))]

    def _for_job(self, job: Job, converted: Converted) -> Iterator[Change]:
        base = Change(
            action="none",
            source=job.ref,
            target=self.inputs.first_target(job.ref),
            name=job.name,
            losses=converted.losses,
            schedule=converted.schedule,
            reason="; ".join((*converted.notes, *self._notes(job.ref))),
            live=job.live,
        )
        if converted.dead:
            yield attrs.evolve(base, losses=(), reason=f"nothing to migrate: {converted.dead}")
            return
        if reason := self.origins.refused(job):
            yield attrs.evolve(base, action="blocked", losses=(), reason=reason)
            return
        reason, needs = self._refusal(converted)
        if reason:
            yield attrs.evolve(base, action="blocked", reason=reason, needs=needs)
            return
        parts = _all_or_none(self._for_parts(job, converted, base))
        if reason := out_of_place(self.inputs, job.ref):
            parts = (attrs.evolve(part, action="blocked", fields=(), reason=reason) for part in parts)
        yield from parts

    def _notes(self, ref: JobRef) -> tuple[str, ...]:
        return (RETIRED,) if ref in self.inputs.retired else (KEPT,) if ref in self.inputs.kept else ()

    def _for_parts(self, job: Job, converted: Converted, base: Change) -> Iterator[Change]:
        count = len(converted.parts)
        base = attrs.evolve(base, active_side=self.inputs.active_side_of(job.ref))
        renews = is_same_schedule(self.inputs, base)
        for number, fields in enumerate(converted.parts, 1):
            part = attrs.evolve(base, piece=number, pieces=count, name=fields["name"], target=None)
            binding = self.inputs.binding(job.ref, number)
            yield self._for_part(part if binding else attrs.evolve(part, renews=renews), fields, binding)
        for binding in self.inputs.current_bindings.get(job.ref, ()):
            if binding.piece > count and binding.target.id in self.inputs.at_target:
                extra = attrs.evolve(base, piece=binding.piece, pieces=binding.pieces, target=binding.target, losses=())
                reason = f"its schedule takes {count} jobs now"
                yield attrs.evolve(extra, action="delete", reason=reason, renews=renews)

    def _for_part(self, part: Change, fields: Fields, binding: Binding | None) -> Change:
        inputs, wanted = self.inputs, fields
        if part.source in inputs.revived:  # a cutover stops the source again, and lets the target fire if it does not
            part = attrs.evolve(part, due={"enabled": fields.get("enabled", True)})
        if part.active_side == "source":
            part, wanted = staged(inputs, part, fields, binding)
            if part.action == "blocked":
                return attrs.evolve(part, target=binding.target if binding else None)
        else:
            part, wanted = parked(inputs, part, fields, binding)
        if binding and not self.matcher.is_replaced(binding):
            return merged_change(inputs, part, wanted, binding)
        found = self.matcher.matched(part, fields if part.active_side == "source" else wanted)
        if found.action != "create":
            return attrs.evolve(found, active_side="both")  # what is there already fires already
        return self.successors.checked(found if wanted is fields else created(inputs, part, wanted))

    def _refusal(self, converted: Converted) -> tuple[str, tuple[Need, ...]]:
        """Return why a job cannot be migrated, and what the sync could say about it."""
        if converted.refused:
            return "; ".join(converted.refused), ()
        if converted.needs:
            return "; ".join(map(str, converted.needs)), (*converted.needs, *self._permissions(converted))
        permissions = self._permissions(converted)
        if not permissions:
            return "", ()
        unallowed = self._unallowed(converted)
        named = "; ".join(f"{loss.path} ({loss.reason})" for loss in unallowed)
        listed = ", ".join(f'"{path}"' for path in dict.fromkeys(loss.path for loss in unallowed))
        what = f"it would lose {named}; allow it with allow_loss = [{listed}] in [syncs.{self.sync.name}]"
        return what, permissions

    def _permissions(self, converted: Converted) -> tuple[Need, ...]:
        return tuple(permission(self.sync, loss) for loss in self._unallowed(converted))

    def _unallowed(self, converted: Converted) -> list[Loss]:
        allowed = self.sync.allow_loss
        return [loss for loss in converted.losses if not any(covers(path, loss.path) for path in allowed)]


def _unresolved(write: Write) -> Change:
    """Return the blocked change of an unresolved write of an earlier run: its job is left alone."""
    assert write.source is not None
    reason = (
        f"{write.error}. Check the target, then: migrator settle {write.run} {write.source.id} "
        "--created ID, or --not-created"
    )
    return Change(action="blocked", source=write.source, name=write.name, target=None, reason=reason)


def _all_or_none(parts: Iterable[Change]) -> Iterator[Change]:
    """Yield the parts of one job: where one is blocked, the others are too, lest fires are lost or doubled."""
    parts = list(parts)
    blocked = next((part for part in parts if part.action == "blocked"), None)
    for part in parts:
        if blocked and part.action not in {"blocked", "none"}:
            reason = f"part {blocked.piece} of the same job is blocked, and all parts change together"
            yield attrs.evolve(part, action="blocked", fields=(), reason=reason)
        else:
            yield part
