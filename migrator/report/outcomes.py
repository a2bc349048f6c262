"""The result of apply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from migrator.execute.outcomes import Applied, Outcome
from migrator.plan.changes import Plan
from migrator.report.cutovers import inactive_lines
from migrator.report.plans import remark_line
from migrator.report.reasons import reason_lines
from migrator.report.text import Line, clean, count, line, stamp
from migrator.report.views.plans import CATEGORIES, UP_TO_DATE, applied_part, double_remarks, plan_view

_NAMED: Final = 5
"""Jobs of one date that are named."""
_STATUS: Final[Mapping[str, str]] = {"done": "green", "failed": "bold red", "skipped": "yellow"}


def apply_lines(plan: Plan, applied: Applied, *, command: str) -> Iterator[Line]:
    """Yield the results as text; `command` applies what is left."""
    yield from inactive_lines(applied.inactive)
    view = plan_view(plan)
    if applied.run is None:
        yield line(UP_TO_DATE if view.is_up_to_date else "Nothing was written.")
        yield from reason_lines("Blocked", view.blocked)
        if not plan.pending:
            yield from _expiring_lines(plan.promises)
        return
    yield from outcome_lines(applied.outcomes)
    yield line("")
    summary = ", ".join(f"{number:,} {status}" for status, number in applied.summary.items() if number)
    yield line((f"Run {applied.run}: ", "bold"), summary or "no changes", ".")
    if not applied.outcomes:
        yield from reason_lines("Unchanged, with a note", view.notes)
    yield from reason_lines("Blocked", view.blocked)
    done = applied_part(plan, applied)
    yield from _expiring_lines(done.promises)
    yield from map(remark_line, double_remarks(done, is_done=True))
    if applied.stopped:
        yield line("Interrupted. To finish: ", (command, "bold"))
    elif any(outcome.status != "done" for outcome in applied.outcomes):
        yield line("To retry what failed: ", (command, "bold"))


def _expiring_lines(promises: Mapping[datetime, Sequence[str]]) -> Iterator[Line]:
    """Yield which jobs stop being exact when, if no sync renews them."""
    if promises:
        yield line(("Exact until, renewed by each sync:", "bold"))
    for until, names in promises.items():
        more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        yield line(f"{stamp(until)}  {', '.join(map(clean, names[:_NAMED]))}{more}", indent=2)


def outcome_lines(outcomes: Iterable[Outcome]) -> Iterator[Line]:
    """Yield the result of each change."""
    for one in outcomes:
        category, why = CATEGORIES[one.action], f": {clean(one.error)}" if one.error else ""
        yield line(
            (f"{one.status:<7} ", _STATUS[one.status]),
            (f"{category.sign} {clean(one.name)}", category.style),
            why,
            hang=len("skipped + "),
        )


def cost_lines(requests: Mapping[str, int], seconds: float) -> Iterator[Line]:
    """Yield the requests by provider, and the time that they took."""
    parts: Iterable[str] = (f"{number:,} to {provider}" for provider, number in requests.items() if number)
    told = ", ".join(parts)
    sent = f"{count(sum(requests.values()), 'request')} ({told}) in" if told else "No requests;"
    yield line((f"{sent} {seconds:.1f} s", "dim"))
