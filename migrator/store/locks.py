"""Leases: one run per target scope, on one machine or on several.

A lease names its owner (boot id, namespaces, process and when that started), is renewed while its owner lives, and
ends a minute after the last renewal by the database's clock. It ends at once when its owner is a process that can be
seen from here and has ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.exc import IntegrityError

from migrator.errors import LockedError
from migrator.mapping.codecs import write_time
from migrator.store import tables as t
from migrator.store.database import Database
from migrator.store.lock_owners import (
    database_now,
    lease_of,
    leases,
    living,
    owner_of,
    place_here,
    this_process,
    uptime_here,
    waiting_hint,
)
from migrator.store.records import Lease, Owner
from migrator.store.schema_version import require_version

_HELD: Final = sa.select(t.locks).where(t.locks.c.scope == sa.bindparam("at")).with_for_update()
"""Made once: it is asked at every commit of a run, and making it takes longer than asking."""


@frozen(kw_only=True)
class Locks(Database):
    """The part of the state that keeps two runs apart."""

    def lock(self, scope: str, run: str) -> Owner:
        """Take the lease of a target scope.

        Raises:
            LockedError: another run holds it.
            StateError: the state was upgraded since it was opened.
        """
        me = this_process(run)
        try:
            with self.transaction() as connection:
                require_version(
                    connection, self.shown, self.schema_version.now
                )  # it may have been upgraded since it was opened
                row = connection.execute(_HELD, {"at": scope}).first()
                now = database_now(connection)
                if row:
                    held = lease_of(row, now)
                    if not held.is_free:
                        raise _locked(scope, held)
                    connection.execute(t.locks.delete().where(t.locks.c.scope == scope))
                connection.execute(
                    t.locks.insert().values(
                        scope=scope,
                        host=me.host,
                        boot=me.boot,
                        namespace=me.namespace,
                        pid=me.pid,
                        started=me.started,
                        run=me.run,
                        **self._renewed(now),
                    )
                )
        except IntegrityError as error:
            raise _locked(scope, None) from error
        return me

    def beat(self, scope: str, owner: Owner) -> bool:
        """Renew a lease; False when it is no longer its owner's."""
        with self.transaction() as connection:
            done = connection.execute(
                t.locks.update()
                .where(t.locks.c.scope == scope, t.locks.c.run == owner.run)
                .values(**self._renewed(database_now(connection)))
            )
            return done.rowcount == 1

    def unlock(self, scope: str, owner: Owner) -> None:
        """Give a lease back."""
        with self.transaction() as connection:
            connection.execute(t.locks.delete().where(t.locks.c.scope == scope, t.locks.c.run == owner.run))

    def owners(self) -> Mapping[str, Owner]:
        """Return who holds which lock; without those whose lease is free."""
        with self.transaction() as connection:
            return living(connection)

    def leases(self) -> Mapping[str, Lease]:
        """Return every lease that is recorded, by its scope, also those that are free."""
        with self.transaction() as connection:
            return leases(connection)

    def _renewed(self, now: datetime) -> dict[str, Any]:
        uptime = uptime_here() if place_here()[0] else None
        return {"beat": write_time(now), "expires": write_time(now + self.lease), "uptime": uptime}


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


def _locked(scope: str, lease: Lease | None) -> LockedError:
    held = f"held by {lease.owner}" if lease else "locked by a run that started at the same moment"
    return LockedError("another run is writing to this target", where=scope, actual=held, hint=waiting_hint(lease))
