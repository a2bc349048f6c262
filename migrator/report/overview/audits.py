"""An audit as an overview."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from attrs import evolve

from migrator.audit import OUTCOMES, Audit, JobAudit, Outcome
from migrator.convert import Converted
from migrator.report.audits import OUTCOME_WORDS, SIGNS
from migrator.report.overview import LossRow, Overview, OverviewRow, Tally, Tone
from migrator.report.overview.rows import fires_by_hour, loss_row, not_migrated, verdict_tallies, with_schedule
from migrator.report.text import clean, count

_TONES: Final[Mapping[Outcome, Tone]] = {
    "unreadable": "bad",
    "refused": "bad",
    "undecided": "note",
    "lossy": "warn",
    "over": "quiet",
    "whole": "good",
}
_SHORT: Final[Mapping[Outcome, str]] = {
    "unreadable": "unreadable",
    "refused": "cannot migrate",
    "undecided": "needs values",
    "lossy": "data loss",
    "over": "expired",
    "whole": "unchanged",
}
_PRESSING: Final = frozenset({"unreadable", "refused", "undecided"})
_GOING: Final = frozenset({"undecided", "lossy", "whole"})


def audit_overview(found: Audit) -> Overview:
    """Return an audit as the contents of a report."""
    rows = tuple(_row(finding, found.at) for finding in found.findings)
    return Overview(
        kind="audit",
        name=found.connection,
        source=found.connection,
        target=found.title,
        at=found.at,
        facts={
            "Jobs": f"{len(rows):,}",
            "Mode": found.sync.schedule.mode,
            "Window": count(found.sync.schedule.days, "day"),
            "Requests": ", ".join(f"{number:,} to {name}" for name, number in found.requests.items()) or "none",
        },
        lead=tuple(_lead(found)),
        outcomes=tuple(_tally(outcome, found.summary[outcome]) for outcome in OUTCOMES),
        verdicts=verdict_tallies(rows),
        decisions=found.decisions,
        losses=tuple(LossRow(path=path, reason=clean(why), jobs=jobs) for (path, why), jobs in found.losses.items()),
        rows=rows,
        week=fires_by_hour(rows),
        left_out=not_migrated(rows),
    )


def _tally(outcome: Outcome, jobs: int) -> Tally:
    return Tally(
        key=outcome,
        sign=SIGNS[outcome][0].strip() or "·",
        short=_SHORT[outcome],
        words=OUTCOME_WORDS[outcome],
        tone=_TONES[outcome],
        jobs=jobs,
        pressing=outcome in _PRESSING,
    )


def _lead(found: Audit) -> list[str]:
    """Return the summary, a sentence each."""
    summary = found.summary
    outcomes = (
        (summary["whole"], "unchanged"),
        (summary["lossy"], "with data loss, once the sync allows it"),
        (summary["undecided"], "after you set required values"),
    )
    able, stuck = sum(number for number, _ in outcomes), summary["refused"] + summary["unreadable"]
    parts = ", ".join(f"{number:,} {words}" for number, words in outcomes if number)
    facts = [
        f"{able:,} of {count(len(found.findings), 'job')} can migrate to {found.title}{': ' * bool(parts)}{parts}."
    ]
    if stuck:
        facts.append(f"{count(stuck, 'job')} cannot.")
    if summary["over"]:
        facts.append(
            f"{count(summary['over'], 'job')} {'is' if summary['over'] == 1 else 'are'} expired, and not migrated."
        )
    return facts


def _permission(converted: Converted) -> list[str]:
    """Return the line that allows what a job loses, if it loses anything."""
    paths = sorted({loss.path for loss in converted.losses})
    return [f"allow_loss = {json.dumps(paths)}"] if paths else []


def _row(finding: JobAudit, at: datetime) -> OverviewRow:
    plain = OverviewRow(
        outcome=finding.outcome,
        name=clean(finding.name) or finding.source.id,
        source=clean(str(finding.source)),
        paused=not finding.enabled,
        reason=clean("; ".join(filter(None, (finding.reason, finding.trouble)))),
        verdict="",
    )
    converted = finding.lowered
    if converted is None:
        return plain
    schedule, goes = converted.schedule, finding.outcome in _GOING
    decided = evolve(
        plain,
        needs=tuple(clean(need.what) for need in converted.needs),
        settles=(*(need.line for need in converted.needs), *_permission(converted)) if goes else (),
        losses=tuple(loss_row(loss) for loss in converted.losses) if goes else (),
    )
    return with_schedule(decided, schedule, converted.parts[0] if converted.parts else {}, start=at, moves=goes)
