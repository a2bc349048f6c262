"""The cron dialects, as data: adding a platform's grammar is adding a table entry.

Sources: the platforms' documentation and, where marked measured, the real engines run side by side. Where a platform
documents nothing, the entry holds the reading that refuses rather than guesses, or the reading is marked as a guess
and every schedule that depends on it is flagged.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

from attrs import Factory, field, frozen

Special = Literal["L", "L-n", "LW", "nW", "Wn", "nL", "Ln", "n#k", "dow L", "$"]
HOURS: Final = 24
Doubt = Literal["numeric weekday", "wrap", "dow L", "wide step"]


@frozen(kw_only=True)
class Clock:
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
class Layout:
    """Which token of an expression is which field.

    Attributes:
        fields: field names in order.
        first: the index of the minute; hour, day of month, month and day of week follow it.
        second: the index of the seconds, None without.
        year: the index of the year, None without.
    """

    fields: tuple[str, ...]
    first: int
    second: int | None
    year: int | None


def _layouts(dialect: Dialect) -> MappingProxyType[int, Layout]:
    """The layouts of a dialect by their number of fields."""
    longest = dialect.fields
    return MappingProxyType(
        {
            len(fields): Layout(
                fields,
                fields.index("minute"),
                fields.index("second") if "second" in fields else None,
                fields.index("year") if "year" in fields else None,
            )
            for fields in (*dialect.shorter, *(longest[: len(longest) - n] for n in range(dialect.optional + 1)))
        }
    )


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
        named_step: `MON-FRI/2`: the step "works", is "ignored", or is an "error".
        weekday_step: whether the day of the week takes steps.
        equal_range: `5-5`: "one" value, or "all" of the field.
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
        star_doubtful: engines disagree on stepped stars in a day field, and the platform's engine is not known.
        doubtful: readings that the platform's own documents contradict, flagged when they occur.
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
    fields: tuple[str, ...] = ("minute", "hour", "day_of_month", "month", "day_of_week")
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
    named_step: Literal["works", "ignored", "error"] = "works"
    weekday_step: bool = True
    equal_range: Literal["one", "all"] = "one"
    year_step: bool = True
    wrap: Literal["error", "wraps", "croniter", "never", "cronie"] = "error"
    specials: frozenset[Special] = frozenset()
    listed: frozenset[Special] = frozenset({"L", "L-n", "LW", "nW", "$"})
    mixed: bool = False
    clamps: bool = False
    both: bool = False
    writes: frozenset[Special] = frozenset()
    star: Literal["first character", "bit", "item", "lone", "forbidden"] = "first character"
    star_doubtful: bool = False
    doubtful: frozenset[Doubt] = frozenset()
    macros: MappingProxyType[str, str] = MappingProxyType({})
    macros_any_case: bool = False
    wrappers: bool = False
    instants: bool = False
    blanks: Literal["any", "spaces"] = "any"
    min_year: int = 1970
    max_year: int = 2199
    floor_minutes: int = 0
    one_time: Literal["trigger", "year", "not"] = "not"
    clock: Clock
    oddities: tuple[Oddity, ...] = ()
    layouts: MappingProxyType[int, Layout] = field(init=False, eq=False, default=Factory(_layouts, takes_self=True))


FIVE: Final = ("minute", "hour", "day_of_month", "month", "day_of_week")
_QUARTZ_SPECIALS: Final[frozenset[Special]] = frozenset({"L", "L-n", "LW", "nW", "nL", "n#k", "dow L"})
_DAEMON_CLOCK: Final = Clock(gap="end", overlap="first", follow="star")
_MEASURED_DAEMON: Final = Clock(gap="end", overlap="first", follow="star", evidence="measured")
MACROS: Final = MappingProxyType(
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
"""The macros of Vixie's cron, which all that read macros share."""

_TABLE: Final = (
    # Omni. AWS EventBridge's grammar, read leniently: Omni's own pages show `?` and `*` in either or both day fields,
    # and count weekdays once from 1=SUN and once from 0=SUN. The clock rule is that of EventBridge Scheduler's
    # documentation (skipped times are skipped, repeated times run once); that Omni follows it, and that it is the
    # first pass which runs, is assumed.
    Dialect(
        name="eventbridge",
        fields=(*FIVE, "year"),
        source="AWS EventBridge's documentation, which Omni links; Omni's own examples where they are laxer",
        sunday=1,
        last_weekday=7,
        question="days",
        open_step=True,
        wide_step="error",
        named_step="error",
        weekday_step=False,
        wrap="wraps",
        specials=_QUARTZ_SPECIALS,
        writes=frozenset({"L", "nW", "nL", "n#k"}),
        star="forbidden",
        doubtful=frozenset({"numeric weekday", "wrap", "dow L"}),
        wrappers=True,
        one_time="year",
        clock=Clock(gap="skip", overlap="first"),
    ),
    # ISC cron, measured. Devin's documentation says "standard cron expression" and UTC; that its engine is this one is
    # assumed. A step beyond the range means every value since 2024-08, and the first value only before.
    Dialect(
        name="vixie",
        release="ISC cron, 2024-08 and later",
        source="the daemon's source, compiled and run; that Devin runs it is assumed",
        last_weekday=7,
        wide_step="every",
        specials=frozenset({"$"}),
        star_doubtful=True,
        doubtful=frozenset({"wide step"}),
        macros=MACROS,
        one_time="trigger",
        clock=_DAEMON_CLOCK,
    ),
    # robfig/cron v3, which Kubernetes also uses; measured. Scrip bans the prefixes CRON_TZ= and TZ=, which only this
    # engine has.
    Dialect(
        name="robfig",
        release="robfig/cron 3.0.1",
        source="the library, run; that Scrip runs it is concluded from the prefixes it bans",
        question="any",
        open_step=True,
        star="bit",
        macros=MACROS,
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
    Dialect(
        name="quartz",
        fields=("second", *FIVE, "year"),
        optional=1,
        release="Quartz 2.x",
        source="the library, run",
        sunday=1,
        last_weekday=7,
        question="days",
        one_question=True,
        open_step=True,
        wide_step="error",
        named_step="ignored",
        wrap="wraps",
        specials=_QUARTZ_SPECIALS,
        writes=_QUARTZ_SPECIALS - {"dow L"},
        star="forbidden",
        one_time="year",
        clock=Clock(gap="skip", overlap="second", evidence="measured"),
        oddities=(
            Oddity(what="Quartz runs only the first of a day's times where W moves to another day", working_days=True),
        ),
    ),
    # GitHub Actions: UTC, or a zone for each entry. GitHub's parser takes whatever JavaScript takes for a number (1.5,
    # 0x5, 1e1): plain integers only are read here. What evaluates the expressions is not published.
    Dialect(
        name="github",
        release="@actions/workflow-parser 0.3.61",
        source="GitHub's own parser, run; its documentation: skipped times run when the clock has gone forward",
        open_step=True,
        wide_step="error",
        star_doubtful=True,
        blanks="spaces",
        floor_minutes=5,
        clock=_DAEMON_CLOCK,
    ),
    # POSIX crontab: numbers, lists and ranges only. It says nothing of clock changes.
    Dialect(name="posix", source="POSIX", names=False, steps=False, star="lone", clock=_DAEMON_CLOCK),
    # Ranges that run backwards are accepted and never fire.
    Dialect(
        name="cronie",
        release="cronie 1.7",
        source="the daemon's source, compiled and run",
        last_weekday=7,
        wrap="cronie",
        macros=MACROS,
        clock=_MEASURED_DAEMON,
    ),
    # Debian's crontab and daemon. What follows a value that is no list, range or step is not looked at there (`5#2` is
    # 5): such text is refused here.
    Dialect(
        name="debian",
        release="cron 3.0pl1-162",
        source="Debian's crontab and daemon, run",
        last_weekday=7,
        wrap="never",
        macros=MACROS,
        clock=_MEASURED_DAEMON,
    ),
    # LangGraph. Release 6.0.0 of croniter fires a daily job twice when clocks go forward: not the one meant here.
    Dialect(
        name="croniter",
        fields=(*FIVE, "second", "year"),
        optional=2,
        release="croniter 7.0.0",
        source="the library, run; LangGraph's server 0.16.7, run",
        seven=True,
        question="days",
        open_step=True,
        equal_range="all",
        wrap="croniter",
        specials=frozenset({"L", "nW", "Wn", "Ln", "n#k"}),
        listed=frozenset({"L", "Ln", "n#k"}),
        writes=frozenset({"L", "nW", "Ln", "n#k"}),
        clamps=True,
        star="item",
        macros=MACROS,
        macros_any_case=True,
        max_year=2099,
        one_time="year",
        clock=Clock(gap="end", overlap="both", follow="every hour", evidence="measured"),
    ),
    # Mastra. `?` in a day field is every day even where the other one is restricted.
    Dialect(
        name="croner",
        fields=("second", *FIVE, "year"),
        optional=1,
        shorter=(FIVE,),
        release="croner 10.0.1",
        source="the library, run; Mastra's server 1.71.0, run",
        last_weekday=7,
        late_sunday=True,
        question="any",
        wide_step="field",
        year_step=False,
        specials=frozenset({"L", "LW", "nW", "nL", "n#k"}),
        listed=frozenset({"L", "nW", "nL", "n#k"}),
        mixed=True,
        both=True,
        instants=True,
        writes=frozenset({"L", "LW", "nW", "nL", "n#k"}),
        star="lone",
        macros=MACROS,
        macros_any_case=True,
        one_time="year",
        clock=Clock(gap="shift", overlap="first", evidence="measured"),
        oddities=(
            Oddity(
                what="croner runs times that come twice in the second pass where clocks do not change by an hour",
                zones=frozenset({"Australia/Lord_Howe", "Australia/LHI", "Antarctica/Troll"}),
            ),
        ),
    ),
    # Claude Managed Agents: five fields, a zone of its own; skipped times do not run, repeated ones run twice. The rule
    # for two restricted day fields is POSIX's, which its documentation names.
    Dialect(
        name="claude",
        source="Anthropic's documentation of scheduled deployments",
        last_weekday=7,
        star_doubtful=True,
        doubtful=frozenset({"wide step"}),
        clock=Clock(gap="skip", overlap="both", evidence="documented"),
    ),
    # OpenAI's automations: "standard five-field" is all that is documented; the rest is assumed to be as in cron.
    Dialect(
        name="openai",
        source="OpenAI's documentation of automations; all but the five fields is assumed",
        last_weekday=7,
        star_doubtful=True,
        doubtful=frozenset({"wide step"}),
        one_time="trigger",
        clock=_DAEMON_CLOCK,
    ),
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
