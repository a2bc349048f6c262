"""One request at a time to a job of the source: recorded before it is sent, and looked at after.

    record kept ──▶ planned write on disk ──▶ request ──▶ read back ──▶ outcome on disk

A source job is its owner's, and is written to for two reasons only: a cutover switches its active side, or a sync is
two-way. A lost answer is settled at once by looking, and after a crash by the next run, never by sending again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from attrs import define, field

from migrator.canonical import Fields, Job, JobRef, flatten
from migrator.errors import MigratorError, NotFoundError, StateError, UncertainError
from migrator.execute.sender import Sender, in_steps, not_kept, stepped
from migrator.extract import LATE_WAITS
from migrator.mapping import ProviderMapping
from migrator.plan.compare import mismatches
from migrator.providers.base import LoadAdapter
from migrator.store import State
from migrator.store.records import ORIGIN, Write


@define(kw_only=True)
class SourceWriter(Sender):
    """Writes to the jobs of one source during one run, under the lock of their scope.

    Attributes:
        numbers: the numbers of the run's writes; shared with whoever else writes in this run.
    """

    numbers: Iterator[int]
    _kept: set[JobRef] = field(factory=set, init=False)

    async def read(self, ref: JobRef) -> Job:
        """A source job as it is now, in the terms of its own platform; kept as it was when the run first saw it.

        Raises:
            NotFoundError: it is gone.
            ProviderError: it cannot be read.
            RecordError: nor understood.
        """
        record = await self.adapter.get_job(ref.scope, ref.id)
        job = self.mapping.read(record.raw, scope=record.scope)
        if ref not in self._kept:
            self._kept.add(ref)
            self.state.save_record(self.run, ref, record.raw)
        return job

    async def update(self, ref: JobRef, new: Mapping[str, Any]) -> Job:
        """Bring fields of a source job to new values; None empties one.

        It is read first, so that nothing that its owner did meanwhile is overwritten beside these fields. One that is
        to be paused is paused before anything else of it changes, and one that is to be resumed is resumed last.

        Args:
            ref: the source job.
            new: the fields that change, as its own platform holds them: events stay events.

        Returns:
            The job as it is now.

        Raises:
            ReadBackError: the platform took the write and holds something else.
            UncertainError: the answer was lost; looking showed that the write had not arrived, or nothing at all.
            ProviderError: the platform refused.
        """
        job = await self.read(ref)
        for step in in_steps(new):
            job = await self._update_step(job, step)
        return job

    async def _update_step(self, job: Job, step: Mapping[str, Any]) -> Job:
        before = flatten(job)
        after = stepped(before, step)
        write, lost = self._begin_write("update", job, step), None
        try:
            record = await self._send_update(
                job.ref, set(step), before=before, after=after, ownership_tag=job.ownership_tag
            )
        except UncertainError as error:
            record, lost = None, error
        except MigratorError as error:
            self.state.settle(write, "failed", str(error))
            raise
        now, wrong = await self._seen(write, job, record, after)
        if not wrong:
            self.state.settle(write, "done", "")
            return now
        if lost:
            self.state.settle(write, "failed", f"it never arrived: {lost}")
            raise lost
        what = f"{self.mapping.rules.title} did not take the change"
        refused = not_kept(what, job.ref, wrong, sent=after, seen=flatten(now))
        self.state.settle(write, "failed", str(refused))
        raise refused

    async def _seen(self, write: Write, job: Job, record: Any, after: Fields) -> tuple[Job, tuple[str, ...]]:
        """The job after a write, and which of the written fields are not as they were sent."""
        try:
            return await self._look(
                job.ref,
                record,
                lambda seen: tuple(
                    path for path in mismatches(after, seen, self.mapping, had=flatten(job)) if path in write.fields
                ),
                known=after,
            )
        except StateError:
            raise
        except MigratorError as error:
            self.unread.add(job.ref)
            self.state.settle(write, "uncertain", f"it was sent and cannot be read back: {error}")
            raise

    async def delete(self, ref: JobRef) -> None:
        """Delete a source job; its record is kept.

        Raises:
            UncertainError: the answer was lost, and the job is still there, or cannot be asked for.
            ProviderError: the platform refused.
        """
        job = await self.read(ref)
        write = self._begin_write("delete", job, {})
        try:
            await self.adapter.delete_job(ref.scope, ref.id)
        except UncertainError as lost:
            if await self._is_there(write, ref):
                self.state.settle(write, "failed", f"it never arrived: {lost}")
                raise
        except MigratorError as error:
            self.state.settle(write, "failed", str(error))
            raise
        self.state.settle(write, "done", "")

    async def _is_there(self, write: Write, ref: JobRef) -> bool:
        """Whether a job that was deleted is there all the same; looked for again while its absence may be late."""
        for wait in (*LATE_WAITS, None):
            try:
                await self.adapter.get_job(ref.scope, ref.id)
            except NotFoundError:
                return False
            except MigratorError as error:
                self.unread.add(ref)
                self.state.settle(write, "uncertain", f"it was sent, and the job cannot be read: {error}")
                raise
            if wait is not None:
                await self.sleep(wait)
        return True

    def _begin_write(self, action: str, job: Job, fields: Mapping[str, Any]) -> Write:
        write = Write(
            run=self.run,
            seq=next(self.numbers),
            sync=self.sync,
            action=action,
            source=job.ref,
            target_scope=job.ref.scope,
            target_id=job.ref.id,
            piece=ORIGIN,
            name=job.name,
            fields=fields,
            at=self.now(),
        )
        self.state.dispatch(write, self.adapter.provider, self.mapping.rules.dialect, lock=self.lock)
        return write


async def reconcile_source_write(
    write: Write,
    *,
    adapter: LoadAdapter,
    mapping: ProviderMapping,
    state: State,
    sleep: Callable[[float], Awaitable[None]],
) -> None:
    """Reconcile a write to a source job that a crashed run left: by reading it, several times while it is late.

    What cannot be read stays as it is, for the next run.

    Args:
        write: a write without an outcome; the lock of its scope is held.
        adapter: the source.
        mapping: the source's.
        state: where the outcome is recorded.
        sleep: waits that many seconds.
    """
    assert write.source is not None
    for wait in (*LATE_WAITS, None):
        try:
            record = await adapter.get_job(write.source.scope, write.source.id)
            seen: Fields | None = flatten(mapping.read(record.raw, scope=record.scope))
        except NotFoundError:
            seen = None
        except MigratorError:
            return
        if _arrived(write, seen, mapping):
            state.settle(write, "done", "")
            return
        if wait is None:
            state.settle(write, "failed", "it never arrived" if seen is not None else "the job is gone")
            return
        await sleep(wait)


def _arrived(write: Write, seen: Fields | None, mapping: ProviderMapping) -> bool:
    """Whether a job shows what was written to it."""
    if write.action == "delete" or seen is None:
        return write.action == "delete" and seen is None
    return all(mapping.same(path, value, seen.get(path)) for path, value in write.fields.items())
