"""Prove, job by job, that the target fires when the source does and holds the same fields.

Nothing is taken from memory: both sides were read again, and what is compared is what they hold now. Schedules are
compared by their instants, never by their texts: two texts may mean the same for as long as it matters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import attrs
from attrs import frozen

from migrator.canonical import TRIGGER_PATHS, Job, JobRef, Unportable
from migrator.convert.schedule import ConvertedSchedule
from migrator.cron import Comparison, Cron, Once, Recurring, Timed, compare, next_fires
from migrator.extract import Extracted
from migrator.isolation import attempt
from migrator.plan.changes import Change, FieldChange, Plan
from migrator.plan.duplicates import Duplicate
from migrator.plan.staging import with_fields
from migrator.store.records import Binding
from migrator.verify.result import MINUTE, STATUSES, WELL, LeftOut, NextRun, Proof, Status, Verification

Spot = Callable[[Iterable[Timed], Iterable[Timed], datetime, datetime], Mapping[str, Any]]
"""A second opinion from an engine that is not ours: `agrees`, or `unasked` with why it cannot judge."""

_NOTHING: Final[Mapping[str, Any]] = {}

_AHEAD: Final = timedelta(days=366)
"""How far ahead the first instant that differs is looked for, beyond what has to agree."""


def verify(
    plan: Plan,
    *,
    source: Extracted,
    target: Extracted,
    bindings: Iterable[Binding],
    span: timedelta,
    spot: Spot = lambda *_all: _NOTHING,
    duplicates: tuple[Duplicate, ...] = (),
) -> Verification:
    """A proof for every source job that has a target job of ours.

    Args:
        plan: a fresh plan of the sync: says which fields differ.
        source: the source's listing.
        target: the target's listing.
        bindings: the bindings of the sync.
        span: how long the instants have to agree.
        spot: a second opinion on the instants.
        duplicates: target jobs that are one too many: they fire as well.
    """
    changes: dict[JobRef, list[Change]] = {}
    for change in plan.changes:
        if change.source:
            changes.setdefault(change.source, []).append(change)
    groups: dict[JobRef, list[Binding]] = {}
    for binding in bindings:
        groups.setdefault(binding.source, []).append(binding)
    end = plan.created_at + span
    judge = _Judge(plan=plan, source=source, target=target, end=end, spot=spot, duplicates=duplicates)
    left = {ref for ref, found in changes.items() if ref not in groups or _has_left(found)}
    listed = {job.ref for job in source.jobs}
    proofs = [
        judge.proof(ref, group, changes.get(ref, []))
        for ref, group in groups.items()
        if ref not in left or ref not in listed
    ]
    return Verification(
        sync=plan.sync,
        source=plan.source,
        target=plan.target,
        start=plan.created_at,
        end=judge.end,
        proofs=tuple(sorted(proofs, key=lambda p: (STATUSES.index(p.status), p.name.casefold(), str(p.source)))),
        left_out=tuple(
            LeftOut(source=ref, name=found[0].name, reason=found[0].reason or "the next sync creates it")
            for ref, found in changes.items()
            if ref in left and ref in listed
        ),
        duplicates=duplicates,
        is_pending=not plan.refusal
        and not {proof.source for proof in proofs if proof.status not in WELL}.isdisjoint(
            change.source for change in plan.pending
        ),
    )


def _has_left(changes: Iterable[Change]) -> bool:
    """Whether a job takes no part in the sync any more: the plan leaves it alone, without a look at its fields."""
    return all(change.action == "none" and change.schedule is None for change in changes)


@frozen(kw_only=True)
class _Judge:
    plan: Plan
    source: Extracted
    target: Extracted
    end: datetime
    spot: Spot
    duplicates: tuple[Duplicate, ...]

    def proof(self, ref: JobRef, group: list[Binding], changes: list[Change]) -> Proof:
        """What verifying one source job comes to; unproved where that fails."""
        found = attempt("compared", self._proof, ref, group, changes)
        if isinstance(found, Proof):
            return found
        name, targets = str(group[0].applied.get("name", ref.id)), tuple(binding.target for binding in group)
        return Proof(source=ref, name=name, targets=targets, status="unproved", reason=str(found))

    def _proof(self, ref: JobRef, group: list[Binding], changes: list[Change]) -> Proof:
        current = [binding for binding in group if not binding.superseded]
        job, found = _listed(self.source, ref), [_listed(self.target, binding.target) for binding in current]
        name = job.name if job else str(group[0].applied.get("name", ref.id))
        targets = tuple(binding.target for binding in current)
        if job is None or None in found:
            reason = f"the {'source' if job is None else 'target'} job is gone"
            if any(problem.ref in {ref, *targets} for problem in (*self.source.problems, *self.target.problems)):
                return Proof(source=ref, name=name, targets=targets, status="unproved", reason="it cannot be read")
            return Proof(source=ref, name=name, targets=targets, status="absent", reason=reason)
        replaced = [_listed(self.target, binding.target) for binding in group if binding.superseded]
        due = {change.target: change.due for change in changes}
        current_jobs = [with_fields(one, due.get(one.ref, {})) for one in found if one]
        mine = [one for one in self.duplicates if one.source == ref]
        extra = [_listed(self.target, ref) for one in mine for ref in one.jobs if ref not in targets]
        standing = current_jobs + [one for one in (*replaced, *extra) if one and one.enabled]
        proof = self._compared(job, standing, targets, changes)
        proof = attrs.evolve(
            proof, next_runs=tuple(self._next_run(one) for one in found if one and self._reports_next_run(one))
        )
        if mine:
            reason = "; ".join(filter(None, (*(one.reason for one in mine), proof.reason)))
            proof = attrs.evolve(proof, status="differs", reason=reason)
        stopped = next((one.suspended for one in found if one and one.suspended is not None), None)
        if stopped is None or not job.live:
            return proof
        reason = f"stopped by {self.plan.target_provider} at the target ({stopped}): it does not fire there"
        others = "" if proof.status in WELL or proof.status == "unproved" else proof.reason
        return attrs.evolve(proof, status="differs", reason="; ".join(filter(None, (others, reason))))

    def _reports_next_run(self, job: Job) -> bool:
        """Whether the platform tells the next run of a job, and it is one of a schedule that can be evaluated."""
        known = job.live and job.next_at is not None and job.next_at > self.plan.created_at
        return known and bool(schedules_of(job, self.plan.dialect))

    def _next_run(self, job: Job) -> NextRun:
        assert job.next_at
        (timed,) = schedules_of(job, self.plan.dialect)
        coming = _next(timed, self.plan.created_at)
        return NextRun(target=job.ref, reported=job.next_at, expected=coming)

    def _compared(self, job: Job, standing: list[Job], targets: tuple[JobRef, ...], changes: list[Change]) -> Proof:
        fields = tuple(one for change in changes for one in _differing(change))
        schedule = next((change.schedule for change in changes if change.schedule), None)
        blocked = tuple(dict.fromkeys(change.reason for change in changes if change.action == "blocked"))
        wanted, got = (
            schedules_of(job, ""),
            [timed for one in standing for timed in schedules_of(one, self.plan.dialect)],
        )
        fires, until, second = None, None, _NOTHING
        if not wanted or len(got) < len(standing):
            reasons = list(blocked) or ["its trigger cannot be compared"]
            status: Status = "unproved"
        else:
            start = self.plan.created_at
            end = max(self.end, *(_after_next(timed, start) for timed in wanted))
            fires = compare(wanted, got, start, end)
            until = _first(compare(wanted, got, end, max(end, start + _AHEAD))) if fires.equal else None
            second = self.spot(wanted, got, start, end) if fires.equal else _NOTHING
            status, reasons = _judged(fires, fields, blocked, second, schedule, changes)
        return Proof(
            source=job.ref,
            name=job.name,
            targets=targets,
            status=status,
            reason="; ".join(reasons),
            fields=fields,
            schedule=schedule,
            fires=fires,
            agree_until=until,
            spot=second,
            live=next((change.active_side for change in changes), "both"),
        )


def _judged(
    fires: Comparison,
    fields: tuple[FieldChange, ...],
    blocked: tuple[str, ...],
    second: Mapping[str, Any],
    schedule: ConvertedSchedule | None,
    changes: list[Change],
) -> tuple[Status, list[str]]:
    reasons = [] if fires.equal else [_difference_words(fires)]
    if fields:
        paths = list(dict.fromkeys(one.path for one in fields))
        reasons.append(f"{', '.join(paths)} {'differs' if len(paths) == 1 else 'differ'} at the target")
        return "differs", reasons
    if reasons:
        pending = any(one.path in TRIGGER_PATHS for change in changes for one in change.fields)
        as_allowed = schedule is not None and schedule.verdict == "approximate" and not (pending or blocked)
        return ("approximate" if as_allowed else "differs"), reasons
    if second and not second.get("agrees", True):
        return "unproved", [f"{second.get('engine', 'the second opinion')} does not agree"]
    return ("unproved", list(blocked)) if blocked else ("proved", [])


def _differing(change: Change) -> Iterator[FieldChange]:
    """The fields of a target job that differ; what a new or a surplus part changes, the instants tell."""
    if change.action not in {"create", "delete"}:
        yield from (one for one in change.fields if one.path not in TRIGGER_PATHS)


def _listed(listing: Extracted, ref: JobRef) -> Job | None:
    try:
        return listing.job(ref)
    except KeyError:
        return None


def schedules_of(job: Job, dialect: str) -> list[Timed]:
    """A job's trigger with the dialect of its platform, if a calendar can evaluate it."""
    trigger = job.trigger
    if isinstance(trigger, Unportable):
        return []
    if isinstance(trigger, Recurring) and isinstance(trigger.cron, Cron):
        return [Timed(trigger=trigger, dialect=dialect or trigger.cron.dialect)]
    return [Timed(trigger=trigger, dialect=dialect or "vixie")] if isinstance(trigger, Once) else []


def _next(timed: Timed, start: datetime) -> datetime | None:
    """Return a job's next fire after `start`, None when there is none."""
    trigger = timed.trigger
    if isinstance(trigger, Once):
        return trigger.at if trigger.at > start else None
    return next(iter(next_fires(trigger.cron, trigger.timezone, start, 1, dialect=timed.dialect)), None)


def _after_next(timed: Timed, start: datetime) -> datetime:
    """The minute after a job's next fire, `start` when there is none: so that rare jobs are compared, too."""
    coming = _next(timed, start)
    if coming is None:
        return start + MINUTE if isinstance(timed.trigger, Once) else start
    return coming + MINUTE


def _first(fires: Comparison) -> datetime | None:
    """The first instant at which the two sides differ."""
    return min((at for one in (fires.missing, fires.extra, fires.twice) for at in one.first), default=None)


def _difference_words(fires: Comparison) -> str:
    parts = (
        ("missing at the target", fires.missing),
        ("too many there", fires.extra),
        ("doubled there", fires.twice),
    )
    return "; ".join(
        f"{difference.count} {'fire' if difference.count == 1 else 'fires'} {words}, "
        f"the first at {difference.first[0]:%Y-%m-%d %H:%M} UTC"
        for words, difference in parts
        if difference.count
    )
