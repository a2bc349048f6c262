"""The state: links, journal, snapshots and locks, in SQLite or PostgreSQL.

Every public method is one transaction: when it returns, what it was told is on disk.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from migrator.canonical import JobRef
from migrator.document import fields_from_json, fields_to_json
from migrator.errors import LockedError, StateError
from migrator.mapping.codecs import read_time, write_time
from migrator.state import tables as t
from migrator.state.locks import LAPSE, is_dead, this_process
from migrator.state.values import Intent, IntentState, Link, Owner

_SHOWN: Final = 12


def open_state(url: str, *, now: Callable[[], datetime]) -> State:
    """Open the state, making its tables when it is new.

    Args:
        url: "sqlite:///migrator.db" or "postgresql://user@host/name".
        now: the clock.

    Raises:
        StateError: it cannot be opened, is damaged, or was written by a newer version; nothing was changed then.
    """
    shown = sa.engine.make_url(url).render_as_string(hide_password=True)
    if url.startswith("postgresql://"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    try:
        engine = sa.create_engine(url)
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", _configure_sqlite)
            sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        with engine.begin() as connection:
            _check_version(connection, shown)
    except (SQLAlchemyError, ImportError) as error:
        reason = str(error.orig) if isinstance(error, DBAPIError) else str(error)
        hint = "see that the file or server can be reached and written; another one can be named with --state"
        raise StateError("the state cannot be opened", where=shown, actual=reason, hint=hint) from error
    return State(engine=engine, now=now, shown=shown)


def _configure_sqlite(connection: Any, _record: Any) -> None:
    """Durable at every commit, readable while a run writes, patient with another process."""
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")


def _check_version(connection: sa.Connection, shown: str) -> None:
    inspector = sa.inspect(connection)
    found = None
    if inspector.has_table("meta"):
        found = connection.scalar(sa.select(t.meta.c.value).where(t.meta.c.key == "version"))
    if found is not None and int(found) > t.VERSION:
        raise StateError(
            "the state was written by a newer version of migrator",
            where=shown,
            actual=f"layout {found}",
            allowed=f"layout {t.VERSION}",
            hint="upgrade migrator, or name another state with --state",
        )
    t.metadata.create_all(connection)
    if found is None:
        connection.execute(t.meta.insert().values(key="version", value=str(t.VERSION)))


@frozen(kw_only=True)
class State:
    """An open state."""

    engine: sa.Engine
    now: Callable[[], datetime]
    shown: str

    def close(self) -> None:
        """Let go of the file or the server."""
        self.engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        try:
            with self.engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except DBAPIError as error:
            hint = "what was noted before stays noted; run the command again when the state can be written"
            raise StateError("the state cannot be used", where=self.shown, actual=str(error.orig), hint=hint) from error

    # -- syncs --------------------------------------------------------------------------------------------------------

    def lineage(self, sync: str, *, fresh: str) -> tuple[str, int]:
        """The sync's lineage and serial; a sync that is new here starts lineage `fresh` at serial 0."""
        with self._transaction() as connection:
            row = connection.execute(sa.select(t.syncs).where(t.syncs.c.name == sync)).first()
            if row:
                return row.lineage, row.serial
            connection.execute(t.syncs.insert().values(name=sync, lineage=fresh, serial=0))
            return fresh, 0

    # -- links --------------------------------------------------------------------------------------------------------

    def links(self, provider: str, scopes: tuple[str, ...], dialect: str) -> tuple[Link, ...]:
        """Every link into these target scopes; `dialect` is the target's."""
        query = sa.select(t.links).where(t.links.c.target_provider == provider, t.links.c.target_scope.in_(scopes))
        with self._transaction() as connection:
            return tuple(_link(row, dialect) for row in connection.execute(query))

    def put_link(self, *links: Link, dialect: str, settles: Intent | None = None) -> None:
        """Remember links, and in the same transaction that the intent behind them is done."""
        with self._transaction() as connection:
            for link in links:
                connection.execute(t.links.delete().where(*_is_target(link.target)))
                connection.execute(t.links.insert().values(**_link_row(link, dialect)))
            if settles:
                _settle(connection, settles, "done", "")

    def drop_link(self, target: JobRef, *, settles: Intent | None = None) -> None:
        """Forget a target job, and in the same transaction that the intent behind it is done."""
        with self._transaction() as connection:
            connection.execute(t.links.delete().where(*_is_target(target)))
            if settles:
                _settle(connection, settles, "done", "")

    # -- journal ------------------------------------------------------------------------------------------------------

    def begin_run(self, run: str, *, sync: str, provider: str, scope: str, plan_digest: str) -> None:
        """Open a run, and move the sync's serial on: no plan made before it can be applied any more."""
        with self._transaction() as connection:
            connection.execute(
                t.runs.insert().values(
                    id=run,
                    sync=sync,
                    target_provider=provider,
                    target_scope=scope,
                    plan_digest=plan_digest,
                    started_at=write_time(self.now()),
                )
            )
            connection.execute(t.syncs.update().where(t.syncs.c.name == sync).values(serial=t.syncs.c.serial + 1))

    def end_run(self, run: str, result: Mapping[str, Any]) -> None:
        """Close a run with its summary."""
        with self._transaction() as connection:
            connection.execute(
                t.runs.update()
                .where(t.runs.c.id == run)
                .values(ended_at=write_time(self.now()), result=json.dumps(result))
            )

    def intend(self, intent: Intent, provider: str, dialect: str) -> None:
        """Note a write before it is sent."""
        source = intent.source
        with self._transaction() as connection:
            connection.execute(
                t.intents.insert().values(
                    run=intent.run,
                    seq=intent.seq,
                    sync=intent.sync,
                    action=intent.action,
                    source_provider=source and source.provider,
                    source_scope=source and source.scope,
                    source_id=source and source.id,
                    target_provider=provider,
                    target_scope=intent.target_scope,
                    target_id=intent.target_id,
                    piece=intent.piece,
                    pieces=intent.pieces,
                    name=intent.name,
                    fields=json.dumps(fields_to_json(intent.fields, dialect), ensure_ascii=False),
                    at=write_time(intent.at),
                    state=intent.state,
                    error=intent.error,
                )
            )

    def settle(self, intent: Intent, state: IntentState, error: str = "") -> None:
        """Note what became of a write."""
        with self._transaction() as connection:
            _settle(connection, intent, state, error)

    def open_intents(self, provider: str, scopes: tuple[str, ...], dialect: str) -> tuple[Intent, ...]:
        """Every write whose outcome is not known, oldest first."""
        query = (
            sa.select(t.intents)
            .where(
                t.intents.c.target_provider == provider,
                t.intents.c.target_scope.in_(scopes),
                t.intents.c.state.in_(["dispatched", "uncertain"]),
            )
            .order_by(t.intents.c.at, t.intents.c.run, t.intents.c.seq)
        )
        with self._transaction() as connection:
            return tuple(_intent(row, dialect) for row in connection.execute(query))

    def snapshot(self, run: str, ref: JobRef, record: Mapping[str, Any]) -> None:
        """Keep a target job's record as it was before this run touched it; the first one of a run counts."""
        key = {"run": run, "provider": ref.provider, "scope": ref.scope, "id": ref.id}
        with self._transaction() as connection:
            same = sa.select(t.snapshots.c.id).where(*(t.snapshots.c[name] == value for name, value in key.items()))
            if connection.execute(same).first() is None:
                connection.execute(t.snapshots.insert().values(**key, record=json.dumps(record, ensure_ascii=False)))

    # -- facts about providers ----------------------------------------------------------------------------------------

    def recall(self, scope: str, key: str) -> str | None:
        """Something that was found out about a connection."""
        with self._transaction() as connection:
            found = connection.scalar(sa.select(t.facts.c.value).where(t.facts.c.scope == scope, t.facts.c.key == key))
            return None if found is None else str(found)

    def remember(self, scope: str, key: str, value: str) -> None:
        """Note something found out about a connection."""
        with self._transaction() as connection:
            connection.execute(t.facts.delete().where(t.facts.c.scope == scope, t.facts.c.key == key))
            connection.execute(t.facts.insert().values(scope=scope, key=key, value=value))

    # -- locks --------------------------------------------------------------------------------------------------------

    def lock(self, scope: str, run: str) -> Owner:
        """Take the lock of a target scope.

        Raises:
            LockedError: another run holds it.
        """
        me = this_process(run)
        try:
            with self._transaction() as connection:
                query = sa.select(t.locks).where(t.locks.c.scope == scope).with_for_update()
                if row := connection.execute(query).first():
                    owner = Owner(host=row.host, pid=row.pid, started=row.started, run=row.run)
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
        with self._transaction() as connection:
            done = connection.execute(
                t.locks.update()
                .where(t.locks.c.scope == scope, t.locks.c.run == owner.run)
                .values(beat=write_time(self.now()))
            )
            return done.rowcount == 1

    def unlock(self, scope: str, owner: Owner) -> None:
        """Give a lock back."""
        with self._transaction() as connection:
            connection.execute(t.locks.delete().where(t.locks.c.scope == scope, t.locks.c.run == owner.run))


def _locked(scope: str, owner: Owner | None) -> LockedError:
    return LockedError(
        "another run is writing to this target",
        where=scope,
        actual=f"held by {owner}" if owner else "held by a run that started at the same moment",
        hint=f"wait for it; a dead run's lock lapses after {LAPSE.seconds} s",
    )


def _settle(connection: sa.Connection, intent: Intent, state: IntentState, error: str) -> None:
    connection.execute(
        t.intents.update()
        .where(t.intents.c.run == intent.run, t.intents.c.seq == intent.seq)
        .values(state=state, error=error)
    )


def _is_target(ref: JobRef) -> tuple[Any, ...]:
    columns = t.links.c
    return columns.target_provider == ref.provider, columns.target_scope == ref.scope, columns.target_id == ref.id


def _link_row(link: Link, dialect: str) -> dict[str, Any]:
    return {
        "target_provider": link.target.provider,
        "target_scope": link.target.scope,
        "target_id": link.target.id,
        "source_provider": link.source.provider,
        "source_scope": link.source.scope,
        "source_id": link.source.id,
        "piece": link.piece,
        "pieces": link.pieces,
        "sync": link.sync,
        "applied": json.dumps(fields_to_json(link.applied, dialect), ensure_ascii=False),
        "seen": json.dumps(fields_to_json(link.seen, dialect), ensure_ascii=False),
        "marked": int(link.marked),
        "superseded": int(link.superseded),
    }


def _link(row: Any, dialect: str) -> Link:
    return Link(
        source=JobRef(provider=row.source_provider, scope=row.source_scope, id=row.source_id),
        target=JobRef(provider=row.target_provider, scope=row.target_scope, id=row.target_id),
        piece=row.piece,
        pieces=row.pieces,
        sync=row.sync,
        applied=fields_from_json(json.loads(row.applied), dialect),
        seen=fields_from_json(json.loads(row.seen), dialect),
        marked=bool(row.marked),
        superseded=bool(row.superseded),
    )


def _intent(row: Any, dialect: str) -> Intent:
    source = row.source_id and JobRef(provider=row.source_provider, scope=row.source_scope, id=row.source_id)
    return Intent(
        run=row.run,
        seq=row.seq,
        sync=row.sync,
        action=row.action,
        source=source or None,
        target_scope=row.target_scope,
        target_id=row.target_id,
        piece=row.piece,
        pieces=row.pieces,
        name=row.name,
        fields=fields_from_json(json.loads(row.fields), dialect),
        at=read_time(row.at),
        state=row.state,
        error=row.error,
    )


__all__ = ["Intent", "Link", "Owner", "State", "open_state"]
