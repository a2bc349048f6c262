"""The document of audit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Literal

from attrs import frozen

from migrator.audit import Audit, JobAudit, Outcome
from migrator.canonical import JobRef, Loss, LossPath
from migrator.config.model import Mode
from migrator.convert.schedule import ConvertedSchedule
from migrator.json_document import Document, filled
from migrator.plan.policy import Policy
from migrator.report.documents.apply import DuplicateJobs, duplicate_jobs


@frozen(kw_only=True)
class CommonLoss:
    """Data that jobs lose for one reason, and how many jobs."""

    path: LossPath
    reason: str
    jobs: int


@frozen(kw_only=True)
class AuditedJob:
    """What would become of one job.

    Attributes:
        trouble: disabled by its platform, or failing runs.
    """

    outcome: Outcome
    source: JobRef
    name: str
    enabled: bool
    reason: str
    trouble: str
    needs: tuple[str, ...]
    losses: tuple[Loss, ...]
    schedule: ConvertedSchedule | None


@frozen(kw_only=True)
class AuditDocument(Document):
    """What would become of a connection's jobs at another provider.

    Attributes:
        verdicts: how many schedules of each verdict.
        losses: the most frequent first.
        decisions: what a sync has to say.
        jobs: the worst first.
        requests: requests sent, by provider.
    """

    NAME: ClassVar[str] = "audit"
    connection: str
    provider: str
    at: datetime
    mode: Mode
    days: int
    summary: Mapping[Literal["jobs", Outcome], int]
    verdicts: Mapping[str, int]
    losses: tuple[CommonLoss, ...]
    decisions: tuple[Policy, ...]
    jobs: tuple[AuditedJob, ...]
    duplicates: tuple[DuplicateJobs, ...]
    requests: Mapping[str, int]


def audit_document(found: Audit) -> AuditDocument:
    """Return the audit."""
    return filled(
        AuditDocument,
        found,
        mode=found.sync.schedule.mode,
        days=found.sync.schedule.days,
        summary={"jobs": len(found.findings), **found.summary},
        losses=tuple(CommonLoss(path=path, reason=reason, jobs=n) for (path, reason), n in found.losses.items()),
        jobs=tuple(map(_audited, found.findings)),
        duplicates=duplicate_jobs(found.duplicates),
    )


def _audited(finding: JobAudit) -> AuditedJob:
    converted = finding.converted
    return filled(
        AuditedJob,
        finding,
        needs=tuple(need.what for need in converted.needs) if converted else (),
        losses=converted.losses if converted else (),
        schedule=converted.schedule if converted else None,
    )
