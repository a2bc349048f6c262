"""Opening a state: new, old, newer, damaged, locked, read-only, full; each has its message, and a way on."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
import sqlalchemy as sa

from migrator.errors import StateError
from migrator.store import State, open_state
from migrator.store import tables as t
from tests.store.conftest import Time
from tests.store.records import TARGET, begun, binding

OpenOne = Callable[[], State]


def known_file(path: Path, clock: Time) -> Path:
    """A state of some size in a file."""
    state = open_state(f"sqlite:///{path}", now=clock)
    begun(state)
    for number in range(200):
        state.save_record("one", attrs.evolve(TARGET, id=str(number)), {"a": "b" * 400})
    state.put_binding(binding(), dialect="vixie")
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


@pytest.mark.parametrize("version", ["99", "0", "nonsense", "²"])
def test_another_schema_version_is_refused_untouched(tmp_path: Path, clock: Time, version: str) -> None:
    """A file of another version stays as it is, to the byte."""
    path = known_file(tmp_path / "migrator.db", clock)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE schema_version SET version_num = ?", [version])
    connection.close()
    before = digest(path)

    assert "written by another version of migrator" in refused(path, clock)
    assert before == digest(path)
    assert [path] == list(tmp_path.iterdir())


def test_another_schema_version_on_a_server_is_refused(state_url: str, open_one: OpenOne, clock: Time) -> None:
    """The same where there is no file."""
    state = open_one()
    with state.transaction() as connection:
        connection.execute(sa.update(t.schema_version).values(version_num="99"))

    with pytest.raises(StateError, match=r"another version of migrator.*got: schema version '99'"):
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

    assert (("other", 0), ()) == (state.lineage("it", fresh="other"), state.bindings("devin", ("org-1",), "vixie"))
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


@pytest.mark.parametrize("before", ["a link that leads nowhere", "an empty file", "an empty file behind a link"])
def test_a_file_that_was_prepared_is_private_too(tmp_path: Path, clock: Time, before: str) -> None:
    """Whoever made an empty file or a link in its place does not decide who reads the state."""
    path, real = tmp_path / "migrator.db", tmp_path / "real.db"
    if "link" in before:
        path.symlink_to(real)
    if "empty" in before:
        (real if "link" in before else path).touch(mode=0o666)
        path.chmod(0o666)
    state = open_state(f"sqlite:///{path}", now=clock)
    state.remember("a", "b", "c")

    found = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    state.close()
    assert (found, path.is_symlink()) == ({0o600}, "link" in before)


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_file_is_no_state(tmp_path: Path, clock: Time, kind: str) -> None:
    """A pipe, a device or a folder is refused by name, and at once."""
    path = tmp_path / "migrator.db"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/null")

    assert "the state cannot be opened" in refused(path, clock)


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

    assert (binding(),) == state.bindings("devin", ("org-1",), "vixie")
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
    script = f"from migrator.store import open_state; open_state('sqlite:///{path}', now=lambda: None)"
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
