"""The demonstration as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from migrator.apply.values import Applied
from migrator.plan.values import Plan
from migrator.report.outcomes import outcome_lines
from migrator.report.plans import plan_lines, summary_lines
from migrator.report.words import Line, clean, count, line

SCHEMA: Final = "migrator/demo@1"

Names = Sequence[str]
"""The names of the jobs on one side."""


def story_document(
    sides: Mapping[str, Names], plan: Plan, applied: Applied, again: Plan, after: Names
) -> dict[str, Any]:
    """The demonstration as `migrator/demo@1`."""
    return {
        "schema": SCHEMA,
        "before": {name: list(jobs) for name, jobs in sides.items()},
        "plan": dict(plan.summary),
        "apply": dict(applied.summary),
        "again": dict(again.summary),
        "after": list(after),
        "requests": dict(applied.requests),
    }


def story_lines(sides: Mapping[str, Names], plan: Plan, applied: Applied, again: Plan, after: Names) -> Iterator[Line]:
    """The demonstration for people."""
    yield line("Two simulators on this machine, on a fixed clock. Nothing leaves the machine.")
    for name, jobs in sides.items():
        yield line((f"{name}: ", "bold"), f"{count(len(jobs), 'job')}: {', '.join(map(clean, jobs))}")
    taken = len({change.source for change in plan.changes})
    yield line(f"The sync {plan.sync} selects {count(taken, 'job')} of {plan.source}, one for each kind of result.")
    yield from _chapter(f"migrator plan {plan.sync}")
    yield from plan_lines(plan, command=f"migrator apply {plan.sync}")
    yield from _chapter(f"migrator apply {plan.sync}")
    yield from outcome_lines(applied)
    yield line(f"{plan.target} has {count(len(after), 'job')} now.")
    yield from _chapter(f"migrator plan {plan.sync}")
    yield from summary_lines(again)
    yield line("")
    if again.pending:
        yield line(("The second plan is not empty: this is a bug in migrator.", "bold red"))
    else:
        yield line(("The second plan is empty: running it again changes nothing.", "green"))


def _chapter(command: str) -> Iterator[Line]:
    yield line("")
    yield line((f"$ {command}", "bold cyan"))
