"""Documents of the commands on the state, and the jobs that no sync owns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from attrs import frozen

from migrator.canonical import JobRef
from migrator.json_document import Document, filled
from migrator.state_move.result import Kind, StateMove
from migrator.store.records import Bound, Lease, LeaseState
from migrator.sync.orphaned import Orphans


@frozen(kw_only=True)
class UpgradeDocument(Document):
    """The schema version of a state.

    Attributes:
        found: the schema version it had; null when it was new.
        backup: the copy of the file as it was before; null where none was made.
    """

    NAME: ClassVar[str] = "upgrade"
    state: str
    found: int | None
    now: int
    backup: Path | None


@frozen(kw_only=True)
class ImportDocument(Document):
    """Rows that were imported into a state.

    Attributes:
        layout: the schema version of the state.
        moved: rows by table.
        backup: the copy of the file as it was before; null where none was made.
    """

    NAME: ClassVar[str] = "import"
    state: str
    layout: int
    moved: Mapping[str, int]
    backup: Path | None


@frozen(kw_only=True)
class PruneDocument(Document):
    """Old runs that were removed from a state.

    Attributes:
        before: runs that ended before this were removed.
        runs: how many runs.
        writes: how many of their writes.
        records: how many of their saved records.
        left: runs that are still known.
    """

    NAME: ClassVar[str] = "prune"
    state: str
    before: datetime
    runs: int
    writes: int
    records: int
    left: int


@frozen(kw_only=True)
class LockOwner:
    """A lock and the process that holds it.

    Attributes:
        target: the target scope.
        boot: the boot id of its machine; empty where the system tells none.
        namespace: the namespaces of its process; empty where the system tells none.
    """

    target: str
    host: str
    boot: str
    namespace: str
    pid: int
    started: str
    run: str


@frozen(kw_only=True)
class FreedLock(LockOwner):
    """A lock that was freed.

    Attributes:
        renewed_at: by the database's clock.
        expires_at: by the database's clock.
        seen: whether its process can be seen from here.
    """

    renewed_at: datetime
    expires_at: datetime
    lease: LeaseState
    seen: bool


@frozen(kw_only=True)
class UnlockDocument(Document):
    """A lock that was freed.

    Attributes:
        freed: none was held if empty.
    """

    NAME: ClassVar[str] = "unlock"
    state: str
    freed: tuple[FreedLock, ...]


def unlock_document(freed: Iterable[Lease], place: str) -> UnlockDocument:
    """Return the leases that were freed."""
    return UnlockDocument(state=place, freed=tuple(map(_freed, freed)))


def _freed(lease: Lease) -> FreedLock:
    at = {"renewed_at": lease.beat, "expires_at": lease.expires}
    return filled(FreedLock, lease.owner, target=lease.scope, lease=lease.state, seen=lease.is_seen, **at)


@frozen(kw_only=True)
class Ends:
    """The two ends of a binding."""

    sync: str
    source: JobRef
    target: JobRef


@frozen(kw_only=True)
class MovedBinding:
    """A binding before and after; null when it was removed."""

    name: str
    before: Ends
    after: Ends | None


@frozen(kw_only=True)
class FailedTag:
    """An ownership tag that could not be rewritten."""

    name: str
    error: str


@frozen(kw_only=True)
class MoveDocument(Document):
    """Bindings that were moved to another address, or removed.

    Attributes:
        bindings: the bindings that were moved or removed.
        tags: ownership tags at the target that were, or are to be, rewritten.
        unreached: targets whose ownership tags stay: no connection reaches them.
        runs: the runs that did it; none in a dry run.
        undo: the command that reverts it.
        failed: ownership tags that could not be rewritten.
    """

    NAME: ClassVar[str] = "move"
    action: Kind
    from_: str
    to: str | None
    bindings: tuple[MovedBinding, ...]
    tags: int
    unreached: tuple[str, ...]
    runs: tuple[str, ...]
    undo: str
    failed: tuple[FailedTag, ...]


def move_document(found: StateMove) -> MoveDocument:
    """Return a move of bindings."""
    return filled(
        MoveDocument,
        found,
        action=found.kind,
        from_=found.old,
        to=found.new or None,
        bindings=tuple(_moved(*ends, found) for ends in zip(found.before, found.after, strict=True)),
        failed=tuple(FailedTag(name=name, error=error) for name, error in found.failed.items()),
    )


def _moved(before: Bound, after: Bound, found: StateMove) -> MovedBinding:
    return MovedBinding(name=before.name, before=filled(Ends, before), after=filled(Ends, after) if found.new else None)


@frozen(kw_only=True)
class OrphanedJob:
    """A managed job that no sync owns."""

    name: str
    source: JobRef
    target: JobRef


@frozen(kw_only=True)
class OrphanedJobs:
    """Managed jobs of one sync that no sync of the config owns.

    Attributes:
        command: the command that assigns them to a sync; "" where it is not clear to which.
        jobs: the target jobs.
    """

    sync: str
    reason: str
    command: str
    jobs: tuple[OrphanedJob, ...]


def orphaned_jobs(found: Iterable[Orphans]) -> tuple[OrphanedJobs, ...]:
    """Return the managed jobs that no sync owns, as `status` and `sync` print them."""
    return tuple(
        filled(OrphanedJobs, one, sync=one.home.sync, jobs=tuple(filled(OrphanedJob, job) for job in one.bound))
        for one in found
    )
