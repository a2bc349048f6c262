"""Text to meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import product
from typing import Final

from attrs import evolve, frozen

from migrator.cron.answers import ANSWERS, Decided, decided_by, rules_of
from migrator.cron.dialects import DIALECTS, Dialect
from migrator.cron.fields import Fault, Field
from migrator.cron.grammar import read_field
from migrator.cron.model import ON_THE_MINUTE, Cron, Dates, dates_of
from migrator.errors import ScheduleError

MAX_LENGTH: Final = 2000
"""The longest expression that is looked at; the longest useful one, every year listed, stays far below it."""

AMBIGUOUS: Final = frozenset({"ambiguous_source"})
"""The flag of a text that engines read differently."""

_STAR: Final = re.compile(r"[*?](?:/0*1)?")
_PREFIX: Final = re.compile(r"\s*(CRON_TZ|TZ)=")


def dialect_named(name: str) -> Dialect:
    """The dialect of that name.

    Raises:
        ScheduleError: there is none.
    """
    try:
        return DIALECTS[name]
    except (KeyError, TypeError):
        raise ScheduleError(
            f"there is no cron dialect {name!r}", dialect=str(name), allowed=", ".join(DIALECTS)
        ) from None


def parse(text: str, dialect: str, *, reading: Mapping[str, str] | None = None) -> Cron:
    """Return the meaning of a cron expression, as the dialect's platform reads it.

    A text that engines of the platform read differently has the dialect's own reading and the flag "ambiguous_source",
    unless `reading` decides it.

    Args:
        text: the expression.
        dialect: the dialect that it is written in.
        reading: answers to the questions on which engines disagree, such as {"wide_step": "first"}; see
            `answers.ANSWERS`. Questions that the dialect leaves no doubt about are not looked at.

    Raises:
        ScheduleError: names dialect, field and column.
    """
    dialect_named(dialect)
    decided = decided_by(reading, dialect) if reading else ()
    cron, doubts = read(text, dialect, decided)
    return evolve(cron, flags=AMBIGUOUS) if doubts and len(readings_of(text, dialect, decided)) > 1 else cron


@frozen
class Reading:
    """One of several meanings of a text.

    Attributes:
        answers: the answers that lead to it.
        cron: the meaning.
    """

    answers: Decided
    cron: Cron


@lru_cache(maxsize=1024)
def readings_of(text: str, dialect: str, decided: Decided = ()) -> tuple[Reading, ...]:
    """Return the different meanings that a text has for the engines that the platform may run.

    Answers under which it cannot be read do not count: the platform's engine has accepted the text.
    """
    questions: tuple[str, ...] = ()
    while True:
        found: dict[tuple[str, ...], Cron] = {}
        met: set[str] = set()
        for answers in product(*(ANSWERS[q] for q in questions)):
            try:
                assumed = zip(questions, answers, strict=True)
                found[answers], doubts = read(text, dialect, tuple(sorted((*decided, *assumed))))
                met |= doubts
            except ScheduleError as error:
                met |= {error.question} - {""}
        if met <= set(questions):
            break
        questions = tuple(sorted(met | set(questions)))
    matters = [i for i in range(len(questions)) if _matters(i, found)]
    meanings: dict[Cron, Decided] = {}
    for answers, cron in found.items():
        meanings.setdefault(cron, tuple((questions[i], answers[i]) for i in matters))
    return tuple(Reading(answers, cron) for cron, answers in meanings.items())


def _matters(i: int, found: Mapping[tuple[str, ...], Cron]) -> bool:
    """Whether another answer to question `i` alone changes the meaning."""
    by_others: dict[tuple[str, ...], set[Cron]] = {}
    for answers, cron in found.items():
        by_others.setdefault((*answers[:i], *answers[i + 1 :]), set()).add(cron)
    return any(len(crons) > 1 for crons in by_others.values())


def read(text: str, dialect: str, decided: Decided) -> tuple[Cron, frozenset[str]]:
    """Return the meaning of a text under these answers, and the open questions that it may depend on.

    Raises:
        ScheduleError: it means nothing.
    """
    rules = rules_of(dialect, decided) if decided else DIALECTS[dialect]
    tokens = _body(text, rules).split()
    most = len(rules.fields)
    if not most - rules.optional <= len(tokens) <= most:
        raise _wrong_count(text, tokens, rules)
    seconds = ON_THE_MINUTE
    first = 0
    try:
        if rules.fields[0] == "second":
            seconds, first = read_field(tokens[0], "second", dialect, decided).values, 1
        minutes, hours, follows_clock, doubts = _times(dialect, tokens[first], tokens[first + 1], decided)
        dates, more = _dates(dialect, decided, *tokens[first + 2 :])
    except Fault as fault:
        raise _located(fault, text, rules) from None
    if more:
        doubts |= more
    cron = Cron(
        minutes=minutes,
        hours=hours,
        dates=dates,
        seconds=seconds,
        text=text,
        dialect=dialect,
        follows_clock=follows_clock,
        decided=tuple(pair for pair in decided if pair[0] in doubts) if decided else (),
    )
    return cron, doubts.difference(dict(decided)) if decided else doubts


@lru_cache(maxsize=8192)
def _times(
    dialect: str, minute: str, hour: str, decided: Decided
) -> tuple[frozenset[int], frozenset[int], bool, frozenset[str]]:
    """Minutes, hours, whether they make an interval job, and the questions they may depend on."""
    minutes, hours = read_field(minute, "minute", dialect, decided), read_field(hour, "hour", dialect, decided)
    return minutes.values, hours.values, "*" in {minute[0], hour[0]}, minutes.doubts | hours.doubts


@lru_cache(maxsize=4096)
def _dates(
    dialect: str, decided: Decided, dom: str, month: str, dow: str, year: str = "*"
) -> tuple[Dates, frozenset[str]]:
    """The date set of the four date fields, and the questions that it may depend on."""
    rules = rules_of(dialect, decided) if decided else DIALECTS[dialect]
    days = read_field(dom, "day_of_month", dialect, decided)
    months = read_field(month, "month", dialect, decided)
    weekdays = read_field(dow, "day_of_week", dialect, decided)
    years = read_field(year, "year", dialect, decided)
    _check_day_fields(dom, dow, days, weekdays, rules)
    starred = days.star or weekdays.star
    doubts = days.doubts | months.doubts | weekdays.doubts | years.doubts
    if "day_rule" in rules.doubtful and _star_disputed(dom, dow):
        doubts |= {"day_rule"}
        starred = rules.day_rule == "and" if rules.day_rule else starred
    dates = dates_of(
        months=months.values,
        days=days.values,
        nearest=days.nearest,
        weekdays=weekdays.values,
        nth=weekdays.nth,
        day_rule="and" if starred or rules.star == "forbidden" else "or",
        years=None if len(years.values) > rules.max_year - rules.min_year else years.values,
    )
    return dates, doubts


def _star_disputed(dom: str, dow: str) -> bool:
    """Whether engines disagree that a star makes one of the day fields decide alone.

    One rule looks at the field's first character, one at items without a step above 1, one at items that are a star.
    """
    if dom == "*" or dow == "*":
        return False
    items = [*dom.split(","), *dow.split(",")]
    first = dom[0] == "*" or dow[0] == "*"
    return not first == any(_STAR.fullmatch(item) for item in items) == any(item in {"*", "?"} for item in items)


def _check_day_fields(dom: str, dow: str, days: Field, weekdays: Field, rules: Dialect) -> None:
    if rules.star != "forbidden":
        return
    if rules.one_question and (dom == "?") == (dow == "?"):
        raise Fault("exactly one of the two day fields must be ?", field="day_of_week", allowed="?")
    if not days.star and not weekdays.star:
        raise Fault(
            "day of month and day of week cannot both be restricted",
            field="day_of_week",
            allowed="? in one of the two",
            hint="make two jobs of it",
        )


def _body(text: object, rules: Dialect) -> str:
    """The text to read: of bounded length, free of control characters and other alphabets, a macro written out."""
    if (
        isinstance(text, str)
        and len(text) <= MAX_LENGTH
        and text.isascii()
        and text.isprintable()
        and "@" not in text
        and "=" not in text
    ):
        return text
    return _checked(text, rules)


def _checked(text: object, rules: Dialect) -> str:
    """The body of a text that is not plain.

    Raises:
        ScheduleError: it is no text, too long, holds a character that never belongs there, or a foreign prefix.
    """
    if not isinstance(text, str):
        raise ScheduleError("a cron expression is text", dialect=rules.name, allowed="text such as '0 9 * * *'")
    if len(text) > MAX_LENGTH:
        raise ScheduleError(
            f"the expression has {len(text)} characters",
            dialect=rules.name,
            text=text,
            field=rules.fields[0],
            column=MAX_LENGTH + 1,
            allowed=f"at most {MAX_LENGTH}",
        )
    if not (text.isascii() and text.isprintable()):
        for column, char in enumerate(text.rstrip("\r\n"), 1):
            if not (" " <= char <= "~" or char == "\t"):
                raise ScheduleError(
                    f"the character {char!r} has no place in a cron expression",
                    dialect=rules.name,
                    text=text,
                    field=_field_at(text, column, rules),
                    column=column,
                    allowed="ASCII letters, digits, and * ? , - / # $",
                )
    body = text.strip()
    if body.startswith("@"):
        return _macro(text, body, rules)
    if _PREFIX.match(text):
        raise ScheduleError(
            "a time zone inside the expression is not read",
            dialect=rules.name,
            text=text,
            field="timezone",
            column=len(text) - len(text.lstrip()) + 1,
            hint="give the zone beside the expression",
        )
    return body


def _macro(text: str, body: str, rules: Dialect) -> str:
    if body in rules.macros:
        return rules.macros[body]
    if body.startswith(("@reboot", "@every")):
        what = f"{body.split(maxsplit=1)[0]} is no calendar schedule: its fires depend on when the server started"
    elif body.lower() in rules.macros:
        what = "macros are read in lower case only"
    else:
        what = "there is no such macro here"
    raise ScheduleError(
        what,
        dialect=rules.name,
        text=text,
        field=rules.fields[0],
        column=text.index("@") + 1,
        allowed=", ".join(rules.macros) or "no macros, fields only",
    )


def _wrong_count(text: str, tokens: list[str], rules: Dialect) -> ScheduleError:
    least, most = len(rules.fields) - rules.optional, len(rules.fields)
    wanted = f"{most}" if least == most else f"{least} or {most}"
    starts = [m.start() + 1 for m in re.finditer(r"\S+", text)]
    surplus = len(tokens) > most
    return ScheduleError(
        f"the expression has {len(tokens)} fields, and {rules.name} has {wanted}",
        dialect=rules.name,
        text=text,
        field="" if surplus else rules.fields[len(tokens)],
        column=starts[most] if surplus else len(text.rstrip()) + 1,
        allowed=" ".join(rules.fields),
    )


def _located(fault: Fault, text: str, rules: Dialect) -> ScheduleError:
    index = rules.fields.index(fault.field)
    starts = [m.start() for m in re.finditer(r"\S+", text)]
    column = starts[index] + fault.offset + 1
    return ScheduleError(
        fault.what,
        dialect=rules.name,
        text=text,
        field=fault.field,
        column=column,
        allowed=fault.allowed,
        hint="; ".join(h for h in (fault.hint, _how_to_decide(fault.question)) if h),
        question=fault.question,
    )


def _how_to_decide(question: str) -> str:
    """The setting that decides how a text is read which the platform has accepted."""
    answers = " | ".join(f'"{answer}"' for answer in ANSWERS.get(question, ()))
    return f"if the platform runs it, say how in its connection: cron = {{ {question} = {answers} }}" if answers else ""


def _field_at(text: str, column: int, rules: Dialect) -> str:
    """The field that a column lies in, "" beyond the last one."""
    index = max(len(text[:column].split()) - 1, 0)
    return rules.fields[index] if index < len(rules.fields) else ""
