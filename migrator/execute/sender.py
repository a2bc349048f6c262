"""What writes to either side have in common: how they are sent, and looked at afterwards."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from attrs import define, field

from migrator.canonical import Fields, Job, JobRef, OwnershipTag, answered
from migrator.errors import MigratorError, NotFoundError
from migrator.extract import LATE_WAITS
from migrator.mapping import ProviderMapping
from migrator.providers.base import ContractError, LoadAdapter, Record
from migrator.soundness import contrast
from migrator.store import State


class ReadBackError(MigratorError):
    """The platform took a write and holds something else than was written."""


@define(kw_only=True)
class Sender:
    """Writes to one platform during one run.

    Attributes:
        run: the run's id.
        sync: the sync's name.
        adapter: the platform.
        mapping: the platform's.
        state: where everything is recorded.
        contract: the update contract in force, as far as known.
        now: the clock.
        lock: the lock that the run holds while it writes.
        sleep: waits that many seconds.
        stopped: the jobs that their platform had stopped when they were last written to, each with its reason.
        unread: the jobs that a write was sent to and that could not be read since: it may have had an effect.
    """

    run: str
    sync: str
    adapter: LoadAdapter
    mapping: ProviderMapping
    state: State
    contract: str
    now: Callable[[], datetime]
    lock: str
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    stopped: dict[JobRef, str] = field(factory=dict, init=False)
    unread: set[JobRef] = field(factory=set, init=False)

    async def _send_update(
        self,
        ref: JobRef,
        changed: AbstractSet[str],
        *,
        before: Fields,
        after: Fields,
        ownership_tag: OwnershipTag | None,
    ) -> Record | None:
        """Send the changed fields, by the other contract where the platform turns out to follow that one."""
        try:
            return await self._send(ref, changed, after, ownership_tag)
        except ContractError as error:
            self.contract = error.contract
            old = {path: value for path, value in before.items() if path in changed}
            new = {path: value for path, value in after.items() if path in changed}
            if any(self.mapping.change_kind(path, old, new, self.contract) != "update" for path in changed):
                raise
            return await self._send(ref, changed, after, ownership_tag)

    async def _send(
        self, ref: JobRef, changed: AbstractSet[str], after: Fields, ownership_tag: OwnershipTag | None
    ) -> Record | None:
        payload = self.mapping.update_payload(after, set(changed), contract=self.contract, ownership_tag=ownership_tag)
        return await self.adapter.update_job(ref.scope, ref.id, payload, contract=self.contract)

    async def _look(
        self, ref: JobRef, record: Record | None, wrong: Callable[[Fields], tuple[str, ...]], *, known: Fields
    ) -> tuple[Job, tuple[str, ...]]:
        """A job as it is after a write, and what is wrong with it; looked at again while it seems late to show.

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
                    self._see(job)
                    return job, differs
            record = None
            await self.sleep(wait)
        raise AssertionError("the last look returns or raises")

    def _see(self, job: Job) -> None:
        """Remember that a job was read, and whether the platform has stopped it."""
        self.unread.discard(job.ref)
        if job.suspended is None:
            self.stopped.pop(job.ref, None)
        else:
            self.stopped[job.ref] = job.suspended


def not_kept(
    what: str, ref: JobRef, wrong: Iterable[str], *, sent: Fields, seen: Fields, sync: str = ""
) -> ReadBackError:
    """Return the error for fields that a platform did not keep as they were written.

    Args:
        what: what failed.
        ref: the job.
        wrong: the fields.
        sent: what was written.
        seen: what was read back.
        sync: the sync whose setting can accept it; "" where none can.
    """
    wrong = tuple(wrong)
    told = []
    for path in wrong:
        written, kept = contrast(sent.get(path), seen.get(path))
        told.append(f"{path} was written as {written} and is kept as {kept}")
    accepting = f"accept_stored = {json.dumps(list(wrong))} in [syncs.{sync}] accepts what the platform keeps"
    hint = f"correct it at the source, or {accepting}" if sync else "check the job; the next run tries again"
    return ReadBackError(what, where=f"{', '.join(wrong)} of {ref}", actual="; ".join(told), hint=hint)


def in_steps(new: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The requests that bring fields to new values: paused before anything else changes, resumed after all else did."""
    enabled = {path: value for path, value in new.items() if path == "enabled"}
    rest = {path: value for path, value in new.items() if path != "enabled"}
    return [step for step in ([rest, enabled] if new.get("enabled") else [enabled, rest]) if step]


def stepped(before: Fields, step: Mapping[str, Any]) -> Fields:
    """All fields of a job after a step."""
    return {path: value for path, value in {**before, **step}.items() if value is not None}
