"""The document of verify."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal

from attrs import frozen

from migrator.canonical import CanonicalPath, JobRef
from migrator.convert.schedule import Verdict
from migrator.cron import Comparison
from migrator.cron.check import SecondOpinion
from migrator.cron.comparison import Difference
from migrator.json_document import Document, filled
from migrator.report.documents.apply import DuplicateJobs, duplicate_jobs
from migrator.store.records import Live
from migrator.verify import LeftOut, Proof, Status, Verification


@frozen(kw_only=True)
class DifferingField:
    """A field that differs."""

    path: CanonicalPath
    wanted: Any
    found: Any


@frozen(kw_only=True)
class ComparedFires:
    """Instants of the source's job, and of the jobs that stand for it, from `start` on."""

    until: datetime
    wanted: int
    got: int
    missing: Difference
    extra: Difference
    twice: Difference


@frozen(kw_only=True)
class ReportedNextRun:
    """The next run of a target job.

    Attributes:
        told: as its platform says.
        expected: as its schedule says; null where the schedule has expired.
        agrees: whether both are the same, as far as the platform is known to be punctual.
    """

    target: JobRef
    told: datetime
    expected: datetime | None
    agrees: bool


@frozen(kw_only=True)
class ReportedFires:
    """What the platform's own log says of a target job.

    Attributes:
        since: from when on: since it was last written to, or switched.
        until: before when; a later fire may still be late.
        due: how many fires its schedule has in that time.
        fired: how many of them are in the log.
        missing: those that are not.
        extra: starts in the log at which nothing was due.
    """

    target: JobRef
    since: datetime
    until: datetime
    due: int
    fired: int
    missing: tuple[datetime, ...]
    extra: tuple[datetime, ...]


@frozen(kw_only=True)
class VerifiedJob:
    """What verifying one source job came to.

    Attributes:
        fields: the fields that differ.
        agree_until: first instant after `end` that differs, within a year.
        live: at source, the target job is staged.
        next_runs: when the platform says that a target job fires next, and when its schedule does.
        fire_log: which fires that were due the platform logged; empty where it keeps no log.
    """

    status: Status
    source: JobRef
    name: str
    targets: tuple[JobRef, ...]
    reason: str
    fields: tuple[DifferingField, ...]
    verdict: Verdict | None
    flags: tuple[str, ...]
    fires: ComparedFires | None
    agree_until: datetime | None
    second_opinion: SecondOpinion | None
    live: Live
    next_runs: tuple[ReportedNextRun, ...] = ()
    fire_log: tuple[ReportedFires, ...] = ()


@frozen(kw_only=True)
class VerifyDocument(Document):
    """Whether the target does what the source says.

    Attributes:
        end: until when the instants have to agree.
        jobs: every job that was carried over, the worst first.
        not_carried: the jobs without a managed copy at the target.
        requests: requests sent, by provider.
    """

    NAME: ClassVar[str] = "verify"
    sync: str
    source: str
    target: str
    start: datetime
    end: datetime
    summary: Mapping[Literal[Status, "not_carried"], int]
    jobs: tuple[VerifiedJob, ...]
    not_carried: tuple[LeftOut, ...]
    duplicates: tuple[DuplicateJobs, ...]
    requests: Mapping[str, int]


def verify_document(found: Verification) -> VerifyDocument:
    """Return the proofs."""
    jobs, duplicates = tuple(map(_verified, found.proofs)), duplicate_jobs(found.duplicates)
    return filled(VerifyDocument, found, jobs=jobs, not_carried=found.left_out, duplicates=duplicates)


def _verified(proof: Proof) -> VerifiedJob:
    schedule = proof.schedule
    return filled(
        VerifiedJob,
        proof,
        fields=tuple(DifferingField(path=one.path, wanted=one.new, found=one.remote) for one in proof.fields),
        verdict=schedule and schedule.verdict,
        flags=schedule.flags if schedule else (),
        fires=proof.fires and _fires(proof.fires),
        second_opinion=proof.spot or None,
        next_runs=tuple(filled(ReportedNextRun, one, told=one.reported) for one in proof.next_runs),
        fire_log=tuple(filled(ReportedFires, one) for one in proof.logged),
    )


def _fires(fires: Comparison) -> ComparedFires:
    return filled(ComparedFires, fires, until=fires.end)
