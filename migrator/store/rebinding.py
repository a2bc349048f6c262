"""Move what the state knows to another sync name, scope or source job, or to a file that takes over; or forget it.

Identity stands in many tables: bindings, rights, writes, saved records. All of them follow in one transaction, so that
an older run can still be rolled back afterwards. A takeover changes bindings only: what was done in the name of the
retired job, its active side and its definition stay under its own name, for the move back.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from attrs import frozen

from migrator.errors import RefusedError
from migrator.mapping.codecs import write_time
from migrator.store import tables as t
from migrator.store.active_sides import move_inactive_jobs
from migrator.store.checksums import SUM, amend
from migrator.store.database import Database
from migrator.store.journal import OPEN
from migrator.store.records import Bound, Definition, Run, Write
from migrator.store.relocation import Rebinding, Relocation, Row
from migrator.store.rows import active_side_key, bound_of, definition_row, target_row, write_of
from migrator.store.upserts import drop_active_sides, drop_bindings, upsert_definitions

_TAKEOVER: Final = ("source_provider", "source_scope", "source_id", "sync")
_APART: Final = {t.meta, t.locks, t.facts, t.syncs}
"""The tables that name no job: of the two last, what is known of a sync follows by itself."""


@frozen(kw_only=True)
class Rebinder(Database):
    """The part of the state that gives things other names."""

    def rebindings(self, relocations: Sequence[Relocation]) -> tuple[Rebinding, ...]:
        """Return the bindings that these moves concern, replaced jobs included.

        Raises:
            RefusedError: two bindings would become one.
        """
        with self.transaction() as connection:
            rows = list(connection.execute(sa.select(t.bindings).order_by(*t.bindings.primary_key)).mappings())
        pairs = [(dict(row), _applied(relocations, dict(row))) for row in rows]
        _refuse_clashes(pairs)
        return tuple(
            Rebinding(before=bound_of(old), after=bound_of(new), is_tagged=bool(old["tagged"]))
            for old, new in pairs
            if old != new
        )

    def bound_at(self, relocations: Sequence[Relocation]) -> tuple[Bound, ...]:
        """Return the bindings that hold the old names, replaced jobs included."""
        with self.transaction() as connection:
            rows = connection.execute(sa.select(t.bindings).order_by(*t.bindings.primary_key)).mappings()
            return tuple(bound_of(row) for row in rows if any(one.columns(dict(row)) for one in relocations))

    def open_at(self, relocations: Sequence[Relocation]) -> tuple[Write, ...]:
        """Return the writes without an outcome that hold the old names, without their fields."""
        query = sa.select(t.writes).where(t.writes.c.state.in_(OPEN)).order_by(t.writes.c.at, t.writes.c.seq)
        with self.transaction() as connection:
            rows = list(connection.execute(query))
            return tuple(write_of(row, None) for row in rows if any(one.columns(row._asdict()) for one in relocations))

    def enter(self, *runs: Run) -> None:
        """Enter runs that have ended already."""
        with self.transaction() as connection:
            for run in runs:
                _enter(connection, run, now=write_time(self.now()))

    def take_over(
        self, relocations: Sequence[Relocation], runs: Iterable[Run], definitions: Iterable[Definition] = ()
    ) -> None:
        """Let jobs of a file take the place of retired source jobs, or these that of the jobs of a file.

        Args:
            relocations: takeovers.
            runs: the runs that do it.
            definitions: of those that take their own place again, what the file held.

        Raises:
            RefusedError: two bindings would become one.
        """
        with self.transaction() as connection:
            bindings = [dict(row) for row in connection.execute(sa.select(t.bindings)).mappings()]
            pairs = [(row, _applied(relocations, row)) for row in bindings]
            _refuse_clashes(pairs)
            _rewrite(connection, t.bindings, relocations)
            for old, new in {_key(old): (old, new) for old, new in pairs if old != new}.values():
                if not _drop_takeover(connection, old):
                    origin = {f"origin_{name}": old[f"source_{name}"] for name in ("provider", "scope", "id")}
                    row = {**{name: new[name] for name in _TAKEOVER}, **origin, "origin_sync": old["sync"]}
                    connection.execute(t.takeovers.insert().values(row))
            upsert_definitions(connection, [definition_row(one) for one in definitions])
            for run in runs:
                _enter(connection, run, now=write_time(self.now()))

    def relocate(self, relocations: Sequence[Relocation], runs: Iterable[Run]) -> None:
        """Carry moves out, and enter the runs that did it; each sync that they name counts one more run.

        Raises:
            RefusedError: two bindings would become one.
        """
        with self.transaction() as connection:
            bindings = [dict(row) for row in connection.execute(sa.select(t.bindings)).mappings()]
            _refuse_clashes([(row, _applied(relocations, row)) for row in bindings])
            for table in t.metadata.sorted_tables:
                if table not in _APART:
                    _rewrite(connection, table, relocations)
            move_inactive_jobs(connection, lambda row: _applied(relocations, row))
            for one in relocations:
                if one.kind == "sync" and one.is_whole:
                    _rename_sync(connection, one.old, one.new)
            for run in runs:
                _enter(connection, run, now=write_time(self.now()))

    def forget(self, bound: Iterable[Bound], runs: Iterable[Run]) -> None:
        """Forget bindings, and which side may fire of their source jobs; nothing is done at the target."""
        bound = list(bound)
        with self.transaction() as connection:
            drop_bindings(connection, [target_row(one.target) for one in bound])
            drop_active_sides(
                connection, [active_side_key(one.source, (one.target.provider, one.target.scope)) for one in bound]
            )
            for run in runs:
                _enter(connection, run, now=write_time(self.now()))


def _key(row: Row) -> tuple[str, ...]:
    return tuple(row[name] for name in _TAKEOVER)


def _drop_takeover(connection: sa.Connection, binding: Row) -> bool:
    """Forget that the source job of a binding took another one's place; whether it had."""
    c = t.takeovers.c
    return bool(
        connection.execute(t.takeovers.delete().where(*(c[name] == binding[name] for name in _TAKEOVER))).rowcount
    )


def _applied(relocations: Iterable[Relocation], row: Mapping[str, Any]) -> Row:
    """A row after the first of the moves that concerns it."""
    found = (one.applied(row) for one in relocations)
    return next((new for new in found if new != row), dict(row))


def _refuse_clashes(pairs: Iterable[tuple[Row, Row]]) -> None:
    """Make sure that each target job, and each part of a source job at one place, keeps one binding."""
    pairs = list(pairs)
    moved = [new for old, new in pairs if old != new]
    for names in (
        ("target_provider", "target_scope", "target_id"),
        ("source_provider", "source_scope", "source_id", "piece", "target_provider", "target_scope", "superseded"),
    ):
        counts = Counter(tuple(new[name] for name in names) for _old, new in pairs if not new["superseded"])
        for new in moved:
            if counts[tuple(new[name] for name in names)] > 1:
                what = "the new address is taken; nothing was moved"
                told = f"{new['source_provider']}/{new['source_id']} → {new['target_provider']}/{new['target_id']}"
                hint = "delete the job that is one too many, or forget it: migrator state forget job.ID --sync SYNC"
                raise RefusedError(what, actual=told, hint=hint)


def _rewrite(connection: sa.Connection, table: sa.Table, relocations: Sequence[Relocation]) -> None:
    """Put the new names into a table; a row that stands at the new key already gives way, for it names nothing now."""
    keys = [column.name for column in table.primary_key]
    rows = [dict(row) for row in connection.execute(sa.select(table)).mappings()]
    changed = [(old, new) for old in rows if (new := _renamed(relocations, old)) != old]
    for old, new in changed:
        for row in (old, new):
            connection.execute(table.delete().where(*(table.c[key] == row[key] for key in keys)))
    if changed:
        connection.execute(table.insert(), [{name: new[name] for name in new if name != SUM} for _old, new in changed])


def _renamed(relocations: Sequence[Relocation], row: Row) -> Row:
    """A row of any table; of a saved record, the binding in it tells whose it is."""
    if not row.get("binding"):
        return _applied(relocations, row)
    binding = json.loads(row["binding"])
    after = _applied(relocations, binding)
    if after == binding:
        return row
    return {**row, "scope": after["target_scope"], "binding": json.dumps(after, ensure_ascii=False)}


def _rename_sync(connection: sa.Connection, old: str, new: str) -> None:
    """Let what is known of a sync as a whole follow its name, unless the new name has such already."""
    known = set(connection.scalars(sa.select(t.syncs.c.name)))
    if old in known and new not in known:
        _replace(connection, t.syncs, {"name": old}, {"name": new})
    facts = {(row.scope, row.key): row.value for row in connection.execute(sa.select(t.facts))}
    for scope, key in facts:
        parts = {old: new, f"sync {old}": f"sync {new}"}
        after = parts.get(scope) or (
            f"sync {new} of {scope.removeprefix(f'sync {old} of ')}" if scope.startswith(f"sync {old} of ") else scope
        )
        if after != scope and (after, key) not in facts:
            _replace(connection, t.facts, {"scope": scope, "key": key}, {"scope": after})


def _replace(connection: sa.Connection, table: sa.Table, key: Mapping[str, str], new: Mapping[str, str]) -> None:
    """Give a row another key; its checksum covers the key, so it is written again."""
    where = [table.c[name] == value for name, value in key.items()]
    row = connection.execute(sa.select(table).where(*where)).mappings().one()
    connection.execute(table.delete().where(*where))
    connection.execute(table.insert(), [{name: row[name] for name in row if name != SUM} | dict(new)])


def _enter(connection: sa.Connection, run: Run, *, now: str) -> None:
    place = (connection.scalar(sa.select(sa.func.max(t.runs.c.place))) or 0) + 1
    connection.execute(t.runs.delete().where(t.runs.c.id == run.id))
    connection.execute(
        t.runs.insert().values(
            id=run.id,
            sync=run.sync,
            target_provider=run.provider,
            target_scope=run.scope,
            plan_digest="",
            started_at=write_time(run.started_at),
            ended_at=now,
            result=json.dumps(dict(run.summary)),
            kind=run.kind,
            plan=run.plan,
            place=place,
        )
    )
    serial = connection.scalar(sa.select(t.syncs.c.serial).where(t.syncs.c.name == run.sync))
    if serial is not None:
        amend(connection, t.syncs, ["name"], [{"name": run.sync, "serial": serial + 1}])
