"""cutover, retire, and what verify, status and history say of the right to fire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from migrator.canonical import JobRef
from migrator.sandbox import World
from migrator.store import open_state
from migrator.store.records import Missed
from tests.cli.bench import Run, names, routine
from tests.cli.documents import faults

SYNC = "omni-to-devin"


def enabled(world: World) -> list[bool]:
    """Which of the target's jobs are on."""
    return [row["record"]["enabled"] for row in world.records("devin")]


def test_the_whole_way(here: Path, run: Run, world: World) -> None:
    """Held back, verified, cut over, and back: every document is what its schema says, every exit code 0."""
    planned = run("plan", SYNC, "--staged", "-o", "plan.json", "--json")
    assert (planned.code, faults(planned.document, "plan")) == (0, [])
    assert run("apply", "plan.json", "--yes").code == 0
    assert (names(world, "devin"), enabled(world)) == (["Alpha", "Beta", "Gamma"], [False, False, False])
    verified = run("verify", SYNC, "--json")
    assert (faults(verified.document, "verify"), {job["live"] for job in verified.document["jobs"]}) == ([], {"source"})

    there = run("cutover", SYNC, "--yes", "--json")
    assert (there.code, faults(there.document, "cutover"), there.document["summary"]["moved"]) == (0, [], 3)
    assert enabled(world) == [True, True, True]
    status = run("status", SYNC, "--json").document
    assert (faults(status, "status"), {job["live"] for job in status["jobs"]}) == ([], {"target"})

    back = run("cutover", SYNC, "--back", "--yes", "--json")
    assert (back.code, back.document["goal"], enabled(world)) == (0, "source", [False, False, False])
    history = run("history", back.document["run"], "--json").document
    assert (faults(history, "history"), history["runs"][0]["kind"]) == ([], "cutover")


def test_people_are_told_the_same(here: Path, run: Run, world: World) -> None:
    """Lines for a dry run, a cutover, and the status."""
    dry = run("cutover", SYNC, "--dry-run")
    assert (dry.code, names(world, "devin")) == (0, [])
    assert "to switch        Alpha" in dry.out
    assert "Dry run: 3 to switch." in dry.out

    done = run("cutover", SYNC, "--yes", "--job", "Alpha")
    assert "switched         Alpha: active at target" in done.out.splitlines()
    assert done.out.splitlines()[-1] == f"To switch back: migrator cutover {SYNC} --job Alpha --back"
    assert "Alpha: active at target since " in run("status", SYNC).out
    assert " at the source" in run("history", run("history", "--json").document["runs"][0]["run"]).out


def test_held_jobs_are_told_by_verify(here: Path, run: Run) -> None:
    """A staged job is verified as after the cutover, and named as staged."""
    assert run("apply", SYNC, "--staged", "--yes").code == 0

    assert "Verified: 3 proved. 3 staged, verified as after the cutover." in run("verify", SYNC).out


def test_exit_codes_say_what_was_refused_and_what_failed(here: Path, run: Run, world: World) -> None:
    """3 when a job is not verified, 4 when a step failed; the others are moved all the same."""
    run("apply", SYNC, "--staged", "--yes")
    one = next(row for row in world.stores["devin"].rows.values() if row.data["name"] == "Alpha")
    one.data["prompt"] = "Edited by somebody."
    refused = run("cutover", SYNC, "--yes")
    assert (refused.code, "refused          Alpha: active at source" in refused.out, enabled(world).count(True)) == (
        3,
        True,
        2,
    )

    world.load("omni", [routine("Delta")])
    world.fault("status", provider="omni", method="PATCH", status=400)
    failed = run("cutover", SYNC, "--yes", "--job", "Delta")
    assert (failed.code, "failed           Delta: active at source" in failed.out) == (4, True)
    assert failed.out.splitlines()[-1].startswith("To finish: migrator cutover")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cutover", SYNC), "not a terminal: pass --yes to apply without asking"),
        (("retire", SYNC), "not a terminal: pass --yes to apply without asking"),
        (("cutover", SYNC, "--yes", "--guard", "soon"), "not a duration"),
        (("cutover", SYNC, "--yes", "--at", "soon"), "not a time"),
        (("cutover", SYNC, "--yes", "--job", "Alpa"), "unknown job at the source"),
    ],
)
def test_wrong_usage_ends_with_2(here: Path, run: Run, world: World, arguments: tuple[str, ...], said: str) -> None:
    """Nothing is written, and the error says what is allowed."""
    ended = run(*arguments)

    assert (ended.code, said in ended.err, names(world, "devin")) == (2, True, [])


def test_retiring_before_the_target_was_due_is_refused(here: Path, run: Run, world: World) -> None:
    """Nothing is deleted, and the document says why."""
    run("cutover", SYNC, "--yes")
    ended = run("retire", SYNC, "--delete", "--yes", "--json")

    assert (ended.code, faults(ended.document, "retire"), ended.document["summary"]["refused"]) == (3, [], 3)
    assert names(world, "omni") == ["Alpha", "Beta", "Gamma"]


def test_the_ledger_is_shown_until_somebody_looked(here: Path, run: Run) -> None:
    """An instant at which nothing was live stands in status, and in the history of the run that noted it."""
    run("cutover", SYNC, "--yes")
    document = run("history", "--json").document["runs"][0]
    state = open_state(f"sqlite:///{here}/migrator.db", now=lambda: datetime.now(UTC))
    job = run("status", SYNC, "--json").document["jobs"][0]["source"]
    at = datetime(2026, 11, 25, 9, tzinfo=UTC) + timedelta(hours=1)
    entry = Missed(
        source=JobRef(**job), at=at, sync=SYNC, name="Alpha", kind="neither", cause="no answer", run=document["run"]
    )
    state.put_missed([entry])
    state.close()

    assert "Wed 2026-11-25 10:00 UTC Alpha: neither; no answer" in run("status").out
    assert "Alpha: neither" in run("history", document["run"]).out
    assert [one["kind"] for one in run("status", "--json").document["ledger"]] == ["neither"]
