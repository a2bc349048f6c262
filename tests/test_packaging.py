"""The wheel is whole: what is installed from it works without this checkout."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest

import migrator
from tests.installing import ROOT, build, install, run


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built with what is installed here, so that no network is needed."""
    return build(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def home(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel in it; its dependencies are those that are installed here."""
    return install(tmp_path_factory.mktemp("installed"), wheel)


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
