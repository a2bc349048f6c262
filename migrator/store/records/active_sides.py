"""Active sides as plain values, and what is kept of source jobs whose target alone is active."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from attrs import field, frozen

from migrator.canonical import Fields, JobRef

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
        original: what these fields were: what its owner wants, and what it gets back.
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
    original: Fields = field(factory=dict)
    since: datetime
    begun: datetime | None = None


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
