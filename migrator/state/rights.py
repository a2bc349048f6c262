"""Which side may fire, and the ledger of the instants at which not exactly one could."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from attrs import frozen

from migrator.canonical import JobRef
from migrator.mapping.codecs import write_time
from migrator.state import tables as t
from migrator.state.database import Database
from migrator.state.rows import missed_of, missed_row, right_key, right_of, right_row
from migrator.state.values import Missed, Right
from migrator.state.writes import drop_rights, write_rights


@frozen(kw_only=True)
class Rights(Database):
    """The part of the state that knows which side has the right to fire."""

    def rights(self, provider: str, scopes: tuple[str, ...], dialect: str) -> tuple[Right, ...]:
        """What is remembered of the source jobs of these scopes; `dialect` is the source's."""
        query = sa.select(t.rights).where(t.rights.c.source_provider == provider, t.rights.c.source_scope.in_(scopes))
        with self.transaction() as connection:
            return tuple(right_of(row, dialect) for row in connection.execute(query.order_by(t.rights.c.source_id)))

    def put_right(self, *rights: Right, dialect: str, missed: Iterable[Missed] = ()) -> None:
        """Remember rights, in place of what was remembered of the same job and target.

        Args:
            rights: what is so now.
            dialect: the source's.
            missed: instants that are entered into the ledger in the same commit.
        """
        with self.transaction() as connection:
            write_rights(connection, [right_row(right, dialect) for right in rights])
            _enter(connection, missed)

    def rights_towards(self, target: tuple[str, str]) -> frozenset[JobRef]:
        """The source jobs of which a right towards a target is remembered."""
        columns = t.rights.c
        query = sa.select(columns.source_provider, columns.source_scope, columns.source_id).where(
            columns.target_provider == target[0], columns.target_scope == target[1]
        )
        with self.transaction() as connection:
            return frozenset(JobRef(provider=p, scope=s, id=i) for p, s, i in connection.execute(query))

    def drop_rights(self, sources: Iterable[JobRef], target: tuple[str, str], *, missed: Iterable[Missed] = ()) -> None:
        """Forget the rights of source jobs towards a target: both sides fire by their own flags again.

        Args:
            sources: the source jobs.
            target: provider and scope.
            missed: instants that are entered into the ledger in the same commit.
        """
        with self.transaction() as connection:
            drop_rights(connection, [right_key(source, target) for source in sources])
            _enter(connection, missed)

    def note_missed(self, entries: Iterable[Missed]) -> None:
        """Enter instants into the ledger; one that stands there already stays as it is."""
        with self.transaction() as connection:
            _enter(connection, entries)

    def missed(self, sync: str | None = None) -> tuple[Missed, ...]:
        """The ledger, or the part of one sync, in the order of the instants."""
        query = sa.select(t.missed).order_by(t.missed.c.at, t.missed.c.name)
        with self.transaction() as connection:
            rows = connection.execute(query if sync is None else query.where(t.missed.c.sync == sync))
            return tuple(map(missed_of, rows))


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
