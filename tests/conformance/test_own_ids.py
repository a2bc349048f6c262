"""Where a create may carry an id of our choice, it is sent again and found again by that id."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from migrator import AsyncMigrator
from migrator.errors import TransientError, UncertainError
from migrator.providers.base import Created, Raw
from migrator.providers.json import JsonFile

CONFIG = """
[connections.here]
provider = "json"
path = "here.json"
[connections.there]
provider = "json"
path = "there.json"
[syncs.copy]
source = "here"
target = "there"
"""
create = JsonFile.create_job


class DeadError(BaseException):
    """The process ends at this point."""

    def __str__(self) -> str:
        return "DeadError"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two jobs to copy, and no target yet."""
    (tmp_path / "migrator.toml").write_text(CONFIG)
    jobs = [
        {
            "id": name,
            "name": name,
            "enabled": True,
            "trigger": {"kind": "recurring", "cron": "0 9 * * 1", "timezone": "UTC", "dialect": "vixie"},
            "action": {"kind": "prompt", "text": "Sum up the week."},
        }
        for name in ("first", "second")
    ]
    (tmp_path / "here.json").write_text(json.dumps({"schema": "migrator/jobs@1", "jobs": jobs}))
    return tmp_path


def ids(folder: Path) -> list[dict[str, Any]]:
    """The jobs at the target."""
    document = json.loads((folder / "there.json").read_text())
    jobs: list[dict[str, Any]] = document["jobs"]
    return jobs


async def applied(folder: Path) -> tuple[int, int]:
    """Apply the sync; how many changes were done, and how many a fresh plan has."""
    async with AsyncMigrator(folder / "migrator.toml") as migrator:
        _plan, found = await migrator.apply("copy")
        again = await migrator.plan("copy")
    return found.summary["done"], len(again.pending)


@pytest.mark.parametrize("arrives", [True, False], ids=["the answer is lost", "the request is lost"])
async def test_a_create_whose_end_is_unknown(folder: Path, monkeypatch: pytest.MonkeyPatch, *, arrives: bool) -> None:
    """The job is there once, the run goes on, and nothing is left for a person."""
    lost: list[Raw] = []

    async def losing(self: JsonFile, scope: str, payload: Raw) -> Created:
        if not lost:
            lost.append(payload)
            if arrives:
                await create(self, scope, payload)
            raise UncertainError("no answer came", where="POST there")
        return await create(self, scope, payload)

    monkeypatch.setattr(JsonFile, "create_job", losing)

    assert (2, 0) == await applied(folder)
    assert ["first", "second"] == sorted(job["name"] for job in ids(folder))
    assert lost[0]["id"] in {job["id"] for job in ids(folder)}


async def test_a_create_that_cannot_be_looked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listing finds the job by its id where reading it alone fails."""

    async def losing(self: JsonFile, scope: str, payload: Raw) -> Created:
        await create(self, scope, payload)
        raise UncertainError("no answer came", where="POST there")

    async def refusing(_self: JsonFile, _scope: str, _job_id: str) -> None:
        raise TransientError("no answer came", where="GET there")

    monkeypatch.setattr(JsonFile, "create_job", losing)
    monkeypatch.setattr(JsonFile, "get_job", refusing)

    assert (2, 0) == await applied(folder)
    assert 2 == len(ids(folder))


@pytest.mark.parametrize("change", [lambda job: job.pop("mark"), lambda job: job.update(name="Another", mark="")])
async def test_a_run_that_dies_after_a_create(
    folder: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[dict[str, Any]], object]
) -> None:
    """The next run knows the job by its id, even where neither its tag nor its content tells."""

    async def dying(self: JsonFile, scope: str, payload: Raw) -> Created:
        await create(self, scope, payload)
        raise DeadError

    with monkeypatch.context() as patched:
        patched.setattr(JsonFile, "create_job", dying)
        with pytest.raises(BaseException, match=r"DeadError|unhandled") as ended:
            await applied(folder)
    assert "DeadError" in repr(ended.value)

    made = ids(folder)
    for job in made:
        change(job)
    (folder / "there.json").write_text(json.dumps({"schema": "migrator/jobs@1", "jobs": made}))
    before = {job["id"] for job in made}
    async with AsyncMigrator(folder / "migrator.toml") as migrator:
        planned = await migrator.plan("copy")
    assert 2 - len(made) == sum(change.action == "create" for change in planned.changes)
    assert before == {change.target.id for change in planned.changes if change.target}
