"""What the state remembers: links, intents and locks, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from attrs import field, frozen

from migrator.canonical import Fields, JobRef


@frozen(kw_only=True)
class Link:
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
        marked: whether the target job carries our mark.
        superseded: whether another target job has taken its place, and it only waits to be deleted.
    """

    source: JobRef
    target: JobRef
    piece: int = 1
    pieces: int = 1
    sync: str
    applied: Fields
    seen: Fields
    marked: bool = False
    superseded: bool = False


IntentState = Literal["claimed", "dispatched", "done", "failed", "uncertain"]
"""What is known of a write: claimed for a run and never sent, then sent, then how it ended, or that nobody knows."""

RunKind = Literal["apply", "resume", "rollback"]


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
        started_at: when.
        ended_at: when it ended in order; None when it was killed or still goes on.
        summary: how many changes ended how; empty until it ended.
        plan: the plan that it carried out, as JSON text; None when an old version of migrator left it.
    """

    id: str
    sync: str
    provider: str
    scope: str
    kind: RunKind = "apply"
    of: str | None = None
    started_at: datetime
    ended_at: datetime | None = None
    summary: Mapping[str, int] = field(factory=dict)
    plan: str | None = field(default=None, repr=False)


@frozen(kw_only=True)
class Snapshot:
    """A target job as it was before a run touched it.

    Attributes:
        ref: the job.
        record: what the platform had answered.
        link: what we knew of it; None when it was not ours.
    """

    ref: JobRef
    record: Mapping[str, Any] = field(repr=False)
    link: Link | None = None


@frozen(kw_only=True)
class Intent:
    """One write, noted before it is sent.

    Attributes:
        run: the run it belongs to.
        seq: its number in the run, from 1.
        sync: the sync that wants it.
        action: "create", "update" or "delete": one request to the platform; of a claim, what is to become of the job.
        source: the source job it is for; None when there is none.
        target_scope: where it is sent.
        target_id: the target job; None for a create.
        piece: which piece of the source job.
        pieces: how many there are.
        name: the job's name, for people and for finding it again.
        fields: what is written, by canonical path; None empties a field.
        at: when it was noted.
        state: what became of it.
        error: why it failed, or what is uncertain.
        ended_at: when its outcome was noted.
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
    """The process that holds a lock.

    Attributes:
        host: machine name.
        pid: process id on it.
        started: when the process started, as the system counts it; tells a reused pid apart.
        run: its run.
    """

    host: str
    pid: int
    started: str
    run: str

    def __str__(self) -> str:
        return f"run {self.run} (process {self.pid} on {self.host})"
