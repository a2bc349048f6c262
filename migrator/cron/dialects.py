"""The cron dialects, as data: adding a platform's grammar is adding a table entry.

Sources: the platforms' documentation and, where marked measured, the real engines run side by side. Where a platform
documents nothing, the entry holds the reading that refuses rather than guesses, or names the question in `doubtful`: a
text whose meaning depends on the answer is ambiguous until a connection decides it.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

from attrs import frozen

Special = Literal["L", "L-n", "LW", "nW", "nL", "n#k", "dow L", "$"]
Question = Literal["wide_step", "day_rule", "equal_range", "wrap", "weekday_base", "weekday_l", "named_step"]
"""What engines read differently, and a connection can decide: see `answers.ANSWERS`."""


@frozen(kw_only=True)
class Clock:
    """What a platform does when wall clocks change.

    Attributes:
        gap: times that do not exist: "skip" them, or fire at the "end" of the gap (gaps below three hours only: a
            larger jump is a clock that was set, not daylight saving).
        overlap: times that occur twice: fire at the "first" pass, at the "second", or at "both".
        wildcards_follow: interval jobs (a leading `*` in minute or hour) ignore both rules and follow the wall clock.
    """

    gap: Literal["skip", "end"]
    overlap: Literal["first", "second", "both"]
    wildcards_follow: bool = False


@frozen(kw_only=True)
class Oddity:
    """A fault of a real engine: documented, flagged where a schedule meets it, never imitated.

    Attributes:
        what: what the engine does.
        zones: it concerns these zones only; empty for all.
        working_days: it concerns `W` only.
    """

    what: str
    zones: frozenset[str] = frozenset()
    working_days: bool = False


@frozen(kw_only=True)
class Dialect:
    """The grammar and the rules of one platform's cron.

    Attributes:
        name: as the API takes it.
        fields: field names in order.
        optional: how many of the last fields may be left out.
        sunday: the number that weekdays start with: 0=SUN or 1=SUN.
        last_weekday: the largest weekday number (7 where 0 and 7 are both Sunday).
        names: whether JAN..DEC and SUN..SAT are read (in any case).
        question: where `?` is read: nowhere, in the day fields, or in any field (where it means `*`).
        one_question: exactly one day field must be `?`.
        steps: whether `/n` is read at all.
        open_step: whether `a/n` is read, as a-max/n.
        wide_step: a step wider than its range: the "first" value only, "every" value, or an "error".
        wide_by: what such a step is wider than: the "range" before it, or the whole "field".
        named_step: `MON-FRI/2`: the step "works", is "ignored", or is an "error".
        equal_range: `5-5`: that "one" value, or "all" values.
        weekday_l: the lone weekday `L`: every "saturday", the month's "last_saturday", or every "sunday".
        weekday_step: whether the day of the week takes steps.
        wrap: `22-2`: an "error", "wraps" round, or is accepted and "never" fires; "cronie" takes the last 0 for 7, too.
        specials: which of `L L-n LW nW nL n#k` and the lone weekday `L` are read; `$` is a last day of the month.
        writes: which of these are written: those that the platform documents.
        star: what makes a day field unrestricted, so that the other one decides alone: its "first character" is `*`;
            a "bit" set by an unstepped `*` or `?` anywhere in its list; the field is a "lone" `*`; or restricting both
            is "forbidden".
        day_rule: how the two day fields combine where engines disagree on a star in them; "" for what `star` says.
        doubtful: what the engines that the platform may run read differently: a text whose meaning depends on it is
            ambiguous until somebody decides.
        macros: names for whole expressions, in lower case only.
        min_year: the first year of the year field.
        max_year: the last one.
        floor_minutes: the least interval between fires that the platform accepts, 0 for none.
        one_time: how the platform holds a job for one instant: as a "trigger" of its own, by a "year" in the
            expression, or "not" at all.
        clock: what happens when clocks change.
        oddities: known faults of the real engine.
    """

    name: str
    fields: tuple[str, ...] = ("minute", "hour", "day_of_month", "month", "day_of_week")
    optional: int = 0
    sunday: Literal[0, 1] = 0
    last_weekday: Literal[6, 7] = 6
    names: bool = True
    question: Literal["none", "days", "any"] = "none"
    one_question: bool = False
    steps: bool = True
    open_step: bool = False
    wide_step: Literal["first", "every", "error"] = "first"
    wide_by: Literal["range", "field"] = "range"
    named_step: Literal["works", "ignored", "error"] = "works"
    equal_range: Literal["one", "all"] = "one"
    weekday_l: Literal["saturday", "last_saturday", "sunday"] = "saturday"
    weekday_step: bool = True
    wrap: Literal["error", "wraps", "never", "cronie"] = "error"
    specials: frozenset[Special] = frozenset()
    writes: frozenset[Special] = frozenset()
    star: Literal["first character", "bit", "lone", "forbidden"] = "first character"
    day_rule: Literal["", "and", "or"] = ""
    doubtful: frozenset[Question] = frozenset()
    macros: MappingProxyType[str, str] = MappingProxyType({})
    min_year: int = 1970
    max_year: int = 2199
    floor_minutes: int = 0
    one_time: Literal["trigger", "year", "not"] = "not"
    clock: Clock
    oddities: tuple[Oddity, ...] = ()


_QUARTZ_SPECIALS: Final[frozenset[Special]] = frozenset({"L", "L-n", "LW", "nW", "nL", "n#k", "dow L"})
_FIVE_FIELDS: Final[frozenset[Question]] = frozenset({"wide_step", "day_rule", "equal_range", "wrap"})
"""What the engines for five fields that were run side by side (ISC cron, cronie, Debian, robfig, croniter, cronsim)
read differently: where a platform's engine is not known, it may be any of them."""

_DAEMON_CLOCK: Final = Clock(gap="end", overlap="first", wildcards_follow=True)
_MACROS: Final = MappingProxyType(
    {
        "@yearly": "0 0 1 1 *",
        "@annually": "0 0 1 1 *",
        "@monthly": "0 0 1 * *",
        "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *",
        "@midnight": "0 0 * * *",
        "@hourly": "0 * * * *",
    }
)

_TABLE: Final = (
    # Omni. AWS EventBridge's grammar, read leniently: Omni's own pages show `?` and `*` in either or both day fields,
    # and count weekdays once from 1=SUN and once from 0=SUN. The clock rule is that of EventBridge Scheduler's
    # documentation (skipped times are skipped, repeated times run once); that Omni follows it, and that it is the
    # first pass which runs, is assumed.
    Dialect(
        name="eventbridge",
        fields=("minute", "hour", "day_of_month", "month", "day_of_week", "year"),
        sunday=1,
        last_weekday=7,
        question="days",
        open_step=True,
        wide_step="error",
        wide_by="field",
        named_step="error",
        weekday_step=False,
        wrap="wraps",
        specials=_QUARTZ_SPECIALS,
        writes=frozenset({"L", "nW", "nL", "n#k"}),
        star="forbidden",
        doubtful=frozenset({"weekday_base", "wrap", "weekday_l", "wide_step", "named_step"}),
        one_time="year",
        clock=Clock(gap="skip", overlap="first"),
    ),
    # ISC cron, measured. Devin's documentation says "standard cron expression" and UTC; that its engine is this one is
    # assumed. A step beyond the range means every value since 2024-08, and the first value only before.
    Dialect(
        name="vixie",
        last_weekday=7,
        wide_step="every",
        specials=frozenset({"$"}),
        doubtful=_FIVE_FIELDS,
        macros=_MACROS,
        one_time="trigger",
        clock=_DAEMON_CLOCK,
    ),
    # robfig/cron v3, which Kubernetes also uses; measured. Scrip bans the prefixes CRON_TZ= and TZ=, which only this
    # engine has.
    Dialect(
        name="robfig",
        question="any",
        open_step=True,
        star="bit",
        macros=_MACROS,
        one_time="trigger",
        clock=Clock(gap="skip", overlap="both"),
        oddities=(
            Oddity(
                what="robfig skips the whole day of Lord Howe's half-hour clock change for a daily job",
                zones=frozenset({"Australia/Lord_Howe", "Australia/LHI"}),
            ),
            Oddity(
                what="robfig moves or loses runs near the clock changes of the Chatham Islands",
                zones=frozenset({"Pacific/Chatham", "NZ-CHAT"}),
            ),
        ),
    ),
    # Quartz 2.x, measured.
    Dialect(
        name="quartz",
        fields=("second", "minute", "hour", "day_of_month", "month", "day_of_week", "year"),
        optional=1,
        sunday=1,
        last_weekday=7,
        question="days",
        one_question=True,
        open_step=True,
        wide_step="error",
        wide_by="field",
        named_step="ignored",
        wrap="wraps",
        specials=_QUARTZ_SPECIALS,
        writes=_QUARTZ_SPECIALS - {"dow L"},
        star="forbidden",
        one_time="year",
        clock=Clock(gap="skip", overlap="second"),
        oddities=(
            Oddity(what="Quartz runs only the first of a day's times where W moves to another day", working_days=True),
        ),
    ),
    # GitHub Actions: UTC, or a zone for each entry; times that are skipped run when the clock has gone forward. The
    # rest of its clock rule, and its star rule, are assumed.
    Dialect(name="github", doubtful=_FIVE_FIELDS, floor_minutes=5, clock=_DAEMON_CLOCK),
    # POSIX crontab: numbers, lists and ranges only. It says nothing of clock changes.
    Dialect(name="posix", names=False, steps=False, star="lone", clock=_DAEMON_CLOCK),
    # cronie, measured. Ranges that run backwards are accepted and never fire.
    Dialect(name="cronie", last_weekday=7, wrap="cronie", macros=_MACROS, clock=_DAEMON_CLOCK),
)

DIALECTS: Final = MappingProxyType({d.name: d for d in _TABLE})
"""Every dialect by name."""


@lru_cache(maxsize=1024)
def oddities(name: str, zone: str, *, working_days: bool) -> tuple[str, ...]:
    """The known faults of a dialect's engine that a schedule in `zone` meets."""
    return tuple(
        o.what
        for o in DIALECTS[name].oddities
        if (not o.zones or zone in o.zones) and (working_days or not o.working_days)
    )
