"""Whose turn it is: one run per target scope, on one machine or on several.

A lock says who holds it (host, process and when that process started), beats while its owner lives, and lapses a minute
after the last beat; a dead process on the same host loses it at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.exc import IntegrityError

from migrator.errors import LockedError
from migrator.mapping.codecs import read_time, write_time
from migrator.state import tables as t
from migrator.state.database import Database
from migrator.state.owners import LAPSE, is_dead, living, owner_of, this_process
from migrator.state.values import Owner

_HELD: Final = sa.select(t.locks).where(t.locks.c.scope == sa.bindparam("at")).with_for_update()
"""Made once: it is asked at every commit of a run, and making it takes longer than asking."""


@frozen(kw_only=True)
class Locks(Database):
    """The part of the state that keeps two runs apart."""

    def lock(self, scope: str, run: str) -> Owner:
        """Take the lock of a target scope.

        Raises:
            LockedError: another run holds it.
        """
        me = this_process(run)
        try:
            with self.transaction() as connection:
                if row := connection.execute(_HELD, {"at": scope}).first():
                    owner = owner_of(row)
                    if not is_dead(owner, read_time(row.beat), now=self.now()):
                        raise _locked(scope, owner)
                    connection.execute(t.locks.delete().where(t.locks.c.scope == scope))
                connection.execute(
                    t.locks.insert().values(
                        scope=scope,
                        host=me.host,
                        pid=me.pid,
                        started=me.started,
                        run=me.run,
                        beat=write_time(self.now()),
                    )
                )
        except IntegrityError as error:
            raise _locked(scope, None) from error
        return me

    def beat(self, scope: str, owner: Owner) -> bool:
        """Say that the owner of a lock lives; False when the lock is no longer its own."""
        with self.transaction() as connection:
            done = connection.execute(
                t.locks.update()
                .where(t.locks.c.scope == scope, t.locks.c.run == owner.run)
                .values(beat=write_time(self.now()))
            )
            return done.rowcount == 1

    def unlock(self, scope: str, owner: Owner) -> None:
        """Give a lock back."""
        with self.transaction() as connection:
            connection.execute(t.locks.delete().where(t.locks.c.scope == scope, t.locks.c.run == owner.run))

    def owners(self) -> Mapping[str, Owner]:
        """Who holds which lock; those whose owner is gone left out."""
        with self.transaction() as connection:
            return living(connection, self.now())


def require(connection: sa.Connection, scope: str, run: str) -> None:
    """Make sure, within a transaction, that a run still holds a lock.

    Raises:
        LockedError: it has lost it.
    """
    row = connection.execute(_HELD, {"at": scope}).first()
    if row is None or row.run != run:
        taken = f"held by {owner_of(row)}" if row else "held by nobody"
        hint = "nothing more is sent; run the command again when the other run has ended"
        raise LockedError("this run has lost its lock", where=scope, actual=taken, hint=hint)


def _locked(scope: str, owner: Owner | None) -> LockedError:
    return LockedError(
        "another run is writing to this target",
        where=scope,
        actual=f"held by {owner}" if owner else "held by a run that started at the same moment",
        hint=f"wait for it; a dead run's lock lapses after {LAPSE.seconds} s",
    )
