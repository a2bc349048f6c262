"""Old runs forgotten, so that years of nights do not fill a disk; bindings, active sides and unresolved writes stay."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from attrs import frozen

from migrator.mapping.codecs import write_time
from migrator.store import tables as t
from migrator.store.database import Database
from migrator.store.lock_owners import living

_UNSETTLED: Final = ("claimed", "dispatched", "uncertain")


@frozen(kw_only=True)
class Pruned:
    """What was forgotten.

    Attributes:
        runs: how many runs.
        writes: how many writes of theirs.
        records: how many records that were saved before the first touch.
        left: how many runs are still known.
    """

    runs: int
    writes: int
    records: int
    left: int


@frozen(kw_only=True)
class Pruning(Database):
    """The part of the state that forgets."""

    def prune(self, before: datetime) -> Pruned:
        """Forget the runs that began before an instant: their plans, writes and saved records.

        Those stay whose writes are not settled, the latest of each sync and target, and what that one took up. What is
        forgotten can be listed and rolled back no more; what it made stays linked.
        """
        with self.transaction() as connection:
            runs = connection.execute(sa.select(*(column for column in t.runs.columns if column is not t.runs.c.plan)))
            known = list(runs)
            kept = _latest(known) | _unsettled(connection) | {o.run for o in living(connection).values()}
            gone = [row.id for row in known if row.started_at < write_time(before) and row.id not in kept]
            writes, records = (_forget(connection, column, gone) for column in (t.writes.c.run, t.saved_records.c.run))
            _forget(connection, t.runs.c.id, gone)
        if gone:
            self._give_back()
        return Pruned(runs=len(gone), writes=writes, records=records, left=len(known) - len(gone))

    def _give_back(self) -> None:
        """Make a file as small as what it holds; a server does that by itself."""
        if self.engine.dialect.name == "sqlite":
            with closing(self.engine.raw_connection()) as connection:
                connection.cursor().execute("VACUUM")


def _latest(runs: Iterable[Any]) -> set[str]:
    """The latest run of each sync and target, and the run that it took up or rolled back."""
    latest = {(row.sync, row.target_provider, row.target_scope): row for row in sorted(runs, key=_age)}
    return {name for row in latest.values() for name in (row.id, row.of) if name}


def _age(row: Any) -> tuple[int, str]:
    return row.place, row.started_at


def _unsettled(connection: sa.Connection) -> set[str]:
    return set(connection.scalars(sa.select(t.writes.c.run).where(t.writes.c.state.in_(_UNSETTLED)).distinct()))


def _forget(connection: sa.Connection, column: sa.Column[Any], runs: Iterable[str]) -> int:
    """Delete the rows of these runs; how many there were."""
    return sum(connection.execute(column.table.delete().where(column == run)).rowcount for run in runs)
