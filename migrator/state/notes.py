"""What a run notes while it writes: many notes to a commit, and the event loop goes on meanwhile.

    noted ──▶ waiting ──▶ one commit, in a thread ──▶ on disk
                 ▲ what is noted during a commit goes into the next one

Notes reach the disk in the order in which they were made, none before an earlier one. An intent is waited for: when
`dispatch` returns, it and everything noted before it are on disk. An outcome is not waited for: it is there a commit
later, and at the latest with the next intent. A crash in between leaves a write without an outcome, as a crash before
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
from migrator.state.database import Database
from migrator.state.locks import require
from migrator.state.rows import intent_row, link_row, outcome_row, snapshot_row, target_row
from migrator.state.values import Intent, IntentState, Link
from migrator.state.writes import Row, drop_links, in_turn, write_intents, write_links, write_outcomes, write_snapshot

_Told = asyncio.Future[None]


@frozen
class _Sent:
    """An intent, and who waits for it.

    Attributes:
        intent: what is about to be sent.
        provider: where.
        dialect: of what is written.
        lock: what its run must hold.
        told: tells who waits.
    """

    intent: Intent
    provider: str
    dialect: str
    lock: str
    told: _Told


@define
class _Batch:
    """The notes that go to disk together; those of every single job become rows in the thread that commits them.

    Attributes:
        sent: intents.
        outcomes: what became of earlier writes.
        links: links that are put, each with its dialect, and target jobs whose links are dropped, in their order.
        snapshots: records as they were.
    """

    sent: list[_Sent] = field(factory=list)
    outcomes: list[Row] = field(factory=list)
    links: list[tuple[Link, str] | JobRef] = field(factory=list)
    snapshots: list[Row] = field(factory=list)

    def __bool__(self) -> bool:
        return bool(self.sent or self.outcomes or self.links or self.snapshots)

    def commit(self, database: Database) -> LockedError | None:
        """Bring it to disk, all of it; when the run has lost its lock, all but the intents, whose writes may not go.

        Outcomes come after the intents: that of an intent in the same batch is not known yet, but for an adoption,
        which sends nothing and was claimed when the run began.
        """
        with database.transaction() as connection:
            lost = self._lost(connection)
            for row in self.snapshots:
                write_snapshot(connection, row)
            if lost is None:
                write_intents(connection, [intent_row(one.intent, one.provider, one.dialect) for one in self.sent])
            write_outcomes(connection, self.outcomes)
            for is_drop, group in groupby(self.links, key=lambda noted: isinstance(noted, JobRef)):
                if is_drop:
                    drop_links(connection, [target_row(noted) for noted in group if isinstance(noted, JobRef)])
                    continue
                for part in in_turn(link_row(*noted) for noted in group if not isinstance(noted, JobRef)):
                    write_links(connection, part)
        return lost

    def _lost(self, connection: sa.Connection) -> LockedError | None:
        try:
            for lock, run in {(one.lock, one.intent.run) for one in self.sent}:
                require(connection, lock, run)
        except LockedError as error:
            return error
        return None

    def tell(self, error: BaseException | None) -> None:
        """Let those go on who wait."""
        for one in self.sent:
            if not one.told.done():
                one.told.set_exception(error) if error else one.told.set_result(None)


def _is_newer(link: Link, noted: tuple[Link, str] | JobRef) -> bool:
    """Whether a link says of its target job what the one noted just before it says, but for what the job holds."""
    if isinstance(noted, JobRef) or noted[0].target != link.target:
        return False
    older = noted[0]
    return attrs.evolve(older, applied=link.applied, seen=link.seen, marked=link.marked) == link


@define(eq=False)
class Notes:
    """The notes of one run.

    Attributes:
        database: where they go.
    """

    database: Database
    _waiting: _Batch = field(factory=_Batch, init=False)
    _committing: asyncio.Task[None] | None = field(default=None, init=False)
    _failed: BaseException | None = field(default=None, init=False)

    async def dispatch(self, intent: Intent, provider: str, dialect: str, *, lock: str) -> None:
        """Note a write before it is sent, and wait until that is on disk; see `Journal.dispatch`.

        Raises:
            LockedError: the run has lost its lock; nothing may be sent.
            StateError: the state cannot be written.
        """
        told: _Told = asyncio.get_running_loop().create_future()
        self._batch().sent.append(_Sent(intent, provider, dialect, lock, told))
        await told

    def settle(self, intent: Intent, state: IntentState, error: str = "") -> None:
        """Note what became of a write."""
        self._batch().outcomes.append(outcome_row(intent, state, error, now=self.database.now()))

    def put_link(self, link: Link, *, dialect: str, settles: Intent | None = None) -> None:
        """Note a link, and that the write behind it is done; see `Links.put_link`."""
        batch = self._batch()
        if batch.links and _is_newer(link, batch.links[-1]):
            batch.links.pop()
        batch.links.append((link, dialect))
        if settles:
            now = self.database.now()
            batch.outcomes.append(outcome_row(settles, "done", "", now=now, target_id=link.target.id))

    def drop_link(self, target: JobRef, *, settles: Intent) -> None:
        """Forget a target job, and note that it is deleted."""
        batch = self._batch()
        batch.links.append(target)
        batch.outcomes.append(outcome_row(settles, "done", "", now=self.database.now()))

    def snapshot(
        self, run: str, ref: JobRef, record: Mapping[str, Any], *, link: Link | None = None, dialect: str = ""
    ) -> None:
        """Keep a target job's record and link as they were before a run touched it."""
        self._batch().snapshots.append(snapshot_row(run, ref, record, link=link, dialect=dialect))

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
