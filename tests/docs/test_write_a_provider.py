"""docs/write-a-provider.md builds a provider that is installed beside migrator, and passes the table."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from textwrap import indent
from typing import Final

import pytest

from tests.docs.pages import ROOT, blocks
from tests.installing import build, install, run

PAGE = ROOT / "docs" / "write-a-provider.md"
MOST = 150


MORE = "more of "


def files() -> dict[str, str]:
    """The files of the package, by path."""
    found = {block.of: block.text for block in blocks(PAGE) if block.annotation == "file"}
    return {path: text for path, text in found.items() if not path.startswith(MORE)}


def more_of(path: str) -> str:
    """What the page adds to the class of a file, for a platform that can do more."""
    return next(block.text for block in blocks(PAGE) if block.of == MORE + path)


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


ADAPTER: Final = "acme_migrator/__init__.py"
CAPABLE: Final = {
    ADAPTER: {
        "from importlib": "from datetime import datetime\nfrom importlib",
        "Connection, Documented": "Connection, Documented, Record",
        '"created", "last_run"}': '"created", "last_run", "revision"}',
        "    @property\n    def scopes": f"{indent(more_of(ADAPTER), '    ')}\n    @property\n    def scopes",
        "create_paused=True": "create_paused=True, versions=True, fire_log=True, tag_search=True",
    },
    "acme_migrator/acme.toml": {"[read_only]": '[read_only]\nrevision = "counts its edits"'},
    "tests/server.py": {
        "        self.reminders = {}": "        self.reminders, self.fires, self.asked = {}, {}, []",
        '        if self.command == "GET" and not key:\n': """\
        if url.path.endswith("/fires"):
            return 200, {"fires": self.server.fires.get(key, [])}
        if tag := parse_qs(url.query).get("tag"):
            self.server.asked += tag
            return 200, {"reminders": [one for one in reminders.values() if tag[0] in (one.get("note") or "")]}
        told = self.headers.get("If-Match")
        if key and told and told != str(reminders[key]["revision"]):
            return 412, {"error": "it has another revision"}
        if self.command == "GET" and not key:
""",
        '"zone": "UTC", "active": True,': '"zone": "UTC", "active": True, "revision": 1,',
        "reminders[key] |= body": 'reminders[key] |= body | {"revision": reminders[key]["revision"] + 1}',
    },
}
"""What is added to the files of the page for a platform that can do all that the last section tells of."""


def capable(project: Path, *, without: str = "") -> Path:
    """Write the package of the page, for a platform that can do more; what is `without` is left out again."""
    for path, text in files().items():
        for old, new in CAPABLE.get(path, {}).items():
            assert old in text, (path, old)
            text = text.replace(old, new, 1)  # noqa: PLW2901 (one after the other)
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text.replace(without, "") if without else text, "utf-8")
    scenarios = Path(__file__).parent / "capable" / "scenarios.py"
    (project / "tests" / "test_capable.py").write_text(scenarios.read_text("utf-8"), "utf-8")
    return project


@pytest.fixture(scope="module")
def able(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean environment with the package for a platform that can do more."""
    folder = tmp_path_factory.mktemp("capable")
    project = capable(folder / "acme-migrator")
    return install(folder / "home", build(ROOT, folder / "migrator"), build(project, folder / "acme"))


@pytest.mark.slow
def test_a_platform_that_can_do_more_passes(able: Path, tmp_path: Path) -> None:
    """Faults at every request, edits between plan and write, a lost create, and its log: all are put to use."""
    project = capable(tmp_path / "acme-migrator")
    chosen = "Capabilities or between_plan or any_request"
    told = run(able / "bin" / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen, cwd=project)
    passed = re.findall(r"conformance, (\w+ to \w+): (\d+) passed", told)
    assert dict(passed).keys() == {"acme to json", "json to acme"}, told
    assert not re.search(r"\b(failed|error)", told)


@pytest.mark.slow
def test_a_platform_that_compares_no_versions_does_not_pass(able: Path, tmp_path: Path) -> None:
    """One that declares versions, and overwrites what somebody edited meanwhile, is noticed."""
    project = capable(tmp_path / "acme-migrator", without=' and told != str(reminders[key]["revision"])')
    text = (project / "tests" / "server.py").read_text("utf-8").replace("if key and told:", "if False:")
    (project / "tests" / "server.py").write_text(text, "utf-8")
    command = [able / "bin" / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "edited_between"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert re.search(r"conformance, json to acme: .*\d failed", done.stdout), done.stdout + done.stderr
