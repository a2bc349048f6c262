"""Bindings of source jobs and target jobs, and what else is remembered of syncs and connections."""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.exc import IntegrityError

from migrator.canonical import JobRef
from migrator.mapping.codecs import read_time, write_time
from migrator.store import tables as t
from migrator.store.checksums import amend, checked, damaged
from migrator.store.database import Database
from migrator.store.records import Binding, Bound, ExpiringSchedule, Home, Write
from migrator.store.rows import binding_of, binding_row, bound_of, job_ref, lapsing_of, outcome_row, target_row
from migrator.store.upserts import TARGET, drop_bindings, in_turn, upsert_bindings, upsert_outcomes

_IN_ORDER: Final = "in order"


@frozen(kw_only=True)
class Bindings(Database):
    """The part of the state that knows which target jobs are ours."""

    def lineage(self, sync: str, *, fresh: str) -> tuple[str, int]:
        """The sync's lineage and serial; a sync that is new here starts lineage `fresh` at serial 0."""
        query = sa.select(t.syncs).where(t.syncs.c.name == sync)
        try:
            with self.transaction() as connection:
                if row := connection.execute(query).first():
                    checked(t.syncs, row)
                    return row.lineage, row.serial
                connection.execute(t.syncs.insert().values(name=sync, lineage=fresh, serial=0))
                return fresh, 0
        except IntegrityError:  # another process was a moment earlier
            with self.transaction() as connection:
                row = checked(t.syncs, connection.execute(query).one())
                return row.lineage, row.serial

    def lineage_of(self, sync: str) -> str | None:
        """Return the sync's lineage; None where it has none here."""
        with self.transaction() as connection:
            found = connection.scalar(sa.select(t.syncs.c.lineage).where(t.syncs.c.name == sync))
            return None if found is None else str(found)

    def seal(self) -> bytes:
        """Return the key that saved plans are sealed with; it stays in this state.

        Raises:
            StateError: the state has lost it.
        """
        with self.transaction() as connection:
            found = connection.scalar(sa.select(t.meta.c.value).where(t.meta.c.key == t.SEAL))
        if not found:
            raise damaged(self.shown, "the key that plans are sealed with is gone")
        return str(found).encode()

    def bindings(
        self, provider: str, scopes: tuple[str, ...], dialect: str, *, only: Container[str] | None = None
    ) -> tuple[Binding, ...]:
        """Every binding into these target scopes, or those `only` of these target ids; `dialect` is the target's."""
        query = sa.select(t.bindings).where(
            t.bindings.c.target_provider == provider, t.bindings.c.target_scope.in_(scopes)
        )
        with self.transaction() as connection:
            rows = connection.execute(query).mappings()
            return tuple(binding_of(row, dialect) for row in rows if only is None or row["target_id"] in only)

    def bound_jobs(self, provider: str, scopes: tuple[str, ...]) -> tuple[tuple[JobRef, int, JobRef], ...]:
        """Source job, part and target job of every binding into these target scopes; what was written is not read."""
        c = t.bindings.c
        ends = (c.source_provider, c.source_scope, c.source_id, c.target_provider, c.target_scope, c.target_id)
        query = sa.select(c.piece, *ends).where(c.target_provider == provider, c.target_scope.in_(scopes))
        with self.transaction() as connection:
            return tuple((job_ref(*row[1:4]), row[0], job_ref(*row[4:])) for row in connection.execute(query))

    def homes(self) -> tuple[Home, ...]:
        """Between which places each sync has bindings, those of replaced jobs left out."""
        c = t.bindings.c
        columns = (c.sync, c.source_provider, c.source_scope, c.target_provider, c.target_scope)
        with self.transaction() as connection:
            rows = connection.execute(sa.select(*columns).where(c.superseded == 0).distinct().order_by(*columns))
            return tuple(Home(sync=row[0], source=(row[1], row[2]), target=(row[3], row[4])) for row in rows)

    def bound(self, *homes: Home) -> tuple[Bound, ...]:
        """Return the bindings there, those of replaced jobs left out."""
        c = t.bindings.c
        columns = (c.source_provider, c.source_scope, c.target_provider, c.target_scope)
        query = sa.select(t.bindings).where(c.superseded == 0).order_by(c.source_id, c.piece, c.target_id)
        with self.transaction() as connection:
            return tuple(
                bound_of(row)
                for home in homes
                for row in connection.execute(
                    query.where(
                        c.sync == home.sync,
                        *(at == value for at, value in zip(columns, (*home.source, *home.target), strict=True)),
                    )
                ).mappings()
            )

    def put_binding(self, *bindings: Binding, dialect: str, settles: Write | None = None) -> None:
        """Remember bindings, and in the same transaction that the planned write behind them is done.

        A binding takes the place of an older one of the same part, unless that one still waits for its job to go.
        """
        rows = [binding_row(binding, dialect) for binding in bindings]
        with self.transaction() as connection:
            for part in in_turn(rows):
                upsert_bindings(connection, part)
            if settles:
                made = bindings[0].target.id if bindings else None
                upsert_outcomes(connection, [outcome_row(settles, "done", "", now=self.now(), target_id=made)])

    def put_schedules(self, schedules: Mapping[JobRef, tuple[str, datetime | None]]) -> None:
        """Note of target jobs that their schedules are in step: `stands_for` and `until` of their bindings."""
        if not schedules:
            return
        rows = (
            {**target_row(target), "stands_for": text, "until": until and write_time(until)}
            for target, (text, until) in schedules.items()
        )
        with self.transaction() as connection:
            amend(connection, t.bindings, TARGET, rows)

    def lapsing(self, sync: str, before: datetime) -> tuple[ExpiringSchedule, ...]:
        """The live target jobs of a sync whose schedules stop being exact before an instant, soonest first."""
        columns = t.bindings.c
        query = (
            sa.select(t.bindings)
            .where(columns.sync == sync, columns.superseded == 0, columns.until < write_time(before))
            .order_by(columns.until, columns.target_id)
        )
        with self.transaction() as connection:
            return tuple(
                found for row in connection.execute(query).mappings() if (found := lapsing_of(row)) is not None
            )

    def drop_binding(self, target: JobRef, *, settles: Write | None = None) -> None:
        """Forget a target job, and in the same transaction that the planned write behind it is done."""
        with self.transaction() as connection:
            drop_bindings(connection, [target_row(target)])
            if settles:
                upsert_outcomes(connection, [outcome_row(settles, "done", "", now=self.now())])

    def recall(self, scope: str, key: str) -> str | None:
        """Something that was found out about a connection or a sync."""
        with self.transaction() as connection:
            found = connection.execute(sa.select(t.facts).where(t.facts.c.scope == scope, t.facts.c.key == key)).first()
            return None if found is None else str(checked(t.facts, found).value)

    def remember(self, scope: str, key: str, value: str) -> None:
        """Note something found out about a connection or a sync."""
        is_it = (t.facts.c.scope == scope, t.facts.c.key == key)
        try:
            with self.transaction() as connection:
                connection.execute(t.facts.delete().where(*is_it))
                connection.execute(t.facts.insert().values(scope=scope, key=key, value=value))
        except IntegrityError:  # another process was a moment earlier; the later word counts
            with self.transaction() as connection:
                amend(connection, t.facts, ("scope", "key"), [{"scope": scope, "key": key, "value": value}])

    def put_order(self, sync: str) -> None:
        """Note that a run of a sync has just found nothing left to do."""
        self.remember(sync, _IN_ORDER, write_time(self.now()))

    def in_order(self) -> dict[str, datetime]:
        """By sync, when a run last found nothing left to do."""
        query = sa.select(t.facts).where(t.facts.c.key == _IN_ORDER)
        with self.transaction() as connection:
            rows = (checked(t.facts, row) for row in connection.execute(query))
            return {row.scope: read_time(row.value) for row in rows}
