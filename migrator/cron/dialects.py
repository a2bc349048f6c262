"""The cron dialects, as data: adding a platform's grammar is adding a table entry.

Sources: the platforms' documentation and, where marked measured, the real engines run side by side. Where a platform
documents nothing, the entry holds the reading that refuses rather than guesses, or names the question in `doubtful`: a
text whose meaning depends on the answer is ambiguous until a connection decides it.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import Final

from migrator.cron.dialect import FIVE, ClockRule, Dialect, Oddity, Question, Special
from migrator.cron.model import Dates

_QUARTZ_SPECIALS: Final[frozenset[Special]] = frozenset({"L", "L-n", "LW", "nW", "nL", "n#k", "dow L"})
_FIVE_FIELDS: Final[frozenset[Question]] = frozenset({"wide_step", "day_rule", "equal_range", "wrap"})
"""What the engines for five fields that were run side by side (ISC cron, cronie, Debian, robfig, croniter, cronsim)
read differently: where a platform's engine is not known, it may be any of them."""

_DAEMON_CLOCK: Final = ClockRule(gap="end", overlap="first", follow="star")
_MEASURED_DAEMON: Final = ClockRule(gap="end", overlap="first", follow="star", evidence="measured")
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
        wide_by="field",
        named_step="error",
        weekday_step=False,
        wrap="wraps",
        specials=_QUARTZ_SPECIALS,
        writes=frozenset({"L", "nW", "nL", "n#k"}),
        star="forbidden",
        doubtful=frozenset({"weekday_base", "wrap", "weekday_l", "wide_step", "named_step"}),
        wrappers=True,
        one_time="year",
        clock=ClockRule(gap="skip", overlap="first"),
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
        doubtful=_FIVE_FIELDS,
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
        clock=ClockRule(gap="skip", overlap="both"),
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
        wide_by="field",
        named_step="ignored",
        wrap="wraps",
        specials=_QUARTZ_SPECIALS,
        writes=_QUARTZ_SPECIALS - {"dow L"},
        star="forbidden",
        one_time="year",
        clock=ClockRule(gap="skip", overlap="second", evidence="measured"),
        oddities=(
            Oddity(what="Quartz runs only the first of a day's times where W moves to another day", working_days=True),
        ),
    ),
    # GitHub Actions: UTC, or a zone for each entry. GitHub's parser takes all that JavaScript takes for a number (1.5,
    # 0x5, 1e1): plain integers only are read here. What evaluates the expressions is not published.
    Dialect(
        name="github",
        release="@actions/workflow-parser 0.3.61",
        source="GitHub's own parser, run; its documentation: skipped times run when the clock has gone forward",
        open_step=True,
        wide_step="error",
        doubtful=frozenset({"day_rule", "equal_range"}),
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
    # cronie where CRON_TZ gives lines a zone of their own, on a machine whose clock never changes: the daemon compares
    # each minute with the wall clock of the zone, so that skipped times do not run, and repeated ones run twice.
    Dialect(
        name="cronie_zones",
        release="cronie 1.7",
        source="the daemon's source: find_jobs in cron.c",
        last_weekday=7,
        wrap="cronie",
        macros=MACROS,
        clock=ClockRule(gap="skip", overlap="both", evidence="documented"),
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
        clock=ClockRule(gap="end", overlap="both", follow="every hour", evidence="measured"),
        oddities=(
            Oddity(
                what="croniter loses runs in repeated time where clocks do not change by an hour at a full hour",
                zones=frozenset({"Australia/Lord_Howe", "Australia/LHI", "Pacific/Chatham", "NZ-CHAT"}),
            ),
        ),
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
        clock=ClockRule(gap="shift", overlap="first", evidence="measured"),
        oddities=(
            Oddity(
                what="croner runs times that come twice in the second pass where clocks do not change by an hour",
                zones=frozenset({"Australia/Lord_Howe", "Australia/LHI", "Antarctica/Troll"}),
            ),
            Oddity(
                what="croner skips the first days of March for schedules that name day 30 or 31 as well",
                month_ends=True,
            ),
        ),
    ),
    # Claude Managed Agents: five fields, a zone of its own; skipped times do not run, repeated ones run twice. The rule
    # for two restricted day fields is POSIX's, which its documentation names.
    Dialect(
        name="claude",
        source="Anthropic's documentation of scheduled deployments",
        last_weekday=7,
        doubtful=_FIVE_FIELDS,
        clock=ClockRule(gap="skip", overlap="both", evidence="documented"),
    ),
    # OpenAI's automations: "standard five-field" is all that is documented; the rest is assumed to be as in cron.
    Dialect(
        name="openai",
        source="OpenAI's documentation of automations; all but the five fields is assumed",
        last_weekday=7,
        doubtful=_FIVE_FIELDS,
        one_time="trigger",
        clock=_DAEMON_CLOCK,
    ),
)

DIALECTS: Final = MappingProxyType({d.name: d for d in _TABLE})
"""Every dialect by name."""


@lru_cache(maxsize=1024)
def oddities(name: str, zone: str, dates: Dates) -> tuple[str, ...]:
    """Return the known faults of a dialect's engine that a schedule with these dates meets in `zone`."""
    return tuple(oddity.what for oddity in DIALECTS[name].oddities if oddity.concerns(zone, dates))
