"""Opening a state: new, old, newer, damaged, locked, read-only, full; each has its message, and a way on."""

from __future__ import annotations

import hashlib
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
import sqlalchemy as sa

from migrator.checkup.here import check_state
from migrator.errors import LockedError, StateError
from migrator.state import State, open_state
from migrator.state import tables as t
from tests.state.conftest import Time
from tests.state.test_journal import TARGET, begun, intent, link
from tests.state.test_rights import missed, right

OpenOne = Callable[[], State]


def known_file(path: Path, clock: Time) -> Path:
    """A state of some size in a file."""
    state = open_state(f"sqlite:///{path}", now=clock)
    begun(state)
    for number in range(200):
        state.snapshot("one", attrs.evolve(TARGET, id=str(number)), {"a": "b" * 400})
    state.put_link(link(), dialect="vixie")
    state.close()
    return path


def refused(path: Path, clock: Time) -> str:
    """What opening the file, and reading all of it, says."""
    with pytest.raises(StateError) as caught:
        open_state(f"sqlite:///{path}", now=clock)
    assert str(path) in str(caught.value)
    return str(caught.value)


def digest(path: Path) -> str:
    """What a file holds."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_commit_waits_for_the_disk(state: State) -> None:
    """Every connection asks for durable commits: SQLite by WAL and FULL, PostgreSQL by synchronous_commit."""
    with state.transaction() as connection:
        if connection.dialect.name == "sqlite":
            found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
            assert ["wal", 2] == found
        else:
            found = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in ("synchronous_commit", "fsync")]
            assert ["on", "on"] == found


def test_a_server_that_answers_early_is_told_not_to(fresh_schema: Callable[[], str], clock: Time) -> None:
    """A PostgreSQL session whose default is to acknowledge before the disk has it is set right."""
    lax = fresh_schema().replace("options=", "options=-csynchronous_commit%3Doff%20")
    state = open_state(lax, now=clock)
    with state.transaction() as connection:
        assert "on" == connection.exec_driver_sql("SHOW synchronous_commit").scalar()
    state.close()


NEW_COLUMNS = {
    2: {"runs": {"kind", "of", "plan", "place"}, "intents": {"ended_at"}, "snapshots": {"link"}},
    3: {"links": {"stands_for", "until"}},
}
"""What each version brought to tables that were there, by version and table."""
NEW_TABLES = {3: {"rights", "missed"}}
"""The tables that each version brought."""


def older_layout(version: int) -> sa.MetaData:
    """The tables as they were in an older version."""
    older = sa.MetaData()
    since = range(version + 1, t.VERSION + 1)
    for table in t.metadata.sorted_tables:
        if any(table.name in NEW_TABLES.get(one, ()) for one in since):
            continue
        new = {name for one in since for name in NEW_COLUMNS.get(one, {}).get(table.name, ())}
        columns = [sa.Column(c.name, c.type, primary_key=c.primary_key, nullable=c.nullable) for c in table.columns]
        sa.Table(table.name, older, *(column for column in columns if column.name not in new))
    return older


def make_older(url: str, version: int = 1) -> None:
    """A state of an older version, with a sync, a run and a record."""
    older = older_layout(version)
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        older.create_all(connection)
        connection.execute(older.tables["meta"].insert().values(key="version", value=str(version)))
        connection.execute(older.tables["syncs"].insert().values(name="it", lineage="old", serial=7))
        run = {"id": "one", "sync": "it", "target_provider": "devin", "target_scope": "org-1", "plan_digest": "d"}
        since = {"kind": "apply", "place": 1} if version > 1 else {}
        connection.execute(older.tables["runs"].insert().values(**run, **since, started_at="2026-11-20T09:00:00Z"))
        snapshot = {"run": "one", "provider": "devin", "scope": "org-1", "id": "x", "record": "{}"}
        connection.execute(older.tables["snapshots"].insert().values(**snapshot))
    engine.dispose()


@pytest.mark.parametrize("version", range(1, t.VERSION))
def test_an_older_layout_is_brought_up(state_url: str, clock: Time, version: int) -> None:
    """A state of an older version keeps its links, runs and open writes, and takes everything new."""
    make_older(state_url, version)

    state = open_state(state_url, now=clock, older="upgrade")
    (found,) = state.runs()
    assert (("old", 7), "apply", None) == (state.lineage("it", fresh="new"), found.kind, found.plan)
    begun(state, intent(run="two", state="claimed"), run="two")
    state.put_link(link(), dialect="vixie")
    state.put_right(right(), dialect="vixie")
    state.note_missed([missed()])
    state.snapshot("two", TARGET, {"id": "x"}, link=link(), dialect="vixie")
    again = open_state(state_url, now=clock)
    assert (["two", "one"], (missed(),)) == ([known.id for known in again.runs()], again.missed())
    assert (version, t.VERSION, t.VERSION) == (state.layout.found, state.layout.now, again.layout.found)
    state.close()
    again.close()


def test_a_server_waits_until_somebody_says_so(fresh_schema: Callable[[], str], clock: Time) -> None:
    """Opening alone leaves a server's older layout to those that still use it, and says how it is brought up."""
    url = fresh_schema()
    make_older(url)

    for _ in range(2):
        with pytest.raises(StateError, match=r"layout 1; .*migrator state upgrade"):
            open_state(url, now=clock)
    (check,) = check_state(url, now=clock)
    assert ("fault", True) == (check.status, check.todo.endswith("migrator state upgrade"))


def test_a_file_is_copied_before_it_is_brought_up(tmp_path: Path, clock: Time) -> None:
    """Opening a file of layout 1 leaves it beside the new one, whole and readable by the older version; only once."""
    url = f"sqlite:///{tmp_path}/migrator.db"
    make_older(url)

    state = open_state(url, now=clock)
    again = open_state(url, now=clock)
    copy = tmp_path / "migrator.db.layout-1.20261121T090000"
    assert (copy, None) == (state.layout.backup, again.layout.backup)
    kept = open_state(f"sqlite:///{copy}", now=clock, older="keep")
    assert ((1, 1), 7) == ((kept.layout.found, kept.layout.now), kept.contents().tables["syncs"][0]["serial"])
    for one in (state, again, kept):
        one.close()


def test_without_room_for_the_copy_the_file_stays(tmp_path: Path, clock: Time) -> None:
    """A file that cannot be copied is not brought up."""
    path = tmp_path / "migrator.db"
    make_older(f"sqlite:///{path}")
    (tmp_path / "migrator.db.layout-1.20261121T090000").write_text("in the way", "utf-8")

    with pytest.raises(StateError, match="no copy of the state could be made"):
        open_state(f"sqlite:///{path}", now=clock)
    kept = open_state(f"sqlite:///{path}", now=clock, older="keep")
    assert 1 == kept.layout.now
    kept.close()


def test_nothing_is_brought_up_under_a_run(state_url: str, clock: Time) -> None:
    """While a run of the older version holds a lock, its state stays as it is."""
    make_older(state_url)
    kept = open_state(state_url, now=clock, older="keep")
    kept.lock("devin:org-1", "old")

    with pytest.raises(LockedError, match=r"devin:org-1 is held by run old"):
        open_state(state_url, now=clock, older="upgrade")
    kept.unlock("devin:org-1", kept.owners()["devin:org-1"])
    open_state(state_url, now=clock, older="upgrade").close()
    kept.close()


def test_a_newer_layout_is_refused_untouched(tmp_path: Path, clock: Time) -> None:
    """A file of a newer version stays as it is, to the byte."""
    path = known_file(tmp_path / "migrator.db", clock)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
    connection.close()
    before = digest(path)

    assert "newer version of migrator" in refused(path, clock)
    assert before == digest(path)
    assert [path] == list(tmp_path.iterdir())


def test_a_newer_layout_on_a_server_is_refused(state_url: str, open_one: OpenOne, clock: Time) -> None:
    """The same where there is no file."""
    state = open_one()
    with state.transaction() as connection:
        connection.execute(t.meta.update().values(value="99"))

    with pytest.raises(StateError, match=r"newer version of migrator.*got: layout 99"):
        open_state(state_url, now=clock)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_found_out(tmp_path: Path, clock: Time, part: float) -> None:
    """A file that lost its end is refused before anything is written to it, with the way to build it anew."""
    path = known_file(tmp_path / "migrator.db", clock)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    before = digest(path)

    assert 'set adopt = "identical"' in refused(path, clock)
    assert before == digest(path)


def test_a_file_that_is_something_else_is_refused(tmp_path: Path, clock: Time) -> None:
    """Neither a text nor another program's database is taken over."""
    text = tmp_path / "notes.txt"
    text.write_text("Buy milk. " * 500, "utf-8")
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE photos (id INTEGER)")
    connection.close()

    assert "not a database" in refused(text, clock)
    assert "a database with the tables photos" in refused(other, clock)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, clock: Time) -> None:
    """A file that cannot be made says so."""
    assert "--state" in refused(tmp_path / "nowhere" / "migrator.db", clock)


def test_a_lost_file_is_a_new_state(tmp_path: Path, clock: Time) -> None:
    """After the file is deleted the state is empty, with a lineage of its own: old plans do not fit it."""
    path = known_file(tmp_path / "migrator.db", clock)
    path.unlink()
    state = open_state(f"sqlite:///{path}", now=clock)

    assert (("other", 0), ()) == (state.lineage("it", fresh="other"), state.links("devin", ("org-1",), "vixie"))
    state.close()


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path, clock: Time) -> None:
    """Prompts and addresses are nobody else's, also in the files beside it; what a person has allowed stays allowed."""
    path = tmp_path / "migrator.db"

    def used() -> set[int]:
        state = open_state(f"sqlite:///{path}", now=clock)
        state.remember("a", "b", "c")
        found = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
        state.close()
        path.chmod(0o660)
        return found

    assert {0o600} == used()
    assert {0o660} == used()


def test_a_file_that_another_program_holds_is_named(tmp_path: Path, clock: Time) -> None:
    """A write that waits in vain for another program ends with a message, and works when that one is done."""
    path = known_file(tmp_path / "migrator.db", clock)
    state = open_state(f"sqlite:///{path}", now=clock)
    with state.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA busy_timeout=10")
        connection.exec_driver_sql("BEGIN")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StateError, match="another program holds the file"):
        state.remember("a", "b", "c")

    other.execute("ROLLBACK")
    other.close()
    state.remember("a", "b", "c")
    assert "c" == state.recall("a", "b")
    state.close()


def test_a_full_disk_is_named(tmp_path: Path, clock: Time) -> None:
    """A write that finds no room fails as a whole, with what to do; what was noted before stays."""
    state = open_state(f"sqlite:///{known_file(tmp_path / 'migrator.db', clock)}", now=clock)
    with state.transaction() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    with pytest.raises(StateError, match="make room on the disk"):
        state.remember("a", "b", "c" * 1_000_000)

    assert (link(),) == state.links("devin", ("org-1",), "vixie")
    state.close()


def test_a_read_only_disk_is_named(tmp_path: Path, clock: Time) -> None:
    """A state that can be read and not written says so before a run begins."""
    path = known_file(tmp_path / "migrator.db", clock)
    state = open_state(f"sqlite:///{path}", now=clock)
    with state.transaction() as connection:
        connection.exec_driver_sql("PRAGMA query_only=1")

    with pytest.raises(StateError, match="read-only: make it writable"):
        state.remember("a", "b", "c")
    state.close()


def test_a_log_that_cannot_be_opened_is_named(tmp_path: Path, clock: Time) -> None:
    """A file beside which nothing can be written is whole: nobody is told to move it away."""
    path = known_file(tmp_path / "migrator.db", clock)
    path.with_name("migrator.db-wal").mkdir()

    told = refused(path, clock)

    assert ("make it writable" in told, "move the file away" in told) == (True, False)


def test_a_disk_without_room_for_opening_is_named(tmp_path: Path, clock: Time) -> None:
    """A whole file on a full disk cannot even be opened: make room, and never move it away."""
    path = known_file(tmp_path / "migrator.db", clock)
    script = f"from migrator.state import open_state; open_state('sqlite:///{path}', now=lambda: None)"
    full = ["/bin/sh", "-c", 'ulimit -f 8; exec "$@"', "sh", sys.executable, "-c", script]

    ended = subprocess.run(full, capture_output=True, text=True, check=False)

    assert "disk I/O error; the disk is full or failing: make room on the disk" in ended.stderr
    assert "move the file away" not in ended.stderr


def test_passwords_stay_out_of_messages(clock: Time) -> None:
    """A server that cannot be reached is named without its password."""
    with pytest.raises(StateError) as caught:
        open_state("postgresql://me:secret@127.0.0.1:1/none", now=clock)

    assert "secret" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)
