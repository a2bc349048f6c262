"""Wheels, and environments with nothing but them and the dependencies that are installed here; no network is needed."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run(*command: str | Path, cwd: Path) -> str:
    """Return what a command prints; it must succeed, and finds only what is installed."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(project: Path, folder: Path) -> Path:
    """Build the wheel of a project, with what is installed here."""
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=project)
    (built,) = folder.glob("*.whl")
    return built


def install(home: Path, *wheels: Path) -> Path:
    """Make a fresh environment with these wheels in it; its dependencies are those that are installed here."""
    venv.create(home)
    python = home / "bin" / "python"
    command = ("-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index")
    run(sys.executable, *command, "--disable-pip-version-check", *wheels, cwd=home)
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(home), "platbase": str(home)}))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))  # a plain path: no other .pth is followed
    return home
