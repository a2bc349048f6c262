"""What is told of a sync run: of each sync its result, what needs a person, and what was done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Final

from attrs import field, frozen

from migrator.execute.outcomes import Outcome
from migrator.report.failures import Failure, failure_of
from migrator.report.text import Tone, clean, count, stamp, to_the_minute
from migrator.report.views import Category, Edit, Remark
from migrator.report.views.plans import (
    CATEGORIES,
    UP_TO_DATE,
    PlanView,
    applied_part,
    double_remarks,
    exact_remarks,
    field_edit,
    plan_view,
)
from migrator.store.records import InactiveJob
from migrator.sync.orphaned import Orphans
from migrator.sync.results import Drift, SyncResult, SyncRun

_STATUS: Final[Mapping[int, Category]] = {
    0: Category("0", "in order", "✓", "good"),
    1: Category("1", "failed", "✗", "bad"),
    2: Category("2", "the config is wrong", "✗", "bad"),
    3: Category("3", "needs a decision", "!", "note"),
    4: Category("4", "partly failed", "✗", "warn"),
    5: Category("5", "another run held the lock", "…", "warn"),
}
"""By exit code."""
_WORDS: Final = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "pause": "paused",
    "resume": "resumed",
    "delete": "deleted",
    "adopt": "adopted",
}


@frozen
class Entry:
    """One line about a job.

    Attributes:
        name: visible name.
        text: what there is to say.
        note: a word more, as how long that has been so.
        symbol: what the plan makes of the job, as one character.
        conflicts: the fields that both sides have changed.
    """

    name: str
    text: str = ""
    note: str = ""
    symbol: str = ""
    conflicts: tuple[Edit, ...] = ()


@frozen
class Section:
    """Jobs that have something in common.

    Attributes:
        title: what that is.
        tone: how it is coloured.
        entries: the jobs.
        pressing: whether a person should read it.
    """

    title: str
    tone: Tone
    entries: tuple[Entry, ...]
    pressing: bool = True


@frozen(kw_only=True, slots=False)
class SyncView:
    """One sync.

    Attributes:
        name: the sync.
        source: the source connection.
        target: the target connection.
        status: its exit code, as a category.
        result: the result in one line.
        failure: what ended it early; None when nothing did.
        inactive: the jobs that are active nowhere.
        warnings: what stopped nothing.
        plan: what it was to change; None when it did not get so far.
        is_dry: whether it was only planned.
        outcomes: the result of each change.
        end: how it ended.
        advice: what keeps blocked jobs from failing each sync, where they do.
        conflicts: the jobs that both sides have changed.
        drift: the jobs that were edited at the target alone.
        expiring: the jobs whose schedules expire before the next run.
        remarks: what must be known of the whole.
    """

    name: str
    source: str
    target: str
    status: Category
    result: str
    failure: Failure | None
    inactive: tuple[InactiveJob, ...]
    warnings: tuple[str, ...]
    plan: PlanView | None
    is_dry: bool
    outcomes: tuple[Outcome, ...]
    end: Remark
    advice: Remark | None
    conflicts: tuple[Entry, ...]
    drift: tuple[Entry, ...]
    expiring: tuple[Entry, ...]
    remarks: tuple[Remark, ...]
    _found: SyncResult = field(repr=False)

    @property
    def error(self) -> tuple[tuple[str, str], ...]:
        """What ended or refused it, and more of that by label; empty when nothing did."""
        if self.failure:
            return ("", clean(self.failure.what)), *self.failure.details.items()
        return (("", f"{self.end.label}{self.end.text}"),) if self.end.tone == "bad" else ()

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """Its jobs, those that need a person first; a job that is blocked by a conflict is there once."""
        return tuple(one for one in _sections(self, self._found) if one.entries)


@frozen(kw_only=True)
class SyncRunView:
    """A sync run.

    Attributes:
        at: when it ended.
        lead: the result, a sentence each.
        facts: further numbers, by what they are.
        syncs: one for each sync.
        orphans: managed jobs that no sync owns.
    """

    at: datetime
    lead: tuple[str, ...]
    facts: Mapping[str, str]
    syncs: tuple[SyncView, ...]
    orphans: tuple[Orphans, ...]


def sync_run_view(found: SyncRun) -> SyncRunView:
    """Return what is told of a sync run."""
    seconds = (found.ended_at - found.started_at).total_seconds()
    requests = (f"{number:,} to {provider}" for provider, number in found.requests.items() if number)
    return SyncRunView(
        at=to_the_minute(found.ended_at),
        lead=tuple(_lead(found)),
        facts={
            "exit code": str(found.exit_code),
            "began": stamp(to_the_minute(found.started_at)),
            "took": f"{seconds:,.1f} s",
            "requests": ", ".join(requests) or "none",
        },
        syncs=tuple(map(_sync, found.results)),
        orphans=found.orphans,
    )


def _lead(found: SyncRun) -> Iterator[str]:
    wrong = sum(result.exit_code != 0 for result in found.results)
    syncs = count(len(found.results), "sync")
    yield f"{wrong:,} of {syncs} failed or need a decision." if wrong else f"{syncs}, all in order."
    if found.stopped:
        yield "The run was interrupted."
    if lost := sum(len(one.bound) for one in found.orphans):
        yield f"No sync owns {count(lost, 'managed job')}; migrator status lists them."
    if by := found.needs_resync_by:
        yield f"Schedules are exact until {stamp(by)}: the next sync must run before."


def _sync(found: SyncResult) -> SyncView:
    plan, dialect = found.plan, found.plan.dialect if found.plan else ""
    remarks = [*exact_remarks(plan), *double_remarks(applied_part(plan, found.applied), is_done=True)] if plan else []
    return SyncView(
        name=clean(found.name),
        source=clean(found.source),
        target=clean(found.target),
        status=_STATUS[found.exit_code],
        result=clean(", ".join(result_words(found))),
        failure=failure_of(found.error) if found.error else None,
        inactive=found.applied.inactive,
        warnings=tuple(map(clean, found.warnings)),
        plan=plan_view(plan) if plan else None,
        is_dry=found.dry_run,
        outcomes=found.applied.outcomes,
        end=_end(found),
        advice=_advice(found),
        conflicts=tuple(_drift(one, dialect) for one in found.conflicts),
        drift=tuple(_drift(one, dialect) for one in found.drift),
        expiring=tuple(
            Entry(clean(one.name), clean(one.reason), f"exact until {stamp(one.until)}") for one in found.expiring
        ),
        remarks=tuple(remarks),
        found=found,
    )


def result_words(found: SyncResult) -> Iterator[str]:
    """Yield the result of one sync, in a few words each."""
    if inactive := found.applied.inactive:
        yield f"{count(len(inactive), 'job')} not active anywhere"
    if found.error:
        yield failure_of(found.error).what
    if found.plan is None:
        return
    if found.plan.refusal:
        yield "plan refused"
    summary = found.plan.summary
    if found.dry_run:
        yield from (f"{summary[key]:,} {one.words}" for key, one in CATEGORIES.items() if summary[key])
        return
    done = [outcome.action for outcome in found.applied.outcomes if outcome.status == "done"]
    yield from (f"{done.count(name):,} {words}" for name, words in _WORDS.items() if name in done)
    applied = found.applied.summary
    yield from (f"{applied[status]:,} {status}" for status in ("failed", "skipped") if applied[status])
    if summary["blocked"]:
        yield f"{summary['blocked']:,} blocked"
    yield f"{summary['none']:,} unchanged"
    for drift, what in ((found.conflicts, "conflict"), (found.drift, "drifted job")):
        if drift:
            yield f"{count(len(drift), what)} ({sum(one.is_new for one in drift):,} new)"
    if found.expiring:
        yield count(len(found.expiring), "expiring schedule")


def _end(found: SyncResult) -> Remark:
    if found.plan and found.plan.refusal:
        return Remark(label="Plan refused: ", text=clean(found.plan.refusal), tone="bad")
    if found.applied.run:
        summary = ", ".join(f"{number:,} {status}" for status, number in found.applied.summary.items() if number)
        return Remark(label=f"Run {found.applied.run}: ", text=f"{summary or 'no changes'}.")
    if left := len(found.plan.blocked) if found.plan else 0:
        return Remark(text=f"Nothing was written; {count(left, 'job')} blocked, for the reasons below.")
    return Remark(text=UP_TO_DATE)


def _advice(found: SyncResult) -> Remark | None:
    if not (found.strict and found.plan and found.plan.blocked and not found.plan.refusal):
        return None
    text = "Each sync ends with exit code 3 while jobs are blocked. If they are to stay blocked: "
    return Remark(text=text, code=f'on_refused = "report" in [syncs.{found.name}]')


def _drift(found: Drift, dialect: str) -> Entry:
    change = found.change
    edits = (field_edit(one, dialect) for one in change.fields)
    return Entry(
        clean(change.label),
        ", ".join(found.paths),
        "new" if found.is_new else f"open since {stamp(to_the_minute(found.since))}",
        CATEGORIES[change.action].symbol,
        tuple(one for one in edits if one.kind == "conflict"),
    )


def _sections(view: SyncView, found: SyncResult) -> Iterator[Section]:
    inactive = (Entry(clean(one.name), clean(one.repair), f"since {stamp(one.since)}") for one in view.inactive)
    yield Section("NOT ACTIVE ANYWHERE; to repair", "bad", tuple(inactive))
    yield Section("Schedules that expire before the next run", "bad", view.expiring)
    warnings = [Entry(view.name, text) for text in view.warnings]
    warnings += [Entry(view.name, f"{one.label}{one.text}") for one in view.remarks if one.label]
    yield Section("Warnings", "warn", tuple(warnings))
    yield Section("Failed", "bad", tuple(_ended(view.outcomes, "failed")))
    yield Section("Changed on both sides", "note", view.conflicts)
    changes = found.plan.changes if found.plan else ()
    conflicting = {id(one.change) for one in found.conflicts}
    blocked = (one for one in changes if one.action == "blocked" and id(one) not in conflicting)
    yield Section("Blocked", "note", tuple(Entry(clean(one.name), clean(one.reason)) for one in blocked))
    yield Section("Edited at the target", "warn", view.drift)
    yield Section("Not started", "warn", tuple(_ended(view.outcomes, "skipped")))
    noted = (Entry(clean(one.name), clean(one.reason)) for one in changes if one.action == "none" and one.reason)
    yield Section("Unchanged, with a note", "note", tuple(noted), pressing=False)
    yield Section("Done", "good", tuple(_ended(view.outcomes, "done")), pressing=False)


def _ended(outcomes: Iterable[Outcome], status: str) -> Iterator[Entry]:
    return (Entry(clean(one.name), clean(one.error), one.action) for one in outcomes if one.status == status)
