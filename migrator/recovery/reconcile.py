"""Find out what became of writes whose result was not recorded: by looking, never by sending again.

A crashed run leaves planned writes without an outcome. A listing of the target answers most: a created job shows
itself by its ownership tag, or by being new and exactly what was sent; an update by its values; a delete by absence.
A job that is not listed yet may only be late to show, so a create counts as never made after several listings. What a
listing cannot answer is left to a person, and blocks that one job.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Container, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

import attrs
from attrs import frozen

from migrator.canonical import Job, answered, flatten
from migrator.errors import MigratorError, RefusedError
from migrator.execute.planned_writes import chosen_id
from migrator.extract import LATE_WAITS, Extracted
from migrator.isolation import attempt
from migrator.mapping import ProviderMapping
from migrator.mapping.ownership import key_of, key_of_tag
from migrator.plan.compare import identical
from migrator.store import State
from migrator.store.records import ORIGIN, Binding, Write

_SKEW: Final = timedelta(minutes=5)
"""How far the platform's clock may be from ours."""
_YOUNG: Final = timedelta(minutes=5)
"""How long after a lost response what it made may be late to show."""
_MOMENTS: Final = timedelta(minutes=1)
"""How long after a write that worked a listing that does not show it is taken for late."""
_PATIENCE: Final = (0.5, 1.0, 2.0)
"""Seconds between listings while one is late."""
_ABSENT: Final = "absent"
"""Said of a create that a listing does not show."""
_HINT: Final = "give the id of the job that this write created"
_REMEMBERED: Final = timedelta(days=7)
"""How long a create that failed is remembered, in case that what it made shows after all."""


@frozen(kw_only=True)
class Reconciler:
    """Reconciles the writes to one target.

    Attributes:
        mapping: the target's.
        state: where bindings and outcomes are recorded.
        scopes: the target's.
        relist: lists the target again.
        now: the clock.
        sleep: waits that many seconds.
    """

    mapping: ProviderMapping
    state: State
    scopes: tuple[str, ...]
    relist: Callable[[], Awaitable[Extracted]]
    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]

    async def reconcile(self, writes: Iterable[Write], target: Extracted) -> tuple[Extracted, tuple[Write, ...]]:
        """Reconcile the writes that can be reconciled.

        Args:
            writes: writes without an outcome; the lock of their target is held.
            target: a listing that was begun after the last of them was recorded.

        Returns:
            The latest listing, and what only a person can resolve, each with what was looked for.
        """
        unresolved: list[Write] = []
        waiting = list(writes)
        for wait in (*LATE_WAITS, None):
            absent = list(self._absent_creates(waiting, target, unresolved))
            young = [write for write in absent if self.now() - write.at < _YOUNG]
            for write in absent:
                if wait is None or write not in young:
                    self.state.settle(write, "failed", "it was never created: no listing shows it")
            if wait is None or not young:
                break
            await self.sleep(wait)
            waiting, target = young, await self.relist()
        for write in unresolved:
            self.state.settle(write, "uncertain", write.error)
        return target, tuple(unresolved)

    async def caught_up(self, target: Extracted) -> Extracted:
        """Return a listing that shows what was written in the last moments, as far as waiting helps.

        A platform may show a write late. A job that is missing, or not as we left it a moment ago, would look as if
        somebody had deleted or edited it; so it is listed again until it shows, or until it is old news.
        """
        written = self._since(_MOMENTS)
        for wait in _PATIENCE if written else ():
            if not self._lags(target, written):
                break
            await self.sleep(wait)
            target = await self.relist()
        return target

    def _lags(self, target: Extracted, written: Collection[Write]) -> bool:
        touched = {write.target_id for write in written if write.target_id}
        bindings = {binding.target.id: binding for binding in self._bindings(target, only=touched)}
        jobs = {job.ref.id: job for job in target.jobs if job.ref.id in touched}
        unread = {problem.ref.id for problem in target.problems}
        for write in written:
            if write.state != "done" or write.target_id is None or write.target_id in unread:
                continue
            known, job = bindings.get(write.target_id), jobs.get(write.target_id)
            if (job is None and known) or (job and known is None and write.action == "delete"):
                return True
            if known and job and not identical(known.seen, answered(job, known.seen), self.mapping):
                return True
        return False

    def reclaim(self, target: Extracted) -> bool:
        """Bind what a create made although it counts as failed; return whether there was any.

        Only a job with the ownership tag of that very source job, and no older than the create, is ours. Where
        another one is bound to the source job by now, it is one too many, and the next plan removes it.
        """
        bindings = self.state.bound_jobs(self.mapping.rules.provider, target.scopes)
        bound_jobs, bound_parts = (
            {target for _, _, target in bindings},
            {(source, piece) for source, piece, _ in bindings},
        )
        tagged = [job for job in target.jobs if job.ownership_tag is not None and job.ref not in bound_jobs]
        found = False
        for write in self._since(_REMEMBERED) if tagged else ():
            if write.action != "create" or write.state != "failed":
                continue
            candidates = [job for job in tagged if _tagged(job, write) and _may_be_of(job, write)]
            if len(candidates) == 1:
                binding = attrs.evolve(
                    binding_to(candidates[0], write, self.mapping),
                    superseded=(write.source, write.piece) in bound_parts,
                )
                self.state.put_binding(binding, dialect=self.mapping.rules.dialect, settles=write)
                bound_parts.add((binding.source, binding.piece))
                tagged.remove(candidates[0])
                found = True
        return found

    def _since(self, span: timedelta) -> tuple[Write, ...]:
        rules, since = self.mapping.rules, self.now() - span
        found = self.state.ended_since(rules.provider, self.scopes, rules.dialect, since)
        return tuple(write for write in found if write.piece != ORIGIN)

    def _absent_creates(self, writes: Iterable[Write], target: Extracted, unresolved: list[Write]) -> Iterable[Write]:
        """Reconcile with one listing; yield the creates that it does not show, add unclear ones to `unresolved`."""
        bindings = {binding.target.id: binding for binding in self._bindings(target)}
        jobs = {job.ref.id: job for job in target.jobs}
        for write in writes:
            found = attempt("reconciled", self._reconciled, write, target, jobs, bindings)
            if isinstance(found, MigratorError):
                unresolved.append(attrs.evolve(write, state="uncertain", error=str(found)))
            elif found == _ABSENT:
                yield write
            elif found:
                unresolved.append(attrs.evolve(write, state="uncertain", error=found))

    def _reconciled(
        self, write: Write, target: Extracted, jobs: Mapping[str, Job], bindings: dict[str, Binding]
    ) -> str:
        """Reconcile one write; return "" when it is resolved, `_ABSENT`, or why it cannot be told."""
        target_id = write.target_id or ""
        if write.action == "create":
            free = [job for job in target.jobs if job.ref.id not in bindings]
            found = self._created(write, free, target)
            if not isinstance(found, Job):
                return found or _ABSENT
            bindings[found.ref.id] = binding = binding_to(found, write, self.mapping)
            self.state.put_binding(binding, dialect=self.mapping.rules.dialect, settles=write)
        elif write.action == "update":
            self._reconcile_update(write, jobs.get(target_id), bindings.get(target_id))
        elif target_id in jobs:
            self.state.settle(write, "failed", "the job is still there")
        elif target_id in bindings:
            self.state.drop_binding(bindings[target_id].target, settles=write)
        else:
            self.state.settle(write, "done")
        return ""

    def _bindings(self, target: Extracted, *, only: Container[str] | None = None) -> tuple[Binding, ...]:
        return self.state.bindings(self.mapping.rules.provider, target.scopes, self.mapping.rules.dialect, only=only)

    def _created(self, write: Write, free: list[Job], target: Extracted) -> Job | str | None:
        """Return the job that a create made, why it cannot be told, or None when there is none."""
        if chosen := [job for job in free if job.ref.id == chosen_id(write, self.mapping)]:
            return chosen[0]
        fresh = [job for job in free if _may_be_of(job, write)]
        tagged = [job for job in fresh if _tagged(job, write)]
        untagged = [job for job in fresh if job.ownership_tag is None]
        found = tagged or [
            job for job in untagged if identical(write.fields, answered(job, write.fields), self.mapping)
        ]
        since = f"{write.at:%Y-%m-%d %H:%M} UTC"
        sought = f"the answer to its create was lost; looked for a job of {self.mapping.rules.title} made since {since}"
        if len(found) == 1:
            return found[0]
        if found:
            return f"{sought}, and it could be any of {', '.join(job.ref.id for job in found)}"
        if alike := [job for job in untagged if job.name == write.name and job.created_at is not None]:
            ids = ", ".join(job.ref.id for job in alike)
            return f"{sought} that is exactly what was sent; {ids} has its name and is something else"
        if unread := [problem for problem in target.problems if problem.name == write.name]:
            ids = ", ".join(problem.ref.id for problem in unread)
            return f"{sought}; {ids} has its name and cannot be read"
        return None

    def _reconcile_update(self, write: Write, job: Job | None, binding: Binding | None) -> None:
        """Reconcile an update: values that are at the target as they were sent count as written by it."""
        if job is None or binding is None:
            self.state.settle(write, "failed", "the job is gone")
            return
        remote = answered(job, binding.applied)
        had = binding.applied
        arrived = {
            path: value
            for path, value in write.fields.items()
            if self.mapping.kept(path, value, remote.get(path), had.get(path))
        }
        if not arrived:
            self.state.settle(write, "failed", "it never arrived")
            return
        known = {path: remote.get(path) for path in arrived}
        applied = {path: value for path, value in {**had, **arrived}.items() if value is not None}
        seen = {path: value for path, value in {**binding.seen, **known}.items() if value is not None}
        reconciled = attrs.evolve(binding, applied=applied, seen=seen)
        self.state.put_binding(reconciled, dialect=self.mapping.rules.dialect, settles=write)


def bind_created(
    job: Job, write: Write, *, bindings: Iterable[Binding], mapping: ProviderMapping, state: State
) -> None:
    """Bind the job that a create made, as a person says.

    Raises:
        RefusedError: the job is known to be bound to something else.
    """
    where = f"{mapping.rules.title} job {job.ref.id}"
    if taken := next((binding for binding in bindings if binding.target == job.ref), None):
        what = "that job is bound to another source job already"
        raise RefusedError(what, where=where, actual=str(taken.source), hint=_HINT)
    if job.ownership_tag is not None and not _tagged(job, write):
        what = "that job carries the ownership tag of another source job"
        raise RefusedError(what, where=where, actual=f"{job.ownership_tag.provider}/{job.ownership_tag.id}", hint=_HINT)
    state.put_binding(binding_to(job, write, mapping), dialect=mapping.rules.dialect, settles=write)


def binding_to(job: Job, write: Write, mapping: ProviderMapping) -> Binding:
    """Return the binding to what a create made, with what is there, so that the next plan brings in line what is not.

    What the platform keeps in a form of its own counts as it was written.
    """
    assert write.source is not None
    fields = flatten(job)
    written = {path: value for path, value in write.fields.items() if mapping.kept(path, value, fields.get(path))}
    return Binding(
        source=write.source,
        target=job.ref,
        piece=write.piece,
        pieces=write.pieces,
        sync=write.sync,
        applied={path: value for path, value in {**fields, **written}.items() if value is not None},
        seen=fields,
        tagged=job.ownership_tag is not None,
    )


def _tagged(job: Job, write: Write) -> bool:
    ownership_tag, source = job.ownership_tag, write.source
    return (
        ownership_tag is not None
        and source is not None
        and key_of_tag(ownership_tag) == key_of(source)
        and ownership_tag.piece == write.piece
    )


def _may_be_of(job: Job, write: Write) -> bool:
    """Return whether a job is young enough to have been made by a planned write; the platform may not say."""
    return job.created_at is None or job.created_at >= write.at - _SKEW
