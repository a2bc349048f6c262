"""What was meant to be written, and what became of it: runs, planned writes, and records as they were before.

    claimed ──▶ dispatched ──▶ done | failed | uncertain

A run claims all its changes when it begins; each write is recorded as dispatched before it is sent. After a crash every
claim that is still one was certainly never sent, and every write that was sent without an outcome is known by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, Final

import sqlalchemy as sa
from attrs import frozen

from migrator.canonical import JobRef
from migrator.mapping.codecs import write_time
from migrator.store import tables as t
from migrator.store.checksums import amend, checked
from migrator.store.database import Database
from migrator.store.locks import require
from migrator.store.records import ORIGIN, Binding, IntentState, Run, RunKind, SavedRecord, Write
from migrator.store.rows import binding_of, job_ref, outcome_row, run_of, saved_record_row, write_of, write_row
from migrator.store.upserts import upsert_outcomes, upsert_writes, write_snapshot

_PART: Final = 1000
"""Rows that are written by one statement."""
_LAST_PLACE: Final = sa.select(sa.func.max(t.runs.c.place))
OPEN: Final = ("dispatched", "uncertain")
"""The states of a write whose outcome is not known."""
NEVER_SENT: Final = "the run ended before it was sent"


@frozen(kw_only=True)
class Journal(Database):
    """The part of the state that outlives a crash in the middle of a run."""

    # -- runs ---------------------------------------------------------------------------------------------------------

    def begin_run(self, run: Run, *, plan_digest: str, dialect: str, claims: Iterable[Write] = ()) -> None:
        """Open a run, claim its changes, and move the sync's serial on: no plan made before it can be applied any more.

        Args:
            run: the run.
            plan_digest: of its plan.
            dialect: the target's.
            claims: what it is going to write.
        """
        with self.transaction() as connection:
            connection.execute(
                t.runs.insert(),
                {
                    "place": (connection.scalar(_LAST_PLACE) or 0) + 1,
                    "id": run.id,
                    "sync": run.sync,
                    "target_provider": run.provider,
                    "target_scope": run.scope,
                    "plan_digest": plan_digest,
                    "started_at": write_time(run.started_at),
                    "kind": run.kind,
                    "of": run.of,
                    "goal": run.goal,
                    "plan": run.plan,
                },
            )
            rows = (write_row(claim, run.provider, dialect) for claim in claims)
            while part := list(islice(rows, _PART)):
                connection.execute(t.writes.insert(), part)
            serial = connection.scalar(sa.select(t.syncs.c.serial).where(t.syncs.c.name == run.sync).with_for_update())
            if serial is not None:
                amend(connection, t.syncs, ("name",), [{"name": run.sync, "serial": serial + 1}])

    def end_run(self, run: str, result: Mapping[str, Any]) -> None:
        """Close a run with its summary; what it claimed and did not send is given up."""
        ended = write_time(self.now())
        with self.transaction() as connection:
            _release(connection, t.writes.c.run == run, now=ended)
            amend(connection, t.runs, ("id",), [{"id": run, "ended_at": ended, "result": json.dumps(result)}])

    def runs(self, sync: str | None = None) -> tuple[Run, ...]:
        """Every run, or those of one sync, latest first; without their plans, of which there may be years."""
        columns = [column for column in t.runs.columns if column is not t.runs.c.plan]
        query = sa.select(*columns).order_by(t.runs.c.place.desc(), t.runs.c.started_at.desc())
        with self.transaction() as connection:
            return tuple(map(run_of, connection.execute(query if sync is None else query.where(t.runs.c.sync == sync))))

    def run(self, run: str) -> Run | None:
        """The run of that id, with its plan."""
        with self.transaction() as connection:
            row = connection.execute(sa.select(t.runs).where(t.runs.c.id == run)).first()
            return run_of(row) if row else None

    # -- planned writes ------------------------------------------------------------------------------------------

    def dispatch(self, write: Write, provider: str, dialect: str, *, lock: str) -> None:
        """Note a write before it is sent; a claim of that number becomes it, also one that was given up meanwhile.

        Args:
            write: the write.
            provider: where it goes.
            dialect: the target's.
            lock: the lock that the planned write's run must hold, checked in the same transaction.

        Raises:
            LockedError: the run has lost its lock; nothing may be sent.
        """
        row = write_row(write, provider, dialect)
        with self.transaction() as connection:
            require(connection, lock, write.run)
            upsert_writes(connection, [row])

    def settle(self, write: Write, state: IntentState, error: str = "") -> None:
        """Note what became of a write."""
        with self.transaction() as connection:
            upsert_outcomes(connection, [outcome_row(write, state, error, now=self.now())])

    def unresolved_writes(self, provider: str, scopes: tuple[str, ...], dialect: str | None) -> tuple[Write, ...]:
        """Every write whose outcome is not known, oldest first; without a dialect, without the fields."""
        query = (
            sa.select(t.writes)
            .where(
                t.writes.c.target_provider == provider,
                t.writes.c.target_scope.in_(scopes),
                t.writes.c.state.in_(OPEN),
            )
            .order_by(t.writes.c.at, t.writes.c.run, t.writes.c.seq)
        )
        with self.transaction() as connection:
            return tuple(write_of(row, dialect) for row in connection.execute(query))

    def all_unresolved_writes(self) -> tuple[Write, ...]:
        """Every write to any target whose outcome is not known, without its fields."""
        query = sa.select(t.writes).where(t.writes.c.state.in_(OPEN)).order_by(t.writes.c.at, t.writes.c.seq)
        with self.transaction() as connection:
            return tuple(write_of(row, None) for row in connection.execute(query))

    def ended_since(self, provider: str, scopes: tuple[str, ...], dialect: str, since: datetime) -> tuple[Write, ...]:
        """Every write to these targets whose outcome was recorded at or after an instant, oldest first."""
        query = (
            sa.select(t.writes)
            .where(
                t.writes.c.target_provider == provider,
                t.writes.c.target_scope.in_(scopes),
                t.writes.c.ended_at >= write_time(since),
            )
            .order_by(t.writes.c.ended_at, t.writes.c.seq)
        )
        with self.transaction() as connection:
            return tuple(write_of(row, dialect) for row in connection.execute(query))

    def deleted_origins(self, sync: str) -> frozenset[JobRef]:
        """Return the source jobs that runs of a sync deleted, as far as the journal goes back."""
        c = t.writes.c
        query = sa.select(c.source_provider, c.source_scope, c.source_id).where(
            c.sync == sync, c.piece == ORIGIN, c.action == "delete", c.state == "done"
        )
        with self.transaction() as connection:
            return frozenset(job_ref(*row) for row in connection.execute(query))

    def release(self, provider: str, scopes: tuple[str, ...]) -> None:
        """Give up what dead runs had claimed for these targets and never sent; only under their lock."""
        of_target = (t.writes.c.target_provider == provider, t.writes.c.target_scope.in_(scopes))
        with self.transaction() as connection:
            _release(connection, *of_target, now=write_time(self.now()))

    def writes(self, run: str, dialect: str | None = None) -> tuple[Write, ...]:
        """Every write of a run, in order; without a dialect, without the fields."""
        query = sa.select(t.writes).where(t.writes.c.run == run).order_by(t.writes.c.seq)
        with self.transaction() as connection:
            return tuple(write_of(row, dialect) for row in connection.execute(query))

    def about(self, source: JobRef, kinds: Iterable[RunKind], dialects: Mapping[str, str]) -> tuple[Write, ...]:
        """Every write for a source job, and to it, by runs of these kinds, in order.

        Args:
            source: the source job.
            kinds: the kinds of run.
            dialects: by provider, the dialect of what was written; writes to others are left out.
        """
        query = (
            sa.select(t.writes)
            .join(t.runs, t.runs.c.id == t.writes.c.run)
            .where(
                t.runs.c.kind.in_(tuple(kinds)),
                t.writes.c.target_provider.in_(tuple(dialects)),
                t.writes.c.source_provider == source.provider,
                t.writes.c.source_scope == source.scope,
                t.writes.c.source_id == source.id,
            )
            .order_by(t.writes.c.at, t.writes.c.run, t.writes.c.seq)
        )
        with self.transaction() as connection:
            return tuple(write_of(row, dialects[row.target_provider]) for row in connection.execute(query))

    # -- snapshots ----------------------------------------------------------------------------------------------------

    def save_record(
        self, run: str, ref: JobRef, record: Mapping[str, Any], *, binding: Binding | None = None, dialect: str = ""
    ) -> None:
        """Keep a target job's record and binding as they were before a run; the first ones of a run count."""
        row = saved_record_row(run, ref, record, binding=binding, dialect=dialect)
        with self.transaction() as connection:
            write_snapshot(connection, row)

    def saved_records(self, run: str, dialect: str) -> tuple[SavedRecord, ...]:
        """What a run touched, as it was before."""
        with self.transaction() as connection:
            rows = connection.execute(sa.select(t.saved_records).where(t.saved_records.c.run == run))
            return tuple(
                SavedRecord(
                    ref=JobRef(provider=row.provider, scope=row.scope, id=row.id),
                    record=json.loads(row.record),
                    binding=binding_of(json.loads(row.binding), dialect) if row.binding else None,
                )
                for row in (checked(t.saved_records, one) for one in rows)
            )


def _release(connection: sa.Connection, *which: Any, now: str) -> None:
    query = sa.select(t.writes.c.run, t.writes.c.seq).where(*which, t.writes.c.state == "claimed")
    ended = {"state": "failed", "error": NEVER_SENT, "ended_at": now}
    rows = connection.execute(query).mappings().all()
    amend(connection, t.writes, ("run", "seq"), ({**row, **ended} for row in rows))
