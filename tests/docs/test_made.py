"""What is made from the code is as the code is."""

from __future__ import annotations

import importlib.util
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def reference(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script behind `make reference`."""
    monkeypatch.syspath_prepend(str(ROOT / ".ci"))
    spec = importlib.util.spec_from_file_location("reference", ROOT / ".ci" / "reference.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_made_pages_are_up_to_date(reference: ModuleType) -> None:
    """`make reference` would change nothing."""
    stale = [path for path, text in reference.files().items() if not path.exists() or path.read_text("utf-8") != text]

    assert [str(path.relative_to(ROOT)) for path in stale] == [], "run: make reference"


def test_pictures_are_pictures_of_proofs(reference: ModuleType) -> None:
    """Each is well-formed and has a title; but for the approximate one, the jobs together fire as the source does."""
    for name, picture in reference.pictures.pictures().items():
        root = ET.fromstring(picture)  # noqa: S314 (our own)
        dots = list(root.iter("{http://www.w3.org/2000/svg}circle"))
        instants = {kind: sorted(node.attrib["cx"] for node in dots if node.attrib["class"] == kind) for kind in "ab"}

        assert root.find("{http://www.w3.org/2000/svg}title") is not None
        assert instants["a"], name
        assert (instants["a"] == instants["b"]) == (name != "verdict-approximate"), name
