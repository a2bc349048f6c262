"""Which guards does no test miss? Change one condition of a module at a time, and run the tests that reach it.

    python -m tests.mutants migrator/recovery/reconcile.py -- tests/recovery tests/faults/test_kill.py
    python -m tests.mutants migrator/recovery/reconcile.py:48,112 -- tests/recovery    # of these lines only

Everything happens in a copy of the tree. One process collects the tests; each mutant is tried in a fork of it, so it
costs what its tests cost and no start of an interpreter. A test that does not execute the statement is not run. The
first failure kills a mutant, and so does a test that does not end. What survives is printed: no test cares about that
condition, or it does not matter. What ends by a signal from elsewhere, or without a result, says nothing, and is
printed as undecided.
"""

from __future__ import annotations

import gc
import json
import mmap
import os
import shutil
import signal
import struct
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any, Final, Literal, NoReturn

import pytest
from attrs import define, field

from tests.mutating import mutants

ROOT: Final = Path(__file__).parent.parent
COPIED: Final = ("migrator", "mappings", "cassettes", "tests", "docs", "pyproject.toml", "README.md", "CHANGELOG.md")
PATIENCE: Final = 20
"""Seconds beyond five times what a test takes without a mutant, after which that counts as killed."""
_FIRST: Final = 600
"""Seconds that a test may take where nothing is known of it."""
_LOOK: Final = 0.01
"""Seconds between looks whether a fork has ended."""

Ending = Literal["passed", "failed", "hung", "undecided"]
"""How a fork ended: undecided where neither its tests nor its time ended it."""
_TIME: Final = struct.Struct("d")
_ENDINGS: Final[Mapping[int, Ending]] = {0: "passed", 1: "failed"}


class Deadline:
    """When what runs in a fork is to end; the fork can put it off.

    Args:
        seconds: from now on.
    """

    def __init__(self, seconds: float) -> None:
        self._shared = mmap.mmap(-1, _TIME.size)
        self.put_off(seconds)

    def put_off(self, seconds: float) -> None:
        """Let it end in so many seconds."""
        _TIME.pack_into(self._shared, 0, time.monotonic() + seconds)

    @property
    def is_over(self) -> bool:
        """Whether it should have ended."""
        return bool(time.monotonic() > _TIME.unpack_from(self._shared, 0)[0])


@define
class Trial:
    """A pytest plugin that runs the collected tests once as they are, and then against each mutant.

    Attributes:
        modules: paths of the modules, from the root of the tree, each with the lines to change; none for all of them.
        survived: how many mutants did, or were not decided.
    """

    modules: Mapping[str, AbstractSet[int]]
    survived: int = 0
    _failed: bool = False
    _reached: dict[str, dict[str, list[int]]] = field(factory=dict)
    _seconds: dict[str, float] = field(factory=dict)
    _deadline: Deadline = field(factory=lambda: Deadline(_FIRST))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try every mutant of every module."""
        if session.testsfailed:
            pytest.exit("the tests cannot be collected", returncode=2)
        with tempfile.TemporaryDirectory() as folder:
            told = Path(folder, "baseline")
            if in_a_fork(lambda: self._baseline(session.items, told), self._deadline) != "passed":
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
            known = self._seconds.get(item.nodeid)
            self._deadline.put_off(_FIRST if known is None else PATIENCE + 5 * known)
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
            if self.modules[module] and mutant.line not in self.modules[module]:
                continue
            tests = self._that_reach(mutant.lines, self._reached[module], items)
            counts["mutants"] += 1
            if not tests:
                counts[mutant.function[0]] += 1
                continue
            code = _code(compile(mutant.source, str(path), "exec", dont_inherit=True), mutant.function)
            path.write_text(mutant.source, "utf-8")  # for processes that a test starts
            self._deadline.put_off(PATIENCE)
            ending = in_a_fork(partial(self._against, code, functions[mutant.function], tests), self._deadline)
            counts[ending] += 1
            if ending in {"passed", "undecided"}:
                _say(f"{module}:{mutant}{'' if ending == 'passed' else ' (undecided)'}")
        path.write_text(source, "utf-8")
        total, killed, hung = counts.pop("mutants", 0), counts.pop("failed", 0), counts.pop("hung", 0)
        survived, undecided = counts.pop("passed", 0), counts.pop("undecided", 0)
        unreached = counts.total()
        for function, number in counts.items():
            _say(f"{module}: {function}: {number} mutants that no test executes")
        ended = f"{killed + hung} killed ({hung} hung), {survived} survived, {undecided} undecided"
        _say(f"{module}: {total} mutants, {ended}, {unreached} unreached")
        self.survived += survived + undecided + unreached

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


def in_a_fork(run: Callable[[], bool], deadline: Deadline) -> Ending:
    """Return how a function ends in a copy of this process, without its output; what it leaves running is ended."""
    child = os.fork()
    if not child:
        _end_with(run)
    try:
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return _ENDINGS.get(os.waitstatus_to_exitcode(status), "undecided")
            if deadline.is_over:
                return "hung"
            time.sleep(_LOOK)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(child, 0)


def _end_with(run: Callable[[], bool]) -> NoReturn:
    code = 2
    try:
        os.setpgid(0, 0)
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        code = 0 if run() else 1
    finally:
        os._exit(code)


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
        named = (one.partition(":") for one in arguments[:cut])
        trial = Trial({module: {int(line) for line in lines.split(",") if line} for module, _, lines in named})
        options = ("-qq", "-s", "-n", "0", "-p", "no:cacheprovider", "--no-summary")
        code = pytest.main([*options, *arguments[cut + 1 :]], plugins=[trial])
    return int(code) or int(bool(trial.survived))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
