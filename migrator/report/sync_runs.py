"""The result of a sync run: one line for each sync as it ends, and the whole at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrator.plan.changes import Plan
from migrator.plan.compare import BOTH
from migrator.report.cutovers import inactive_lines
from migrator.report.failures import failure_lines, failure_of
from migrator.report.outcomes import applied_part, outcome_lines
from migrator.report.plans import (
    TENSES,
    UP_TO_DATE,
    blocked_lines,
    double_lines,
    head,
    note_lines,
    plan_lines,
    promise_lines,
    side_by_side,
)
from migrator.report.state_moves import orphans_lines
from migrator.report.text import Line, clean, count, line, stamp
from migrator.sync.results import Drift, Expiry, SyncResult, SyncRun

SCHEMA: Final = "migrator/run@1"

_WORDS: Final = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "pause": "paused",
    "resume": "resumed",
    "delete": "deleted",
    "adopt": "adopted",
}


def synced_line(found: SyncResult) -> Line:
    """Return the result of one sync in a line."""
    seconds = (found.ended_at - found.started_at).total_seconds()
    cost = f" ({count(sum(found.requests.values()), 'request')}, {seconds:.1f} s)"
    style = "green" if found.exit_code == 0 else "bold red"
    return line((f"{found.name}: ", style), clean(", ".join(result_words(found))), (cost, "dim"))


def result_words(found: SyncResult) -> Iterator[str]:
    """Yield the result of one sync, in a few words each."""
    if inactive := found.applied.dark:
        yield f"{count(len(inactive), 'job')} not active anywhere"
    if found.error:
        yield failure_of(found.error).what
    if found.plan is None:
        return
    if found.plan.refusal:
        yield "plan refused"
    done = [outcome.action for outcome in found.applied.outcomes if outcome.status == "done"]
    if found.dry_run:
        summary = found.plan.summary
        yield from (f"{summary[action]:,} {words}" for action, words in TENSES.items() if summary[action])
        return
    yield from (f"{done.count(name):,} {words}" for name, words in _WORDS.items() if name in done)
    statuses = found.applied.summary
    yield from (f"{statuses[status]:,} {status}" for status in ("failed", "skipped") if statuses[status])
    yield from (f"{found.plan.summary['blocked']:,} blocked" for _ in found.plan.blocked[:1])
    yield f"{found.plan.summary['none']:,} unchanged"
    for drifted, what in ((found.conflicts, "conflict"), (found.drift, "drifted job")):
        if drifted:
            yield f"{count(len(drifted), what)} ({sum(drift.is_new for drift in drifted):,} new)"
    if found.expiring:
        yield count(len(found.expiring), "expiring schedule")


def sync_run_lines(found: SyncRun) -> Iterator[Line]:
    """Yield the sync run as text."""
    for number, result in enumerate(found.results):
        if number:
            yield line("")
        yield from _synced_lines(result)
    yield from orphans_lines(found.orphans)


def _synced_lines(found: SyncResult) -> Iterator[Line]:
    yield from inactive_lines(found.applied.dark)
    yield line((f"{found.name}: {found.source} → {found.target}", "bold"))
    if found.error:
        yield from failure_lines(failure_of(found.error))
    if found.plan is None:
        return
    yield from (line(("warning: ", "yellow"), clean(text)) for text in found.warnings)
    if found.dry_run:
        yield from list(plan_lines(found.plan))[1:]
        return
    yield from outcome_lines(found.applied)
    if found.plan.refusal:
        yield line(("Plan refused: ", "bold red"), clean(found.plan.refusal))
    elif found.applied.run:
        summary = ", ".join(f"{number:,} {status}" for status, number in found.applied.summary.items() if number)
        yield line((f"Run {found.applied.run}: ", "bold"), summary or "no changes", ".")
    elif left := len(found.plan.blocked):
        yield line(f"Nothing was written; {count(left, 'job')} blocked, for the reasons below.")
    else:
        yield line(UP_TO_DATE)
    yield from note_lines(found.plan)
    yield from blocked_lines(found.plan)
    if found.strict and found.plan.blocked and not found.plan.refusal:
        setting = (f'on_refused = "report" in [syncs.{found.name}]', "cyan")
        yield line("Each sync ends with exit code 3 while jobs are blocked. If they are to stay blocked: ", setting)
    for drifted, title in ((found.conflicts, "Changed on both sides"), (found.drift, "Edited at the target")):
        yield from _drift_lines(drifted, title, found.plan)
    yield from _expiry_lines(found.expiring)
    yield from promise_lines(found.plan)
    yield from double_lines(applied_part(found.plan, found.applied), is_done=True)


def _drift_lines(drifted: tuple[Drift, ...], title: str, plan: Plan) -> Iterator[Line]:
    if drifted:
        yield line((f"{title}:", "bold"))
    for drift in drifted:
        since = "new" if drift.is_new else f"open since {stamp(drift.since)}"
        yield line(head(drift.change).text.plain, f": {', '.join(drift.paths)} ({since})", indent=2)
        for field in drift.change.fields:
            if field.reason == BOTH:
                yield from side_by_side(field, plan)


def _expiry_lines(expiring: tuple[Expiry, ...]) -> Iterator[Line]:
    if expiring:
        yield line(("Schedules that expire before the next run:", "bold red"))
    for expiry in expiring:
        yield line(f"{clean(expiry.name)}: exact until {stamp(expiry.until)}: {clean(expiry.reason)}", indent=2)
