"""Which guards does no test miss? Change one condition of a module at a time, and run the tests that reach it.

    python -m tests.mutants migrator/apply/settle.py -- tests/recovery tests/faults/test_kill.py

Everything happens in a copy of the tree. One process collects the tests; each mutant is tried in a fork of it, so it
costs what its tests cost and no start of an interpreter. A test that does not execute the statement is not run. The
first failure kills a mutant. What survives is printed: no test cares about that condition, or it does not matter.
"""

from __future__ import annotations

import ast
import gc
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any, Final

import pytest
from attrs import define, field, frozen

ROOT: Final = Path(__file__).parent.parent
COPIED: Final = ("migrator", "mappings", "cassettes", "tests", "docs", "pyproject.toml", "README.md", "CHANGELOG.md")
PATIENCE: Final = 60
"""Seconds beyond five times what its tests take without it, after which a mutant counts as killed."""
_EDGES: Final[Mapping[type, str]] = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@frozen
class Mutant:
    """One place of a module with something else there.

    Attributes:
        function: qualified name and first line of the function around it.
        lines: first and last line of its statement.
        line: where the place begins.
        old: what stands there.
        new: what comes there.
        source: the module with it.
    """

    function: tuple[str, int]
    lines: tuple[int, int]
    line: int
    old: str
    new: str
    source: str

    def __str__(self) -> str:
        old, new = (" ".join(text.split()) for text in (self.old, self.new))
        return f"{self.line} {self.function[0]}: {new.replace(f'({old})', '…')} for {old}"


def mutants(source: str) -> Iterator[Mutant]:
    """Yield a module's mutants, in the order of its lines; what is outside of functions has none."""
    seen: set[str] = set()
    for function, name in _functions(ast.parse(source), ""):
        first = min([function.lineno, *(one.lineno for one in function.decorator_list)])
        for statement in (inner for part in function.body for inner in ast.walk(part) if isinstance(inner, ast.stmt)):
            end = min([one.lineno - 1 for one in _blocks(statement)] + [statement.end_lineno or statement.lineno])
            for node, new in _changes(statement):
                old = ast.get_source_segment(source, node) or ""
                start = _offset(source, node.lineno, node.col_offset)
                there = new.replace("…", f"({old})")
                changed = source[:start] + there + source[start + len(old) :]
                if changed not in seen:
                    lines = (statement.lineno, max(end, statement.lineno))
                    yield Mutant((name, first), lines=lines, line=node.lineno, old=old, new=there, source=changed)
                seen.add(changed)


def _functions(tree: ast.AST, prefix: str) -> Iterator[tuple[Function, str]]:
    """The functions of a module and of its classes, each with its qualified name; none that is inside another."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function):
            yield node, prefix + node.name
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{prefix}{node.name}.")


def _blocks(statement: ast.stmt) -> Iterator[ast.stmt]:
    """The statements inside a statement."""
    for node in ast.iter_child_nodes(statement):
        if isinstance(node, ast.stmt):
            yield node
        elif isinstance(node, ast.ExceptHandler | ast.match_case):
            yield from node.body


def _changes(statement: ast.stmt) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Each place of a statement with what may come there; "…" stands for what is there."""
    if isinstance(statement, ast.Assert):
        return
    if isinstance(statement, ast.Raise | ast.Continue | ast.Break) or _is_call(statement):
        yield statement, "pass"
    parts: set[ast.expr] = set()
    for node in _own(statement):
        for test in _conditions(node):
            if isinstance(test, ast.BoolOp):
                parts.update(test.values)
            if test not in parts or test is not node:
                yield from _constants(test)
        yield from _less(node)


def _less(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """A comparison with the other edge, and sets with less in them."""
    match node:
        case ast.BinOp(op=ast.BitOr() | ast.BitAnd(), left=left, right=right):
            yield from ((node, ast.unparse(one)) for one in (left, right))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _EDGES:
            yield node, f"({ast.unparse(left)} {_EDGES[type(op)]} {ast.unparse(right)})"
        case ast.Compare(comparators=[ast.Set(elts=[_, _, *_] as found) as right]):
            for gone in found:
                yield right, f"{{{', '.join(ast.unparse(one) for one in found if one is not gone)}}}"


def _own(statement: ast.stmt) -> Iterator[ast.AST]:
    """What a statement consists of, without the statements in it and without annotations."""
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop(0)
        yield node
        for name, value in ast.iter_fields(node):
            if name not in {"annotation", "returns"}:
                children = value if isinstance(value, list) else [value]
                pending += [one for one in children if isinstance(one, ast.AST) and not isinstance(one, ast.stmt)]


def _is_call(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call | ast.Await)


def _conditions(node: ast.AST) -> Iterator[ast.expr]:
    """What a node of the syntax tree decides by, or is as a condition."""
    match node:
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test) | ast.match_case(guard=ast.expr() as test):
            yield test
        case ast.comprehension(ifs=ifs):
            yield from ifs
        case ast.BoolOp() | ast.Compare() | ast.UnaryOp(op=ast.Not()) | ast.Call(func=ast.Name(id="any" | "all")):
            yield node


def _constants(test: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    """A condition as true and as false, and an and/or without each of its parts."""
    if any(isinstance(inner, ast.NamedExpr) for inner in ast.walk(test)):  # what it names is needed later
        return
    for value in (True, False):
        yield test, f"({value} {'or' if value else 'and'} …)"  # it keeps the variables of the function
    if isinstance(test, ast.BoolOp):
        neutral = "(True or …)" if isinstance(test.op, ast.And) else "(False and …)"
        yield from ((part, neutral) for part in test.values if not isinstance(part, ast.Constant))


def _offset(source: str, line: int, column: int) -> int:
    """Where a place of the syntax tree, which counts bytes, is in the text."""
    lines = source.splitlines(keepends=True)
    return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())


@define
class Trial:
    """A pytest plugin that runs the collected tests once as they are, and then against each mutant.

    Attributes:
        modules: paths of the modules, from the root of the tree.
        survived: how many mutants did.
    """

    modules: Sequence[str]
    survived: int = 0
    _failed: bool = False
    _reached: dict[str, dict[str, list[int]]] = field(factory=dict)
    _seconds: dict[str, float] = field(factory=dict)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try every mutant of every module."""
        if session.testsfailed:
            pytest.exit("the tests cannot be collected", returncode=2)
        with tempfile.TemporaryDirectory() as folder:
            told = Path(folder, "baseline")
            if not _in_a_fork(lambda: self._baseline(session.items, told), 3600):
                pytest.exit("the tests fail as they are", returncode=2)
            self._reached, self._seconds = json.loads(told.read_text("utf-8"))
        for module in self.modules:
            self._try(module, session.items)
        return True

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a failure."""
        self._failed |= report.failed

    def _baseline(self, items: Sequence[pytest.Item], told: Path) -> bool:
        """Run every test, and write down which lines of the modules it executes."""
        files = {str(Path(module).absolute()): module for module in self.modules}
        lines: set[tuple[str, int]] = set()

        def trace(frame: FrameType, event: str, _arg: Any) -> Any:
            module = files.get(frame.f_code.co_filename)
            if module and event == "line":
                lines.add((module, frame.f_lineno))
            return trace if module else None

        reached: dict[str, dict[str, list[int]]] = {module: {} for module in self.modules}
        for item in items:
            lines.clear()
            start = time.monotonic()
            threading.settrace(trace)
            sys.settrace(trace)
            is_passed = self._run([item])
            sys.settrace(None)
            if not is_passed:
                return False
            self._seconds[item.nodeid] = time.monotonic() - start
            for module, line in lines:
                reached[module].setdefault(item.nodeid, []).append(line)
        told.write_text(json.dumps([reached, self._seconds]), "utf-8")
        return True

    def _run(self, items: Sequence[pytest.Item]) -> bool:
        for number, item in enumerate(items, 1):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=items[number] if number < len(items) else None)
            if self._failed:
                return False
        return True

    def _try(self, module: str, items: Sequence[pytest.Item]) -> None:
        path = Path(module).absolute()
        gc.unfreeze()
        functions = _functions_of(str(path))
        source, counts = path.read_text("utf-8"), Counter[str]()
        gc.freeze()  # a fork copies what the collector touches
        for mutant in mutants(source):
            tests = self._that_reach(mutant.lines, self._reached[module], items)
            counts["mutants"] += 1
            if not tests:
                counts[mutant.function[0]] += 1
                continue
            patience = PATIENCE + 5 * sum(self._seconds[one.nodeid] for one in tests)
            code = _code(compile(mutant.source, str(path), "exec", dont_inherit=True), mutant.function)
            path.write_text(mutant.source, "utf-8")  # for processes that a test starts
            if _in_a_fork(partial(self._against, code, functions[mutant.function], tests), patience):
                counts["survived"] += 1
                _say(f"{module}:{mutant}")
        path.write_text(source, "utf-8")
        total, survived = counts.pop("mutants"), counts.pop("survived", 0)
        unreached = counts.total()
        killed = total - survived - unreached
        for function, number in counts.items():
            _say(f"{module}: {function}: {number} mutants that no test executes")
        _say(f"{module}: {total} mutants, {killed} killed, {survived} survived, {unreached} unreached")
        self.survived += survived + unreached

    def _that_reach(
        self, lines: tuple[int, int], reached: Mapping[str, Sequence[int]], items: Sequence[pytest.Item]
    ) -> list[pytest.Item]:
        """The tests that execute one of the lines, the quickest first."""
        found = {test for test, executed in reached.items() if any(lines[0] <= line <= lines[1] for line in executed)}
        return sorted((one for one in items if one.nodeid in found), key=lambda one: self._seconds[one.nodeid])

    def _against(self, code: CodeType, functions: Sequence[FunctionType], tests: Sequence[pytest.Item]) -> bool:
        for function in functions:
            function.__code__ = code
        return self._run(tests)


def _functions_of(path: str) -> Mapping[tuple[str, int], list[FunctionType]]:
    """The functions of a module in this process, by their qualified names and first lines."""
    found: dict[tuple[str, int], list[FunctionType]] = {}
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__code__.co_filename == path:
            found.setdefault((one.__code__.co_qualname, one.__code__.co_firstlineno), []).append(one)
    return found


def _code(within: CodeType, function: tuple[str, int]) -> CodeType:
    """The code of a function of a module."""
    for one in within.co_consts:
        if isinstance(one, CodeType):
            if (one.co_qualname, one.co_firstlineno) == function:
                return one
            if function[0].startswith(f"{one.co_qualname}."):
                return _code(one, function)
    raise LookupError(function)


def _in_a_fork(run: Callable[[], bool], seconds: float) -> bool:
    """Return what a function does in a copy of this process, without its output; false after that time."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    signal.alarm(int(seconds) + 1)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    os._exit(0 if run() else 1)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Print the survivors of each module; 1 if there are any."""
    cut = arguments.index("--")
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name).resolve()
        for part in COPIED:
            (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(ROOT / part, copy / part)
        os.chdir(copy)
        os.environ["PYTHONPATH"] = str(copy)
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        sys.path.insert(0, str(copy))
        trial = Trial(arguments[:cut])
        options = ("-qq", "-s", "-n", "0", "-p", "no:cacheprovider", "--no-summary")
        code = pytest.main([*options, *arguments[cut + 1 :]], plugins=[trial])
    return int(code) or int(bool(trial.survived))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
