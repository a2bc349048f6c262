"""A plan on a terminal: a diff, and its summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from migrator.canonical import PATHS
from migrator.report.reasons import reason_lines
from migrator.report.text import Line, Tone, line, pad
from migrator.report.views import Category, Edit, JobRow, Remark
from migrator.report.views.plans import UP_TO_DATE, PlanView
from migrator.report.views.schedules import ScheduleView

_LABELS: Final = max(map(len, PATHS))
"""Columns for what a line is about: a canonical path, or "schedule"."""
_STYLES: Final[Mapping[Tone, str]] = {"bad": "bold red", "warn": "bold yellow"}


def plan_lines(view: PlanView, *, command: str = "", verbose: bool = False) -> Iterator[Line]:
    """Yield a plan as a diff, and its summary.

    Args:
        view: what is told of the plan.
        command: what applies it, "" when that is about to be asked.
        verbose: every field of new jobs, and the unchanged jobs.
    """
    yield line((f"{view.name}: {view.source} → {view.target}", "bold"))
    yield from change_lines(view, verbose=verbose)
    yield from summary_lines(view, command=command)


def change_lines(view: PlanView, *, verbose: bool = False) -> Iterator[Line]:
    """Yield the jobs that change, with their fields, between empty lines; with `verbose`, all."""
    yield line("")
    is_listed = False
    for row in view.rows(full=verbose):
        is_listed = True
        yield from _row_lines(row, verbose=verbose)
    if is_listed:
        yield line("")


def summary_lines(view: PlanView, *, command: str = "") -> Iterator[Line]:
    """Yield how many changes there are, what is refused and why, and the next command."""
    yield line(("Plan: ", "bold"), ", ".join(view.counts) or "no jobs", ".")
    if view.losses:
        yield line(("Data loss:", "bold"))
    yield from (line(f"{one.jobs:,} x {one.path}: {one.reason}", indent=2) for one in view.losses)
    yield from reason_lines("Unchanged, with a note", view.notes, named=False)
    yield from reason_lines("Blocked", view.blocked, named=False)
    yield from map(remark_line, view.remarks)
    if view.can_apply and command:
        yield line("To apply: ", (command, "bold"))
    elif view.is_up_to_date:
        yield line(UP_TO_DATE)


def remark_line(one: Remark) -> Line:
    """Return a remark as a line."""
    return line((one.label, _STYLES.get(one.tone, "bold")), one.text, (one.code, "cyan"))


def head(category: Category, label: str) -> Line:
    """Return the sign of what becomes of a job, and the job's name."""
    return line((f"{category.symbol} {label}", category.style))


def _row_lines(row: JobRow, *, verbose: bool) -> Iterator[Line]:
    """Yield what changes of a job; below the first of several parts, what they have in common."""
    for number, part in enumerate(row.parts):
        yield head(row.category, part.label)
        if part.reason:
            yield line(part.reason, indent=4)
        for edit in part.edits:
            yield from edit_lines(edit)
        if number:
            continue
        if row.schedule and row.category.key != "delete" and (row.schedule.is_changed or verbose):
            yield from _schedule_lines(row.schedule)
        if row.category.is_written:
            yield from _loss_lines(row)


def edit_lines(edit: Edit) -> Iterator[Line]:
    """Yield from what to what a field changes; of a conflict, the value on each side and the last in common."""
    old, new = edit.words()
    if edit.kind == "conflict":
        yield _labelled(edit.path, f"source: {new}")
        yield _labelled("", f"target: {old}")
    elif edit.kind == "new":
        yield _labelled(edit.path, new)
    else:
        yield _labelled(edit.path, f"{edit.where}: " if edit.where else "", (old, "red"), " → ", (new, "green"))
    if edit.note:
        yield _labelled("", edit.note)


def _labelled(label: str, *parts: str | tuple[str, str]) -> Line:
    return line((pad(label, _LABELS) + " ", "dim"), *parts, indent=4, hang=_LABELS + 1)


def _schedule_lines(schedule: ScheduleView) -> Iterator[Line]:
    """Yield from what to what, how faithful that is, and when the job fires next by its own clock."""
    yield _labelled("schedule", schedule.words or schedule.faithful)
    if schedule.was:
        yield _labelled("", "was ", (schedule.was, "red"))
    if schedule.words:
        yield _labelled("", schedule.faithful)
    if fires := schedule.next_fires:
        yield _labelled("", fires)


def _loss_lines(row: JobRow) -> Iterator[Line]:
    """Yield the data that a job loses; the summary has the reasons."""
    for number, loss in enumerate(row.losses):
        kept = f" → {loss.becomes}" if loss.becomes else ""
        yield _labelled("" if number else "data loss", (f"{loss.path} {loss.had}{kept}", "yellow"))
