"""What a cron dialect is made of: its grammar, its rule for clock changes, the known faults of its engine."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from types import MappingProxyType
from typing import Final, Literal

from attrs import Factory, field, frozen

from migrator.cron.model import Dates

FIVE: Final = ("minute", "hour", "day_of_month", "month", "day_of_week")
Special = Literal["L", "L-n", "LW", "nW", "Wn", "nL", "Ln", "n#k", "dow L", "$"]
HOURS: Final = 24
Question = Literal["wide_step", "day_rule", "equal_range", "wrap", "weekday_base", "weekday_l", "named_step"]
"""What engines read differently, and a connection can decide: see `answers.ANSWERS`."""


@frozen(kw_only=True)
class ClockRule:
    """What a platform does when wall clocks change.

    Attributes:
        gap: times that do not exist: "skip" them; fire once at the "end" of the gap; or "shift" the first of them by
            the length of the gap, which loses every time before it (gaps below three hours only: a larger jump is a
            clock that was set, not daylight saving).
        overlap: times that occur twice: fire at the "first" pass, at the "second", or at "both".
        follow: the jobs that ignore both rules and follow the wall clock: those written with a leading "star" in minute
            or hour, those of "every hour", or "none".
        evidence: where the rule is from: "measured" on the platform's own software, "documented", or "assumed".
    """

    gap: Literal["skip", "end", "shift"]
    overlap: Literal["first", "second", "both"]
    follow: Literal["none", "star", "every hour"] = "none"
    evidence: Literal["measured", "documented", "assumed"] = "assumed"

    def follows(self, *, starred: bool, hours: int) -> bool:
        """Whether a job follows the wall clock: by how it is written, or by how many hours of the day it has."""
        return (self.follow == "star" and starred) or (self.follow == "every hour" and hours == HOURS)


@frozen
class FieldOrder:
    """Which token of an expression is which field.

    Attributes:
        fields: field names in order.
        common: takes minute, hour, day of month, month and day of week out of the tokens; they follow each other.
        second: the index of the seconds, None without.
        year: the index of the year, None without.
    """

    fields: tuple[str, ...]
    common: itemgetter[tuple[str, str, str, str, str]]
    second: int | None
    year: int | None


def _layouts(dialect: Dialect) -> Mapping[int, FieldOrder]:
    """The layouts of a dialect by their number of fields."""
    longest = dialect.fields
    return {
        len(fields): FieldOrder(
            fields,
            itemgetter(*range(fields.index("minute"), fields.index("minute") + len(FIVE))),
            fields.index("second") if "second" in fields else None,
            fields.index("year") if "year" in fields else None,
        )
        for fields in (*dialect.shorter, *(longest[: len(longest) - n] for n in range(dialect.optional + 1)))
    }


@frozen(kw_only=True)
class Oddity:
    """A fault of a real engine: documented, flagged where a schedule meets it, never imitated.

    Attributes:
        what: what the engine does.
        zones: it concerns these zones only; empty for all.
        working_days: it concerns `W` only.
        month_ends: it concerns schedules that name day 30 or 31, and fire on the first or the second as well.
    """

    what: str
    zones: frozenset[str] = frozenset()
    working_days: bool = False
    month_ends: bool = False

    def concerns(self, zone: str, dates: Dates) -> bool:
        """Whether a schedule with these dates meets the fault in a zone."""
        late, early = dates.days & {30, 31}, dates.days & {1, 2} or dates.day_rule == "or"
        return (
            (not self.zones or zone in self.zones)
            and (not self.working_days or bool(dates.nearest))
            and (not self.month_ends or bool(not dates.any_day and late and early))
        )


@frozen(kw_only=True)
class Dialect:
    """The grammar and the rules of one platform's cron.

    Attributes:
        name: as the API takes it.
        fields: field names in order, all that an expression can have.
        optional: how many of the last fields may be left out.
        shorter: other layouts that are read.
        release: the engine and its release whose behaviour this is, "" where none is known.
        source: where the entry is from.
        sunday: the number that weekdays start with: 0=SUN or 1=SUN.
        last_weekday: the largest weekday number (7 where 0 and 7 are both Sunday).
        seven: 7 is read as 0 before anything else, so that `5-7` runs backwards.
        late_sunday: SUN at the end of a range is 7.
        names: whether JAN..DEC and SUN..SAT are read (in any case).
        question: where `?` is read: nowhere, in the day fields, or in any field (where it means `*`).
        one_question: exactly one day field must be `?`.
        steps: whether `/n` is read at all.
        open_step: whether `a/n` is read, as a-max/n.
        wide_step: a step wider than its range: the "first" value only, "every" value, or an "error"; "field" is an
            error only where the step is wider than the whole field, and the first value otherwise.
        wide_by: what such a step is wider than: the "range" before it, or the whole "field".
        named_step: `MON-FRI/2`: the step "works", is "ignored", or is an "error".
        equal_range: `5-5`: that "one" value, or "all" values.
        weekday_l: the lone weekday `L`: every "saturday", the month's "last_saturday", or every "sunday".
        weekday_step: whether the day of the week takes steps.
        year_step: whether the year takes `*/n`.
        wrap: `22-2`: an "error", "wraps" round, wraps as "croniter" does (which starts a step again after the turn),
            or is accepted and "never" fires; "cronie" is the same, but for a range to 0, which reaches 7.
        specials: which of `L L-n LW nW nL n#k` and the lone weekday `L` are read; `$` is a last day of the month, `Wn`
            and `Ln` are the others written backwards.
        listed: which of these may stand in a list; the rest stand alone.
        mixed: whether weekdays and n-th weekdays may stand in one list.
        clamps: `31W` is the end of a month that has no 31st; elsewhere such a month is left out.
        both: whether `+` before the day of the week makes both day fields hold together.
        writes: which of these are written: those that the platform documents.
        star: what makes a day field unrestricted, so that the other one decides alone: its "first character" is `*`;
            a "bit" set by an unstepped `*` or `?` anywhere in its list; an "item" of it is `*`, or it is `?`, or it has
            every value and the other field has a star; the field is a "lone" `*`; or restricting both is "forbidden".
        day_rule: how the two day fields combine where engines disagree on a star in them; "" for what `star` says.
        doubtful: what the engines that the platform may run read differently: a text whose meaning depends on it is
            ambiguous until somebody decides.
        macros: names for whole expressions.
        macros_any_case: whether these are read in any case.
        wrappers: whether `cron(…)` and `at(…)` are read.
        instants: whether a local date and time is read, as a job for that instant.
        blanks: fields are parted by "any" white space, or by "spaces" only, none before the first or after the last.
        min_year: the first year of the year field.
        max_year: the last one.
        floor_minutes: the least interval between fires that the platform accepts, 0 for none.
        one_time: how the platform holds a job for one instant: as a "trigger" of its own, by a "year" in the
            expression, or "not" at all.
        clock: what happens when clocks change.
        oddities: known faults of the real engine.
    """

    name: str
    fields: tuple[str, ...] = FIVE
    optional: int = 0
    shorter: tuple[tuple[str, ...], ...] = ()
    release: str = ""
    source: str = ""
    sunday: Literal[0, 1] = 0
    last_weekday: Literal[6, 7] = 6
    seven: bool = False
    late_sunday: bool = False
    names: bool = True
    question: Literal["none", "days", "any"] = "none"
    one_question: bool = False
    steps: bool = True
    open_step: bool = False
    wide_step: Literal["first", "every", "error", "field"] = "first"
    wide_by: Literal["range", "field"] = "range"
    named_step: Literal["works", "ignored", "error"] = "works"
    equal_range: Literal["one", "all"] = "one"
    weekday_l: Literal["saturday", "last_saturday", "sunday"] = "saturday"
    weekday_step: bool = True
    year_step: bool = True
    wrap: Literal["error", "wraps", "croniter", "never", "cronie"] = "error"
    specials: frozenset[Special] = frozenset()
    listed: frozenset[Special] = frozenset({"L", "L-n", "LW", "nW", "$"})
    mixed: bool = False
    clamps: bool = False
    both: bool = False
    writes: frozenset[Special] = frozenset()
    star: Literal["first character", "bit", "item", "lone", "forbidden"] = "first character"
    day_rule: Literal["", "and", "or"] = ""
    doubtful: frozenset[Question] = frozenset()
    macros: MappingProxyType[str, str] = MappingProxyType({})
    macros_any_case: bool = False
    wrappers: bool = False
    instants: bool = False
    blanks: Literal["any", "spaces"] = "any"
    min_year: int = 1970
    max_year: int = 2199
    floor_minutes: int = 0
    one_time: Literal["trigger", "year", "not"] = "not"
    clock: ClockRule
    oddities: tuple[Oddity, ...] = ()
    layouts: Mapping[int, FieldOrder] = field(init=False, eq=False, default=Factory(_layouts, takes_self=True))
