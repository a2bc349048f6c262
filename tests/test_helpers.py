"""Test modules hold tests only: what several of them need is in modules of helpers, and fixtures are in conftest.py."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
MODULES: Final = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text("utf-8")
    for folder in ("tests", "benchmarks", "migrator")
    for path in (ROOT / folder).rglob("*.py")
}
"""Text of each module that may use helpers of tests, by its dotted name."""
TEST_MODULES: Final = {name for name in MODULES if name.startswith("tests.") and ".test_" in name}


def imported(module: str, source: str) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of everything that a module imports, wherever in it that happens."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*package, *([node.module] if node.module else [])])
            yield from ((node.lineno, name) for name in (base, *(f"{base}.{alias.name}" for alias in node.names)))


def imports_of_test_modules(module: str, source: str) -> list[str]:
    """Return the imports of a module that take something out of a test module."""
    return [f"{module}:{line} imports {name}" for line, name in imported(module, source) if name in TEST_MODULES]


def test_no_module_imports_a_test_module() -> None:
    """A test can be moved, renamed or deleted without a look at any other."""
    assert [one for module, source in MODULES.items() for one in imports_of_test_modules(module, source)] == []


@pytest.mark.parametrize(
    "source",
    [
        "from tests.store.test_journal import write",
        "from tests.store import test_journal",
        "import tests.store.test_journal",
        "def f():\n    import tests.store.test_journal as journal",
        "from .test_journal import write",
        "from . import test_journal",
        "from ..store.test_journal import write",
    ],
)
def test_an_import_of_a_test_module_is_found(source: str) -> None:
    """However it is written."""
    assert len(imports_of_test_modules("tests.store.test_links", source)) == 1


def test_helpers_are_imported() -> None:
    """From modules of helpers and from conftest.py, where types of fixtures are; test in a name is no test module."""
    source = "from tests.store.records import write\nfrom tests.store.conftest import Time\nimport migrator.testing.lab"
    assert imports_of_test_modules("tests.store.test_links", source) == []
