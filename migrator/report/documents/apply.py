"""Documents of apply, rollback and dedupe, and the duplicates that other commands list as well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar

from attrs import frozen

from migrator.canonical import JobRef
from migrator.execute.outcomes import Applied, Outcome, Status
from migrator.json_document import Document, Each, filled
from migrator.plan.changes import Change, Plan
from migrator.plan.duplicates import Duplicate
from migrator.store.records import InactiveJob


@frozen(kw_only=True)
class BlockedJob:
    """A job that the plan refuses, and why."""

    source: JobRef | None
    target: JobRef | None
    name: str
    reason: str


@frozen(kw_only=True)
class ApplyDocument(Document):
    """The result of a plan.

    Attributes:
        run: null when nothing was started.
        needs_resync_by: when the first schedule stops being exact unless a sync renews it; null when none does.
        blocked: what the plan refuses, and why.
        active_nowhere: jobs that fire nowhere, and what repairs them.
        requests: requests sent, by provider.
    """

    NAME: ClassVar[str] = "apply"
    run: str | None
    sync: str
    summary: Mapping[Status, int]
    needs_resync_by: datetime | None
    outcomes: tuple[Outcome, ...]
    blocked: Iterable[BlockedJob]
    active_nowhere: tuple[InactiveJob, ...]
    requests: Mapping[str, int]


def apply_document(plan: Plan, applied: Applied) -> ApplyDocument:
    """Return the result of a plan."""
    return filled(
        ApplyDocument,
        applied,
        sync=plan.sync,
        needs_resync_by=plan.needs_resync_by,
        blocked=Each(plan.blocked, _blocked),
        active_nowhere=applied.inactive,
    )


def _blocked(change: Change) -> BlockedJob:
    return filled(BlockedJob, change)


@frozen(kw_only=True)
class DuplicateJobs:
    """Several jobs that carry the ownership tag of one source job, or are bound to it.

    Attributes:
        targets: all jobs that claim it, those that the state is bound to first.
        bound: those that the state is bound to.
    """

    source: JobRef | None
    name: str
    piece: int
    pieces: int
    targets: tuple[JobRef, ...]
    bound: tuple[JobRef, ...]
    reason: str


def duplicate_jobs(found: Iterable[Duplicate]) -> tuple[DuplicateJobs, ...]:
    """Return the duplicates, as several commands print them."""
    return tuple(filled(DuplicateJobs, one, targets=one.jobs, reason=one.reason) for one in found)


@frozen(kw_only=True)
class DedupeDocument(Document):
    """Target jobs that claim one source job and part, and those that were removed.

    Attributes:
        run: null when nothing was removed.
        duplicates: as they were found.
        requests: requests sent, by provider.
    """

    NAME: ClassVar[str] = "dedupe"
    sync: str
    run: str | None
    duplicates: tuple[DuplicateJobs, ...]
    summary: Mapping[Status, int]
    outcomes: tuple[Outcome, ...]
    requests: Mapping[str, int]


def dedupe_document(sync: str, found: Iterable[Duplicate], applied: Applied) -> DedupeDocument:
    """Return the duplicates and the jobs that were removed."""
    return filled(DedupeDocument, applied, sync=sync, duplicates=duplicate_jobs(found))
