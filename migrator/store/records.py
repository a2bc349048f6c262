"""What the state remembers: bindings, planned writes and locks, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

from attrs import field, frozen

from migrator.canonical import Fields, JobRef


@frozen(kw_only=True)
class Binding:
    """A source job and one target job that we made for it.

    Attributes:
        source: the source job.
        target: the target job.
        piece: which of `pieces` target jobs this is, from 1.
        pieces: how many target jobs stand for the source job.
        sync: the sync that made or adopted it.
        applied: the lowered fields that we last wrote.
        seen: the fields that the target had right after; where a platform answers with something derived from what was
            sent, the two differ without anybody having touched the job.
        tagged: whether the target job carries the ownership tag.
        superseded: whether another target job has taken its place, and it only waits to be deleted.
        stands_for: the source's schedule when the target's was last in step with it, as text; "" when that is not
            known. It tells a renewal from an edit.
        until: when the target's schedule stops being exact unless it is renewed; None when it never does.
    """

    source: JobRef
    target: JobRef
    piece: int = 1
    pieces: int = 1
    sync: str
    applied: Fields
    seen: Fields
    tagged: bool = False
    superseded: bool = False
    stands_for: str = ""
    until: datetime | None = None


@frozen(kw_only=True)
class Home:
    """Where bindings of a sync are: between which two places.

    Attributes:
        sync: the sync that owns them.
        source: provider and scope of the source jobs.
        target: provider and scope of the target jobs.
    """

    sync: str
    source: tuple[str, str]
    target: tuple[str, str]


@frozen(kw_only=True)
class Bound:
    """The two ends of a binding, without what was written.

    Attributes:
        sync: the sync that owns it.
        source: the source job.
        target: the target job.
        name: the target job's name, as it was last written.
    """

    sync: str
    source: JobRef
    target: JobRef
    name: str


Live = Literal["both", "source", "target"]
"""Which side may fire: each by its own flag, the source while the target is staged, or the target alone."""


@frozen(kw_only=True)
class ActiveSide:
    """The active side of a source job; where nothing is recorded, both are.

    It stands before the first request of a cutover, so that what a crashed run did can be told from what a person did,
    and taken back.

    Attributes:
        source: the source job.
        target: the provider and the scope that its target jobs are in.
        sync: the sync that held them back or moved the right.
        name: the source job's name.
        live: which side has it, as confirmed by the last reading.
        parked: the fields that make the source job stand still, once they are sent; empty where it stood still anyway.
        wish: what these fields were: what its owner wants, and what it gets back.
        since: since when `live` is so.
        begun: when the move that is under way was begun, by this run or by one that died; None when none is. Until it
            has ended, `live` is what was so before it.
    """

    source: JobRef
    target: tuple[str, str]
    sync: str
    name: str = ""
    live: Live
    parked: Fields = field(factory=dict)
    wish: Fields = field(factory=dict)
    since: datetime
    begun: datetime | None = None


@frozen(kw_only=True)
class ExpiringSchedule:
    """A live target job whose schedule stops being exact soon.

    Attributes:
        source: the source job.
        target: the target job.
        name: its visible name.
        until: from when on it fires at other instants than the source job.
    """

    source: JobRef
    target: JobRef
    name: str
    until: datetime


@frozen(kw_only=True)
class Definition:
    """A source job as its owner wanted it, kept since its target is the active side: it outlives the source job.

    Attributes:
        source: the source job.
        sync: the sync that carries it.
        fields: the job, flat.
        retired: whether migrator deleted the source job, or a person told it that it was deleted on purpose.
    """

    source: JobRef
    sync: str
    fields: Fields
    retired: bool = False


@frozen(kw_only=True)
class Takeover:
    """A job of a file that took the place of a retired source job, with its target jobs.

    Attributes:
        source: the job of the file.
        sync: the sync that carries it.
        origin: the retired source job.
        origin_sync: the sync that carried that one.
    """

    source: JobRef
    sync: str
    origin: JobRef
    origin_sync: str


@frozen(kw_only=True)
class InactiveJob:
    """A job that is not known to be active on one side in full, though its owner wants it to fire.

    Attributes:
        source: the source job.
        name: its name.
        live: what was found instead: "neither", "part" of the target jobs, or "unknown" where it could not be read.
        since: when that was first found.
        repair: the command that repairs it.
    """

    source: JobRef
    name: str
    live: Literal["neither", "part", "unknown"]
    since: datetime
    repair: str


MissKind = Literal["neither", "both", "unclear"]
"""Which sides were live at an instant: neither, both, or a write was under way that may have come before or after."""


@frozen(kw_only=True)
class Missed:
    """An instant at which it is not certain that exactly one side was active.

    Attributes:
        source: the source job.
        name: the job's name.
        at: the instant.
        kind: which sides were active then, as far as known; "unclear" while a write was in progress.
        cause: what was in progress, or failed.
        sync: the sync that switched the active side.
        run: the run that recorded it.
    """

    source: JobRef
    name: str
    at: datetime
    kind: MissKind
    cause: str
    sync: str
    run: str


ORIGIN: Final = 0
"""The part number of a write to the source job itself, not to one that stands for it."""

IntentState = Literal["claimed", "dispatched", "done", "failed", "uncertain"]
"""What is known of a write: claimed for a run and never sent, then sent, then done, failed or unresolved."""

RunKind = Literal["apply", "resume", "rollback", "sync", "cutover", "retire", "dedupe", "move", "forget"]

CUTOVER_KINDS: Final[frozenset[RunKind]] = frozenset({"cutover", "retire"})
"""The runs that switch the active side."""


@frozen(kw_only=True)
class Run:
    """One run that wrote to a target.

    Attributes:
        id: its id.
        sync: the sync that it carried out.
        provider: the target's provider.
        scope: the target's scope.
        kind: what it did.
        of: the run that it took up or rolled back.
        goal: of a cutover, the side that was to be active; None of any other run.
        started_at: when.
        ended_at: when it ended in order; None when it was killed or still goes on.
        summary: how many changes ended how; empty until it ended.
        plan: the changes that it was to make, as a plan in JSON text; None when an old version of migrator left it, and
            in a list of runs.
    """

    id: str
    sync: str
    provider: str
    scope: str
    kind: RunKind = "apply"
    of: str | None = None
    goal: Literal["source", "target"] | None = None
    started_at: datetime
    ended_at: datetime | None = None
    summary: Mapping[str, int] = field(factory=dict)
    plan: str | None = field(default=None, repr=False)


@frozen(kw_only=True)
class SavedRecord:
    """A target job as it was before a run touched it.

    Attributes:
        ref: the job.
        record: what the platform had answered.
        binding: what we knew of it; None when it was not ours.
    """

    ref: JobRef
    record: Mapping[str, Any] = field(repr=False)
    binding: Binding | None = None


@frozen(kw_only=True)
class Write:
    """One write, recorded before it is sent.

    Attributes:
        run: the run it belongs to.
        seq: its number in the run, from 1.
        sync: the sync that wants it.
        action: "create", "update" or "delete": one request to the platform; of a claim, what is to become of the job.
        source: the source job it is for; None when there is none.
        target_scope: where it is sent.
        target_id: the target job; None for a create.
        piece: which part of the source job; `ORIGIN` when the source job itself is written to.
        pieces: how many there are.
        name: the job's name, for people and for finding it again.
        fields: what is written, by canonical path; None empties a field.
        at: when it was recorded.
        state: what became of it.
        error: why it failed, or what is uncertain.
        ended_at: when its outcome was recorded.
    """

    run: str
    seq: int
    sync: str
    action: str
    source: JobRef | None
    target_scope: str
    target_id: str | None = None
    piece: int = 1
    pieces: int = 1
    name: str = ""
    fields: Mapping[str, Any] = field(factory=dict)
    at: datetime
    state: IntentState = "dispatched"
    error: str = ""
    ended_at: datetime | None = None


@frozen(kw_only=True)
class Owner:
    """The process that holds a lease; what this system does not tell of it is "".

    Attributes:
        host: machine name, for people; two machines may share one.
        boot: the boot id of its machine.
        namespace: the namespaces that its process id and its clock belong to.
        pid: process id in that namespace.
        started: when the process started, as the system counts it; tells a reused pid apart.
        run: its run.
    """

    host: str
    boot: str = ""
    namespace: str = ""
    pid: int
    started: str
    run: str

    def __str__(self) -> str:
        return f"run {self.run} (process {self.pid} on {self.host})"


LeaseState = Literal["held", "dead", "expired", "future"]
"""held: by a process that may live. dead: by a process of this machine that has ended. expired: not renewed in time.
future: renewed later than it is now by the database's clock, so that its expiry says nothing."""


@frozen(kw_only=True)
class Lease:
    """The lock of one target scope.

    Attributes:
        scope: the target scope.
        owner: who holds it.
        beat: when it was taken or last renewed, by the database's clock.
        expires: when it ends unless it is renewed, by the same clock.
        state: what is known of it, by the same clock and by the processes of this machine.
        is_seen: whether its owner is a process that can be seen from here.
    """

    scope: str
    owner: Owner
    beat: datetime
    expires: datetime
    state: LeaseState
    is_seen: bool = False

    @property
    def is_free(self) -> bool:
        """Whether another run may take it."""
        return self.state in {"dead", "expired"}
