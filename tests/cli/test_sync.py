"""sync: what it does without asking, what it says, and what it ends with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from migrator.sandbox import World
from migrator.sandbox.devin import ORG
from migrator.store import open_state
from tests.cli.bench import Run, names, routine
from tests.cli.documents import faults

SYNC = "omni-to-devin"


def test_a_sync_applies_without_asking(here: Path, run: Run, world: World) -> None:
    """Stdout tells what came of it, stderr has one line for the sync, and the second time there is nothing to do."""
    first, second = run("sync", SYNC), run("sync", SYNC)

    assert (first.code, names(world, "devin")) == (0, ["Alpha", "Beta", "Gamma"])
    assert first.out.splitlines()[:4] == [
        "omni-to-devin: omni → devin",
        "done    + Alpha",
        "done    + Beta",
        "done    + Gamma",
    ]
    assert [line.partition(" (")[0] for line in first.err.splitlines()] == ["omni-to-devin: 3 created, 0 unchanged"]
    assert (second.code, second.err.startswith("omni-to-devin: 3 unchanged (2 requests, ")) == (0, True)


def test_what_came_of_it_is_one_document(here: Path, run: Run, world: World) -> None:
    """--json prints run@1 with each sync's plan and outcomes; the journal knows the run by its kind."""
    ended = run("sync", SYNC, "backup", "--json")

    assert (ended.code, faults(ended.document, "run")) == (0, [])
    assert [(one["sync"], one["plan"]["summary"]["create"]) for one in ended.document["syncs"]] == [
        (SYNC, 3),
        ("backup", 3),
    ]
    assert {one["kind"] for one in run("history", "--json").document["runs"]} == {"sync"}
    assert faults(run("history", "--json").document, "history") == []


def test_a_refused_job_ends_with_3_and_the_rest_is_done(here: Path, run: Run, world: World) -> None:
    """What a sync may not lose blocks that job alone; where that is only to be reported, the sync is in order."""
    assert (run("sync", "strict").code, run("sync", "lenient").code) == (3, 0)
    assert 'on_refused = "report" in [syncs.strict]' in run("sync", "strict").out
    assert "on_refused" not in run("sync", "lenient").out
    assert names(world, "devin") == []


def test_one_that_fails_does_not_stop_the_others(here: Path, run: Run, world: World) -> None:
    """The others are carried out, and the command ends with the worst."""
    world.fault("status", provider="scrip", status=401, times=0)
    ended = run("sync", "omni-to-scrip", SYNC, "--json")

    assert (ended.code, names(world, "devin"), faults(ended.document, "run")) == (1, ["Alpha", "Beta", "Gamma"], [])
    assert [(one["exit_code"], one["error"] is None) for one in ended.document["syncs"]] == [(1, False), (0, True)]
    assert ended.err.count("\n") == 2


def test_a_lock_that_somebody_holds_is_waited_for_by_hand(here: Path, run: Run, world: World) -> None:
    """5, and nothing is written to that target; the sync to another one is carried out."""
    state = open_state(f"sqlite:///{here}/migrator.db", now=lambda: datetime.now(UTC))
    owner = state.lock(f"devin:{ORG}", "other-run")
    ended = run("sync", SYNC, "backup", "--json")
    state.unlock(f"devin:{ORG}", owner)
    state.close()

    assert (ended.code, names(world, "devin")) == (5, [])
    assert [one["exit_code"] for one in ended.document["syncs"]] == [5, 0]


def test_more_than_the_limits_allow_is_not_begun(here: Path, run: Run, world: World) -> None:
    """The plan is told with the reason, nothing is changed, and the command ends with 3."""
    world.load("omni", [routine(f"Job {n}") for n in range(12)])
    assert run("sync", SYNC).code == 0
    before = [row["record"] for row in world.records("devin")]
    world.load("omni", [routine(f"Job {n}", prompt="Otherwise.") for n in range(12)])
    ended = run("sync", SYNC)

    assert (ended.code, [row["record"] for row in world.records("devin")]) == (3, before)
    assert "Plan refused: the plan has 12 changes among 15 jobs" in ended.out
    assert ended.err.startswith("omni-to-devin: plan refused, ")


@pytest.mark.parametrize("arguments", [[], ["--all", SYNC], ["nope"], [SYNC, "nope"]])
def test_what_to_sync_must_be_said_and_be_there(here: Path, run: Run, world: World, arguments: list[str]) -> None:
    """Names or --all; a name that is not in the file ends the command before anything is asked of anybody."""
    ended = run("sync", *arguments)

    assert (ended.code, ended.out, world.requests) == (2, "", [])
