"""The result of doctor: one line for each check, with the fix below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from migrator.doctor.check import Check
from migrator.report.json_schema import COUNT as _COUNT
from migrator.report.json_schema import TEXT, Schema, document, listed, mapped, one_of, shape
from migrator.report.text import Line, clean, count, line, pad

SCHEMA: Final = "migrator/doctor@1"

_STATUSES: Final = ("ok", "advice", "unknown", "fault")
_STYLES: Final = {"ok": "green", "advice": "yellow", "unknown": "dim", "fault": "bold red"}
_WORDS: Final = {"ok": "ok", "advice": "warning", "unknown": "unknown", "fault": "error"}
"""By status, the word that is printed."""


def checkup_document(checks: Sequence[Check]) -> dict[str, Any]:
    """Return the checks as `migrator/doctor@1`."""
    return {
        "schema": SCHEMA,
        "summary": _summary(checks),
        "checks": [
            {"about": c.about, "what": c.what, "status": c.status, "found": c.found, "todo": c.todo} for c in checks
        ],
    }


def _summary(checks: Sequence[Check]) -> dict[str, int]:
    return {status: sum(check.status == status for check in checks) for status in _STATUSES}


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


def checkup_lines(checks: Sequence[Check]) -> Iterator[Line]:
    """Yield the checks as text, and how many errors and warnings there are."""
    yield from check_lines(checks)
    faults, advice = (sum(check.status == status for check in checks) for status in ("fault", "advice"))
    style = "bold red" if faults else "yellow" if advice else "green"
    yield line((f"{count(faults, 'error')}, {count(advice, 'warning')}", style))


def checkup_schema() -> Schema:
    """Return the schema of `migrator/doctor@1`."""
    check = shape(
        {
            "about": TEXT,
            "what": TEXT,
            "status": one_of(*_STATUSES),
            "found": TEXT,
            "todo": {**TEXT, "description": 'The fix; "" where none is needed.'},
        }
    )
    return document(
        "doctor",
        "The checks of migrator doctor",
        {"summary": mapped(_COUNT, "How many of each."), "checks": listed(check)},
    )
