"""The software of others that platforms are proved on: what is said where it cannot be installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.platforms.installer import MissingError, install
from tests.platforms.software import FOLDER, all_software

BY_PROGRAM = [of.name for of in all_software() if of.installer != "pip" or of.needs]
"""Those that need a program of the machine."""


@pytest.mark.parametrize("name", BY_PROGRAM)
def test_a_missing_program_is_named_in_one_line(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the program there is no installation, and the reason says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MissingError, match=r"^[^\n]+: [a-z-]+ is not installed \(apt-get install [a-z-]+\)$"):
        install(name)


def test_each_software_needs_what_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the installer's own programs but without the others, one of the others is what is missing."""
    for program in ("node", "npm", "apt-get", "dpkg-deb"):
        (tmp_path / program).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    needy = [of for of in all_software() if of.needs]

    assert needy
    for of in needy:
        assert shutil.which(of.needs[0]) is None
        with pytest.raises(MissingError, match=f"^{of.title}: {of.needs[0]} is not installed"):
            install(of.name)


@pytest.mark.parametrize("required", ["", "github"])
def test_a_missing_software_is_skipped_unless_it_is_required(required: str, tmp_path: Path) -> None:
    """Where node is missing, all tests of GitHub's parser are skipped with one line, or fail if they have to run."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-m", "platforms", "-rfE"]
    given = {**os.environ, "PATH": str(tmp_path), "MIGRATOR_PLATFORMS_REQUIRED": required}
    ran = subprocess.run(
        [*command, str(FOLDER / "github")],
        env=given,
        capture_output=True,
        text=True,
        cwd=FOLDER.parents[1],
        check=False,
    )
    reason = "GitHub's workflow parser: node is not installed (apt-get install nodejs)"

    assert bool(required) == (ran.returncode == 1), ran.stdout
    assert (not required) == (1 == ran.stdout.splitlines().count(f"NOT RUN: {reason}")), ran.stdout
    assert reason in ran.stdout
    assert "passed" not in ran.stdout
