"""Prove, job by job, that the target fires when the source does and says what it shall say.

Nothing is taken from memory: both sides were read again, and what is compared is what they hold now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from attrs import field, frozen

from migrator.canonical import Job, JobRef, Unportable
from migrator.cron import Cron, Once, Recurring
from migrator.cron.comparison import Comparison, Timed, compare
from migrator.extract import Extracted
from migrator.plan.values import Change, FieldChange, Plan
from migrator.state.values import Link

Status = Literal["proved", "differs", "absent", "unproved"]
"""proved: fields and instants agree. differs: they do not. absent: one side lacks the job. unproved: nobody can say."""

Spot = Callable[[Iterable[Timed], Iterable[Timed], datetime, datetime], Mapping[str, Any]]
"""A second opinion from an engine that is not ours."""


@frozen(kw_only=True)
class Proof:
    """What verifying one source job came to.

    Attributes:
        source: the source job.
        name: its name.
        targets: the target jobs that stand for it.
        status: see `Status`.
        reason: why it is not proved.
        fields: the fields that differ.
        fires: the comparison of the instants, None where there was nothing to compare.
        spot: what the second opinion says of sampled instants.
    """

    source: JobRef
    name: str
    targets: tuple[JobRef, ...]
    status: Status
    reason: str = ""
    fields: tuple[FieldChange, ...] = ()
    fires: Comparison | None = None
    spot: Mapping[str, Any] = field(factory=dict)


def verify(
    plan: Plan,
    *,
    source: Extracted,
    target: Extracted,
    links: Iterable[Link],
    span: timedelta,
    spot: Spot = lambda *_all: {},
) -> Iterator[Proof]:
    """A proof for every source job that has a target job of ours.

    Args:
        plan: a fresh plan of the sync: says which fields differ.
        source: the source's listing.
        target: the target's listing.
        links: the links of the sync.
        span: how far ahead instants are compared.
        spot: a second opinion on the instants.
    """
    sources = {job.ref: job for job in source.jobs}
    targets = {job.ref: job for job in target.jobs}
    changes: dict[JobRef, list[Change]] = {}
    for change in plan.changes:
        if change.source:
            changes.setdefault(change.source, []).append(change)
    groups: dict[JobRef, list[Link]] = {}
    for link in links:
        groups.setdefault(link.source, []).append(link)
    for ref, group in groups.items():
        job = sources.get(ref)
        found = [targets[link.target] for link in group if link.target in targets]
        name = job.name if job else str(group[0].applied.get("name", ref.id))
        refs = tuple(link.target for link in group)
        if job is None or len(found) < len(group):
            where = "the source" if job is None else "the target"
            yield Proof(
                source=ref, name=name, targets=refs, status="absent", reason=f"{where} does not have it any more"
            )
        else:
            yield _prove(job, found, refs, changes.get(ref, []), plan, span, spot)


def _prove(
    job: Job,
    found: list[Job],
    refs: tuple[JobRef, ...],
    changes: list[Change],
    plan: Plan,
    span: timedelta,
    spot: Spot,
) -> Proof:
    fields = tuple(field for change in changes for field in change.fields)
    reasons = [change.reason for change in changes if change.action == "blocked"]
    wanted, got = _timed(job, ""), [timed for one in found for timed in _timed(one, plan.dialect)]
    if not wanted or len(got) < len(found):
        reason = "; ".join(reasons) or "its trigger cannot be compared"
        return Proof(source=job.ref, name=job.name, targets=refs, status="unproved", reason=reason, fields=fields)
    start, end = plan.created_at, plan.created_at + span
    fires = compare(wanted, got, start, end)
    second = spot(wanted, got, start, end) if fires.equal else {}
    if not fires.equal:
        reasons.insert(0, _told(fires))
    if fields:
        reasons.append(f"{', '.join(dict.fromkeys(field.path for field in fields))} differ")
    if second and not second.get("agrees", True):
        reasons.append("the second opinion does not agree")
    status: Status = "differs" if reasons else "proved"
    return Proof(
        source=job.ref,
        name=job.name,
        targets=refs,
        status=status,
        reason="; ".join(reasons),
        fields=fields,
        fires=fires,
        spot=second,
    )


def _timed(job: Job, dialect: str) -> list[Timed]:
    """A job's trigger with the dialect of its platform, if a calendar can evaluate it."""
    trigger = job.trigger
    if isinstance(trigger, Unportable):
        return []
    if isinstance(trigger, Recurring) and isinstance(trigger.cron, Cron):
        return [Timed(trigger=trigger, dialect=dialect or trigger.cron.dialect)]
    return [Timed(trigger=trigger, dialect=dialect or "vixie")] if isinstance(trigger, Once) else []


def _told(fires: Comparison) -> str:
    parts = (
        ("missing at the target", fires.missing),
        ("too many there", fires.extra),
        ("fired twice there", fires.twice),
    )
    return "; ".join(
        f"{difference.count} fires {words}, the first at {difference.first[0]:%Y-%m-%d %H:%M} UTC"
        for words, difference in parts
        if difference.count
    )
