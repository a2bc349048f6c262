"""One request at a time to the target: recorded before it is sent, checked after, and linked.

    planned write on disk ──▶ request ──▶ answer read back and compared ──▶ binding and outcome on disk

A crash anywhere leaves a planned write that the next run reconciles by looking, never by sending again. Only planned
writes are waited for; bindings and outcomes reach the disk a moment later, before any later planned write.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, TypeVar

import attrs
from attrs import define, field

from migrator.canonical import PATHS, Fields, Job, JobRef, answered, flatten
from migrator.errors import (
    MigratorError,
    NotFoundError,
    ProviderError,
    RejectedError,
    StateError,
    UncertainError,
)
from migrator.execute.chosen import chosen_id
from migrator.execute.planned_writes import WriteKey, write_key
from migrator.execute.sender import ReadBackError, Sender, in_steps, not_kept, stepped
from migrator.extract import Extracted
from migrator.mapping.ownership import ownership_tag_for
from migrator.plan.changes import Change
from migrator.plan.compare import mismatches
from migrator.providers.base import Created, Raw, Record
from migrator.store.group_commit import GroupCommit
from migrator.store.records import Binding, Write

T = TypeVar("T")


@define(kw_only=True)
class Writer(Sender):
    """Writes to one target scope during one run.

    Attributes:
        scope: where jobs are created.
        target: the target's listing at the start.
        claims: by what it is about, the number under which the run claimed a change.
        marks: whether the platform takes ownership tags.
        accepted: paths whose form at the platform always counts as equal.
        notes: what the run notes; flush them when it ends.
        numbers: the numbers of the run's further writes.
    """

    scope: str
    target: Extracted
    claims: Mapping[WriteKey, int] = field(factory=dict)
    marks: bool = True
    accepted: tuple[str, ...] = ()
    notes: GroupCommit = field(init=False)
    numbers: itertools.count[int] = field(init=False)
    _claims: dict[WriteKey, int] = field(init=False)
    _links: dict[JobRef, Binding] = field(factory=dict, init=False)
    _kept: set[JobRef] = field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        self.notes = GroupCommit(self.state)
        self._claims = dict(self.claims)
        self.numbers = itertools.count(len(self._claims) + 1)

    # -- creating -----------------------------------------------------------------------------------------------------

    async def create(self, change: Change, fields: Fields) -> tuple[Binding, Record | None]:
        """Make the target job of a change, live at once where the platform knows no other way.

        Returns:
            Its binding, and its record if the platform answered with it; if not, it is still to be checked.
        """
        assert change.source is not None
        sent = dict(fields)
        if not self.mapping.rules.fields["enabled"].create_path:
            sent["enabled"] = True
        write = await self._begin_write("create", change, sent)
        ownership_tag = ownership_tag_for(change.source, change.piece, change.pieces) if self.marks else None
        created = await self._noting(write, self._create(sent, ownership_tag, chosen_id(write, self.mapping)))
        binding = Binding(
            source=change.source,
            target=JobRef(provider=self.adapter.provider, scope=self.scope, id=created.id),
            piece=change.piece,
            pieces=change.pieces,
            sync=self.sync,
            applied=sent,
            seen=sent,
            tagged=self.marks,
        )
        return self._note(binding, write), created.record

    async def _create(self, fields: Fields, ownership_tag: Any, chosen: str) -> Created:
        try:
            return await self._sent(self.mapping.create_payload(fields, ownership_tag, chosen=chosen), chosen)
        except RejectedError as error:
            marker = self.mapping.rules.marker
            if ownership_tag is None or marker is None or marker.form != "item" or marker.path not in error.body:
                raise
            # A server that does not know the field of the ownership tag has refused the job, so nothing was created.
            self.marks = False
            return await self._sent(self.mapping.create_payload(fields, chosen=chosen), chosen)

    async def _sent(self, payload: Raw, chosen: str) -> Created:
        """Send a create; under an id of our choice it is sent again while it is unknown whether it arrived."""
        try:
            return await self.adapter.create_job(self.scope, payload)
        except UncertainError as error:
            if not chosen:
                raise
            try:
                return Created(id=chosen, record=await self.adapter.get_job(self.scope, chosen))
            except NotFoundError:
                return await self._sent_again(payload, error)
            except ProviderError:
                raise error from None  # what became of it stays unknown

    async def _sent_again(self, payload: Raw, first: UncertainError) -> Created:
        try:
            return await self.adapter.create_job(self.scope, payload)
        except ProviderError:
            raise first from None  # the first one may have arrived meanwhile

    async def check(self, binding: Binding, record: Record | None) -> Binding:
        """Compare a target job with what was written; None reads it first.

        Raises:
            ReadBackError: it differs, in a form that is not equivalent; the next plan shows that and writes nothing.
        """
        sent = binding.applied
        job, wrong = await self._look(
            binding.target,
            record,
            lambda seen: mismatches(sent, seen, self.mapping, accepted=self.accepted),
            known=sent,
        )
        remote = answered(job, sent)
        checked = attrs.evolve(binding, seen=remote, tagged=job.ownership_tag is not None)
        self._note(checked)
        if wrong:
            what = f"{self.mapping.rules.title} holds something else than was written"
            raise not_kept(what, binding.target, wrong, sent=sent, seen=remote, sync=self.sync)
        return checked

    # -- changing -----------------------------------------------------------------------------------------------------

    async def update(self, binding: Binding, new: Mapping[str, Any], remote: Fields) -> Binding:
        """Bring fields of a target job to new values; None empties one.

        A job that is to be paused is paused before anything else of it changes, and one that is to be resumed is
        resumed last: at no moment is a half-changed job live.

        Args:
            binding: the job's binding.
            new: the fields that change.
            remote: all of its fields as they are now.
        """
        for step in in_steps(new):
            after = stepped(remote, step)
            binding = await self._update_step(binding, step, after, self._with_added(binding, step, after, remote))
            remote = {**after, **binding.seen}
        return binding

    def _with_added(self, binding: Binding, step: Mapping[str, Any], after: Fields, remote: Fields) -> Fields:
        """The fields to send: what the platform itself has added to a list is never removed unasked."""
        old, was = binding.applied, binding.seen
        more = {
            path: self.mapping.with_added(
                path, after.get(path), sent=old.get(path), seen=was.get(path), now=remote.get(path)
            )
            for path in step
        }
        return stepped(after, more)

    async def _update_step(self, binding: Binding, step: Mapping[str, Any], after: Fields, sending: Fields) -> Binding:
        self.keep(binding)
        write = await self._begin_write("update", binding, step)
        ownership_tag = ownership_tag_for(binding.source, binding.piece, binding.pieces) if binding.tagged else None
        request = self._send_update(
            binding.target, set(step), before=binding.applied, after=sending, ownership_tag=ownership_tag
        )
        record = await self._noting(write, request)
        try:
            job, wrong = await self._look(
                binding.target,
                record,
                lambda seen: tuple(path for path in self._unkept(after, seen, binding.applied) if path in step),
                known=after,
            )
        except StateError:
            raise
        except MigratorError as error:
            self.unread.add(binding.target)
            self.notes.settle(write, "uncertain", f"it was sent and cannot be read back: {error}")
            raise
        seen = answered(job, after)
        applied = {path: value for path, value in {**binding.applied, **step}.items() if value is not None}
        binding = self._note(
            attrs.evolve(binding, applied=applied, seen=seen, tagged=job.ownership_tag is not None), write
        )
        if wrong:
            what = f"{self.mapping.rules.title} did not take the change"
            raise not_kept(what, binding.target, wrong, sent=after, seen=seen, sync=self.sync)
        return binding

    def _unkept(self, sent: Fields, seen: Fields, had: Fields) -> tuple[str, ...]:
        return mismatches(sent, seen, self.mapping, had=had, accepted=self.accepted)

    # -- deleting -----------------------------------------------------------------------------------------------------

    async def delete(self, binding: Binding) -> None:
        """Delete a target job of ours."""
        self.keep(binding)
        write = await self._begin_write("delete", binding, {})
        await self._noting(write, self.adapter.delete_job(binding.target.scope, binding.target.id))
        self.notes.drop_binding(binding.target, settles=write)

    # -- noting -------------------------------------------------------------------------------------------------------

    def keep(self, binding: Binding, *, ours: bool = True) -> None:
        """Save a job's record as it was before this run touched it, and its binding unless it was not yet `ours`."""
        if binding.target in self._kept:
            return
        self._kept.add(binding.target)
        if raw := self.target.raws.get(binding.target):
            known = binding if ours else None
            self.notes.save_record(self.run, binding.target, raw, binding=known, dialect=self.mapping.rules.dialect)

    def adopt(self, job: Job, change: Change) -> Binding:
        """Bind a job that was there already."""
        assert change.source is not None
        fields = flatten(job)
        binding = Binding(
            source=change.source,
            target=job.ref,
            piece=change.piece,
            pieces=change.pieces,
            sync=self.sync,
            applied=fields,
            seen=fields,
            tagged=job.ownership_tag is not None,
        )
        self.keep(binding, ours=False)
        claimed = None if change.fields else self._claims.pop(write_key(change.source, change.piece, job.ref), None)
        return self._note(binding, self._write_for("adopt", change, {}, seq=claimed) if claimed else None)

    def agree(self, binding: Binding, paths: Iterable[str], now: Fields) -> Binding:
        """Note that the source has taken over what these paths of a target job hold now."""
        applied, seen = brought_up(binding.applied, now, paths), brought_up(binding.seen, now, paths)
        claimed = self._claims.pop(write_key(binding.source, binding.piece, binding.target), None)
        settles = self._write_for("update", binding, {}, seq=claimed) if claimed else None
        return self._note(attrs.evolve(binding, applied=applied, seen=seen), settles)

    def supersede(self, binding: Binding) -> Binding:
        """Note that another job is about to take this one's place."""
        self.keep(binding)
        return self._note(attrs.evolve(binding, superseded=True))

    def reinstate(self, binding: Binding) -> Binding:
        """Note that no other job takes this one's place after all."""
        return self._note(attrs.evolve(binding, superseded=False))

    def current(self, target: JobRef) -> Binding:
        """The binding of a target job as it was last recorded in this run."""
        return self._links[target]

    def noted(self, target: JobRef) -> Binding | None:
        """The same, None where this run has not recorded anything of it."""
        return self._links.get(target)

    def forget(self, target: JobRef) -> None:
        """Nothing more is done to a target job in this run."""
        self._links.pop(target, None)

    async def _noting(self, write: Write, request: Awaitable[T]) -> T:
        """Wait for a request, and record whether it failed or its outcome is unknown."""
        try:
            return await request
        except UncertainError as error:
            self.notes.settle(write, "uncertain", str(error))
            raise
        except MigratorError as error:
            self.notes.settle(write, "failed", str(error))
            raise

    def _note(self, binding: Binding, settles: Write | None = None) -> Binding:
        self.notes.put_binding(binding, dialect=self.mapping.rules.dialect, settles=settles)
        self._links[binding.target] = binding
        return binding

    async def _begin_write(self, action: str, of: Change | Binding, fields: Mapping[str, Any]) -> Write:
        target = None if action == "create" else of.target
        seq = self._claims.pop(write_key(of.source, of.piece, target), None)
        write = self._write_for(action, of, fields, seq=seq or next(self.numbers))
        await self.notes.dispatch(write, self.adapter.provider, self.mapping.rules.dialect, lock=self.lock)
        return write

    def _write_for(self, action: str, of: Change | Binding, fields: Mapping[str, Any], *, seq: int) -> Write:
        target = None if action == "create" else of.target
        return Write(
            run=self.run,
            seq=seq,
            sync=self.sync,
            action=action,
            source=of.source,
            target_scope=target.scope if target else self.scope,
            target_id=target.id if target else None,
            piece=of.piece,
            pieces=of.pieces,
            name=str(fields.get("name") or (of.name if isinstance(of, Change) else of.applied.get("name", ""))),
            fields=fields,
            at=self.now(),
        )


def brought_up(fields: Fields, now: Fields, paths: Iterable[str]) -> Fields:
    """The fields with what these paths hold now."""
    paths = set(paths)
    rest = {path: value for path, value in fields.items() if path not in paths}
    return rest | {path: now[path] for path in PATHS if path in paths and path in now}


__all__ = ["ReadBackError", "Writer"]
