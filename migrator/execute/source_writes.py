"""Writes to jobs of the source: each journalled before it is sent, and read back.

    record saved ──▶ planned write on disk ──▶ request ──▶ read back ──▶ result on disk

A source job is its owner's, and is written to for two reasons only: a cutover switches its active side, or a sync is
two-way. A lost response is reconciled at once by looking, and after a crash by the next run, never by sending again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from migrator.canonical import Fields, Job, JobRef, flatten
from migrator.errors import MigratorError, NotFoundError, StateError, UncertainError
from migrator.execute.read_back import fields_after, not_kept, update_steps
from migrator.execute.writer import Writer
from migrator.extract import LATE_WAITS
from migrator.mapping import ProviderMapping
from migrator.plan.compare import mismatches
from migrator.providers.base import LoadAdapter, Record
from migrator.store import State
from migrator.store.records import Write


async def read_source(source: Writer, ref: JobRef) -> Job:
    """Return a source job as it is now, in the terms of its own platform; its first record in a run is saved.

    Raises:
        NotFoundError: it is gone.
        ProviderError: it cannot be read.
        RecordError: nor understood.
    """
    record = await source.adapter.get_job(ref.scope, ref.id)
    job = source.mapping.read(record.raw, scope=record.scope)
    source.journal.save_record(ref, record.raw)
    return job


async def update_source(source: Writer, ref: JobRef, new: Mapping[str, Any]) -> Job:
    """Bring fields of a source job to new values, and return the job as it is then; None empties a field.

    It is read first, so that nothing that its owner did meanwhile is overwritten beside these fields. One that is
    to be paused is paused before anything else of it changes, and one that is to be resumed is resumed last.

    Args:
        source: writes to the source, under the lock of its scope.
        ref: the source job.
        new: the fields that change, as its own platform holds them: events stay events.

    Raises:
        ReadBackError: the platform took the write and holds something else.
        UncertainError: the response was lost; looking showed that the write had not arrived, or nothing at all.
        ProviderError: the platform refused.
    """
    job = await read_source(source, ref)
    for step in update_steps(new):
        job = await _update_step(source, job, step)
    return job


async def _update_step(source: Writer, job: Job, step: Mapping[str, Any]) -> Job:
    before = flatten(job)
    after = fields_after(before, step)
    write, lost = await source.journal.begin("update", job, step), None
    try:
        record = await source.send_update(job.ref, set(step), before=before, after=after, tag=job.ownership_tag)
    except UncertainError as error:
        record, lost = None, error
    except MigratorError as error:
        source.journal.settle(write, "failed", str(error))
        raise
    now, wrong = await _read_back(source, write, job, record, after)
    if not wrong:
        source.journal.settle(write, "done")
        return now
    if lost:
        source.journal.settle(write, "failed", f"it never arrived: {lost}")
        raise lost
    what = f"{source.mapping.rules.title} did not take the change"
    refused = not_kept(what, job.ref, wrong, sent=after, seen=flatten(now))
    source.journal.settle(write, "failed", str(refused))
    raise refused


async def _read_back(
    source: Writer, write: Write, job: Job, record: Record | None, after: Fields
) -> tuple[Job, tuple[str, ...]]:
    """Return the job after a write, and which of the written fields are not as they were sent."""

    def wrong_in(seen: Fields) -> tuple[str, ...]:
        found = mismatches(after, seen, source.mapping, had=flatten(job))
        return tuple(path for path in found if path in write.fields)

    try:
        return await source.read_back(job.ref, record, wrong_in, known=after)
    except StateError:
        raise
    except MigratorError as error:
        source.unread.add(job.ref)
        source.journal.settle(write, "uncertain", f"it was sent and cannot be read back: {error}")
        raise


async def delete_source(source: Writer, ref: JobRef) -> None:
    """Delete a source job; its record is saved.

    Raises:
        UncertainError: the response was lost, and the job is still there, or cannot be asked for.
        ProviderError: the platform refused.
    """
    job = await read_source(source, ref)
    write = await source.journal.begin("delete", job, {})
    try:
        await source.adapter.delete_job(ref.scope, ref.id)
    except UncertainError as lost:
        if await _is_there(source, write, ref):
            source.journal.settle(write, "failed", f"it never arrived: {lost}")
            raise
    except MigratorError as error:
        source.journal.settle(write, "failed", str(error))
        raise
    source.journal.settle(write, "done")


async def _is_there(source: Writer, write: Write, ref: JobRef) -> bool:
    """Return whether a deleted job is there all the same; looked for again while its absence may show late."""
    for wait in (*LATE_WAITS, None):
        try:
            await source.adapter.get_job(ref.scope, ref.id)
        except NotFoundError:
            return False
        except MigratorError as error:
            source.unread.add(ref)
            source.journal.settle(write, "uncertain", f"it was sent, and the job cannot be read: {error}")
            raise
        if wait is not None:
            await source.sleep(wait)
    return True


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
