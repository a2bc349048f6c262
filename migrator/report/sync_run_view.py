"""The contents of the HTML or Markdown report of a sync run: what needs attention first, what was done last.

Every text in it stands on one line and moves no cursor (`words.clean`); drawing it must still escape it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from attrs import frozen

from migrator.report.failures import failure_of
from migrator.report.overview import Tone
from migrator.report.sync_runs import result_words
from migrator.report.text import clean, count, stamp
from migrator.sync.results import Drift, SyncResult, SyncRun

_MEANS: Final[Mapping[int, tuple[str, Tone, str]]] = {
    0: ("✓", "good", "in order"),
    1: ("✗", "bad", "failed"),
    2: ("✗", "bad", "the config is wrong"),
    3: ("!", "note", "needs a decision"),
    4: ("✗", "warn", "partly failed"),
    5: ("…", "warn", "another run held the lock"),
}
"""By exit code: a sign, so that colour is not alone in saying it, a tone, and a few words."""


@frozen
class Entry:
    """One line about a job: its name, what there is to say, and a word about how long that has been so."""

    name: str
    said: str = ""
    note: str = ""


@frozen
class SyncPart:
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


@frozen(kw_only=True)
class SyncView:
    """One sync.

    Attributes:
        name: the sync.
        source: the source connection.
        target: the target connection.
        code: its exit code.
        sign: the code as one character.
        tone: how it is coloured.
        means: the code in a few words.
        result: the result in one line.
        error: what ended it early, and more of that by label: where, what was got, what to do next; empty when
            nothing did.
        parts: its jobs, what needs a person first.
    """

    name: str
    source: str
    target: str
    code: int
    sign: str
    tone: Tone
    means: str
    result: str
    error: tuple[tuple[str, str], ...]
    parts: tuple[SyncPart, ...]


@frozen(kw_only=True)
class SyncRunView:
    """A sync run.

    Attributes:
        at: when it ended.
        lead: what it comes to, in sentences.
        facts: further numbers, by what they are.
        syncs: one for each sync.
    """

    at: datetime
    lead: tuple[str, ...]
    facts: Mapping[str, str]
    syncs: tuple[SyncView, ...]


def sync_run_view(found: SyncRun) -> SyncRunView:
    """Return a sync run as the contents of a report."""
    seconds = (found.ended_at - found.started_at).total_seconds()
    asked = (f"{number:,} to {provider}" for provider, number in found.requests.items() if number)
    facts = {
        "exit code": str(found.exit_code),
        "began": stamp(_to_the_minute(found.started_at)),
        "took": f"{seconds:,.1f} s",
        "requests": ", ".join(asked) or "none",
    }
    return SyncRunView(
        at=_to_the_minute(found.ended_at),
        lead=tuple(_lead(found)),
        facts=facts,
        syncs=tuple(map(_sync, found.results)),
    )


def _lead(found: SyncRun) -> Iterator[str]:
    wrong = sum(result.exit_code != 0 for result in found.results)
    syncs = count(len(found.results), "sync")
    yield f"{wrong:,} of {syncs} failed or need a decision." if wrong else f"{syncs}, all in order."
    if found.stopped:
        yield "The run was interrupted."
    if orphaned := sum(len(one.bound) for one in found.orphans):
        yield f"No sync owns {count(orphaned, 'managed job')}; migrator status lists them."
    if by := found.needs_resync_by:
        yield f"Schedules are exact until {stamp(by)}: the next sync must run before."


def _sync(found: SyncResult) -> SyncView:
    sign, tone, means = _MEANS[found.exit_code]
    return SyncView(
        name=clean(found.name),
        source=clean(found.source),
        target=clean(found.target),
        code=found.exit_code,
        sign=sign,
        tone=tone,
        means=means,
        result=clean(", ".join(result_words(found))),
        error=tuple(_error(found)),
        parts=tuple(part for part in _parts(found) if part.entries),
    )


def _error(found: SyncResult) -> Iterator[tuple[str, str]]:
    if found.error:
        failure = failure_of(found.error)
        yield "", clean(failure.what)
        more = {"where": failure.where, "got": failure.actual, "next": failure.hint}
        yield from ((label, clean(text)) for label, text in more.items() if text)
    elif found.plan and found.plan.refusal:
        yield "", clean(found.plan.refusal)


def _parts(found: SyncResult) -> Iterator[SyncPart]:
    inactive = (Entry(clean(one.name), clean(one.repair), f"since {stamp(one.since)}") for one in found.applied.dark)
    yield SyncPart("NOT ACTIVE ANYWHERE; to repair", "bad", tuple(inactive))
    expiring = (Entry(clean(one.name), clean(one.reason), f"exact until {stamp(one.until)}") for one in found.expiring)
    yield SyncPart("Schedules that expire before the next run", "bad", tuple(expiring))
    yield SyncPart("Warnings", "warn", tuple(Entry(found.name, clean(text)) for text in found.warnings))
    outcomes = found.applied.outcomes
    failed = (Entry(clean(one.name), clean(one.error), one.action) for one in outcomes if one.status == "failed")
    yield SyncPart("Failed", "bad", tuple(failed))
    yield SyncPart("Changed on both sides", "note", tuple(map(_drift_entry, found.conflicts)))
    blocked = found.plan.blocked if found.plan else ()
    conflicting = {id(drift.change) for drift in found.conflicts}
    rest = (Entry(clean(one.name), clean(one.reason)) for one in blocked if id(one) not in conflicting)
    yield SyncPart("Blocked", "note", tuple(rest))
    yield SyncPart("Edited at the target", "warn", tuple(map(_drift_entry, found.drift)))
    skipped = (Entry(clean(one.name), clean(one.error), one.action) for one in outcomes if one.status == "skipped")
    yield SyncPart("Not started", "warn", tuple(skipped))
    unchanged = [one for one in (found.plan.changes if found.plan else ()) if one.action == "none" and one.reason]
    yield SyncPart(
        "Unchanged, with a note",
        "note",
        tuple(Entry(clean(one.name), clean(one.reason)) for one in unchanged),
        pressing=False,
    )
    done = (Entry(clean(one.name), "", one.action) for one in outcomes if one.status == "done")
    yield SyncPart("Done", "good", tuple(done), pressing=False)


def _drift_entry(drift: Drift) -> Entry:
    since = "new" if drift.is_new else f"open since {stamp(_to_the_minute(drift.since))}"
    return Entry(clean(drift.change.name), ", ".join(drift.paths), since)


def _to_the_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
