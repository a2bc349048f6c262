"""Which side may fire, and the ledger of the instants at which not exactly one could."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any, Final

import attrs
import sqlalchemy as sa
from attrs import frozen

from migrator.canonical import JobRef
from migrator.mapping.codecs import write_time
from migrator.store import tables as t
from migrator.store.checksums import amend, checked
from migrator.store.database import Database
from migrator.store.records import ActiveSide, Definition, InactiveJob, Missed, Takeover
from migrator.store.rows import (
    active_side_key,
    active_side_of,
    active_side_row,
    definition_of,
    definition_row,
    inactive_job_json,
    inactive_job_of,
    job_ref,
    missed_of,
    missed_row,
    takeover_of,
    unfinished_of,
)
from migrator.store.upserts import drop_active_sides, upsert_active_sides, upsert_definitions

_INACTIVE: Final = "active nowhere"
_SYNC: Final = "sync "


@frozen(kw_only=True)
class ActiveSides(Database):
    """The part of the state that knows which side is active."""

    def active_sides(self, provider: str, scopes: tuple[str, ...], dialect: str) -> tuple[ActiveSide, ...]:
        """What is remembered of the source jobs of these scopes; `dialect` is the source's."""
        query = sa.select(t.active_sides).where(
            t.active_sides.c.source_provider == provider, t.active_sides.c.source_scope.in_(scopes)
        )
        with self.transaction() as connection:
            return tuple(
                active_side_of(row, dialect) for row in connection.execute(query.order_by(t.active_sides.c.source_id))
            )

    def put_active_side(self, *active_sides: ActiveSide, dialect: str, missed: Iterable[Missed] = ()) -> None:
        """Remember rights, in place of what was remembered of the same job and target.

        Args:
            active_sides: what is so now.
            dialect: the source's.
            missed: instants that are entered into the ledger in the same commit.
        """
        with self.transaction() as connection:
            upsert_active_sides(connection, [active_side_row(active_side, dialect) for active_side in active_sides])
            _enter(connection, missed)

    def active_sides_towards(self, target: tuple[str, str]) -> frozenset[JobRef]:
        """The source jobs of which a right towards a target is remembered."""
        columns = t.active_sides.c
        query = sa.select(columns.source_provider, columns.source_scope, columns.source_id).where(
            columns.target_provider == target[0], columns.target_scope == target[1]
        )
        with self.transaction() as connection:
            return frozenset(JobRef(provider=p, scope=s, id=i) for p, s, i in connection.execute(query))

    def drop_active_sides(
        self, sources: Iterable[JobRef], target: tuple[str, str], *, missed: Iterable[Missed] = ()
    ) -> None:
        """Forget the rights of source jobs towards a target: both sides fire by their own flags again.

        Args:
            sources: the source jobs.
            target: provider and scope.
            missed: instants that are entered into the ledger in the same commit.
        """
        with self.transaction() as connection:
            drop_active_sides(connection, [active_side_key(source, target) for source in sources])
            _enter(connection, missed)

    def keep_definitions(self, definitions: Iterable[Definition]) -> None:
        """Keep source jobs as their owners want them, in place of what was kept of them before."""
        rows = [definition_row(one) for one in definitions]
        if not rows:
            return
        columns, (first, *_others) = t.definitions.c, rows
        query = sa.select(t.definitions).where(
            columns.sync == first["sync"], columns.source_provider == first["source_provider"]
        )
        if len(rows) == 1:
            query = query.where(columns.source_scope == first["source_scope"], columns.source_id == first["source_id"])
        with self.transaction() as connection:
            rows_there = (checked(t.definitions, row) for row in connection.execute(query).mappings())
            known = {_definition_key(row): (row["fields"], row["retired"]) for row in rows_there}
            changed = [row for row in rows if known.get(_definition_key(row)) != (row["fields"], row["retired"])]
            upsert_definitions(connection, changed)

    def put_retired(self, sync: str, sources: Iterable[JobRef]) -> None:
        """Note of source jobs whose definitions a sync keeps that they were deleted on purpose."""
        keys = ("source_provider", "source_scope", "source_id", "sync")
        rows = [{**_ref_columns(ref), "sync": sync, "retired": 1} for ref in sources]
        with self.transaction() as connection:
            amend(connection, t.definitions, keys, rows)

    def takeovers(self) -> tuple[Takeover, ...]:
        """Return the jobs of files that took the place of retired source jobs."""
        with self.transaction() as connection:
            rows = connection.execute(sa.select(t.takeovers).order_by(*t.takeovers.primary_key)).mappings()
            return tuple(map(takeover_of, rows))

    def definitions(
        self,
        provider: str,
        scopes: tuple[str, ...],
        *,
        sync: str | None = None,
        without: Container[JobRef] = (),
    ) -> tuple[Definition, ...]:
        """What is kept of the source jobs of these scopes, of one sync or of all; not of those that a file took over.

        Args:
            provider: the source's.
            scopes: its scopes.
            sync: the sync; None for every one.
            without: the source jobs that are left out.
        """
        columns = t.definitions.c
        query = sa.select(t.definitions).where(columns.source_provider == provider, columns.source_scope.in_(scopes))
        if sync is not None:
            query = query.where(columns.sync == sync)
        taken = {(one.origin, one.origin_sync) for one in self.takeovers()}
        with self.transaction() as connection:
            rows = connection.execute(query.order_by(columns.source_id)).mappings()
            refs = ((job_ref(row["source_provider"], row["source_scope"], row["source_id"]), row) for row in rows)
            return tuple(
                definition_of(row) for ref, row in refs if ref not in without and (ref, row["sync"]) not in taken
            )

    def put_inactive_jobs(self, sync: str, jobs: Iterable[InactiveJob]) -> tuple[InactiveJob, ...]:
        """Record which jobs of a sync are active nowhere, in place of the earlier list; each since it was first."""
        with self.transaction() as connection:
            before = {one.source: one.since for one in _inactive_jobs(connection, sync)}
            found = tuple(attrs.evolve(one, since=before.get(one.source, one.since)) for one in jobs)
            if {one.source: one for one in found} == {one.source: one for one in _inactive_jobs(connection, sync)}:
                return found
            mine = t.facts.c.scope == f"{_SYNC}{sync}", t.facts.c.key == _INACTIVE
            connection.execute(t.facts.delete().where(*mine))
            if found:
                _insert_inactive_jobs(connection, sync, found)
        return found

    def inactive_jobs(self, sync: str | None = None) -> Mapping[str, tuple[InactiveJob, ...]]:
        """By sync, the jobs that were active nowhere when they were last looked at, or whose cutover never ended."""
        c = t.active_sides.c
        unfinished = sa.select(t.active_sides).where(c.begun.is_not(None))
        with self.transaction() as connection:
            scopes = sa.select(t.facts.c.scope).where(t.facts.c.key == _INACTIVE)
            names = sorted(scope.removeprefix(_SYNC) for (scope,) in connection.execute(scopes))
            found = {name: list(_inactive_jobs(connection, name)) for name in names}
            for row in connection.execute(unfinished.order_by(c.sync, c.name)):
                one = unfinished_of(row)
                known = found.setdefault(row.sync, [])
                known += [] if any(one.source == other.source for other in known) else [one]
        return {name: tuple(jobs) for name, jobs in found.items() if sync in {None, name} and jobs}

    def put_missed(self, entries: Iterable[Missed]) -> None:
        """Enter instants into the ledger; one that stands there already stays as it is."""
        with self.transaction() as connection:
            _enter(connection, entries)

    def missed(self, sync: str | None = None) -> tuple[Missed, ...]:
        """The ledger, or the part of one sync, in the order of the instants."""
        query = sa.select(t.missed).order_by(t.missed.c.at, t.missed.c.name)
        with self.transaction() as connection:
            rows = connection.execute(query if sync is None else query.where(t.missed.c.sync == sync))
            return tuple(map(missed_of, rows))


def _inactive_jobs(connection: sa.Connection, sync: str) -> tuple[InactiveJob, ...]:
    query = sa.select(t.facts).where(t.facts.c.scope == f"{_SYNC}{sync}", t.facts.c.key == _INACTIVE)
    row = connection.execute(query).first()
    return tuple(map(inactive_job_of, json.loads(checked(t.facts, row).value))) if row else ()


def move_inactive_jobs(connection: sa.Connection, renamed: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Let the jobs that were recorded as active nowhere follow a move, with the commands that repair them.

    Args:
        connection: in a transaction.
        renamed: given sync and source job as columns, returns them after the move.
    """
    rows = [checked(t.facts, row) for row in connection.execute(sa.select(t.facts).where(t.facts.c.key == _INACTIVE))]
    old = [(row.scope.removeprefix(_SYNC), one) for row in rows for one in map(inactive_job_of, json.loads(row.value))]
    new: dict[str, list[InactiveJob]] = {}
    for sync, one in old:
        ref = one.source
        after = renamed({"sync": sync, "source_provider": ref.provider, "source_scope": ref.scope, "source_id": ref.id})
        source = job_ref(after["source_provider"], after["source_scope"], after["source_id"])
        program, command, _sync, *rest = shlex.split(one.repair)
        repair = shlex.join([program, command, after["sync"], *(source.id if it == ref.id else it for it in rest)])
        new.setdefault(after["sync"], []).append(attrs.evolve(one, source=source, repair=repair))
    if new != {sync: [one for name, one in old if name == sync] for sync, _one in old}:
        connection.execute(t.facts.delete().where(t.facts.c.key == _INACTIVE))
        for sync, jobs in new.items():
            _insert_inactive_jobs(connection, sync, jobs)


def _insert_inactive_jobs(connection: sa.Connection, sync: str, jobs: Iterable[InactiveJob]) -> None:
    text = json.dumps([inactive_job_json(one) for one in jobs])
    connection.execute(t.facts.insert().values(scope=f"{_SYNC}{sync}", key=_INACTIVE, value=text))


def _ref_columns(ref: JobRef) -> dict[str, str]:
    return {"source_provider": ref.provider, "source_scope": ref.scope, "source_id": ref.id}


def _definition_key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["source_scope"], row["source_id"]


def _enter(connection: sa.Connection, entries: Iterable[Missed]) -> None:
    for entry in entries:
        known = sa.select(t.missed.c.run).where(
            *_is_source(t.missed, entry.source), t.missed.c.at == write_time(entry.at)
        )
        if connection.execute(known).first() is None:
            connection.execute(t.missed.insert().values(**missed_row(entry)))


def _is_source(table: sa.Table, ref: JobRef) -> tuple[Any, ...]:
    columns = table.c
    return columns.source_provider == ref.provider, columns.source_scope == ref.scope, columns.source_id == ref.id
