"""Documents of status, history and settle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from attrs import field, frozen

from migrator.active_side import ActiveStatus
from migrator.canonical import JobRef
from migrator.cutover.switches import Goal
from migrator.json_document import OPTIONAL, Document, filled
from migrator.report.documents.state import LockOwner, OrphanedJobs, orphaned_jobs
from migrator.report.journal import RunEnd, SyncStatus, next_command, settle_commands
from migrator.store.records import InactiveJob, IntentState, Missed, Run, RunKind, Write
from migrator.sync.checkpoint import KnownDuplicate, Trouble


@frozen(kw_only=True)
class StoredPlace:
    """A provider and a scope."""

    provider: str
    scope: str


@frozen(kw_only=True)
class RunEntry:
    """One run.

    Attributes:
        of: the run that it resumed or rolled back.
        goal: of a cutover: the side that was to be active.
        ended_at: null when it crashed or is running.
        summary: how many changes, by result.
    """

    run: str
    kind: RunKind
    of: str | None
    sync: str
    goal: Goal | None
    target: StoredPlace
    started_at: datetime
    ended_at: datetime | None
    summary: Mapping[str, int]


@frozen(kw_only=True)
class LatestRun(RunEntry):
    """The latest run of a sync.

    Attributes:
        how: how it ended.
        next: the next command; empty where none is needed.
        needs_resync_by: when its first schedule stops being exact unless renewed.
    """

    how: RunEnd
    next: str
    needs_resync_by: datetime | None


@frozen(kw_only=True)
class WriteEntry:
    """One write, as the journal has it."""

    seq: int
    action: str
    name: str
    source: JobRef | None
    target_id: str | None
    piece: int
    pieces: int
    at: datetime
    state: IntentState
    error: str


@frozen(kw_only=True)
class UnresolvedWrite(WriteEntry):
    """A write without a result.

    Attributes:
        settle: the commands that resolve it.
    """

    run: str
    sync: str
    settle: tuple[str, ...]


@frozen(kw_only=True)
class StatusDocument(Document):
    """Unresolved writes, unfinished runs and locks, as the state records them.

    Attributes:
        active_nowhere: jobs that are active nowhere, as last read, and the command that repairs each.
        writing: locks that are held, and by which process.
        uncertain: unresolved writes.
        syncs: the latest run of each.
        orphans: managed jobs that no sync of the config owns.
        ledger: instants of cutovers at which it is not certain that exactly one side was active.
        duplicates: target jobs of one source job and part, when both sides were last read.
        trouble: jobs that their platform has disabled, or whose runs fail, as the latest run of their sync read it.
        jobs: the active side of each job of the sync that was asked for; null for none.
    """

    NAME: ClassVar[str] = "status"
    state: str
    active_nowhere: tuple[InactiveJob, ...]
    writing: tuple[LockOwner, ...]
    uncertain: tuple[UnresolvedWrite, ...]
    syncs: tuple[LatestRun, ...]
    orphans: tuple[OrphanedJobs, ...]
    ledger: Sequence[Missed]
    duplicates: tuple[KnownDuplicate, ...]
    trouble: Sequence[Trouble]
    jobs: Sequence[ActiveStatus] | None


def status_document(status: SyncStatus) -> StatusDocument:
    """Return the status of everything."""
    return filled(
        StatusDocument,
        status,
        state=status.place,
        active_nowhere=tuple(one for jobs in status.inactive.values() for one in jobs),
        writing=tuple(filled(LockOwner, owner, target=scope) for scope, owner in status.owners.items()),
        uncertain=tuple(filled(UnresolvedWrite, one, settle=settle_commands(one)) for one in status.uncertain),
        syncs=tuple(_latest(run, status) for run in status.latest),
        orphans=orphaned_jobs(status.orphans),
        duplicates=tuple(one for found in status.duplicates.values() for one in found),
    )


def _latest(run: Run, status: SyncStatus) -> LatestRun:
    follow = {"how": status.how(run), "next": next_command(run, status)}
    return filled(LatestRun, run, **_named(run), **follow, needs_resync_by=status.until.get(run.sync))


def _named(run: Run) -> dict[str, object]:
    return {"run": run.id, "target": filled(StoredPlace, run)}


@frozen(kw_only=True)
class HistoryDocument(Document):
    """The runs so far.

    Attributes:
        runs: latest first.
        writes: of the one run that was asked for.
        ledger: what that run added to the ledger.
    """

    NAME: ClassVar[str] = "history"
    runs: tuple[RunEntry, ...]
    writes: tuple[WriteEntry, ...] | None = field(default=None, metadata=OPTIONAL)
    ledger: tuple[Missed, ...] | None = field(default=None, metadata=OPTIONAL)


def history_document(
    runs: Iterable[Run], writes: Iterable[Write] | None, ledger: Iterable[Missed] = ()
) -> HistoryDocument:
    """Return the runs; with the writes and the ledger of the one run that was asked for."""
    found = tuple(filled(RunEntry, run, **_named(run)) for run in runs)
    if writes is None:
        return HistoryDocument(runs=found)
    return HistoryDocument(runs=found, writes=tuple(filled(WriteEntry, one) for one in writes), ledger=tuple(ledger))


@frozen(kw_only=True)
class SettleDocument(Document):
    """A write that was resolved by hand."""

    NAME: ClassVar[str] = "settle"
    run: str
    sync: str
    write: WriteEntry


def settle_document(write: Write, created: str | None) -> SettleDocument:
    """Return the resolved write; `created` is the id of the job that exists, None where there is none."""
    state: IntentState = "failed" if created is None else "done"
    return filled(SettleDocument, write, write=filled(WriteEntry, write, state=state, target_id=created, error=""))
