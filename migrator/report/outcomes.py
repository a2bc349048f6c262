"""The result of apply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import attrs

from migrator.execute.outcomes import Applied, Outcome
from migrator.plan.changes import Plan
from migrator.report.cutovers import inactive_lines
from migrator.report.plans import STYLES, SYMBOLS, UP_TO_DATE, blocked_lines, double_lines, expiry_lines, note_lines
from migrator.report.text import Line, clean, count, line

_STATUS: Final[Mapping[str, str]] = {"done": "green", "failed": "bold red", "skipped": "yellow"}


def apply_lines(plan: Plan, applied: Applied, *, command: str) -> Iterator[Line]:
    """Yield the results as text; `command` applies what is left."""
    yield from inactive_lines(applied.dark)
    if applied.run is None:
        in_order = not plan.pending and not plan.blocked
        yield line(UP_TO_DATE if in_order else "Nothing was written.")
        yield from blocked_lines(plan)
        if not plan.pending:
            yield from expiry_lines(plan)
        return
    yield from outcome_lines(applied)
    yield line("")
    summary = ", ".join(f"{number:,} {status}" for status, number in applied.summary.items() if number)
    yield line((f"Run {applied.run}: ", "bold"), summary or "no changes", ".")
    if not applied.outcomes:
        yield from note_lines(plan)
    yield from blocked_lines(plan)
    yield from expiry_lines(applied_part(plan, applied))
    yield from double_lines(applied_part(plan, applied), is_done=True)
    if applied.stopped:
        yield line("Interrupted. To finish: ", (command, "bold"))
    elif any(outcome.status != "done" for outcome in applied.outcomes):
        yield line("To retry what failed: ", (command, "bold"))


def applied_part(plan: Plan, applied: Applied) -> Plan:
    """Return the plan without the changes that were not made."""
    undone = {(one.action, one.source, one.name) for one in applied.outcomes if one.status != "done"}
    kept = (one for one in plan.changes if (one.action, one.source, one.label) not in undone)
    return attrs.evolve(plan, changes=tuple(kept))


def outcome_lines(applied: Applied) -> Iterator[Line]:
    """Yield the result of each change."""
    yield from map(_outcome, applied.outcomes)


def _outcome(outcome: Outcome) -> Line:
    style = STYLES[outcome.action]
    why = f": {clean(outcome.error)}" if outcome.error else ""
    return line(
        (f"{outcome.status:<7} ", _STATUS[outcome.status]),
        (f"{SYMBOLS[outcome.action]} ", style),
        (clean(outcome.name), style),
        why,
        hang=len("skipped + "),
    )


def cost_lines(requests: Mapping[str, int], seconds: float) -> Iterator[Line]:
    """Yield the requests by provider, and the time that they took."""
    parts: Iterable[str] = (f"{number:,} to {provider}" for provider, number in requests.items() if number)
    by_provider = ", ".join(parts)
    sent = f"{count(sum(requests.values()), 'request')} ({by_provider}) in" if by_provider else "No requests;"
    yield line((f"{sent} {seconds:.1f} s", "dim"))
