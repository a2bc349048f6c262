"""The result of doctor: one line for each check, with the fix below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from migrator.doctor.check import Check
from migrator.report.text import Line, clean, count, line, pad

SCHEMA: Final = "migrator/doctor@1"

_STATUSES: Final = ("ok", "advice", "unknown", "fault")
_STYLES: Final = {"ok": "green", "advice": "yellow", "unknown": "dim", "fault": "bold red"}
_WORDS: Final = {"ok": "ok", "advice": "warning", "unknown": "unknown", "fault": "error"}
"""By status, the word that is printed."""


def check_lines(checks: Sequence[Check]) -> Iterator[Line]:
    """Yield one line for each check, and the fix below it."""
    wide = max((len(f"{check.about} {check.what}") for check in checks), default=0)
    for check in checks:
        head = pad(clean(f"{check.about} {check.what}"), wide + 2)
        yield line(
            (f"{_WORDS[check.status]:<8}", _STYLES[check.status]), (head, "bold"), clean(check.found), hang=wide + 10
        )
        if check.todo:
            yield line(("fix: ", "dim"), clean(check.todo), indent=8)


def doctor_lines(checks: Sequence[Check]) -> Iterator[Line]:
    """Yield the checks as text, and how many errors and warnings there are."""
    yield from check_lines(checks)
    faults, advice = (sum(check.status == status for check in checks) for status in ("fault", "advice"))
    style = "bold red" if faults else "yellow" if advice else "green"
    yield line((f"{count(faults, 'error')}, {count(advice, 'warning')}", style))
