"""The notice of a sync run: names of syncs, jobs and fields, without their contents.

A conflict or drift is reported once, by the run that finds it; a failure or an expiring schedule by every run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from migrator.config import Occasion
from migrator.errors import MigratorError
from migrator.notify import Notice
from migrator.report.text import clean, count, stamp
from migrator.report.views.sync_runs import result_words
from migrator.sync.results import Drift, SyncResult, SyncRun

_NAMED: Final = 10
"""Jobs of one kind that are named."""


def notice_of(found: SyncRun, on: Collection[Occasion]) -> Notice | None:
    """Return the notice of a sync run; None when none of the configured occasions occurred."""
    affected = {result.name: lines for result in found.results if (lines := list(_lines(result, on)))}
    if not affected:
        return None
    failed = any(_is_failure(result) or result.expiring for result in found.results if result.name in affected)
    names = ", ".join(affected)
    of = "" if len(found.results) == 1 else f" of {count(len(found.results), 'sync')}"
    title = f"migrator: {names} needs a look" if len(affected) == 1 else f"migrator: {len(affected)}{of} need a look"
    body = "\n\n".join("\n".join(lines) for lines in affected.values())
    return Notice(title=title, body=body, kind="failure" if failed else "warning")


def _lines(found: SyncResult, on: Collection[Occasion]) -> Iterator[str]:
    """Yield the result of one sync in a line, and the lines of each occasion."""
    occasions = {
        "failure": _failure(found) if _is_failure(found) else (),
        "lapse": _listed("will not stay exact", (f"{one.name} (until {stamp(one.until)})" for one in found.expiring)),
        "conflict": _listed("changed on both sides", _new(found.conflicts)),
        "drift": _listed("edited at the target", _new(found.drift)),
    }
    lines = [line for occasion, lines in occasions.items() if occasion in on for line in lines]
    if lines:
        summary = (
            ", ".join(result_words(found))
            if found.plan
            else "not started"
            if found.error is None
            else _error(found.error)
        )
        yield clean(f"{found.name} ({found.source} → {found.target}): {summary}")
        yield from lines


def _is_failure(found: SyncResult) -> bool:
    refused = found.plan is not None and bool(found.plan.refusal)
    failed = any(one.status == "failed" for one in found.applied.outcomes)
    return bool(found.error or refused or failed or found.applied.inactive)


def _failure(found: SyncResult) -> Iterator[str]:
    if isinstance(found.error, MigratorError) and found.error.hint:
        yield f"next: {clean(found.error.hint)}"
    if found.plan and found.plan.refusal:
        yield f"plan refused: {clean(found.plan.refusal)}"
    yield from _listed("not active anywhere", (one.name for one in found.applied.inactive))
    yield from _listed("failed", (one.name for one in found.applied.outcomes if one.status == "failed"))
    yield "see: migrator status"


def _error(error: Exception) -> str:
    """Return an error in words; the words of errors that are not ours may quote a secret, and are left out."""
    return error.what if isinstance(error, MigratorError) else f"unexpected {type(error).__name__}"


def _new(hands: Iterable[Drift]) -> Iterator[str]:
    for hand in hands:
        if hand.is_new:
            yield f"{hand.change.name} ({', '.join(hand.paths)})"


def _listed(title: str, names: Iterable[str]) -> Iterator[str]:
    known = [clean(name) for name in names]
    if known:
        more = f" and {len(known) - _NAMED:,} more" if len(known) > _NAMED else ""
        yield f"{title}: {', '.join(known[:_NAMED])}{more}"
