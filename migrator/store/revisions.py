"""Make and upgrade the tables by the revisions of Alembic, which is imported for that alone: it takes its time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from migrator.store import tables as t
from migrator.store.checksums import SUM, check_sums, set_sums
from migrator.store.versions import Revisions


def run_revisions(connection: sa.Connection, revisions: Revisions) -> None:
    """Run the revisions that a database lacks, in the transaction of `connection`.

    Every checksum is compared before, by the columns that were there, and made again after, so that a revision changes
    columns and rows as plain SQL does.

    Raises:
        StateError: a row is damaged.
    """
    context = MigrationContext.configure(connection, opts={"version_table": t.schema_version.name})
    found = context.get_current_revision()
    for table in _summed_tables(connection) if found else ():
        check_sums(connection, table)
    scripts = _scripts(revisions.folders)
    with Operations.context(context):
        for script in reversed([*scripts.iterate_revisions("head", found or "base")]):
            script.module.upgrade()
    context.stamp(scripts, "head")
    for table in _summed_tables(connection) if found else ():
        set_sums(connection, table)


@cache
def _scripts(folders: tuple[Path, ...]) -> ScriptDirectory:
    first, *_ = locations = [str(folder) for folder in folders]
    return ScriptDirectory(first, version_locations=locations)


def _summed_tables(connection: sa.Connection) -> Iterator[sa.Table]:
    """Yield the tables with checksums as they are in the database."""
    found = sa.MetaData()
    found.reflect(connection, only=lambda name, _: name in t.metadata.tables)
    for table in found.sorted_tables:
        for now in t.metadata.tables[table.name].columns:
            if now.name in table.columns:
                table.columns[now.name].info.update(now.info)
        if SUM in table.columns:
            yield table
