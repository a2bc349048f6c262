"""The jobs of a connection, as a table and as a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrator.listing import ListedJob, Listing
from migrator.report.text import Line, clean, columns, count, instant, line

SCHEMA: Final = "migrator/list@1"

_STYLES: Final = {"enabled": "green", "paused": "yellow", "stopped": "bold red", "unreadable": "bold red"}
_HEAD: Final = ("NAME", "STATE", "NEXT FIRE", "MANAGED", "SCHEDULE")
_NAME: Final = 40
"""Characters of a name in the table."""


def list_lines(found: Listing) -> Iterator[Line]:
    """Yield the listing as text: one line for each job, and the reason below where one does not fire."""
    counts = f": {count(len(found.rows), 'job')} on {found.title}, {found.managed} managed by migrator"
    yield line((found.connection, "bold"), counts)
    if not found.rows:
        return
    yield line("")
    table = columns([_HEAD, *map(_cells, found.rows)])
    yield line((table[0], "bold"))
    for text, row in zip(table[1:], found.rows, strict=True):
        yield line((text, "" if row.state == "enabled" else _STYLES[row.state]))
        if row.reason:
            by = f"disabled by {found.title}" if row.state == "stopped" else row.state
            yield line(f"{by}: {clean(row.reason)}", indent=2)
        if row.failing:
            yield line(f"failing: {clean(row.failing)}", indent=2)


def _cells(row: ListedJob) -> tuple[str, ...]:
    fires = instant(row.fires[0], row.timezone) if row.fires else "-"
    managed = "yes" if row.manages is not None else "-"
    name = clean(row.name)
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…", row.state, fires, managed, clean(row.schedule)
