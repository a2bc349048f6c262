"""What a check-up found: each line is in order, or says what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from migrator.checkup.values import Check
from migrator.report.shapes import COUNT as _COUNT
from migrator.report.shapes import TEXT, Schema, document, listed, mapped, one_of, shape
from migrator.report.words import Line, clean, count, line, pad

SCHEMA: Final = "migrator/doctor@1"

_STATUSES: Final = ("ok", "advice", "unknown", "fault")
_STYLES: Final = {"ok": "green", "advice": "yellow", "unknown": "dim", "fault": "bold red"}


def checkup_document(checks: Sequence[Check]) -> dict[str, Any]:
    """A check-up as `migrator/doctor@1`."""
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
    """Each check on its own line, and what to do below it."""
    wide = max((len(f"{check.about} {check.what}") for check in checks), default=0)
    for check in checks:
        head = pad(clean(f"{check.about} {check.what}"), wide + 2)
        yield line((f"{check.status:<8}", _STYLES[check.status]), (head, "bold"), clean(check.found), hang=wide + 10)
        if check.todo:
            yield line(("do: ", "dim"), clean(check.todo), indent=8)


def checkup_lines(checks: Sequence[Check]) -> Iterator[Line]:
    """A check-up for people."""
    yield from check_lines(checks)
    faults, advice = (sum(check.status == status for check in checks) for status in ("fault", "advice"))
    if faults:
        yield line((f"{count(faults, 'fault')} to mend", "bold red"), f", {advice} to look at.")
    elif advice:
        yield line(("Nothing stands in the way", "green"), f"; {advice} to look at.")
    else:
        yield line(("Everything is in order.", "green"))


def checkup_schema() -> Schema:
    """`migrator/doctor@1`."""
    check = shape(
        {
            "about": TEXT,
            "what": TEXT,
            "status": one_of(*_STATUSES),
            "found": TEXT,
            "todo": {**TEXT, "description": 'What to do; "" where nothing is to be done.'},
        }
    )
    return document(
        "doctor",
        "Whether everything is in order",
        {"summary": mapped(_COUNT, "How many of each."), "checks": listed(check)},
    )
