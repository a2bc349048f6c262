"""Duplicates: several target jobs for the same source job and part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from migrator.execute.outcomes import Applied
from migrator.extract import Extracted
from migrator.plan.duplicates import Duplicate
from migrator.report.outcomes import outcome_lines
from migrator.report.text import Line, clean, columns, count, line


def duplicate_lines(found: Iterable[Duplicate], *, command: str) -> Iterator[Line]:
    """Yield the duplicates as text.

    Args:
        found: the duplicates.
        command: what removes one, "" where no sync is known.
    """
    found = tuple(found)
    if not found:
        return
    yield line(("Duplicates: ", "bold red"), count(len(found), "job"), " with more than one copy.")
    for one in found:
        yield line(("! ", "bold red"), (clean(one.name), "bold red"), f": {clean(one.reason)}", indent=2)
    if command:
        yield line("Remove one with: ", (command, "bold"))
    else:
        yield line("Remove one with migrator dedupe SYNC, where SYNC is a sync whose target this connection is.")


def choice_lines(one: Duplicate, target: Extracted) -> Iterator[Line]:
    """Yield the copies of one source job, to choose from."""
    yield line((clean(one.name), "bold"), f": {clean(one.reason)}")
    rows = []
    for ref in one.jobs:
        job = target.job(ref)
        made = f"created {job.created_at:%Y-%m-%d %H:%M} UTC" if job.created_at else ""
        known = "bound by this state" if ref in one.bound else "not bound"
        rows.append((clean(ref.id), clean(job.name), "active" if job.live else "paused", known, made))
    yield from (line(row, indent=2) for row in columns(rows))


def dedupe_lines(sync: str, found: Iterable[Duplicate], applied: Applied, *, command: str) -> Iterator[Line]:
    """Yield the same as text; `command` removes one."""
    found = tuple(found)
    if not found:
        yield line(f"{clean(sync)}: no duplicates.")
    elif applied.run is None:
        yield from duplicate_lines(found, command=f"{command} --remove ID")
    else:
        yield from outcome_lines(applied.outcomes)
