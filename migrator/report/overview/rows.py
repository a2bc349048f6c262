"""Rows of every kind of report."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any, Final

from attrs import evolve

from migrator.canonical import Fields, Loss
from migrator.convert.schedule import EXACT, ConvertedSchedule
from migrator.cron import Cron, Recurring, Timed, describe, parse
from migrator.document import value_to_json
from migrator.forecast import Week, forecast, sides, week
from migrator.isolation import attempt
from migrator.report.overview import LossRow, OverviewRow, Tally, Tone
from migrator.report.schedules import piece_words, verdict_name, verdict_words
from migrator.report.text import clean, stamp, value_words

_COMPARED: Final = 8_000
"""Characters of a text that is compared word by word."""
_KEPT: Final = 120
"""Characters at each end of a stretch that stays."""
_REFUSED: Final = frozenset({"impossible", "none"})


def loss_row(loss: Loss) -> LossRow:
    """Return a loss in words."""
    return LossRow(
        path=loss.path,
        reason=clean(loss.reason),
        had=value_words(value_to_json(loss.had, "")),
        becomes="" if loss.becomes is None else value_words(value_to_json(loss.becomes, "")),
    )


def with_schedule(
    row: OverviewRow, schedule: ConvertedSchedule, fields: Fields, *, start: datetime, moves: bool
) -> OverviewRow:
    """Return a row with when its job fires, or with why that cannot be drawn.

    Args:
        row: the rest of it.
        schedule: what became of the job's schedule.
        fields: the target job's fields.
        start: now.
        moves: whether the target fires at all.
    """

    def drawn() -> OverviewRow:
        before, after = sides(schedule, fields)
        found = forecast(before, after, start=start, moves=moves)
        return evolve(row, forecast=found, **scheduled(schedule, before))

    found = attempt("drawn", drawn)
    if isinstance(found, OverviewRow):
        return found
    reason = "; ".join(filter(None, (row.reason, f"the schedule cannot be drawn: {clean(found.actual or found.what)}")))
    return evolve(row, verdict=schedule.verdict, reason=reason)


def scheduled(schedule: ConvertedSchedule, triggers: list[Timed]) -> dict[str, Any]:
    """Return the attributes of a row that describe a schedule.

    Args:
        schedule: what became of it.
        triggers: what it was.
    """
    source = schedule.evidence.get("source")
    return {
        "before": piece_words(source) if source else " + ".join(map(_trigger_words, triggers)),
        "meaning": _meaning(triggers),
        "after": tuple(piece_words(piece) for piece in schedule.pieces),
        "verdict": schedule.verdict,
        "faithful": verdict_words(
            schedule.verdict,
            pieces=len(schedule.pieces),
            until=schedule.until,
            flags=schedule.flags,
            evidence=schedule.evidence,
        ),
        "timezone": _timezone(triggers),
    }


def _trigger_words(timed: Timed) -> str:
    """Return a trigger that its target takes as it is."""
    trigger = timed.trigger
    if isinstance(trigger, Recurring):
        return f"{clean(str(trigger.cron))} ({clean(trigger.timezone)})"
    return f"once, {stamp(trigger.at)}"


def _timezone(triggers: list[Timed]) -> str:
    """Return whose wall clock a source follows."""
    trigger = triggers[0].trigger if triggers else None
    return trigger.timezone if isinstance(trigger, Recurring) else "UTC"


def text_parts(old: Any, new: Any) -> tuple[tuple[str, str], ...]:
    """Return what goes ("old"), comes ("new") and stays ("") between two texts, word by word; () for other values.

    Of a long stretch that stays, its ends are kept.
    """
    if not (isinstance(old, str) and isinstance(new, str)) or max(len(old), len(new)) > _COMPARED:
        return ()
    one, other = re.findall(r"\s+|\S+", old), re.findall(r"\s+|\S+", new)
    parts: list[tuple[str, str]] = []
    for kind, i, j, k, m in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(("", _ends("".join(one[i:j]))))
        else:
            parts += [(name, "".join(words)) for name, words in (("old", one[i:j]), ("new", other[k:m])) if words]
    return tuple((name, _clean_inside(text)) for name, text in parts)


def _ends(text: str) -> str:
    return text if len(text) <= 2 * _KEPT else f"{text[:_KEPT]} … {text[-_KEPT:]}"


def _clean_inside(text: str) -> str:
    """Return a text made safe, with the blanks at its ends."""
    return clean(f"|{text}|")[1:-1]


def _meaning(triggers: list[Timed]) -> str:
    """Return a recurring trigger in a sentence; "" for anything else."""
    if not triggers or not isinstance(triggers[0].trigger, Recurring):
        return ""
    trigger = triggers[0].trigger
    cron = trigger.cron if isinstance(trigger.cron, Cron) else parse(trigger.cron, triggers[0].dialect)
    return clean(describe(cron, trigger.timezone))


def total_losses(rows: Iterable[OverviewRow]) -> tuple[LossRow, ...]:
    """Return every loss and how many jobs have it, the most frequent first."""
    counted = Counter((loss.path, loss.reason) for row in rows for loss in row.losses)
    return tuple(LossRow(path=path, reason=reason, jobs=jobs) for (path, reason), jobs in counted.most_common())


def fires_by_hour(rows: Iterable[OverviewRow]) -> Week:
    """Return the fires of the active jobs that are migrated: any other job would differ in every hour that it fires."""
    return week(row.forecast for row in rows if row.forecast and row.forecast.moves and not row.paused)


def not_migrated(rows: Iterable[OverviewRow]) -> int:
    """Return how many active jobs have fires and are not migrated."""
    shown = (row.forecast for row in rows if row.forecast and not row.paused and row.outcome != "delete")
    return sum(not one.moves and bool(one.coming.before) for one in shown)


def verdict_tallies(rows: Iterable[OverviewRow]) -> tuple[Tally, ...]:
    """Return the number of jobs by verdict, the most frequent first."""
    counted = Counter(row.verdict for row in rows if row.verdict)
    return tuple(
        Tally(key=verdict, words=verdict_name(verdict), tone=_tone(verdict), jobs=jobs)
        for verdict, jobs in counted.most_common()
    )


def _tone(verdict: str) -> Tone:
    if verdict in EXACT or verdict == "carried":
        return "warn" if verdict == "exact_until" else "good"
    return "bad" if verdict in _REFUSED else "quiet" if verdict == "dead" else "warn"
