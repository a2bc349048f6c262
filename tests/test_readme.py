"""The README and the docs are true: what they show is what happens."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from migrator.canonical import PATHS
from migrator.mapping import load_mapping
from migrator.report.holdings import holdings_lines

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
UPDATE = bool(os.environ.get("MIGRATOR_UPDATE_DOCS"))
DOCS = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "cassettes" / "README.md"]


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
    names = ("omni", "devin", "scrip", "json")
    lines = [line.text.plain for line in holdings_lines([load_mapping(name).rules for name in names], verbose=False)]
    rows = [re.split(r"\s{2,}", line.rstrip()) for line in lines[: lines.index("")]]
    head, *rest = [row if len(row) == len(names) + 1 else ["", *row] for row in rows]
    rest = [[f"`{row[0]}`" if row[0] in PATHS else row[0], *row[1:]] for row in rest]
    table = ["| " + " | ".join(row) + " |" for row in [[cell.strip() for cell in head], ["---"] * len(head), *rest]]
    actual = "\n".join(["", *table, "", ""])

    assert _block("table", actual) == actual


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_commands_to_try_by_hand_work(tmp_path: Path, free_port: int) -> None:
    """The README's session runs as it stands, and its second plan has nothing left to do."""
    block = re.search(r"<!-- try -->\n```console\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert block
    commands = [line.removeprefix("$ ") for line in block[1].splitlines() if line.startswith("$ ")]
    wait = "for _ in $(seq 100); do [ -s sandbox.toml ] && break; sleep 0.1; done"
    script = "\n".join(
        ["trap 'kill $(jobs -p)' EXIT", commands[0].replace("8765", str(free_port)), wait, *commands[1:]]
    )

    ran = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=_environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    last = ran.stdout[ran.stdout.rindex("Plan:") :]
    assert (tmp_path / "omni-jobs.json").exists(), ran.stderr
    assert "to create" not in last, ran.stdout + ran.stderr


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page leads to a file."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8"))

    assert [] == [link for link in links if not (page.parent / link).exists()]


def test_commands_that_the_readme_names_exist() -> None:
    """Every migrator command that a page names is one."""
    from migrator.cli import app  # noqa: PLC0415 (the command line is slow to build)

    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    known |= {str(group.name) for group in app.registered_groups}
    command = re.compile(r"(?:`|\$ |^    )migrator ([a-z]+)", re.MULTILINE)
    named = {name for page in DOCS[:-1] for name in command.findall(page.read_text("utf-8"))}

    assert set() == named - known
