"""sync --report: what came of a round as files."""

from __future__ import annotations

import json
from pathlib import Path

from migrator.sandbox import World
from tests.cli.bench import Run
from tests.cli.documents import faults


def test_a_sync_is_written_in_every_form(here: Path, run: Run, world: World) -> None:
    """--report takes all three endings; the JSON report is run@1, and what blocks stands in the others."""
    names = ("run.html", "run.md", "run.json")
    ended = run("sync", "strict", *(part for name in names for part in ("--report", name)))

    assert (ended.code, [name for name in names if f"report written to {name}" not in ended.err]) == (3, [])
    assert faults(json.loads((here / "run.json").read_text("utf-8")), "run") == []
    for name in names[:2]:
        assert "it would lose" in (here / name).read_text("utf-8")
    assert run("sync", "strict", "--report", "run.pdf").code == 2
