"""The wheel is whole: what is installed from it works without this checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

import migrator

ROOT = Path(__file__).parent.parent


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints; it must succeed, and finds only what is installed."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built with what is installed here, so that no network is needed."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def home(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel in it; its dependencies are those that are installed here."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home)
    python = home / "bin" / "python"
    install = ("-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index")
    run(sys.executable, *install, "--disable-pip-version-check", wheel, cwd=home)
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(home), "platbase": str(home)}))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))  # a plain path: no other .pth is followed
    return home


def test_the_wheel_holds_everything(wheel: Path) -> None:
    """Every file of the package is in the wheel, with the mapping files, the type marker and the licence."""
    package = {
        f"migrator/{path.relative_to(ROOT / 'migrator').as_posix()}"
        for path in (ROOT / "migrator").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    mappings = {f"migrator/mappings/{path.name}" for path in (ROOT / "mappings").glob("*.toml")}
    info = f"migrator-{migrator.__version__}.dist-info"

    held = set(ZipFile(wheel).namelist())

    assert {f"migrator/mappings/{name}.toml" for name in ("omni", "devin", "scrip", "json")} <= mappings
    assert "migrator/py.typed" in package
    assert (package | mappings | {f"{info}/licenses/LICENSE"}) - held == set()
    assert {name.split("/")[0] for name in held} == {"migrator", info}


def test_the_installed_command_is_the_wheels(home: Path) -> None:
    """The command runs from the wheel, not from this checkout, and says its version."""
    where = run(home / "bin" / "python", "-c", "import migrator; print(migrator.__file__)", cwd=home)

    assert Path(where.strip()).is_relative_to(home)
    assert migrator.__version__ in run(home / "bin" / "migrator", "--version", cwd=home)


def test_the_demo_runs_from_the_wheel(home: Path, tmp_path: Path) -> None:
    """The whole story runs in an empty folder, with nothing but the wheel, and leaves nothing behind."""
    assert run(home / "bin" / "python", "-m", "migrator", "demo", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []
