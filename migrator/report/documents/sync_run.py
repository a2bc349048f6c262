"""The document of a sync run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from attrs import frozen

from migrator import __version__
from migrator.canonical import CanonicalPath, JobRef
from migrator.json_document import Document, filled
from migrator.plan.document import PlanDocument, plan_document
from migrator.report.documents.apply import ApplyDocument, apply_document
from migrator.report.documents.error import ErrorDocument, error_document
from migrator.report.documents.state import OrphanedJobs, orphaned_jobs
from migrator.report.failures import failure_of
from migrator.store.records import InactiveJob
from migrator.sync.results import Drift, Expiry, SyncResult, SyncRun


@frozen(kw_only=True)
class DriftedJob:
    """A job that was edited at the target.

    Attributes:
        paths: the fields that were edited there.
        since: when a sync first saw it as it is now.
        new: whether this sync was the first.
    """

    source: JobRef | None
    target: JobRef | None
    name: str
    paths: tuple[CanonicalPath, ...]
    since: datetime
    new: bool


@frozen(kw_only=True)
class SyncEntry:
    """The result of one sync.

    Attributes:
        error: what ended it early.
        needs_resync_by: when the first schedule stops being exact unless a sync renews it; null when none does.
        plan: null when the sync failed before.
        conflicts: jobs that both sides have changed.
        drift: jobs that were edited at the target alone.
        active_nowhere: jobs that fire nowhere, and what repairs them.
        lapses: jobs whose schedule expires before the next run.
        warnings: problems that did not stop the sync, such as clocks that differ.
    """

    sync: str
    source: str
    target: str
    started_at: datetime
    ended_at: datetime
    exit_code: int
    error: ErrorDocument | None
    needs_resync_by: datetime | None
    plan: PlanDocument | None
    apply: ApplyDocument | None
    conflicts: tuple[DriftedJob, ...]
    drift: tuple[DriftedJob, ...]
    active_nowhere: tuple[InactiveJob, ...]
    lapses: tuple[Expiry, ...]
    warnings: tuple[str, ...]


@frozen(kw_only=True)
class RunDocument(Document):
    """The result of a sync run.

    Attributes:
        version: of the migrator that made it.
        stopped: whether it was interrupted.
        dry_run: whether the syncs were only planned.
        needs_resync_by: when the first schedule stops being exact unless a sync renews it; null when none does.
        requests: requests sent, by provider.
        orphans: managed jobs that no sync of the config owns.
    """

    NAME: ClassVar[str] = "run"
    version: str
    started_at: datetime
    ended_at: datetime
    exit_code: int
    stopped: bool
    dry_run: bool
    needs_resync_by: datetime | None
    requests: Mapping[str, int]
    syncs: tuple[SyncEntry, ...]
    orphans: tuple[OrphanedJobs, ...]


def run_document(found: SyncRun) -> RunDocument:
    """Return the result of a sync run."""
    syncs, orphans = tuple(map(_sync, found.results)), orphaned_jobs(found.orphans)
    return filled(RunDocument, found, version=__version__, syncs=syncs, orphans=orphans)


def _sync(found: SyncResult) -> SyncEntry:
    return filled(
        SyncEntry,
        found,
        sync=found.name,
        error=error_document(failure_of(found.error)) if found.error else None,
        plan=found.plan and plan_document(found.plan),
        apply=found.plan and apply_document(found.plan, found.applied),
        conflicts=tuple(map(_drifted, found.conflicts)),
        drift=tuple(map(_drifted, found.drift)),
        active_nowhere=found.applied.inactive,
        lapses=found.expiring,
    )


def _drifted(drift: Drift) -> DriftedJob:
    return filled(DriftedJob, drift.change, paths=drift.paths, since=drift.since, new=drift.is_new)
