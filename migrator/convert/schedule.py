"""What becomes of a job's schedule."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Literal, NotRequired, TypedDict

from attrs import field, frozen

from migrator.canonical import Fields, Job, Unportable
from migrator.config import Sync
from migrator.config.model import Mode
from migrator.cron import Cron, Once, Piece, Recurring, Translation, parse, translate
from migrator.cron.answers import Decided
from migrator.cron.model import ON_THE_MINUTE
from migrator.cron.verdict import Kind
from migrator.cron.zones import EPOCH
from migrator.errors import ScheduleError
from migrator.json_types import Timestamp
from migrator.mapping.codecs import write_time
from migrator.mapping.rules import Rules

EXACT: Final = {"exact", "exact_split", "exact_until", "one_time"}
"""The verdicts under which a schedule is carried without anybody's leave."""

_MINUTE: Final = timedelta(minutes=1)


Verdict = Literal[Kind, "carried", "none"]
"""That of the translation; "carried" where the target takes every dialect, "none" where there is no schedule."""


class PartSchedule(TypedDict):
    """The schedule of one target job.

    Attributes:
        text: the expression; null for a one-time job that the platform takes as an instant.
        at: the instant of a one-time job.
    """

    text: str | None
    dialect: str
    timezone: str
    at: NotRequired[Timestamp]


@frozen(kw_only=True)
class ConvertedSchedule:
    """What became of a job's schedule.

    Attributes:
        verdict: how faithful it is.
        pieces: the schedules of its parts.
        evidence: numbers that prove the verdict.
        until: the instant at which it stops being exact.
        flags: what else must be known of it.
    """

    verdict: Verdict
    pieces: tuple[PartSchedule, ...] = ()
    evidence: Mapping[str, Any] = field(factory=dict)
    until: datetime | None = None
    flags: tuple[str, ...] = ()

    @property
    def stands_for(self) -> str:
        """Return the source's schedule as text, the same until somebody edits it; "" where nothing was translated."""
        source = self.evidence.get("source")
        return json.dumps(source, sort_keys=True, ensure_ascii=False) if source else ""


@frozen(kw_only=True)
class _Terms:
    """All that decides, beside the trigger, what becomes of a schedule."""

    title: str
    dialect: str
    timezone: str
    takes_instants: bool
    min_interval: int
    split_for_interval: int
    days: int
    mode: Mode
    now: datetime


ScheduleResult = tuple[ConvertedSchedule, tuple[Fields, ...], str]
"""What became of a schedule, the trigger fields of each part, and why there are none."""


def schedule_of(job: Job, *, target: Rules, sync: Sync, now: datetime) -> ScheduleResult:
    """Return what became of the schedule, the trigger fields of each part, and why there are none.

    Of an approximate schedule there are parts, and the reason says how it differs.
    """
    trigger = job.trigger
    if isinstance(trigger, Unportable):
        return ConvertedSchedule(verdict="none"), (), f"unsupported trigger: {trigger.reason}"
    if not target.dialect:
        return ConvertedSchedule(verdict="carried"), (_trigger_fields(trigger),), ""
    return _result(trigger, _spelt(trigger), _terms(trigger, target=target, sync=sync, now=now))


def prefetch(job: Job, *, target: Rules, sync: Sync, now: datetime) -> None:
    """Prove a job's schedule now, so that it need not be proved when the job is converted."""
    schedule_of(job, target=target, sync=sync, now=now)


def _terms(trigger: Recurring | Once, *, target: Rules, sync: Sync, now: datetime) -> _Terms:
    return _Terms(
        title=target.title,
        dialect=target.dialect,
        timezone=target.timezone,
        takes_instants="trigger.at" in target.fields,
        min_interval=target.min_interval,
        split_for_interval=sync.schedule.split_for_interval,
        days=366 if sync.schedule.mode == "year" else sync.schedule.days,
        mode=sync.schedule.mode,
        now=_promised_from(trigger, now),
    )


def _promised_from(trigger: Recurring | Once, now: datetime) -> datetime:
    """Return the start of what is promised of a schedule.

    One that fires on whole minutes does nothing before the next of them: so conversions within a minute share it.
    """
    cron = trigger.cron if isinstance(trigger, Recurring) else None
    on_the_minute = isinstance(cron, Cron) and cron.seconds == ON_THE_MINUTE
    return now + (EPOCH - now) % _MINUTE if on_the_minute else now


Spelt = tuple[str, str, Decided]
"""How a schedule is written, in which dialect, and how it was decided to read it; "" where that is not known."""


def _spelt(trigger: Recurring | Once) -> Spelt:
    cron = trigger.cron if isinstance(trigger, Recurring) else None
    return (cron.text, cron.dialect, cron.decided) if isinstance(cron, Cron) else ("", "", ())


@lru_cache(maxsize=4096)
def _result(trigger: Recurring | Once, spelt: Spelt, terms: _Terms) -> ScheduleResult:
    """Return the same; jobs whose schedules are written alike share one, which saves the proof and its room."""
    source = spelt[1] or terms.dialect
    try:
        translation = translate(
            trigger,
            source=source,
            target=terms.dialect,
            target_timezone=terms.timezone or None,
            now=terms.now,
            horizon=timedelta(days=terms.days),
            mode=terms.mode,
            min_interval=terms.min_interval or None,
            split_for_interval=terms.split_for_interval,
        )
        pieces = tuple(_part_fields(piece, terms) for piece in translation.pieces)
    except ScheduleError as error:
        return ConvertedSchedule(verdict="impossible"), (), f"its schedule cannot be translated: {error}"
    schedule = _reason(translation, trigger, source, terms)
    kind, reason = translation.verdict.kind, translation.verdict.reason
    if kind == "dead":
        return schedule, (), reason
    if kind not in EXACT and kind != "approximate":
        return schedule, (), _too_often(translation, terms) or f"its schedule is {kind}: {reason}"
    return schedule, pieces, reason if kind == "approximate" else ""


def _reason(translation: Translation, trigger: Recurring | Once, source: str, target: _Terms) -> ConvertedSchedule:
    verdict = translation.verdict
    if isinstance(trigger, Recurring):
        said: dict[str, Any] = {"text": str(trigger.cron), "dialect": source, "timezone": trigger.timezone}
        if isinstance(trigger.cron, Cron) and trigger.cron.decided:
            said["cron"] = dict(trigger.cron.decided)
    else:
        said = {"at": write_time(trigger.at)}
    return ConvertedSchedule(
        verdict=verdict.kind,
        pieces=parts_of(translation.pieces, target.dialect),
        evidence={"source": said, **verdict.evidence},
        until=verdict.until,
        flags=tuple(verdict.flags),
    )


def parts_of(pieces: Iterable[Piece], dialect: str) -> tuple[PartSchedule, ...]:
    """Return the schedules of the target jobs that a translation makes, in the dialect of the target."""
    return tuple(_part(piece, dialect) for piece in pieces)


def _part(piece: Piece, dialect: str) -> PartSchedule:
    part: PartSchedule = {"text": piece.text, "dialect": dialect, "timezone": piece.timezone}
    return {**part, "at": write_time(piece.at)} if piece.at else part


def _trigger_fields(trigger: Recurring | Once) -> dict[str, Any]:
    if isinstance(trigger, Once):
        return {"trigger.at": trigger.at}
    return {"trigger.cron": trigger.cron, "trigger.timezone": trigger.timezone}


def _part_fields(piece: Piece, target: _Terms) -> dict[str, Any]:
    if piece.at is not None and target.takes_instants:
        return {"trigger.at": piece.at}
    return {"trigger.cron": parse(piece.text or "", target.dialect), "trigger.timezone": piece.timezone}


def _too_often(translation: Translation, target: _Terms) -> str:
    """Return why the target refuses a schedule for its frequency, and what would do; "" where it does not."""
    evidence = translation.verdict.evidence
    if "min_interval" not in evidence:
        return ""
    what = (
        f"it fires every {evidence['closest_minutes']} min at its closest, and {target.title} takes at least "
        f"{evidence['min_interval']} min between two fires"
    )
    parts = evidence.get("split_for_interval")
    if not parts:
        return what
    return f"{what}; schedule = {{ split_for_interval = {parts} }} in the sync makes {parts} jobs of it"
