"""Which guards does no test miss? Replace each condition of a module by true and by false, and run tests against that.

    python -m tests.mutants migrator/recovery/reconcile.py -- tests/recovery tests/faults/test_kill.py

Each mutant is tried in a copy of the tree; the tests stop at the first failure, which kills it. What survives is
printed: either no test cares about that condition, or it does not matter.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

ROOT: Final = Path(__file__).parent.parent
COPIED: Final = ("migrator", "mappings", "tests", "docs", "pyproject.toml", "README.md")
LONGEST: Final = 600
"""Seconds after which tests that hang count as failed."""


@frozen(kw_only=True)
class Mutant:
    """One condition of a module with a constant in its place.

    Attributes:
        line: where the condition begins.
        text: the condition.
        value: the constant.
        source: the module with it.
    """

    line: int
    text: str
    value: bool
    source: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.value} for {' '.join(self.text.split())}"


def mutants(source: str) -> Iterator[Mutant]:
    """Yield a module's mutants, in the order of its lines."""
    for node in sorted(_conditions(ast.parse(source)), key=lambda found: (found.lineno, found.col_offset)):
        text = ast.get_source_segment(source, node)
        if text is None:
            continue
        start = _offset(source, node.lineno, node.col_offset)
        for value in (True, False):
            changed = f"{source[:start]}({value}){source[start + len(text) :]}"
            yield Mutant(line=node.lineno, text=text, value=value, source=changed)


def _conditions(tree: ast.AST) -> Iterator[ast.expr]:
    """What decides something: tests, the parts of and/or in them, filters, and returned comparisons."""
    for node in ast.walk(tree):
        match node:
            case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
                yield from _parts(test)
            case ast.comprehension(ifs=ifs):
                for test in ifs:
                    yield from _parts(test)
            case ast.Return(value=ast.BoolOp() | ast.Compare() as value):
                yield from _parts(value)


def _parts(test: ast.expr) -> Iterator[ast.expr]:
    if isinstance(test, ast.BoolOp):
        for value in test.values:
            yield from _parts(value)
    elif not any(isinstance(inner, ast.NamedExpr) for inner in ast.walk(test)):  # what it names is needed later
        yield test


def _offset(source: str, line: int, column: int) -> int:
    """Where a place of the syntax tree, which counts bytes, is in the text."""
    lines = source.splitlines(keepends=True)
    return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())


def survivors(module: str, tests: Sequence[str]) -> Iterator[Mutant]:
    """Yield the mutants of a module that these tests do not notice.

    Raises:
        SystemExit: the tests fail without any mutant.
    """
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        for part in COPIED:
            (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(ROOT / part, copy / part)
        source = (copy / module).read_text("utf-8")
        if not _pass(copy, tests):
            raise SystemExit("the tests fail as they are")
        for mutant in mutants(source):
            (copy / module).write_text(mutant.source, "utf-8")
            if _pass(copy, tests):
                yield mutant


def _pass(folder: Path, tests: Sequence[str]) -> bool:
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", *tests]
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, timeout=LONGEST, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def main(arguments: Sequence[str]) -> int:
    """Print the survivors of each module; 1 if there are any."""
    cut = arguments.index("--")
    code = 0
    for module in arguments[:cut]:
        for mutant in survivors(module, arguments[cut + 1 :]):
            sys.stdout.write(f"{module} {mutant}\n")
            sys.stdout.flush()
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
