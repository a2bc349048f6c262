"""The cron dialects, as data: adding a platform's grammar is adding a table entry.

Sources: the platforms' documentation and, where marked measured, the real engines run side by side. Where a platform
documents nothing, the entry holds the reading that refuses rather than guesses, or the reading is marked as a guess
and every schedule that depends on it is flagged.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, Literal

from attrs import frozen

Special = Literal["L", "L-n", "LW", "nW", "nL", "n#k", "dow L", "$"]

_CLASSIC: Final = ("minute", "hour", "day_of_month", "month", "day_of_week")
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
_NO_MACROS: Final = MappingProxyType[str, str]({})


@frozen(kw_only=True)
class Clock:
    """What a platform does when wall clocks change.

    Attributes:
        gap: times that do not exist: "skip" them, or fire at the "end" of the gap (only gaps below three hours: a larger
            jump is a clock that was set, not daylight saving).
        overlap: times that occur twice: fire at the "first" pass, at the "second", or at "both".
        wildcards_follow: interval jobs (a leading `*` in minute or hour) ignore both rules and follow the wall clock.
        assumed: the platform's documentation does not settle it.
    """

    gap: Literal["skip", "end"]
    overlap: Literal["first", "second", "both"]
    wildcards_follow: bool = False
    assumed: bool = False


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
        named_step: `MON-FRI/2`: the step "works", is "ignored", or is an "error".
        weekday_step: whether the weekday field takes steps without doubt.
        wrap: `22-2`: an "error", "wraps" round, or is accepted and "never" fires.
        specials: which of `L L-n LW nW nL n#k` and the bare weekday `L` are read; `$` is a last day of the month.
        star: what makes a day field unrestricted, so that the other one decides alone: its "first character" is `*`,
            a "bit" set by an unstepped `*` or `?` anywhere in its list, the field is a "lone" `*`; or restricting both
            is "forbidden".
        star_doubtful: engines disagree on stepped stars in a day field, and the platform's engine is not known.
        doubtful: readings that the platform's own documents contradict, flagged when they occur.
        macros: names for whole expressions, in lower case only.
        min_years, max_years: the year field's range.
        floor_minutes: the least interval between fires that the platform accepts, 0 for none.
        one_time: how the platform holds a job for one instant: as a trigger of its own, by a "year" in the expression,
            or "not" at all.
        clock: what happens when clocks change.
        oddities: known faults of the real engine, documented and not imitated.
    """

    name: str
    fields: tuple[str, ...] = _CLASSIC
    optional: int = 0
    sunday: Literal[0, 1] = 0
    last_weekday: Literal[6, 7] = 6
    names: bool = True
    question: Literal["none", "days", "any"] = "none"
    one_question: bool = False
    steps: bool = True
    open_step: bool = False
    wide_step: Literal["first", "every", "error"] = "first"
    named_step: Literal["works", "ignored", "error"] = "works"
    weekday_step: bool = True
    wrap: Literal["error", "wraps", "never"] = "error"
    specials: frozenset[Special] = frozenset()
    star: Literal["first character", "bit", "lone", "forbidden"] = "first character"
    star_doubtful: bool = False
    doubtful: frozenset[Literal["numeric weekday", "wrap", "dow L", "wide step"]] = frozenset()
    macros: MappingProxyType[str, str] = _NO_MACROS
    min_year: int = 1970
    max_year: int = 2199
    floor_minutes: int = 0
    one_time: Literal["trigger", "year", "not"] = "not"
    clock: Clock
    oddities: tuple[str, ...] = ()


_TABLE: Final = (
    # Omni. AWS EventBridge's grammar, read leniently: Omni's own pages show `?` and `*` in either or both day fields,
    # and count weekdays once from 1=SUN and once from 0=SUN. The clock rule is that of EventBridge Scheduler's
    # documentation ("skipped", "runs only once"); that Omni follows it, and which pass runs, is assumed.
    Dialect(
        name="eventbridge",
        fields=(*_CLASSIC, "year"),
        sunday=1,
        last_weekday=7,
        question="days",
        open_step=True,
        wide_step="error",
        named_step="error",
        weekday_step=False,
        wrap="wraps",
        specials=frozenset({"L", "L-n", "LW", "nW", "nL", "n#k", "dow L"}),
        star="forbidden",
        doubtful=frozenset({"numeric weekday", "wrap", "dow L"}),
        one_time="year",
        clock=Clock(gap="skip", overlap="first", assumed=True),
    ),
    # ISC cron, measured. Devin's documentation says "standard cron expression" and UTC; that its engine is this one
    # is assumed. A step beyond the range means every value since 2024-08 and the first value before.
    Dialect(
        name="vixie",
        last_weekday=7,
        wide_step="every",
        specials=frozenset({"$"}),
        star_doubtful=True,
        doubtful=frozenset({"wide step"}),
        macros=_MACROS,
        one_time="trigger",
        clock=Clock(gap="end", overlap="first", wildcards_follow=True, assumed=True),
    ),
    # Measured. Backward ranges are accepted and never fire.
    Dialect(
        name="cronie",
        last_weekday=7,
        wrap="never",
        macros=_MACROS,
        clock=Clock(gap="end", overlap="first", wildcards_follow=True),
    ),
    # robfig/cron v3, also Kubernetes; measured. Scrip bans the prefixes CRON_TZ= and TZ=, which only this engine has.
    Dialect(
        name="robfig",
        question="any",
        open_step=True,
        star="bit",
        macros=_MACROS,
        one_time="trigger",
        clock=Clock(gap="skip", overlap="both"),
        oddities=(
            "skips the whole day of Lord_Howe's half-hour change for a daily job",
            "moves or loses runs near the changes of Pacific/Chatham",
        ),
    ),
    # Quartz 2.x, measured.
    Dialect(
        name="quartz",
        fields=("second", *_CLASSIC, "year"),
        optional=1,
        sunday=1,
        last_weekday=7,
        question="days",
        one_question=True,
        open_step=True,
        wide_step="error",
        named_step="ignored",
        wrap="wraps",
        specials=frozenset({"L", "L-n", "LW", "nW", "nL", "n#k", "dow L"}),
        star="forbidden",
        one_time="year",
        clock=Clock(gap="skip", overlap="second"),
        oddities=(
            "nW and LW that move forward to a Monday return the first fire of that day only",
            "never fires more than 100 years from now",
        ),
    ),
    # GitHub Actions: UTC, or a zone per entry; "skipped times advance" when clocks go forward. The rest is assumed.
    Dialect(
        name="github",
        star_doubtful=True,
        floor_minutes=5,
        clock=Clock(gap="end", overlap="first", wildcards_follow=True, assumed=True),
    ),
    # POSIX crontab: numbers, lists and ranges only. It says nothing of clock changes.
    Dialect(
        name="posix",
        names=False,
        steps=False,
        star="lone",
        clock=Clock(gap="end", overlap="first", wildcards_follow=True, assumed=True),
    ),
)

DIALECTS: Final = MappingProxyType({d.name: d for d in _TABLE})
"""Every dialect by name."""
