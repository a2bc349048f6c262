"""A pytest plug-in: the results of the conformance table by pair of platforms, and which scenarios do not apply."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Final

import pytest

NOT_APPLICABLE: Final = "not applicable: "
"""How the reason of a skipped scenario begins."""
_TABLE: Final = "conformance"
"""The property under which a scenario says which pair it ran between."""


def recorded(node: pytest.Item, pair: str) -> None:
    """Note which pair a scenario runs between."""
    node.user_properties.append((_TABLE, pair))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say for each pair how many scenarios passed and failed, and why some do not apply."""
    outcomes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    reasons: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, ()):
            pair = dict(getattr(report, "user_properties", ())).get(_TABLE)
            if not isinstance(pair, str):
                continue
            outcomes[pair][outcome] += 1
            told = str(report.longrepr[2]) if outcome == "skipped" and isinstance(report.longrepr, tuple) else ""
            if NOT_APPLICABLE in told:
                reasons[pair][told.partition(NOT_APPLICABLE)[2]] += 1
    for pair in sorted(outcomes):
        counted = ", ".join(f"{number} {outcome}" for outcome, number in outcomes[pair].items())
        terminalreporter.write_sep("-", f"conformance, {pair}: {counted}")
        for reason, number in sorted(reasons[pair].items()):
            terminalreporter.write_line(f"not applicable, {number}: {reason}")
