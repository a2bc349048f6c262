"""Tests on software that nobody here wrote: environments of their own, and a record of what was measured."""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from migrator.testing.plugin import NOT_APPLICABLE
from tests.platforms.installer import BUILD, Installed, MissingError, install
from tests.platforms.software import FOLDER, Proof, all_software, write_proof

RECORD: Final = bool(os.environ.get("MIGRATOR_RECORD_PROOFS"))
"""Whether results are kept as evidence, in the folders of the tests, and not only in build/."""

REQUIRED: Final = os.environ.get("MIGRATOR_PLATFORMS_REQUIRED", "").split()
"""Folders of the software whose tests fail where it is missing, or `all`; the tests of others are skipped."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test below this folder."""
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker(pytest.mark.platforms)


@cache
def _tried(name: str) -> Installed | str:
    try:
        return install(name)
    except MissingError as error:
        return str(error)


@pytest.fixture(scope="session")
def environment_of() -> Callable[[str], Installed]:
    """Return the environment of a software by the name of its folder.

    A MissingError in a fixture or a test skips the test, or fails it if the software is required.
    """

    def found(name: str) -> Installed:
        tried = _tried(name)
        if isinstance(tried, str):
            raise MissingError(tried)
        return tried

    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Skip or fail a test whose fixtures miss something."""
    with _missing(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Skip or fail a test that misses something."""
    with _missing(item):
        return (yield)


@contextmanager
def _missing(item: pytest.Item) -> Iterator[None]:
    missing = ""
    try:
        yield
    except MissingError as error:
        missing = str(error)
    if missing and {"all", item.path.parent.name} & {*REQUIRED}:
        pytest.fail(missing, pytrace=False)
    if missing:
        pytest.skip(f"NOT RUN: {missing}")


@pytest.fixture(scope="module")
def installed(request: pytest.FixtureRequest, environment_of: Callable[[str], Installed]) -> Installed:
    """The environment of the software in whose folder the test stands."""
    return environment_of(request.path.parent.name)


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Counter[str]:
    """Counts for the record: `figures["requests judged"] += 1`."""
    tally: Counter[str] = Counter()
    record_property("platforms", tally)  # which goes on counting until the test has ended
    return tally


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a report hold its counts as plain dicts, which is what workers can send."""
    report = yield
    plain = [(name, dict(value) if isinstance(value, Counter) else value) for name, value in report.user_properties]
    report.user_properties = plain
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    """Write what each software's tests measured, if all of them ran and passed.

    A worker of pytest-xdist does not write: it knows only the tests that it ran itself.
    """
    config = terminalreporter.config
    if exitstatus == pytest.ExitCode.INTERRUPTED or hasattr(config, "workerinput") or not _runs_all(config):
        return
    for name, measured in _measured(terminalreporter).items():
        BUILD.mkdir(parents=True, exist_ok=True)
        write_proof(BUILD / f"{name}.json", measured)
        if RECORD:
            write_proof(FOLDER / name / "proved.json", measured)


def _runs_all(config: pytest.Config) -> bool:
    """Return whether whole folders run: tests chosen by file, name or -k are less, and so is a run that may stop.

    A worker runs only a part of them.
    """
    if hasattr(config, "workerinput"):
        return False
    stops_early, chosen = (
        config.getoption("maxfail"),
        config.getoption("keyword") or config.getoption("lf", default=False),
    )
    return not stops_early and not chosen and all(Path(argument).is_dir() for argument in config.args)


def _measured(reporter: Any) -> dict[str, Proof]:
    """Return the proof of each software of which no test failed or was skipped, unless it does not apply there."""
    passed: dict[str, list[Any]] = defaultdict(list)
    spoilt: set[str] = set()
    for outcome, reports in reporter.stats.items():
        for report in reports:
            if not isinstance(report, pytest.TestReport):
                continue
            name = _folder(report.fspath)
            if outcome == "passed" and report.when == "call":
                passed[name].append(report)
            elif outcome in {"failed", "error", "skipped", "xfailed"} and NOT_APPLICABLE not in str(report.longrepr):
                spoilt.add(name)
    return {
        of.name: Proof(
            pins=of.pins,
            date=dt.datetime.now(dt.UTC).date(),
            tests=len(passed[of.name]),
            figures=dict(sorted(_summed(passed[of.name]).items())),
        )
        for of in all_software()
        if passed[of.name] and of.name not in spoilt
    }


def _folder(path: str) -> str:
    """Name of the folder that a test stands in."""
    return Path(path).parent.name


def _summed(reports: list[Any]) -> Counter[str]:
    total: Counter[str] = Counter()
    for report in reports:
        for name, tally in report.user_properties:
            if name == "platforms":
                total.update(tally)
    return total
