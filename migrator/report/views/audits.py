"""What is told of an audit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import ClassVar, Final, Literal

from attrs import evolve, field, frozen

from migrator.audit import Audit, JobAudit
from migrator.convert import Converted
from migrator.plan.duplicates import Duplicate
from migrator.report.text import clean, count
from migrator.report.views import Category, JobRow, JobsView, LossRow, Part, loss_row, verdict_counts
from migrator.report.views.schedules import schedule_view

_CATEGORIES: Final = (
    Category("unreadable", "cannot be read", "!", "bad", "bold red", "unreadable", pressing=True),
    Category("refused", "cannot migrate", "!", "bad", "bold red", "cannot migrate", pressing=True),
    Category(
        "undecided",
        "ready after you set required values",
        "?",
        "note",
        "yellow",
        "needs values",
        pressing=True,
        is_written=True,
    ),
    Category("lossy", "migrate with data loss", "~", "warn", "yellow", "data loss", is_written=True),
    Category("over", "expired: not migrated", short="expired"),
    Category("whole", "migrate unchanged", "+", "good", "green", "unchanged", is_written=True),
)
_BY_OUTCOME: Final[Mapping[str, Category]] = {one.key: one for one in _CATEGORIES}


@frozen(kw_only=True, slots=False)
class AuditView(JobsView):
    """What is told of an audit.

    Attributes:
        failing: the jobs that fail or that their platform has disabled, each with what it says.
        duplicates: jobs with one and the same ownership tag.
    """

    kind: ClassVar[Literal["audit", "plan"]] = "audit"
    failing: tuple[tuple[str, str], ...]
    duplicates: tuple[Duplicate, ...]
    _audit: Audit = field(repr=False)

    def rows(self) -> Iterator[JobRow]:
        """Yield the jobs one by one, the worst first."""
        return (_row(finding, self._audit) for finding in self._audit.findings)


def audit_view(found: Audit) -> AuditView:
    """Return what is told of an audit."""
    requests = ", ".join(f"{number:,} to {name}" for name, number in found.requests.items())
    return AuditView(
        name=found.connection,
        source=found.connection,
        target=found.title,
        at=found.at,
        facts={
            "Jobs": f"{len(found.findings):,}",
            "Mode": found.sync.schedule.mode,
            "Window": count(found.sync.schedule.days, "day"),
            "Requests": requests or "none",
        },
        lead=tuple(_lead(found)),
        outcomes=tuple(evolve(one, jobs=found.summary[one.key]) for one in _CATEGORIES),
        verdicts=verdict_counts(one.converted.schedule.verdict for one in found.findings if one.converted),
        decisions=found.decisions,
        losses=tuple(LossRow(path=path, reason=clean(why), jobs=jobs) for (path, why), jobs in found.losses.items()),
        failing=tuple((clean(one.name), clean(one.trouble)) for one in found.findings if one.trouble),
        duplicates=found.duplicates,
        audit=found,
    )


def _lead(found: Audit) -> Iterator[str]:
    """Yield the summary, a sentence each."""
    summary, jobs = found.summary, count(len(found.findings), "job")
    ways = {
        "unchanged": summary["whole"],
        "with data loss, once the sync allows it": summary["lossy"],
        "after you set required values": summary["undecided"],
    }
    parts = ", ".join(f"{number:,} {words}" for words, number in ways.items() if number)
    yield f"{sum(ways.values()):,} of {jobs} can migrate to {found.title}{': ' * bool(parts)}{parts}."
    if stuck := summary["refused"] + summary["unreadable"]:
        yield f"{count(stuck, 'job')} cannot."
    if over := summary["over"]:
        yield f"{count(over, 'job')} {'is' if over == 1 else 'are'} expired, and not migrated."


def _row(finding: JobAudit, found: Audit) -> JobRow:
    category, converted = _BY_OUTCOME[finding.outcome], finding.converted
    row = JobRow(
        category=category,
        name=clean(finding.name) or finding.source.id,
        source=clean(str(finding.source)),
        parts=(Part(label=clean(finding.name), reason=clean(finding.reason)),),
        paused=not finding.enabled,
        trouble=clean(finding.trouble),
    )
    if converted is None:
        return row
    fields = converted.parts[0] if converted.parts else {}
    return evolve(
        row,
        needs=tuple(clean(need.what) for need in converted.needs),
        settles=(*(need.line for need in converted.needs), *_permission(converted)) if category.is_written else (),
        schedule=schedule_view(converted.schedule, fields, at=found.at, migrates=category.is_written),
        losses=tuple(map(loss_row, converted.losses)) if category.is_written else (),
    )


def _permission(converted: Converted) -> list[str]:
    """Return the line that allows what a job loses, if it loses anything."""
    paths = sorted({loss.path for loss in converted.losses})
    return [f"allow_loss = {json.dumps(paths)}"] if paths else []
