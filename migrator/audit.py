"""What would become of every job of a connection at another provider, before there is anything to write to.

Every job is converted as for a sync that says nothing yet: so what the sync must say, and what it must allow, stands in
the result, apart from what cannot be done at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, Literal, get_args

from attrs import field, frozen

from migrator.canonical import Job, JobRef
from migrator.config import Sync
from migrator.convert import Converted, convert
from migrator.errors import MigratorError
from migrator.extract import Extracted
from migrator.isolation import attempt
from migrator.mapping import ProviderMapping
from migrator.plan.duplicates import Duplicate, duplicates
from migrator.plan.policy import Policy

Outcome = Literal["unreadable", "refused", "undecided", "lossy", "over", "whole"]
"""unreadable: unknown. refused: it cannot go. undecided: it can, when the sync says what is missing. lossy: it
can, when the sync allows what it loses. over: it has expired. whole: it migrates unchanged. The worst come first."""

OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)


@frozen(kw_only=True)
class JobAudit:
    """What would become of one job.

    Attributes:
        source: the job.
        name: its name.
        outcome: see `Outcome`.
        reason: why it cannot go, or why there is nothing left of it.
        enabled: whether it runs at present.
        trouble: what its platform tells of a stop or of runs that fail; "" when it tells of none.
        converted: what it would become, None where it cannot be read.
    """

    source: JobRef
    name: str
    outcome: Outcome
    reason: str = ""
    enabled: bool = True
    trouble: str = ""
    converted: Converted | None = None


@frozen(kw_only=True)
class Audit:
    """What would become of a connection's jobs.

    Attributes:
        connection: where they live.
        provider: where they would go.
        title: how that is called.
        sync: the sync that was assumed.
        at: when.
        findings: one for each job, the worst first.
        duplicates: jobs that carry one and the same ownership tag of ours.
        requests: how many requests each provider got.
    """

    connection: str
    provider: str
    title: str
    sync: Sync
    at: datetime
    findings: tuple[JobAudit, ...] = field(repr=False)
    duplicates: tuple[Duplicate, ...] = ()
    requests: Mapping[str, int] = field(factory=dict)

    @property
    def summary(self) -> Mapping[str, int]:
        """How many jobs of each outcome, the worst first."""
        counts = Counter(finding.outcome for finding in self.findings)
        return {outcome: counts[outcome] for outcome in OUTCOMES}

    @property
    def verdicts(self) -> Mapping[str, int]:
        """How many jobs of each verdict on their schedule, the most frequent first."""
        return dict(Counter(f.converted.schedule.verdict for f in self.findings if f.converted).most_common())

    @property
    def losses(self) -> Mapping[tuple[str, str], int]:
        """By path and reason, how many jobs would lose it, the most frequent first."""
        lost = Counter((loss.path, loss.reason) for one in self._able for loss in one.losses)
        return dict(lost.most_common())

    @property
    def decisions(self) -> tuple[Policy, ...]:
        """What a sync has to say so that every job goes that can."""
        needs = Counter(need for converted in self._able for need in converted.needs)
        asked = [Policy(what=n.what, table=n.table, line=n.line, jobs=count) for n, count in needs.most_common()]
        losing = [converted for converted in self._able if converted.losses]
        if losing:
            paths = dict.fromkeys(loss.path for converted in losing for loss in converted.losses)
            listed = ", ".join(f'"{path}"' for path in sorted(paths))
            what = f"{self.title} cannot hold {', '.join(sorted(paths))}"
            line, table = f"allow_loss = [{listed}]", f"[syncs.{self.sync.name}]"
            asked.append(Policy(what=what, table=table, line=line, jobs=len(losing)))
        return tuple(asked)

    @property
    def _able(self) -> Iterable[Converted]:
        """The jobs that could go."""
        return [f.converted for f in self.findings if f.converted and f.outcome in {"undecided", "lossy"}]


def audit(found: Extracted, *, target: ProviderMapping, sync: Sync, now: datetime) -> Audit:
    """What would become of every job of a listing.

    Args:
        found: the listing.
        target: the provider they would go to.
        sync: what is assumed: the connection's name, the provider's, and how schedules are to be translated.
        now: the clock.
    """
    findings = [
        _finding(job, attempt("converted", convert, job, target=target, sync=sync, now=now)) for job in found.jobs
    ]
    findings += [
        JobAudit(source=problem.ref, name=problem.name, outcome="unreadable", reason=str(problem.error))
        for problem in found.problems
    ]
    return Audit(
        connection=sync.source,
        provider=target.rules.provider,
        title=target.rules.title,
        sync=sync,
        at=now,
        findings=tuple(sorted(findings, key=_gravity)),
        duplicates=duplicates(found.jobs),
    )


def _finding(job: Job, converted: Converted | MigratorError) -> JobAudit:
    if isinstance(converted, MigratorError):
        return JobAudit(
            source=job.ref,
            name=job.name,
            outcome="refused",
            reason=str(converted),
            enabled=job.live,
            trouble=job.trouble,
        )
    ways: tuple[tuple[Outcome, object], ...] = (
        ("refused", converted.refused),
        ("over", converted.dead),
        ("undecided", converted.needs),
        ("lossy", converted.losses),
    )
    outcome = next((outcome for outcome, holds in ways if holds), OUTCOMES[-1])
    reason = "; ".join(converted.refused) or converted.dead
    return JobAudit(
        source=job.ref,
        name=job.name,
        outcome=outcome,
        reason=reason,
        enabled=job.live,
        trouble=job.trouble,
        converted=converted,
    )


def _gravity(finding: JobAudit) -> tuple[int, int, int, str, str]:
    """The worst first: by outcome, then by what is missing and lost, then by how many jobs it takes."""
    converted = finding.converted
    weight = len(converted.needs) + len(converted.losses) if converted else 0
    pieces = len(converted.schedule.pieces) if converted else 0
    return OUTCOMES.index(finding.outcome), -weight, -pieces, finding.name.casefold(), str(finding.source)
