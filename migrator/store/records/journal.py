"""Runs, writes and saved records as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

from attrs import field, frozen

from migrator.canonical import JobRef
from migrator.store.records.bindings import Binding

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
