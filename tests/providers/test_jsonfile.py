"""A file as a provider."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from pathlib import Path
from typing import Any

import pytest

from migrator.errors import NotFoundError, ProtocolError, RejectedError, TransientError, UsageError
from migrator.providers import open_adapter
from migrator.providers.base import Connection, Created, Record
from migrator.providers.json import JsonFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file will be."""
    return tmp_path / "jobs.json"


@pytest.fixture
def file(path: Path) -> JsonFile:
    """A target, with ids that count."""
    count = itertools.count(1)
    return JsonFile(path=str(path), must_exist=False, new_id=lambda: f"id-{next(count)}")


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def content(path: Path) -> Any:
    return json.loads(text(path))


def files(path: Path) -> list[str]:
    return os.listdir(path.parent)  # noqa: PTH208 (names, to compare)


def put(path: Path, said: str | bytes) -> None:
    path.write_bytes(said if isinstance(said, bytes) else said.encode())


async def names(file: JsonFile) -> list[str]:
    return [record.raw["name"] async for record in file.list_jobs()]


async def test_a_job_is_written_and_read(file: JsonFile, path: Path) -> None:
    """A new job gets an id, stands in the file, and is read as it was written."""
    job = {"name": "Größe ✓", "labels": [], "description": None}
    made = await file.create_job(file.path, job)
    expected = {"id": "id-1", "name": "Größe ✓", "labels": [], "description": None}
    assert Created(id="id-1", record=Record(scope=str(path), raw=expected)) == made
    assert {"schema": "migrator/jobs@1", "jobs": [expected]} == content(path)
    assert made.record == await file.get_job(file.path, "id-1")
    assert "Größe ✓" in text(path)


async def test_half_a_surrogate_pair_is_kept(file: JsonFile) -> None:
    """Text that JSON can hold and UTF-8 cannot is read back as it was."""
    made = await file.create_job(file.path, {"name": "\ud83d"})
    again = JsonFile(path=file.path)
    assert "\ud83d" == (await again.get_job(again.path, made.id)).raw["name"]


async def test_a_job_may_bring_its_id(file: JsonFile) -> None:
    """An id in the payload is kept, and cannot be given twice."""
    assert "mine" == (await file.create_job(file.path, {"id": "mine", "name": "a"})).id
    with pytest.raises(RejectedError, match="already holds"):
        await file.create_job(file.path, {"id": "mine", "name": "b"})
    assert ["a"] == await names(file)


async def test_new_ids_are_distinct(path: Path) -> None:
    """Without an id of its own each job gets a fresh one."""
    file = JsonFile(path=str(path), must_exist=False)
    made = [await file.create_job(file.path, {"name": "a"}) for _ in range(3)]
    assert 3 == len({job.id for job in made})


async def test_an_update_replaces_the_keys_that_it_names(file: JsonFile) -> None:
    """Other keys stay, whole objects are replaced, null is written as null, and the id cannot change."""
    made = await file.create_job(file.path, {"name": "a", "trigger": {"cron": "x", "timezone": "UTC"}, "note": 1})
    changed = await file.update_job(file.path, made.id, {"trigger": {"at": "t"}, "note": None, "id": "other"})
    assert changed is not None
    assert {"id": made.id, "name": "a", "trigger": {"at": "t"}, "note": None} == changed.raw
    assert changed == await file.get_job(file.path, made.id)


async def test_removing(file: JsonFile) -> None:
    """A removed job is gone, and removing it again is no error."""
    made = await file.create_job(file.path, {"name": "a"})
    await file.delete_job(file.path, made.id)
    await file.delete_job(file.path, made.id)
    assert [] == await names(file)
    with pytest.raises(NotFoundError):
        await file.get_job(file.path, made.id)
    with pytest.raises(NotFoundError):
        await file.update_job(file.path, made.id, {"name": "b"})


async def test_everything_else_in_the_file_stays(file: JsonFile, path: Path) -> None:
    """Other top-level keys and unknown keys of jobs survive a change, in their order."""
    put(path, '{"schema": "migrator/jobs@1", "note": "mine", "jobs": [{"id": "1", "name": "a", "x": [1]}]}')
    await file.create_job(file.path, {"name": "b"})
    assert "mine" == content(path)["note"]
    assert [{"id": "1", "name": "a", "x": [1]}, {"id": "id-1", "name": "b"}] == content(path)["jobs"]


async def test_a_change_from_outside_is_seen(file: JsonFile, path: Path) -> None:
    """The file is what counts, not what was read from it before."""
    await file.create_job(file.path, {"name": "a"})
    document = content(path)
    document["jobs"].append({"id": "by hand", "name": "b"})
    put(path, json.dumps(document))
    await file.create_job(file.path, {"name": "c"})
    assert ["a", "b", "c"] == await names(file)


async def test_what_is_handed_out_is_not_the_files(file: JsonFile) -> None:
    """Changing a record that was read changes nothing else."""
    made = await file.create_job(file.path, {"name": "a"})
    record = await file.get_job(file.path, made.id)
    record.raw["name"] = "b"
    assert ["a"] == await names(file)


async def test_changes_at_once_share_writes(file: JsonFile, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many changes at the same moment are all carried out, and written together."""
    writes = []
    replace = Path.replace
    monkeypatch.setattr(Path, "replace", lambda self, target: (writes.append(target), replace(self, target))[1])
    made = await asyncio.gather(*(file.create_job(file.path, {"name": str(n)}) for n in range(50)))
    assert 50 == len({job.id for job in made})
    assert [str(n) for n in range(50)] == await names(file)
    assert 1 == len(writes)


async def test_one_refusal_does_not_stop_the_others(file: JsonFile) -> None:
    """Of changes that are written together, only the impossible one fails."""
    outcomes = await asyncio.gather(
        file.create_job(file.path, {"id": "1", "name": "a"}),
        file.create_job(file.path, {"id": "1", "name": "b"}),
        file.create_job(file.path, {"id": "2", "name": "c"}),
        return_exceptions=True,
    )
    assert [Created, RejectedError, Created] == [type(outcome) for outcome in outcomes]
    assert ["a", "c"] == await names(file)


async def test_a_cancelled_change_is_not_made(file: JsonFile) -> None:
    """A change that is given up before it is written is never written."""
    task = asyncio.create_task(file.create_job(file.path, {"name": "a"}))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await file.create_job(file.path, {"name": "b"})
    assert ["b"] == await names(file)


async def test_a_failed_write_leaves_the_old_file(file: JsonFile, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the file cannot be replaced, the old one is untouched, nothing is left lying about, and no job was made."""
    await file.create_job(file.path, {"name": "a"})

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TransientError, match="No space left on device"):
        await file.create_job(file.path, {"name": "b"})
    assert ["a"] == await names(file)
    assert ["jobs.json"] == files(path)


async def test_a_linked_file_stays_linked(file: JsonFile, path: Path, tmp_path: Path) -> None:
    """Writing through a symbolic link changes the file that it points to, and keeps that file's permissions."""
    real = tmp_path / "real.json"
    put(real, '{"schema": "migrator/jobs@1", "jobs": []}')
    real.chmod(0o640)
    path.symlink_to(real)  # noqa: ASYNC240 (a test may wait for its disk)
    await file.create_job(file.path, {"name": "a"})
    assert path.is_symlink()  # noqa: ASYNC240 (the same)
    assert 1 == len(content(real)["jobs"])
    assert 0o640 == real.stat().st_mode & 0o777


async def test_a_missing_file(path: Path) -> None:
    """A source must exist; a target begins empty, and making its first job makes the file."""
    connection = Connection(provider="json", settings={"path": str(path)})
    async with open_adapter(connection) as source:
        with pytest.raises(NotFoundError, match="the file does not exist"):
            [record async for record in source.list_jobs()]
    async with open_adapter(connection, target=True) as target:
        assert [] == [record async for record in target.list_jobs()]
        await target.create_job(str(path), {"name": "a"})
        assert ((str(path),), 0, "patch") == (target.scopes, target.requests, await target.update_contract())
    assert 1 == len(content(path)["jobs"])


@pytest.mark.parametrize(
    ("held", "where", "said"),
    [
        ('{"schema": "migrator/jobs@1",\n "jobs": [}', ":2:11", "not JSON"),
        ("", ":1:1", "not JSON"),
        ("[]", "jobs.json", "no jobs document"),
        ('{"schema": "migrator/plan@1", "jobs": []}', "jobs.json", "no jobs document"),
        ('{"schema": "migrator/jobs@1", "jobs": {}}', "jobs.json", "no jobs document"),
        ('{"schema": "migrator/jobs@1", "jobs": [{"id": "1"}, {"name": "x"}]}', "jobs.json", "job number 2 has no id"),
        ('{"schema": "migrator/jobs@1", "jobs": [7]}', "jobs.json", "job number 1 has no id"),
        ('{"schema": "migrator/jobs@1", "jobs": [{"id": "1"}, {"id": "1"}]}', "jobs.json", "repeats the id '1'"),
    ],
)
async def test_a_file_that_cannot_be_read(file: JsonFile, path: Path, held: str, where: str, said: str) -> None:
    """A broken file is an error that names the place, for reading and for writing, and is never overwritten."""
    put(path, held)
    for attempt in (names(file), file.create_job(file.path, {"name": "a"})):
        with pytest.raises(ProtocolError, match=said) as caught:
            await attempt
        assert caught.value.where.endswith(where)
    assert held == text(path)


async def test_a_file_that_is_no_text(file: JsonFile, path: Path) -> None:
    """Bytes that are no UTF-8 are an error, not a crash."""
    put(path, b'{"schema": "\xff"}')
    with pytest.raises(ProtocolError, match="not UTF-8"):
        await names(file)


async def test_another_file(file: JsonFile) -> None:
    """A job of another file is refused."""
    with pytest.raises(UsageError, match="scope"):
        await file.get_job("other.json", "1")
