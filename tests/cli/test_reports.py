"""--report: the same result as an HTML, Markdown or JSON file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from migrator.sandbox import World
from tests.cli.bench import Run, edit_job


def test_an_audit_is_written_in_every_form_at_once(here: Path, run: Run) -> None:
    """HTML, Markdown and JSON; stdout stays the result, and stderr says what was written."""
    plain = run("audit", "omni", "--to", "devin").out
    names = ("audit.html", "audit.md", "audit.json")
    ended = run("audit", "omni", "--to", "devin", *(part for name in names for part in ("--report", name)))

    assert (ended.code, ended.out) == (0, plain)
    assert all(f"report written to {name}" in ended.err for name in names)
    assert (here / "audit.html").read_text("utf-8").startswith("<!doctype html>")
    assert (here / "audit.md").read_text("utf-8").startswith("## Audit: omni")
    document = json.loads((here / "audit.json").read_text("utf-8"))
    assert document["schema"] == "migrator/audit@1"


def test_a_json_report_is_the_document(here: Path, run: Run) -> None:
    """What --json prints and what the report holds are the same bytes, but for the clock."""
    ended = run("audit", "omni", "--to", "devin", "--json", "--report", "audit.json")

    assert (here / "audit.json").read_text("utf-8") == ended.out


def test_a_name_that_says_nothing_is_refused_before_anything_is_read(here: Path, run: Run) -> None:
    """The ending decides; what is allowed is named."""
    ended = run("audit", "omni", "--to", "devin", "--report", "audit.pdf")

    assert (ended.code, ended.out) == (2, "")
    assert "audit.pdf" in ended.err
    assert ".html, .md, .json" in ended.err


def test_a_place_that_takes_no_file_is_told(here: Path, run: Run) -> None:
    """A folder that is not there is an error, not a trace."""
    ended = run("audit", "omni", "--to", "devin", "--report", "nowhere/audit.html")

    assert ended.code == 2
    assert "nowhere" in ended.err


def test_a_plan_is_written_too(here: Path, run: Run) -> None:
    """A plan's report beside the plan itself; the exit code stays what it was."""
    ended = run("plan", "strict", "-o", "plan.json", "--report", "report.json", "--report", "plan.html")

    assert ended.code == 3
    assert (here / "report.json").read_text("utf-8") == (here / "plan.json").read_text("utf-8")
    assert "strict: omni → devin" in (here / "plan.html").read_text("utf-8")


def delete(world: World) -> None:
    """Somebody deletes a job at the target."""
    (made,) = [row["record"] for row in world.records("devin") if row["record"]["name"] == "Alpha"]
    del world.stores["devin"].rows[made["scheduled_session_id"]]
    world.stores["devin"]._lists.clear()


def drift(world: World) -> None:
    """Somebody edits a job at the target."""
    edit_job(world, "Alpha", prompt="Do something else.")


def forget(_world: World) -> None:
    """The state is lost."""
    for file in Path().glob("migrator.db*"):
        file.unlink()


@pytest.mark.parametrize("event", [None, delete, drift, forget], ids=["losses", "deleted", "edited", "state lost"])
def test_the_lines_of_the_report_settle_what_is_blocked(
    here: Path, run: Run, world: World, event: Callable[[World], None] | None
) -> None:
    """Whatever a decision is about: with its line in the table that it names, nothing is blocked any more."""
    if event:
        allow(here, 'allow_loss = ["action", "delivery"]')
        assert run("apply", "strict", "--yes").code == 0
        event(world)
    assert run("plan", "strict", "--report", "plan.md").code == 3
    block = re.search(r"```toml\n\[syncs.strict\]\n(.*?)```", (here / "plan.md").read_text("utf-8"), re.DOTALL)
    assert block
    allow(here, block[1])

    assert run("plan", "strict").code == 0


def allow(here: Path, lines: str) -> None:
    """Write lines into the table of the sync."""
    config = here / "migrator.toml"
    config.write_text(config.read_text("utf-8").replace("[syncs.strict]\n", f"[syncs.strict]\n{lines}\n"), "utf-8")
