"""Writes to one endpoint, one request at a time: journalled, sent, read back and compared.

    planned write on disk ──▶ request ──▶ job read back and compared ──▶ binding and result on disk

`create`, `update` and `delete` are for jobs of the target; `source_writes` says how jobs of the source are written to.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import attrs
from attrs import define, field

from migrator.canonical import Fields, Job, JobRef, OwnershipTag, answered
from migrator.errors import MigratorError, NotFoundError, ProviderError, RejectedError, StateError, UncertainError
from migrator.execute.journal import WriteJournal, binding_of
from migrator.execute.planned_writes import chosen_id
from migrator.execute.read_back import fields_after, not_kept, update_steps
from migrator.execute.tag_search import made_with_tag
from migrator.extract import LATE_WAITS, Extracted
from migrator.mapping import ProviderMapping
from migrator.mapping.ownership import ownership_tag_for
from migrator.plan.changes import Change
from migrator.plan.compare import mismatches
from migrator.providers.base import ContractError, Created, LoadAdapter, Raw, Record
from migrator.store.records import Binding


@define(kw_only=True)
class Writer:
    """Writes to one endpoint during one run.

    Attributes:
        adapter: the platform.
        mapping: the platform's.
        journal: where each write is recorded.
        contract: the update contract in force, as far as known.
        sleep: waits that many seconds.
        listing: the target as it was listed before the writes.
        bindings: the bindings of the target jobs that the plan touches, by the jobs' ids.
        writes_tags: whether the target takes ownership tags.
        accepted: paths whose form at the target always counts as equal.
        stopped: the jobs that their platform had stopped when they were last written to, each with its reason.
        unread: the jobs that a write was sent to and that could not be read since: it may have had an effect.
    """

    adapter: LoadAdapter
    mapping: ProviderMapping
    journal: WriteJournal
    contract: str
    sleep: Callable[[float], Awaitable[None]]
    listing: Extracted = field(factory=lambda: Extracted(jobs=()))
    bindings: Mapping[str, Binding] = field(factory=dict)
    writes_tags: bool = True
    accepted: tuple[str, ...] = ()
    stopped: dict[JobRef, str] = field(factory=dict, init=False)
    unread: set[JobRef] = field(factory=set, init=False)

    # -- what is known of a target job --------------------------------------------------------------------------------

    def listed(self, ref: JobRef) -> Fields:
        """Return the fields of a target job as it was listed."""
        return answered(self.listing.job(ref), self.bindings[ref.id].applied if ref.id in self.bindings else {})

    def last_seen(self, ref: JobRef) -> Fields:
        """Return the fields of a target job as they were read last."""
        latest = self.journal.latest(ref)
        return latest.seen if latest else self.listed(ref)

    def binding(self, ref: JobRef) -> Binding:
        """Return the binding of a target job as it was recorded last."""
        return self.journal.latest(ref) or self.bindings[ref.id]

    def save_record(self, binding: Binding, *, is_bound: bool = True) -> None:
        """Save a target job's record as it was before the run, with its binding where it had one."""
        self.journal.save_record(binding.target, self.listing.raws.get(binding.target), binding if is_bound else None)

    # -- creating -----------------------------------------------------------------------------------------------------

    async def create(self, change: Change, fields: Fields) -> tuple[Binding, Record | None]:
        """Create the target job of a change, active at once where the platform knows no other way.

        Returns:
            Its binding, and its record if the platform answered with it; if not, it is still to be checked.
        """
        assert change.source is not None
        sent = dict(fields)
        if not self.mapping.rules.fields["enabled"].create_path:
            sent["enabled"] = True
        write = await self.journal.begin("create", change, sent)
        tag = ownership_tag_for(change.source, change.piece, change.pieces) if self.writes_tags else None
        with self.journal.failures_of(write):
            created = await self._create(sent, tag, chosen_id(write, self.mapping))
        target = JobRef(provider=self.adapter.provider, scope=self.journal.scope, id=created.id)
        binding = binding_of(change, target, sent, sync=self.journal.sync, tagged=self.writes_tags)
        return self.journal.bind(binding, write), created.record

    async def _create(self, fields: Fields, tag: OwnershipTag | None, chosen: str) -> Created:
        try:
            return await self._send_create(self.mapping.create_payload(fields, tag, chosen=chosen), chosen)
        except UncertainError:
            scope = self.journal.scope
            found = await made_with_tag(
                tag, adapter=self.adapter, mapping=self.mapping, scope=scope, is_known=self._is_known
            )
            if not found:
                raise
            return found
        except RejectedError as error:
            marker = self.mapping.rules.marker
            if tag is None or marker is None or marker.form != "item" or marker.path not in error.body:
                raise
            # A server that does not know the field of the ownership tag has refused the job, so nothing was created.
            self.writes_tags = False
            return await self._send_create(self.mapping.create_payload(fields, chosen=chosen), chosen)

    def _is_known(self, ref: JobRef) -> bool:
        return ref in self.listing.raws or self.journal.latest(ref) is not None

    async def _send_create(self, payload: Raw, chosen: str) -> Created:
        """Send a create; under an id of our choice it is sent again while it is unknown whether it arrived."""
        scope = self.journal.scope
        try:
            return await self.adapter.create_job(scope, payload)
        except UncertainError as error:
            if not chosen:
                raise
            try:
                return Created(id=chosen, record=await self.adapter.get_job(scope, chosen))
            except NotFoundError:
                pass
            except ProviderError:
                raise error from None  # what became of it stays unknown
            try:
                return await self.adapter.create_job(scope, payload)
            except ProviderError:
                raise error from None  # the first one may have arrived meanwhile

    async def check(self, binding: Binding, record: Record | None) -> Binding:
        """Compare a target job with what was written, and return its binding; without a record, it is read first.

        Raises:
            ReadBackError: it differs, in a form that is not equivalent; the next plan shows that and writes nothing.
        """
        sent = binding.applied
        job, wrong = await self.read_back(
            binding.target,
            record,
            lambda seen: mismatches(sent, seen, self.mapping, accepted=self.accepted),
            known=sent,
        )
        seen = answered(job, sent)
        checked = self.journal.bind(attrs.evolve(binding, seen=seen, tagged=job.ownership_tag is not None))
        if wrong:
            what = f"{self.mapping.rules.title} holds something else than was written"
            raise not_kept(what, binding.target, wrong, sent=sent, seen=seen, sync=self.journal.sync)
        return checked

    # -- changing -----------------------------------------------------------------------------------------------------

    async def update(self, binding: Binding, new: Mapping[str, Any], remote: Fields) -> Binding:
        """Bring fields of a target job to new values, and return its binding; None empties a field.

        A job that is to be paused is paused before anything else of it changes, and one that is to be resumed is
        resumed last: at no moment is a half-changed job active.

        Args:
            binding: the job's binding.
            new: the fields that change.
            remote: all of its fields as they are now.
        """
        for step in update_steps(new):
            after = fields_after(remote, step)
            binding = await self._update_step(binding, step, after, self._with_added(binding, step, after, remote))
            remote = {**after, **binding.seen}
        return binding

    def _with_added(self, binding: Binding, step: Mapping[str, Any], after: Fields, remote: Fields) -> Fields:
        """Return the fields to send: what the platform itself has added to a list is never removed unasked."""
        old, was = binding.applied, binding.seen
        more = {
            path: self.mapping.with_added(
                path, after.get(path), sent=old.get(path), seen=was.get(path), now=remote.get(path)
            )
            for path in step
        }
        return fields_after(after, more)

    async def _update_step(self, binding: Binding, step: Mapping[str, Any], after: Fields, sending: Fields) -> Binding:
        self.save_record(binding)
        write = await self.journal.begin("update", binding, step)
        tag = ownership_tag_for(binding.source, binding.piece, binding.pieces) if binding.tagged else None
        with self.journal.failures_of(write):
            record = await self.send_update(binding.target, set(step), before=binding.applied, after=sending, tag=tag)

        def wrong_in(seen: Fields) -> tuple[str, ...]:
            found = mismatches(after, seen, self.mapping, had=binding.applied, accepted=self.accepted)
            return tuple(path for path in found if path in step)

        try:
            job, wrong = await self.read_back(binding.target, record, wrong_in, known=after)
        except StateError:
            raise
        except MigratorError as error:
            self.unread.add(binding.target)
            self.journal.settle(write, "uncertain", f"it was sent and cannot be read back: {error}")
            raise
        seen = answered(job, after)
        applied = fields_after(binding.applied, step)
        updated = attrs.evolve(binding, applied=applied, seen=seen, tagged=job.ownership_tag is not None)
        self.journal.bind(updated, write)
        if wrong:
            what = f"{self.mapping.rules.title} did not take the change"
            raise not_kept(what, binding.target, wrong, sent=after, seen=seen, sync=self.journal.sync)
        return updated

    # -- deleting -----------------------------------------------------------------------------------------------------

    async def delete(self, binding: Binding) -> None:
        """Delete a target job of ours."""
        self.save_record(binding)
        write = await self.journal.begin("delete", binding, {})
        with self.journal.failures_of(write):
            await self.adapter.delete_job(binding.target.scope, binding.target.id)
        self.journal.unbind(binding, write)

    # -- sending and reading back, at either endpoint -----------------------------------------------------------------

    async def send_update(
        self, ref: JobRef, changed: AbstractSet[str], *, before: Fields, after: Fields, tag: OwnershipTag | None
    ) -> Record | None:
        """Send the changed fields, by the other contract where the platform turns out to follow that one."""
        try:
            return await self._send_update(ref, changed, after, tag)
        except ContractError as error:
            self.contract = error.contract
            old = {path: value for path, value in before.items() if path in changed}
            new = {path: value for path, value in after.items() if path in changed}
            if any(self.mapping.change_kind(path, old, new, self.contract) != "update" for path in changed):
                raise
            return await self._send_update(ref, changed, after, tag)

    async def _send_update(
        self, ref: JobRef, changed: AbstractSet[str], after: Fields, tag: OwnershipTag | None
    ) -> Record | None:
        payload = self.mapping.update_payload(after, set(changed), contract=self.contract, ownership_tag=tag)
        return await self.adapter.update_job(ref.scope, ref.id, payload, contract=self.contract)

    async def read_back(
        self, ref: JobRef, record: Record | None, wrong: Callable[[Fields], tuple[str, ...]], *, known: Fields
    ) -> tuple[Job, tuple[str, ...]]:
        """Return a job as it is after a write, and what is wrong with it; read again while a write may show late.

        Args:
            ref: the job.
            record: what the write was answered with, if anything.
            wrong: the fields that are not as they were written.
            known: what is taken for true of fields that the platform leaves out of its answers.

        Raises:
            ProviderError: it cannot be read.
            RecordError: nor understood.
        """
        for wait in (*LATE_WAITS, None):
            try:
                found = record or await self.adapter.get_job(ref.scope, ref.id)
            except NotFoundError:
                if wait is None:
                    raise
            else:
                job = self.mapping.read(found.raw, scope=found.scope)
                differs = wrong(answered(job, known))
                if not differs or wait is None:
                    self._note_read(job)
                    return job, differs
            record = None
            await self.sleep(wait)
        raise AssertionError("the last look returns or raises")

    def _note_read(self, job: Job) -> None:
        self.unread.discard(job.ref)
        if job.suspended is None:
            self.stopped.pop(job.ref, None)
        else:
            self.stopped[job.ref] = job.suspended
