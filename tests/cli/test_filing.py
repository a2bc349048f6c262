"""--report: the same result as a file to look at, to paste, or to read on."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.bench import Run


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
