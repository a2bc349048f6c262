"""Upgrades of a state: by a second revision, with its data, its checksums and its backup, as a whole or not at all."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata, produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from migrator.errors import LockedError, StateError
from migrator.store import State, open_state
from migrator.store import tables as t
from migrator.store.checksums import check_sums, sum_of
from migrator.store.database import connect
from migrator.store.dump import MOVED
from migrator.store.schema_version import require_version
from migrator.store.versions import REVISIONS, Revisions
from tests.store.conftest import Time
from tests.store.records import LOCK, used

OpenOne = Callable[[], State]
Rows = Mapping[str, list[dict[str, Any]]]

SECOND = '''\
"""A column that is filled from the others, a column that gets shorter, and an index."""

import os
import signal

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade():
    op.add_column("bindings", sa.Column("note", sa.Text(), nullable=False, server_default=""))
    op.execute("UPDATE bindings SET note = 'of ' || sync")
    with op.batch_alter_table("facts") as batch:
        batch.alter_column("value", new_column_name="known")
    op.execute("UPDATE facts SET known = known || '!'")
    if os.environ.get("KILLED"):
        os.kill(os.getpid(), signal.SIGKILL)
    op.create_index("bindings_note", "bindings", ["note"])
'''

UPGRADE = """\
import sys
from datetime import UTC, datetime
from pathlib import Path
from migrator.store.database import connect
from migrator.store.versions import REVISIONS, Revisions

folders = (*REVISIONS.folders, Path(sys.argv[2]))
connect(sys.argv[1], now=lambda: datetime.now(UTC), upgrade=True, revisions=Revisions(folders=folders, newest=2))
print("upgraded")
"""


@pytest.fixture
def two(tmp_path_factory: pytest.TempPathFactory) -> Revisions:
    """The schema versions of a later program, which knows one more."""
    folder = tmp_path_factory.mktemp("later")
    (folder / "v2.py").write_text(SECOND, "utf-8")
    return Revisions(folders=(*REVISIONS.folders, folder), newest=2)


@contextmanager
def connected(url: str) -> Iterator[sa.Connection]:
    """A plain connection to a database."""
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def rows_of(url: str) -> Rows:
    """What the tables hold, whichever columns they have."""
    with connected(url) as connection:
        found = sa.MetaData()
        found.reflect(connection)
        assert {"schema_version", *t.metadata.tables} == set(found.tables)
        return {
            table.name: [
                dict(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key)).mappings()
            ]
            for table in found.sorted_tables
        }


def check_all_sums(url: str) -> None:
    """Compare every checksum, by the columns that the tables have now."""
    with connected(url) as connection:
        found = sa.MetaData()
        found.reflect(connection)
        found.tables["runs"].c.plan.info.update(t.runs.c.plan.info)
        for table in MOVED:
            check_sums(connection, found.tables[table.name])


def without_sums(rows: Rows) -> Rows:
    """The rows without their checksums, which an upgrade computes again."""
    return {name: [{k: v for k, v in row.items() if k != "sum"} for row in held] for name, held in rows.items()}


def test_an_upgrade_keeps_what_the_state_holds(
    state_url: str, open_one: OpenOne, clock: Time, two: Revisions, tmp_path: Path
) -> None:
    """Every row is there afterwards, with what the revision did to it and a checksum that fits; a file has a copy."""
    used(open_one()).close()
    before = rows_of(state_url)
    engine, _, version = connect(state_url, now=clock, upgrade=True, revisions=two)
    engine.dispose()

    after = without_sums(rows_of(state_url))
    expected = dict(without_sums(before))
    expected["schema_version"] = [{"version_num": "2"}]
    expected["bindings"] = [row | {"note": f"of {row['sync']}"} for row in expected["bindings"]]
    expected["facts"] = [
        {"scope": row["scope"], "key": row["key"], "known": f"{row['value']}!"} for row in expected["facts"]
    ]
    assert expected == after
    assert expected["bindings"]
    assert expected["facts"]
    check_all_sums(state_url)
    assert (1, 2) == (version.found, version.now)
    if state_url.startswith("sqlite"):
        assert version.backup
        assert before == rows_of(f"sqlite:///{version.backup}")
        assert 0o600 == version.backup.stat().st_mode & 0o777
    else:
        assert version.backup is None


def test_an_upgrade_that_is_killed_leaves_the_old_state(
    state_url: str, open_one: OpenOne, clock: Time, two: Revisions
) -> None:
    """Nothing of it is left, this program goes on with the state, and the next upgrade does all of it."""
    used(open_one()).close()
    before = rows_of(state_url)
    command = [sys.executable, "-c", UPGRADE, state_url, str(two.folders[-1])]
    killed = subprocess.run(command, env={**os.environ, "KILLED": "1"}, check=False, capture_output=True)

    assert (-signal.SIGKILL, b"") == (killed.returncode, killed.stdout)
    assert before == rows_of(state_url)
    state = open_one()
    state.check()
    state.close()
    assert "upgraded\n" == subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert [{"version_num": "2"}] == rows_of(state_url)["schema_version"]
    check_all_sums(state_url)


def test_an_older_state_is_refused_until_it_is_upgraded(
    state_url: str, open_one: OpenOne, clock: Time, two: Revisions
) -> None:
    """Opening it says which command upgrades it, and changes nothing."""
    used(open_one()).close()
    before = rows_of(state_url)

    with pytest.raises(StateError, match=r"older version of migrator.*migrator state upgrade"):
        connect(state_url, now=clock, revisions=two)
    assert before == rows_of(state_url)


def test_a_newer_state_is_refused_by_an_upgrade_as_well(
    state_url: str, open_one: OpenOne, clock: Time, two: Revisions
) -> None:
    """A program that knows one version does nothing to a state of the second."""
    used(open_one()).close()
    connect(state_url, now=clock, upgrade=True, revisions=two)[0].dispose()
    before = rows_of(state_url)

    with pytest.raises(StateError, match="another version of migrator"):
        open_state(state_url, now=clock, upgrade=True)
    assert before == rows_of(state_url)


def test_no_upgrade_under_a_run(state_url: str, open_one: OpenOne, clock: Time, two: Revisions) -> None:
    """A run that is in progress is waited for; one that opened the state before the upgrade does not begin after it."""
    state = open_one()
    owner = state.lock(LOCK, "one")
    with pytest.raises(LockedError, match="run one"):
        connect(state_url, now=clock, upgrade=True, revisions=two)
    state.unlock(LOCK, owner)
    connect(state_url, now=clock, upgrade=True, revisions=two)[0].dispose()

    with pytest.raises(StateError, match="another version of migrator"):
        state.lock(LOCK, "two")
    assert [] == rows_of(state_url)["locks"]


def test_a_damaged_row_is_not_given_a_new_checksum(
    state_url: str, open_one: OpenOne, clock: Time, two: Revisions
) -> None:
    """The upgrade ends with the row's name, and the state is as it was."""
    used(open_one()).close()
    with connected(state_url) as connection:
        connection.execute(sa.update(t.bindings).values(stands_for="something else"))
    before = rows_of(state_url)

    with pytest.raises(StateError, match=r"damaged.*bindings"):
        connect(state_url, now=clock, upgrade=True, revisions=two)
    assert before == rows_of(state_url)


def test_two_upgrades_at_once_are_one(state_url: str, open_one: OpenOne, clock: Time, two: Revisions) -> None:
    """The second one waits for the first, and finds nothing left to do."""
    used(open_one()).close()
    command = [sys.executable, "-c", UPGRADE, state_url, str(two.folders[-1])]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]

    assert [("upgraded\n", "")] * 2 == [process.communicate() for process in started]
    assert [{"version_num": "2"}] == rows_of(state_url)["schema_version"]
    check_all_sums(state_url)


def test_the_revisions_make_the_tables_of_the_program(state_url: str, open_one: OpenOne) -> None:
    """A table that was changed without a revision, or the other way round, fails here with what the revision lacks."""
    open_one().close()
    scripts = ScriptDirectory(
        str(REVISIONS.folders[0]), version_locations=[str(folder) for folder in REVISIONS.folders]
    )
    with connected(state_url) as connection:
        options = {"version_table": t.schema_version.name, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        lacking = render_python_code(produce_migrations(context, t.metadata).upgrade_ops)
        assert [] == compare_metadata(context, t.metadata), lacking
        require_version(connection, state_url, t.VERSION)
    assert [str(t.VERSION)] == scripts.get_heads()
    assert [str(number) for number in range(1, t.VERSION + 1)] == [
        script.revision for script in reversed([*scripts.walk_revisions()])
    ]


def test_a_checksum_does_not_depend_on_the_order_of_columns() -> None:
    """A revision adds a column behind the others, wherever the program has it."""
    columns = [sa.Column(name, sa.Text) for name in "ab"]
    turned = [sa.Column(name, sa.Text) for name in "ba"]
    row = {"a": "1", "b": "2"}

    assert sum_of(sa.Table("x", sa.MetaData(), *columns), row) == sum_of(sa.Table("x", sa.MetaData(), *turned), row)


def test_a_state_that_is_as_it_should_be_needs_no_migration_library(tmp_path: Path, clock: Time) -> None:
    """Alembic is imported where a state is new, and not where it is opened afterwards."""
    url = f"sqlite:///{tmp_path}/migrator.db"
    script = (
        "import sys; from datetime import UTC, datetime; from migrator.store import open_state;"
        f"open_state({url!r}, now=lambda: datetime.now(UTC)); print('alembic' in sys.modules)"
    )
    ran = [subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True) for _ in range(2)]

    assert ["True\n", "False\n"] == [one.stdout for one in ran]


def test_a_file_of_tables_without_a_version_is_no_state(tmp_path: Path, clock: Time) -> None:
    """It is refused by the names of its tables, and stays as it is."""
    path = tmp_path / "migrator.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE meta (key TEXT)")

    with pytest.raises(StateError, match="not a state of migrator"):
        open_state(f"sqlite:///{path}", now=clock, upgrade=True)
