"""list, show, export --select, and commands that are narrowed to single jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.sandbox import World
from tests.cli.bench import Run, routine


def test_list_tells_state_next_fire_and_owner(here: Path, run: Run, world: World) -> None:
    """A managed copy, a paused job, and one that the platform has stopped are told apart."""
    world.load("omni", [routine("Alpha"), routine("Beta", disabled=True), routine("Gamma", systemDisabled=True)])
    run("apply", "omni-to-devin", "--yes")

    source = {job["name"]: job for job in run("list", "omni", "--json").document["jobs"]}
    copies = run("list", "devin", "--json").document["jobs"]

    assert {name: job["state"] for name, job in source.items()} == {
        "Alpha": "enabled",
        "Beta": "paused",
        "Gamma": "stopped",
    }
    assert len(source["Alpha"]["next_fires"]) == 3
    assert source["Beta"]["next_fires"] == source["Gamma"]["next_fires"] == []
    assert not any(job["managed"] for job in source.values())
    assert {job["source"] for job in copies} == {f"omni/{job['ref']['id']}" for job in source.values()}


def test_list_names_what_cannot_be_read(here: Path, run: Run, world: World) -> None:
    """A broken record is a line of the table, with the reason below it."""
    world.load("omni", [routine("Broken") | {"prompt": None}, routine("Dump")])
    told = run("list", "omni")

    assert told.code == 0
    assert "Broken" in told.out
    assert "unreadable: " in told.out


def test_show_prints_what_plan_printed(here: Path, run: Run) -> None:
    """A saved plan reads like the plan, and asks no provider."""
    planned = run("plan", "omni-to-devin", "-o", "plan.json")
    shown = run("show", "plan.json")

    assert (shown.code, shown.out) == (0, planned.out)
    assert "request" not in shown.err


def test_show_refuses_an_edited_plan(here: Path, run: Run) -> None:
    """What was edited is not shown as if it had been planned."""
    run("plan", "omni-to-devin", "-o", "plan.json")
    file = here / "plan.json"
    file.write_text(file.read_text("utf-8").replace("Alpha", "Alphb"), encoding="utf-8")

    assert run("show", "plan.json").code == 3


@pytest.mark.parametrize("command", [["apply", "omni-to-devin", "--yes"], ["sync", "omni-to-devin"]])
def test_job_narrows_what_is_written(here: Path, run: Run, world: World, command: list[str]) -> None:
    """Only the named jobs are created, by name or by id; the others are pending still."""
    ids = {job["name"]: job["ref"]["id"] for job in run("list", "omni", "--json").document["jobs"]}
    run(*command, "--job", "Alpha", "--job", ids["Gamma"])

    assert {job["name"] for job in run("list", "devin", "--json").document["jobs"]} == {"Alpha", "Gamma"}
    assert run("plan", "omni-to-devin", "--json").document["summary"]["create"] == 1


def test_job_narrows_a_saved_plan(here: Path, run: Run) -> None:
    """A narrow plan is applied as it was saved; a plan that is saved already cannot be narrowed."""
    planned = run("plan", "omni-to-devin", "--job", "Beta", "-o", "plan.json", "--json").document

    assert [change["name"] for change in planned["changes"]] == ["Beta"]
    assert run("apply", "plan.json", "--job", "Beta", "--yes").code == 2
    assert run("apply", "plan.json", "--yes").code == 0
    assert [job["name"] for job in run("list", "devin", "--json").document["jobs"]] == ["Beta"]


def test_job_narrows_an_audit(here: Path, run: Run) -> None:
    """One job is looked at."""
    found = run("audit", "omni", "--to", "devin", "--job", "Gamma", "--json").document

    assert [job["name"] for job in found["jobs"]] == ["Gamma"]


@pytest.mark.parametrize(
    "command",
    [["plan", "omni-to-devin"], ["apply", "omni-to-devin", "--yes"], ["audit", "omni", "--to", "devin"]],
)
def test_an_unknown_job_is_an_error(here: Path, run: Run, world: World, command: list[str]) -> None:
    """It proposes the nearest name, and nothing is written."""
    ended = run(*command, "--job", "Alpa")

    assert ended.code == 2
    assert 'did you mean "Alpha"?' in ended.err
    assert not world.records("devin")


def test_job_needs_one_sync(here: Path, run: Run) -> None:
    """Several syncs have several jobs of one name."""
    assert run("sync", "--all", "--job", "Alpha").code == 2


def test_a_narrowed_run_does_not_settle_the_others(here: Path, run: Run, world: World) -> None:
    """An unfinished run stays unfinished although a narrowed plan found nothing to do."""
    world.fault("status", status=422, provider="devin", method="POST", nth=3, times=1)
    run("apply", "omni-to-devin", "--yes")
    done = run("list", "devin", "--json").document["jobs"][0]["name"]
    run("apply", "omni-to-devin", "--job", done, "--yes")

    assert run("status", "--json").document["syncs"][0]["how"] == "unfinished"


def test_export_selects(here: Path, run: Run, world: World) -> None:
    """Names, ids and state select as they do in a sync."""
    world.load("omni", [routine("Alpha"), routine("Beta", disabled=True), routine("Alder")])

    def names(*select: str) -> set[str]:
        options = [word for text in select for word in ("--select", text)]
        return {job["name"] for job in run("export", "omni", *options).document["jobs"]}

    assert names("name=Al*") == {"Alpha", "Alder"}
    assert names("enabled=false") == {"Beta"}
    assert names("name=Alpha", "name=B*", "enabled=true") == {"Alpha"}
    assert run("export", "omni", "--select", "colour=red").code == 2


def test_runs_go_by_beginnings_and_by_last(here: Path, run: Run) -> None:
    """The latest run is "last"; a beginning that fits several runs is an error that names them."""
    run("apply", "omni-to-devin", "--job", "Alpha", "--yes")
    run("apply", "omni-to-devin", "--job", "Beta", "--yes")
    later, earlier = (one["run"] for one in run("history", "--json").document["runs"])

    assert run("history", "last", "--json").document["runs"][0]["run"] == later
    assert run("history", earlier[:-1], "--json").document["runs"][0]["run"] == earlier
    ambiguous = run("history", earlier[:2], "--json")
    assert (ambiguous.code, ambiguous.document["allowed"]) == (2, [later, earlier])


def test_rollback_shows_what_it_would_do(here: Path, run: Run, world: World) -> None:
    """With --dry-run nothing is written, and the same rollback can be carried out after."""
    run("apply", "omni-to-devin", "--yes")
    shown = run("rollback", "last", "--dry-run", "--json")

    assert (shown.code, shown.document["summary"]["delete"]) == (0, 3)
    assert len(run("list", "devin", "--json").document["jobs"]) == 3
    assert run("rollback", "last", "--yes").code == 0
    assert run("list", "devin", "--json").document["jobs"] == []


def test_history_is_limited(here: Path, run: Run) -> None:
    """The latest runs are shown, and how many are not."""
    for name in ("Alpha", "Beta", "Gamma"):
        run("apply", "omni-to-devin", "--job", name, "--yes")
    short = run("history", "--limit", "1")

    assert len(short.out.splitlines()) == 1
    assert "2 older runs" in short.err
    assert len(run("history", "--limit", "0").out.splitlines()) == 3
