"""dedupe, as it is typed (docs/reliability.md); what plan, verify, status and audit say of a copy that has our tag."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.sandbox import World
from tests.cli.bench import Run
from tests.cli.documents import faults

SYNC = "omni-to-devin"


@pytest.fixture
def copies(here: Path, run: Run, world: World) -> tuple[str, str]:
    """Three jobs moved, and one of them copied at the target; ids of the target job and of its copy."""
    run("apply", SYNC, "--yes")
    record = next(row["record"] for row in world.records("devin") if row["record"]["name"] == "Alpha")
    world.load("devin", [{**record, "scheduled_session_id": "sched-copy"}])
    return record["scheduled_session_id"], "sched-copy"


def test_every_command_names_it(copies: tuple[str, str], run: Run) -> None:
    """By name and with both ids: three nights do not end with 0, and no proof is given."""
    for _night in range(3):
        night = run("sync", SYNC)
        assert (night.code, all(one in night.out + night.err for one in copies)) == (3, True)
    planned, proved = run("plan", SYNC), run("verify", SYNC)
    assert (planned.code, proved.code) == (3, 1)
    told = [planned, proved, run("status"), run("audit", "devin", "--to", "omni")]
    assert all("Alpha" in one.out and all(copy in one.out for copy in copies) for one in told)
    for name in ("verify", "status", "audit"):
        arguments = {"verify": ["verify", SYNC], "status": ["status"], "audit": ["audit", "devin", "--to", "omni"]}[
            name
        ]
        document = run(*arguments, "--json").document
        assert (faults(document, name), len(document["duplicates"])) == ([], 1)


def test_it_is_removed_when_a_person_says_which(copies: tuple[str, str], run: Run, world: World) -> None:
    """Without a choice nothing is removed and the code is 3; with --remove and --yes exactly that one goes."""
    mine, copy = copies
    asked = run("dedupe", SYNC)
    assert (asked.code, mine in asked.out, copy in asked.out, "--remove ID" in asked.out) == (3, True, True, True)
    assert run("dedupe", SYNC, "--remove", copy).code == 2  # not a terminal, and no --yes
    assert run("dedupe", SYNC, "--remove", "sched-unknown", "--yes").code == 2
    assert run("dedupe", SYNC, "--remove", copy, "--remove", mine, "--yes").code == 3
    assert len(world.records("devin")) == 4

    done = run("dedupe", SYNC, "--remove", copy, "--yes", "--json")
    assert (done.code, faults(done.document, "dedupe"), done.document["summary"]["done"]) == (0, [], 1)
    gone = [row["record"]["scheduled_session_id"] for row in world.records("devin") if row["gone"]]
    assert gone == [copy]
    assert run("plan", SYNC, "--json").document["summary"]["none"] == 3
    assert (run("verify", SYNC).code, "duplicates" in run("status").out) == (0, False)
    assert run("history", done.document["run"], "--json").document["writes"][0]["action"] == "delete"
    again = run("dedupe", SYNC)
    assert (again.code, "no duplicates" in again.out) == (0, True)
