"""What people are told of jobs that are active nowhere, of deletions, ways back and interrupted runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.sandbox import World
from tests.cli.bench import Run
from tests.cli.documents import faults

SYNC = "omni-to-devin"


def refuse(world: World, provider: str, nth: int) -> None:
    """Let a platform refuse every write from the nth on."""
    world.fault("status", provider=provider, method="WRITE", status=401, nth=nth, times=0)


@pytest.fixture
def dark(here: Path, run: Run, world: World) -> list[str]:
    """A cutover after which jobs are active nowhere; their names."""
    run("apply", SYNC, "--staged", "--yes")
    refuse(world, "devin", 2)
    refuse(world, "omni", 2)
    ended = run("cutover", SYNC, "--yes", "--json")
    world.faults.clear()
    assert (ended.code, faults(ended.document, "cutover")) == (4, [])
    names = [one["name"] for one in ended.document["active_nowhere"]]
    assert names
    return names


def test_dark_jobs_stand_first_until_they_are_repaired(dark: list[str], run: Run) -> None:
    """In status, with and without a sync, and in every sync: with the command, and the exit code 4."""
    for arguments in (("status",), ("status", SYNC), ("sync", SYNC), ("sync", SYNC), ("status",)):
        told = run(*arguments)
        first, second = told.out.splitlines()[:2]
        assert (told.code, True) == (4, "NOT ACTIVE ANYWHERE: " + dark[0] in first), told.out
        assert f"to repair: migrator cutover {SYNC} --job {dark[0]}" == second.strip()
        assert "settled" not in told.out
    document = run("status", "--json").document
    assert ([], dark) == (faults(document, "status"), [one["name"] for one in document["active_nowhere"]])
    night = run("sync", SYNC, "--json").document
    assert ([], dark) == (faults(night, "run"), [one["name"] for one in night["syncs"][0]["active_nowhere"]])

    for name in dark:
        assert run("cutover", SYNC, "--job", name, "--yes").code == 0
    assert 0 == run("sync", SYNC).code
    assert "NOT ACTIVE" not in run("status").out


def test_a_way_back_is_told_as_one(here: Path, run: Run) -> None:
    """History and the commands that go on know which way a cutover went."""
    run("cutover", SYNC, "--yes")
    back = run("cutover", SYNC, "--back", "--yes", "--json").document["run"]

    assert "cutover --back" in run("history").out
    assert ["source", "target"] == [one["goal"] for one in run("history", "--json").document["runs"]][:2]
    refused = run("apply", "--resume", back, "--yes")
    assert (refused.code, f"migrator cutover {SYNC} --back" in refused.err) == (3, True)
    assert "old version" not in refused.err
    assert f"migrator cutover {SYNC}" in run("rollback", back, "--yes").err


def test_a_deletion_is_told_as_one_and_what_is_left_can_be_exported(
    here: Path, run: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A retirement says what it deleted; rollback names a command that works; verify ends with 0."""
    run("cutover", SYNC, "--yes")
    for row in world.stores["devin"].rows.values():
        row.data["last_executed_at"] = "2030-01-01T00:00:00Z"
    gone = run("retire", SYNC, "--delete", "--yes")
    assert (gone.code, "deleted          Alpha at the source: active at target" in gone.out) == (0, True)
    last = run("history", "--json").document["runs"][0]["run"]

    refused = run("rollback", last, "--yes")
    assert (refused.code, "migrator export omni --retired" in refused.err) == (3, True)
    kept = run("export", "omni", "--retired").document
    assert ([], ["Alpha", "Beta", "Gamma"]) == (faults(kept, "jobs"), sorted(job["name"] for job in kept["jobs"]))
    assert 0 == run("verify", SYNC).code
    assert (0, 0) == (run("sync", SYNC).code, run("status", SYNC).code)
