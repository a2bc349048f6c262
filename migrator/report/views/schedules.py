"""A job's schedule before and after, in words; its forecast is made when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property

from attrs import frozen

from migrator.canonical import Fields
from migrator.convert.schedule import EXACT, ConvertedSchedule
from migrator.cron import Cron, Recurring, Timed, describe, parse
from migrator.errors import MigratorError
from migrator.forecast import Forecast, forecast, sides
from migrator.isolation import attempt
from migrator.mapping.codecs import write_cron, write_time
from migrator.report.schedules import Piece, coming, fires_words, piece_words, verdict_words
from migrator.report.text import clean

_FIRES = 3


@frozen(kw_only=True, slots=False)
class ScheduleView:
    """The schedule of a job before and after.

    Attributes:
        before: its schedule at the source.
        after: its schedules at the target; empty where that of the source is kept.
        was: what the target has until the plan is applied; "" where that does not change.
        verdict: key of the verdict.
        faithful: the verdict in words.
        timezone: whose wall clock it follows.
        is_changed: whether the plan changes it.
    """

    before: str
    after: tuple[str, ...]
    was: str
    verdict: str
    faithful: str
    timezone: str
    is_changed: bool
    _schedule: ConvertedSchedule
    _fields: Fields
    _firing: tuple[Piece, ...]
    _at: datetime
    _migrates: bool

    @property
    def words(self) -> str:
        """From what to what; "" where neither is known."""
        return " → ".join(filter(None, [self.before, " + ".join(self.after)]))

    @property
    def next_fires(self) -> str:
        """The next fires by the job's own clock, or why they cannot be said; "" when there are none."""
        fires = attempt("drawn", coming, self._firing, after=self._at, number=_FIRES)
        if isinstance(fires, MigratorError):
            return _trouble(fires)
        return f"next {fires_words(fires, self.timezone)} ({self.timezone})" if fires else ""

    @property
    def meaning(self) -> str:
        """A schedule that repeats, in a sentence; "" for any other."""
        return "" if isinstance(self._drawn, MigratorError) else self._drawn[0]

    @property
    def forecast(self) -> Forecast | None:
        """When the job fires on both sides; None where no calendar can say."""
        return None if isinstance(self._drawn, MigratorError) else self._drawn[1]

    @property
    def trouble(self) -> str:
        """Why there is no forecast; "" when nothing failed."""
        return _trouble(self._drawn) if isinstance(self._drawn, MigratorError) else ""

    @cached_property
    def _drawn(self) -> tuple[str, Forecast | None] | MigratorError:
        return attempt("drawn", self._draw)

    def _draw(self) -> tuple[str, Forecast | None]:
        before, after = sides(self._schedule, self._fields)
        return _meaning(before), forecast(before, after, start=self._at, migrates=self._migrates)


def schedule_view(
    schedule: ConvertedSchedule,
    fields: Fields,
    *,
    at: datetime,
    migrates: bool,
    was: str = "",
    is_changed: bool = False,
) -> ScheduleView:
    """Return what is told of a schedule.

    Args:
        schedule: what became of it.
        fields: the target job's fields.
        at: now.
        migrates: whether the target fires at all.
        was: what the target has now; "" where that does not change.
        is_changed: whether the plan changes it.
    """
    source = schedule.evidence.get("source")
    pieces: tuple[Piece, ...] = schedule.pieces or tuple(_kept(fields))
    words = tuple(map(piece_words, pieces))
    is_known = bool(schedule.pieces or {"trigger.timezone", "trigger.at"} & set(fields))  # else the zone stays as it is
    return ScheduleView(
        before=piece_words(source) if source else " + ".join(words),
        after=words if source else (),
        was=was,
        verdict=schedule.verdict,
        faithful=verdict_words(schedule.verdict, schedule, pieces=len(pieces)),
        timezone=clean((source or next(iter(pieces), {})).get("timezone") or "UTC"),
        is_changed=is_changed,
        schedule=schedule,
        fields=fields if is_known else {},
        firing=(source,) if source and schedule.verdict in EXACT else pieces if is_known else (),
        at=at,
        migrates=migrates,
    )


def _trouble(error: MigratorError) -> str:
    return f"the schedule cannot be drawn: {clean(error.actual or error.what)}"


def _kept(fields: Fields) -> Iterator[Piece]:
    """Yield the schedule of a job whose target takes every dialect."""
    if isinstance(cron := fields.get("trigger.cron"), Cron):
        text = write_cron(cron, cron.dialect)
        yield {"text": text, "dialect": cron.dialect, "timezone": fields.get("trigger.timezone", "")}
    elif "trigger.at" in fields:
        yield {"at": write_time(fields["trigger.at"])}


def _meaning(triggers: list[Timed]) -> str:
    if not triggers or not isinstance(triggers[0].trigger, Recurring):
        return ""
    trigger = triggers[0].trigger
    cron = trigger.cron if isinstance(trigger.cron, Cron) else parse(trigger.cron, triggers[0].dialect)
    return clean(describe(cron, trigger.timezone))
