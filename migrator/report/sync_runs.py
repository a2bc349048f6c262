"""The result of a sync run on a terminal: one line for each sync as it ends, and the whole at the end."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.report.cutovers import inactive_lines
from migrator.report.failures import failure_lines
from migrator.report.outcomes import outcome_lines
from migrator.report.plans import change_lines, edit_lines, remark_line, summary_lines
from migrator.report.reasons import reason_lines
from migrator.report.state import orphans_lines
from migrator.report.text import Line, clean, count, line
from migrator.report.views.sync_runs import Entry, SyncRunView, SyncView, result_words
from migrator.sync.results import SyncResult


def synced_line(found: SyncResult) -> Line:
    """Return the result of one sync in a line."""
    seconds = (found.ended_at - found.started_at).total_seconds()
    cost = f" ({count(sum(found.requests.values()), 'request')}, {seconds:.1f} s)"
    style = "green" if found.exit_code == 0 else "bold red"
    return line((f"{found.name}: ", style), clean(", ".join(result_words(found))), (cost, "dim"))


def sync_run_lines(view: SyncRunView) -> Iterator[Line]:
    """Yield the sync run as text."""
    for number, one in enumerate(view.syncs):
        if number:
            yield line("")
        yield from _sync_lines(one)
    yield from orphans_lines(view.orphans)


def _sync_lines(view: SyncView) -> Iterator[Line]:
    yield from inactive_lines(view.inactive)
    yield line((f"{view.name}: {view.source} → {view.target}", "bold"))
    if view.failure:
        yield from failure_lines(view.failure)
    if view.plan is None:
        return
    yield from (line(("warning: ", "yellow"), text) for text in view.warnings)
    if view.is_dry:
        yield from change_lines(view.plan)
        yield from summary_lines(view.plan)
        return
    yield from outcome_lines(view.outcomes)
    yield remark_line(view.end)
    yield from reason_lines("Unchanged, with a note", view.plan.notes)
    yield from reason_lines("Blocked", view.plan.blocked)
    if view.advice:
        yield remark_line(view.advice)
    yield from _drift_lines("Changed on both sides", view.conflicts)
    yield from _drift_lines("Edited at the target", view.drift)
    if view.expiring:
        yield line(("Schedules that expire before the next run:", "bold red"))
    yield from (line(f"{one.name}: {one.note}: {one.text}", indent=2) for one in view.expiring)
    yield from map(remark_line, view.remarks)


def _drift_lines(title: str, rows: tuple[Entry, ...]) -> Iterator[Line]:
    if rows:
        yield line((f"{title}:", "bold"))
    for row in rows:
        yield line(f"{row.symbol} {row.name}: {row.text} ({row.note})", indent=2)
        for edit in row.conflicts:
            yield from edit_lines(edit)
