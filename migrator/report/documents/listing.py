"""The document of list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from attrs import frozen

from migrator.canonical import JobRef
from migrator.json_document import Document, filled
from migrator.listing import JobState, ListedJob, Listing


@frozen(kw_only=True)
class ListedSchedule:
    """A schedule as its platform holds it, and in words."""

    text: str
    timezone: str
    words: str


@frozen(kw_only=True)
class ListEntry:
    """One job.

    Attributes:
        reason: why it does not fire, where it does not.
        failing: what its platform reports about failing runs.
        next_fires: none of a job that does not fire.
        managed: whether migrator made or adopted it.
        source: the source job of a managed copy.
    """

    ref: JobRef
    name: str
    state: JobState
    reason: str
    failing: str
    schedule: ListedSchedule
    next_fires: tuple[datetime, ...]
    managed: bool
    source: str | None


@frozen(kw_only=True)
class ListDocument(Document):
    """The jobs of a connection.

    Attributes:
        requests: requests sent, by provider.
    """

    NAME: ClassVar[str] = "list"
    connection: str
    provider: str
    at: datetime
    jobs: tuple[ListEntry, ...]
    requests: Mapping[str, int]


def list_document(found: Listing) -> ListDocument:
    """Return the jobs of a connection."""
    return filled(ListDocument, found, jobs=tuple(map(_listed, found.rows)))


def _listed(row: ListedJob) -> ListEntry:
    return filled(
        ListEntry,
        row,
        schedule=ListedSchedule(text=row.text, timezone=row.timezone, words=row.schedule),
        next_fires=row.fires,
        managed=row.manages is not None,
        source=row.manages,
    )
