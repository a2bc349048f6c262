"""Documents of cutover and retire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from attrs import frozen

from migrator.active_side import FiringSide
from migrator.canonical import JobRef
from migrator.cutover.switches import Cutover, Does, Gap, Goal, Nightly, Sent, Status, SwitchResult
from migrator.json_document import Document, filled
from migrator.store.records import InactiveJob, Missed
from migrator.verify import Status as ProofStatus


@frozen(kw_only=True)
class SwitchGap:
    """The gap between fires in which the job was switched.

    Attributes:
        end: when something fires again; null for long after.
        is_narrow: whether the fires are closer together than the guard asked for.
    """

    start: datetime
    end: datetime | None
    asked_seconds: float
    is_narrow: bool


@frozen(kw_only=True)
class SwitchedJob:
    """One job of a cutover or a retirement.

    Attributes:
        live: the active side, as read.
        takes: the steps, in order.
        proof: result of the verification afterwards.
    """

    status: Status
    name: str
    source: JobRef
    targets: tuple[JobRef, ...]
    live: FiringSide
    takes: tuple[Does, ...]
    gap: SwitchGap | None
    writes: tuple[Sent, ...]
    proof: ProofStatus | None
    reason: str


@frozen(kw_only=True)
class CutoverDocument(Document):
    """The active side of each job, and how it was switched.

    Attributes:
        goal: the side to switch to.
        run: null when nothing was started.
        ledger: instants at which it is not certain that exactly one side was active.
        active_nowhere: the jobs of the sync that are active nowhere now.
        needs_nightly_sync: of a retirement: the jobs that depend on syncs from now on.
        requests: requests sent, by provider.
    """

    NAME: ClassVar[str] = "cutover"
    sync: str
    source: str
    target: str
    goal: Goal
    run: str | None
    dry_run: bool
    summary: Mapping[Status, int]
    jobs: tuple[SwitchedJob, ...]
    ledger: tuple[Missed, ...]
    active_nowhere: tuple[InactiveJob, ...]
    needs_nightly_sync: tuple[Nightly, ...]
    requests: Mapping[str, int]


@frozen(kw_only=True)
class RetireDocument(CutoverDocument):
    """Which source jobs were stopped or deleted."""

    NAME: ClassVar[str] = "retire"


def cutover_document(found: Cutover, name: str) -> CutoverDocument:
    """Return the result of a cutover, or of a retirement, which is named "retire"."""
    return filled(
        RetireDocument if name == RetireDocument.NAME else CutoverDocument,
        found,
        dry_run=found.is_dry,
        jobs=tuple(map(_switched, found.switches)),
        active_nowhere=found.inactive,
        needs_nightly_sync=found.nightly,
    )


def _switched(result: SwitchResult) -> SwitchedJob:
    move = result.switch
    return filled(
        SwitchedJob,
        result,
        name=move.name,
        source=move.source,
        targets=move.targets,
        takes=tuple(step.does for step in move.steps),
        gap=result.gap and _gap(result.gap),
        writes=result.sent,
        proof=result.proof or None,
    )


def _gap(gap: Gap) -> SwitchGap:
    return filled(SwitchGap, gap, asked_seconds=gap.asked.total_seconds())
