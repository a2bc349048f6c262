"""What the README shows of the demo and of the platforms is what there is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from migrator.canonical import PATHS
from migrator.catalog import catalog
from migrator.providers.registry import PROVIDERS
from migrator.report.capabilities import capability_lines
from tests.platforms import evidence

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
UPDATE = bool(os.environ.get("MIGRATOR_UPDATE_DOCS"))


def _block(name: str, actual: str) -> str:
    """What stands between two markers of the README; rewritten first when MIGRATOR_UPDATE_DOCS is set."""
    text = README.read_text("utf-8")
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", text, re.DOTALL)
    assert found, f"README.md has no block {name}"
    if UPDATE:
        README.write_text(text[: found.start(1)] + actual + text[found.end(1) :], "utf-8")
        return actual
    return found[1]


def _environment(tmp_path: Path) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {
        **os.environ,
        "PATH": path,
        "HOME": str(tmp_path),
        "NO_COLOR": "1",
        "COLUMNS": "100",
        "PYTHONPATH": str(ROOT),
    }


def test_the_demo_prints_what_the_readme_shows(tmp_path: Path) -> None:
    """The demo's output stands in the README to the letter."""
    ran = subprocess.run(
        [sys.executable, "-m", "migrator", "demo"],
        cwd=tmp_path,
        env=_environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    actual = f"```text\n{ran.stdout}```\n"

    assert _block("demo", actual) == actual


def test_the_table_of_what_platforms_hold_is_that_of_the_mappings() -> None:
    """The README's table is what the mapping files say."""
    names = tuple(PROVIDERS)
    lines = [line.text.plain for line in capability_lines(catalog(), verbose=False)]
    rows = [re.split(r"\s{2,}", line.rstrip()) for line in lines[: lines.index("")]]
    head, *rest = [row if len(row) == len(names) + 1 else ["", *row] for row in rows]
    rest = [[f"`{row[0]}`" if row[0] in PATHS else row[0], *row[1:]] for row in rest]
    rest.append(evidence.row(names))
    table = ["| " + " | ".join(row) + " |" for row in [[cell.strip() for cell in head], ["---"] * len(head), *rest]]
    actual = "\n".join(["", *table, "", ""])

    assert _block("table", actual) == actual


def test_evidence_is_of_the_releases_that_are_pinned() -> None:
    """What is said to be proved was proved on what `make platforms` installs."""
    assert [] == list(evidence.stale()), "run: make platforms-record"
