"""An audit on a terminal: the jobs that need a decision, counts, and what a sync must set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from migrator.report.duplicates import duplicate_lines
from migrator.report.plans import head
from migrator.report.text import Line, clean, columns, count, line
from migrator.report.views import Category, JobRow
from migrator.report.views.audits import AuditView


def audit_lines(view: AuditView, *, verbose: bool = False) -> Iterator[Line]:
    """Yield the audit as text: the jobs that need a decision, the worst first, then counts and decisions.

    With `verbose`, every job. What several jobs in a row wait for is said once.
    """
    yield line((f"{view.source} → {view.target}", "bold"), f": {count(sum(one.jobs for one in view.outcomes), 'job')}")
    yield line("")
    is_listed = False
    last: tuple[str, ...] = ()
    for row in view.rows():
        if verbose or row.category.pressing:
            needs = row.needs if row.category.key == "undecided" or verbose else ()
            yield from _row_lines(row, ("as above",) if needs and needs == last else needs, verbose=verbose)
            is_listed, last = True, needs
    if is_listed:
        yield line("")
    yield from _table("Failing or disabled by the platform", view.failing)
    yield from _table("Jobs", _counted(view.outcomes))
    yield from _table("Schedules", _counted(view.verdicts))
    yield from _table("Data loss", [(f"{one.jobs:,}", one.path, one.reason) for one in view.losses])
    yield from duplicate_lines(view.duplicates, command="")
    if view.decisions:
        yield line(("Set in migrator.toml:", "bold"))
    yield from (line(f"{count(one.jobs, 'job')}: {clean(one.what)}", indent=2) for one in view.decisions)
    for table, settings in view.settings.items():
        yield from (line((text, "cyan"), indent=4) for text in (table, *settings))


def _counted(categories: Iterable[Category]) -> list[tuple[str, ...]]:
    return [(f"{one.jobs:,}", one.words) for one in categories if one.jobs]


def _table(title: str, rows: Sequence[tuple[str, ...]]) -> Iterator[Line]:
    if rows:
        yield line((f"{title}:", "bold"))
        width = max(len(row[0]) for row in rows)
        aligned = [(row[0].rjust(width), *row[1:]) for row in rows]
        yield from (line(text, indent=2, hang=width + 2) for text in columns(aligned))


def _row_lines(row: JobRow, needs: Iterable[str], *, verbose: bool) -> Iterator[Line]:
    (part,), schedule = row.parts, row.schedule
    yield Line(head(row.category, part.label).text.append(" (paused)" * row.paused))
    if part.reason:
        yield line(part.reason, indent=4)
    yield from (line(need, indent=4) for need in needs)
    if schedule and schedule.words and schedule.verdict != "carried":
        yield line(f"{schedule.words}: {schedule.faithful}", indent=4)
    if verbose:
        yield from (line(f"loses {loss.path}: {loss.reason}", indent=4) for loss in row.losses)
