"""Values of the cron engine: what an expression means, and the two kinds of trigger that hold a meaning.

A schedule factorises into *which dates* (`Dates`) and *which times of the day* (hours x minutes x seconds). Everything
above rests on that: two expressions that mean the same are equal in any text or dialect.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, Literal

from attrs import field, fields, frozen

from migrator.errors import ScheduleError

EVERY_MINUTE: Final = frozenset(range(60))
EVERY_HOUR: Final = frozenset(range(24))
EVERY_DAY: Final = frozenset(range(1, 32))
EVERY_MONTH: Final = frozenset(range(1, 13))
EVERY_WEEKDAY: Final = frozenset(range(7))
ON_THE_MINUTE: Final = frozenset({0})
NOTHING: Final[frozenset[int]] = frozenset()
NO_NTH: Final[frozenset[tuple[int, int]]] = frozenset()

DayRule = Literal["and", "or"]
"""How the two day fields combine: a date must satisfy both, or either one."""

LONGEST: Final = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""The most days of each month, by its number."""

FEBRUARY: Final = 2


@frozen(kw_only=True, cache_hash=True)
class Dates:
    """A set of calendar dates, in normal form (build it with `dates_of`).

    Attributes:
        months: 1..12.
        days: days of the month, 1..31; -1 is the last day, -2 the one before it, and so on.
        nearest: the working day (Monday to Friday) nearest to that day of the month, within the month; -1 for the last.
        weekdays: 0=SUN..6=SAT.
        nth: (k, weekday): the k-th such weekday of the month, -1 for the last one.
        day_rule: "or" only where both day fields restrict and either one suffices.
        years: None for every year.
    """

    months: frozenset[int] = EVERY_MONTH
    days: frozenset[int] = EVERY_DAY
    nearest: frozenset[int] = NOTHING
    weekdays: frozenset[int] = EVERY_WEEKDAY
    nth: frozenset[tuple[int, int]] = NO_NTH
    day_rule: DayRule = "and"
    years: frozenset[int] | None = None

    @property
    def any_day(self) -> bool:
        """Whether the day of the month is unrestricted."""
        return self.days == EVERY_DAY

    @property
    def any_weekday(self) -> bool:
        """Whether the day of the week is unrestricted."""
        return self.weekdays == EVERY_WEEKDAY

    @property
    def every_date(self) -> bool:
        """Whether every date of the calendar belongs to it."""
        return self == EVERY_DATE

    def but(self, **changes: Any) -> Dates:
        """The same dates with some attributes changed, in normal form."""
        return dates_of(**({a.name: getattr(self, a.name) for a in fields(Dates)} | changes))


EVERY_DATE: Final = Dates()


def dates_of(
    *,
    months: frozenset[int] = EVERY_MONTH,
    days: frozenset[int] = EVERY_DAY,
    nearest: frozenset[int] = NOTHING,
    weekdays: frozenset[int] = EVERY_WEEKDAY,
    nth: frozenset[tuple[int, int]] = NO_NTH,
    day_rule: DayRule = "and",
    years: frozenset[int] | None = None,
) -> Dates:
    """The date set in normal form, so that equal meaning is equal value.

    A part that another part already covers is dropped, as are days that no chosen month has; "or" with an unrestricted
    side is every day.
    """
    if days != EVERY_DAY:
        longest = max((LONGEST[m] for m in months), default=0)
        days = frozenset(d for d in days if d <= longest)
        if days.issuperset(range(1, longest + 1)):
            days = EVERY_DAY
    if nearest and FEBRUARY not in months:
        lengths = {LONGEST[m] for m in months}
        nearest = frozenset(-1 if {d} == lengths else d for d in nearest)
    if nth:
        weekdays |= {w for w in EVERY_WEEKDAY if all((k, w) in nth for k in range(1, 6))}
        nth = frozenset((k, w) for k, w in nth if w not in weekdays)
    any_day, any_weekday = days == EVERY_DAY, weekdays == EVERY_WEEKDAY
    if day_rule == "or" and (any_day or any_weekday):
        return Dates(months=months, years=years)
    if any_day:
        nearest = NOTHING
    if any_day or any_weekday:
        day_rule = "and"
    return Dates(months=months, days=days, nearest=nearest, weekdays=weekdays, nth=nth, day_rule=day_rule, years=years)


@frozen(kw_only=True, slots=False)
class Cron:
    """What a cron expression means; equality and hash ignore how it was written.

    Attributes:
        minutes: 0..59.
        hours: 0..23.
        dates: the dates it fires on.
        seconds: 0..59; {0} wherever the dialect has no seconds.
        text: the expression as it was read.
        dialect: the dialect it was read in.
        follows_clock: written with a leading `*` in minute or hour, which some daemons treat apart when clocks change.
        flags: what is doubtful about the reading: "ambiguous_source".
        decided: what had to be decided to read the text, and how: (question, answer) pairs.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    dates: Dates = EVERY_DATE
    seconds: frozenset[int] = ON_THE_MINUTE
    text: str = field(default="", eq=False)
    dialect: str = field(default="", eq=False)
    follows_clock: bool = field(default=False, eq=False)
    flags: frozenset[str] = field(default=frozenset(), eq=False)
    decided: tuple[tuple[str, str], ...] = field(default=(), eq=False)

    @property
    def months(self) -> frozenset[int]:
        """Months, 1..12."""
        return self.dates.months

    @property
    def days(self) -> frozenset[int]:
        """Days of the month, 1..31, negative ones counted from its end."""
        return self.dates.days

    @property
    def weekdays(self) -> frozenset[int]:
        """Days of the week, 0=SUN..6=SAT."""
        return self.dates.weekdays

    @property
    def day_rule(self) -> DayRule:
        """How the two day fields combine."""
        return self.dates.day_rule

    @property
    def years(self) -> frozenset[int] | None:
        """Calendar years, None for every year."""
        return self.dates.years

    def __str__(self) -> str:
        return self.text or repr(self)


def as_utc(at: datetime, *, field_name: str = "at") -> datetime:
    """An aware time in UTC.

    Raises:
        ScheduleError: the time has no zone.
    """
    if at.tzinfo is None or at.utcoffset() is None:
        raise ScheduleError(
            "a time without a zone can mean any of forty instants",
            dialect="time",
            text=at.isoformat(),
            field=field_name,
            allowed="a time with an offset, such as 2027-03-15T09:00:00+00:00",
        )
    return at.astimezone(UTC)


@frozen
class Recurring:
    """Fires again and again.

    Attributes:
        cron: the schedule, or its text in the source dialect.
        timezone: IANA name of the zone whose wall clock it follows.
    """

    cron: Cron | str
    timezone: str = "UTC"


@frozen
class Once:
    """Fires at one instant (kept in UTC)."""

    at: datetime = field(converter=as_utc)
