"""Bindings as plain values."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

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
        applied: the converted fields that we last wrote.
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
