"""What a run notes while it writes: many notes to a commit, and the event loop goes on meanwhile.

    recorded ──▶ waiting ──▶ one commit, in a thread ──▶ on disk
                 ▲ what is recorded during a commit goes into the next one

Entries reach the disk in the order in which they were made. A planned write is waited for: when
`dispatch` returns, it and everything recorded before it are on disk. An outcome is not waited for: it is there a commit
later, and at the latest with the next planned write. A crash in between leaves it without outcome, as a crash before
the answer does, and the next run settles it in the same way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import groupby
from typing import Any

import attrs
import sqlalchemy as sa
from attrs import define, field, frozen

from migrator.canonical import JobRef
from migrator.errors import LockedError
from migrator.store.database import Database
from migrator.store.locks import require
from migrator.store.records import Binding, IntentState, Write
from migrator.store.rows import binding_row, outcome_row, saved_record_row, target_row, write_row
from migrator.store.upserts import (
    Row,
    drop_bindings,
    in_turn,
    upsert_bindings,
    upsert_outcomes,
    upsert_writes,
    write_snapshot,
)

_Told = asyncio.Future[None]


@frozen
class _Sent:
    """A planned write, and who waits for it.

    Attributes:
        write: what is about to be sent.
        provider: where.
        dialect: of what is written.
        lock: what its run must hold.
        told: tells who waits.
    """

    write: Write
    provider: str
    dialect: str
    lock: str
    told: _Told


@define
class _Batch:
    """The notes that go to disk together; those of every single job become rows in the thread that commits them.

    Attributes:
        sent: planned writes.
        outcomes: what became of earlier writes.
        bindings: those that are put, each with its dialect, and target jobs whose bindings are dropped, in their order.
        saved_records: records as they were.
    """

    sent: list[_Sent] = field(factory=list)
    outcomes: list[Row] = field(factory=list)
    bindings: list[tuple[Binding, str] | JobRef] = field(factory=list)
    saved_records: list[Row] = field(factory=list)

    def __bool__(self) -> bool:
        return bool(self.sent or self.outcomes or self.bindings or self.saved_records)

    def commit(self, database: Database) -> LockedError | None:
        """Commit all of it; when the run has lost its lock, all but the planned writes, which must not be sent.

        Outcomes come after the planned writes: that of a write in the same batch is not known yet, but for an adoption,
        which sends nothing and was claimed when the run began.
        """
        with database.transaction() as connection:
            lost = self._lost(connection)
            for row in self.saved_records:
                write_snapshot(connection, row)
            if lost is None:
                upsert_writes(connection, [write_row(one.write, one.provider, one.dialect) for one in self.sent])
            upsert_outcomes(connection, self.outcomes)
            for is_drop, group in groupby(self.bindings, key=lambda noted: isinstance(noted, JobRef)):
                if is_drop:
                    drop_bindings(connection, [target_row(noted) for noted in group if isinstance(noted, JobRef)])
                    continue
                for part in in_turn(binding_row(*noted) for noted in group if not isinstance(noted, JobRef)):
                    upsert_bindings(connection, part)
        return lost

    def _lost(self, connection: sa.Connection) -> LockedError | None:
        try:
            for lock, run in {(one.lock, one.write.run) for one in self.sent}:
                require(connection, lock, run)
        except LockedError as error:
            return error
        return None

    def tell(self, error: BaseException | None) -> None:
        """Let those go on who wait."""
        for one in self.sent:
            if not one.told.done():
                one.told.set_exception(error) if error else one.told.set_result(None)


def _is_newer(binding: Binding, noted: tuple[Binding, str] | JobRef) -> bool:
    """Whether a binding says of its target job what the one recorded before it says, but for what the job holds."""
    if isinstance(noted, JobRef) or noted[0].target != binding.target:
        return False
    older = noted[0]
    return attrs.evolve(older, applied=binding.applied, seen=binding.seen, tagged=binding.tagged) == binding


@define(eq=False)
class GroupCommit:
    """The notes of one run.

    Attributes:
        database: where they go.
    """

    database: Database
    _waiting: _Batch = field(factory=_Batch, init=False)
    _committing: asyncio.Task[None] | None = field(default=None, init=False)
    _failed: BaseException | None = field(default=None, init=False)

    async def dispatch(self, write: Write, provider: str, dialect: str, *, lock: str) -> None:
        """Note a write before it is sent, and wait until that is on disk; see `Journal.dispatch`.

        Raises:
            LockedError: the run has lost its lock; nothing may be sent.
            StateError: the state cannot be written.
        """
        told: _Told = asyncio.get_running_loop().create_future()
        self._batch().sent.append(_Sent(write, provider, dialect, lock, told))
        await told

    def settle(self, write: Write, state: IntentState, error: str = "") -> None:
        """Note what became of a write."""
        self._batch().outcomes.append(outcome_row(write, state, error, now=self.database.now()))

    def put_binding(self, binding: Binding, *, dialect: str, settles: Write | None = None) -> None:
        """Note a binding, and that the write behind it is done; see `Bindings.put_binding`."""
        batch = self._batch()
        if batch.bindings and _is_newer(binding, batch.bindings[-1]):
            batch.bindings.pop()
        batch.bindings.append((binding, dialect))
        if settles:
            now = self.database.now()
            batch.outcomes.append(outcome_row(settles, "done", "", now=now, target_id=binding.target.id))

    def drop_binding(self, target: JobRef, *, settles: Write) -> None:
        """Forget a target job, and note that it is deleted."""
        batch = self._batch()
        batch.bindings.append(target)
        batch.outcomes.append(outcome_row(settles, "done", "", now=self.database.now()))

    def save_record(
        self, run: str, ref: JobRef, record: Mapping[str, Any], *, binding: Binding | None = None, dialect: str = ""
    ) -> None:
        """Keep a target job's record and binding as they were before a run touched it."""
        self._batch().saved_records.append(saved_record_row(run, ref, record, binding=binding, dialect=dialect))

    async def flush(self) -> None:
        """Wait until everything is on disk.

        Raises:
            StateError: it is not, and will not be.
        """
        while self._committing and not self._committing.done():
            await asyncio.wait([self._committing])
        if self._failed:
            raise self._failed

    def _batch(self) -> _Batch:
        """Where the next note goes; it is on its way as soon as the event loop comes round.

        Raises:
            StateError: an earlier note could not be written, and none is after it.
        """
        if self._failed:
            raise self._failed
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit())
        return self._waiting

    async def _commit(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, _Batch()
            try:
                batch.tell(await asyncio.to_thread(batch.commit, self.database))
            except asyncio.CancelledError:
                raise  # the event loop ends, and whoever waits ends with it
            except BaseException as error:  # noqa: BLE001 (whoever waits, and whoever notes something next, gets it)
                self._failed = error
                batch.tell(error)
                self._waiting.tell(error)
                return
