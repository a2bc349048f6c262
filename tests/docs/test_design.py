"""The map of the code is true: what docs/design.md names exists, and it names every package."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from tests.docs.pages import ROOT
from tests.layers import RANK

PAGE: Final = (ROOT / "docs" / "design.md").read_text("utf-8")
PLACES: Final = sorted(set(re.findall(r"`([\w/]+\.py)(?:: ([\w.]+))?`", PAGE)))


def defines(body: list[ast.stmt], names: list[str]) -> bool:
    """Return whether a class, function, method or constant of this dotted name is defined."""
    if not names:
        return True
    for node in body:
        match node:
            case ast.ClassDef(name=name, body=inner) if name == names[0]:
                return defines(inner, names[1:])
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name == names[0]:
                return names[1:] == []
            case ast.AnnAssign(target=ast.Name(id=name)) if name == names[0]:
                return names[1:] == []
    return False


@pytest.mark.parametrize(("path", "name"), PLACES)
def test_named_code_exists(path: str, name: str) -> None:
    """Each file, and each name in it; a path begins in the package, or in the repository."""
    files = [folder / path for folder in (ROOT, ROOT / "migrator") if (folder / path).is_file()]
    assert files != []

    assert defines(ast.parse(files[0].read_text("utf-8")).body, name.split(".") if name else [])


def test_every_package_is_in_the_table() -> None:
    """In the order of the layers, each once."""
    table = PAGE[PAGE.index("| package, from the bottom up") :].partition("\n\n")[0]
    named = [re.findall(r"`([a-z_]+)`", line.split("|")[1]) for line in table.splitlines()[2:]]
    layers = [sorted(name for name, rank in RANK.items() if rank == number) for number in range(len(named) - 1)]

    assert named == [*layers, ["sandbox"]]


def test_the_check_finds_what_is_missing(tmp_path: Path) -> None:
    """A name that is not there, or stands elsewhere, is found."""
    file = tmp_path / "one.py"
    file.write_text("class A:\n    def f(self): ...\n\nB: int = 1\n")
    body = ast.parse(file.read_text()).body

    assert [defines(body, name.split(".")) for name in ("A", "A.f", "B", "f", "A.g", "B.c", "C")] == [
        *[True] * 3,
        *[False] * 4,
    ]
