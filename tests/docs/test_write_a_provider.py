"""docs/write-a-provider.md builds a provider that is installed beside migrator, and passes the table."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.docs.pages import ROOT, blocks
from tests.installing import build, install, run

PAGE = ROOT / "docs" / "write-a-provider.md"
MOST = 150


def files() -> dict[str, str]:
    """The files of the package, by path."""
    return {block.of: block.text for block in blocks(PAGE) if block.annotation == "file"}


def test_it_is_short() -> None:
    """Four files beside the mapping, of so many lines together."""
    lines = {path: text.count("\n") for path, text in files().items() if path != "acme_migrator/acme.toml"}
    assert (len(lines), sum(lines.values()) < MOST) == (4, True), lines


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean environment with migrator and the package of the page."""
    folder = tmp_path_factory.mktemp("written")
    project = written(folder / "acme-migrator")
    return install(folder / "home", build(ROOT, folder / "migrator"), build(project, folder / "acme"))


def written(project: Path, old: str = "", new: str = "") -> Path:
    """Write the package of the page, with one of its lines as another one."""
    for path, text in files().items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text.replace(old, new) if old else text, "utf-8")
    return project


@pytest.mark.slow
def test_an_empty_folder_becomes_a_provider_that_passes(home: Path, tmp_path: Path) -> None:
    """The package is built and installed in a clean environment; the commands know it, and the table passes."""
    folder = tmp_path / "folder"
    folder.mkdir()
    assert "Acme reminders" in run(home / "bin" / "migrator", "providers", cwd=folder)
    run(home / "bin" / "migrator", "init", cwd=folder)
    assert 'provider = "acme"' in (folder / "migrator.toml").read_text("utf-8")

    project = written(tmp_path / "acme-migrator")
    told = run(home / "bin" / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project)
    passed = {pair: int(number) for pair, number in re.findall(r"conformance, (\w+ to \w+): (\d+) passed", told)}
    assert (passed.keys(), min(passed.values()) > 50) == ({"acme to json", "json to acme"}, True), told
    assert not re.search(r"\b(failed|error)", told)


FORGETS: Final = {
    "edits": ("reminders[key] |= body", "pass", "renamed"),
    "deletes": ("reminders.pop(key)", "reminders[key]", "removed and deleted"),
    "the second page": ("later[PAGE - 1] if len(later) > PAGE else None", "None", "pages"),
}
"""What a platform may forget, how its server then reads, and the scenarios that notice."""


@pytest.mark.slow
@pytest.mark.parametrize("what", FORGETS)
def test_a_platform_that_forgets_does_not_pass(home: Path, tmp_path: Path, what: str) -> None:
    """The table fails on a server that says yes and does nothing, or shows half of its list."""
    old, new, scenarios = FORGETS[what]
    project = written(tmp_path / "acme-migrator", old, new)
    assert new in (project / "tests" / "server.py").read_text("utf-8")
    command = [home / "bin" / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", scenarios]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert re.search(r"conformance, json to acme: .*\d failed", done.stdout), done.stdout + done.stderr
