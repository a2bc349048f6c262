"""Text to meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import product
from typing import Final

from attrs import evolve, frozen

from migrator.cron.answers import ANSWERS, Decided, decided_by, rules_of
from migrator.cron.datefields import read_dates
from migrator.cron.dialect import FIVE, Dialect, FieldOrder
from migrator.cron.dialects import DIALECTS
from migrator.cron.fields import Fault
from migrator.cron.grammar import read_field
from migrator.cron.model import ON_THE_MINUTE, Cron
from migrator.cron.notations import check_blanks, rewritten, wrong_count
from migrator.errors import ScheduleError

MAX_LENGTH: Final = 2000
"""The longest expression that is looked at; the longest useful one, every year listed, stays far below it."""

AMBIGUOUS: Final = frozenset({"ambiguous_source"})
"""The flag of a text that engines read differently."""


def dialect_named(name: str) -> Dialect:
    """The dialect of that name.

    Raises:
        ScheduleError: there is none.
    """
    try:
        return DIALECTS[name]
    except (KeyError, TypeError):
        raise ScheduleError(f"unknown cron dialect {name!r}", dialect=str(name), allowed=DIALECTS) from None


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
    decided: Decided = ()
    try:
        rules = DIALECTS[dialect]
    except (KeyError, TypeError):
        rules = dialect_named(dialect)
    if reading and (decided := decided_by(reading, dialect)):
        rules = rules_of(dialect, decided)
    cron, doubts = _read(text, rules, decided)
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
                assumed = tuple(sorted((*decided, *zip(questions, answers, strict=True))))
                found[answers], doubts = _read(text, rules_of(dialect, assumed), assumed)
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


def _read(text: str, rules: Dialect, decided: Decided) -> tuple[Cron, frozenset[str]]:
    """Return the meaning of a text under these answers, and the open questions that it may depend on.

    Raises:
        ScheduleError: it means nothing.
    """
    dialect, year, seconds = rules.name, "*", ON_THE_MINUTE
    plain = (
        isinstance(text, str)  # type: ignore[redundant-expr]  # a caller without types may give anything else
        and len(text) <= MAX_LENGTH
        and "*" <= text < ":"  # it starts with one of *+,-./ or a digit, as no macro, wrapper, prefix or word does
        and ":" not in text
        and text.isascii()
        and text.isprintable()
        and rules.blanks == "any"
    )
    body = text if plain else _checked(text, rules)
    tokens = body.split()
    try:
        layout = rules.layouts[len(tokens)]
    except KeyError:
        raise wrong_count(text, body, rules, _readable_in(dialect)) from None
    try:
        if layout.fields is FIVE:
            minute, hour, dom, month, dow = tokens
        else:
            minute, hour, dom, month, dow = layout.common(tokens)
            if layout.second is not None:
                seconds = read_field(tokens[layout.second], "second", dialect, decided).values
            if layout.year is not None:
                year = tokens[layout.year]
        minutes, hours, follows_clock, doubts = _times(dialect, minute, hour, decided)
        dates, more = read_dates(dialect, decided, dom, month, dow, year)
    except Fault as fault:
        raise _located(fault, text, body, layout, rules) from None
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
        decided=_mattering(decided, doubts) if decided else (),
    )
    return cron, doubts.difference(dict(decided)) if decided else doubts


def _mattering(decided: Decided, doubts: frozenset[str]) -> Decided:
    return tuple(pair for pair in decided if pair[0] in doubts)


@lru_cache(maxsize=8192)
def _times(
    dialect: str, minute: str, hour: str, decided: Decided
) -> tuple[frozenset[int], frozenset[int], bool, frozenset[str]]:
    """Minutes, hours, whether they make an interval job, and the questions they may depend on."""
    minutes, hours = read_field(minute, "minute", dialect, decided), read_field(hour, "hour", dialect, decided)
    return minutes.values, hours.values, "*" in {minute[0], hour[0]}, minutes.doubts | hours.doubts


def _checked(text: object, rules: Dialect) -> str:
    """The body of a text that is not plain.

    Raises:
        ScheduleError: it is no text, too long, holds a character that never belongs there, or a foreign prefix.
    """
    if not isinstance(text, str):
        raise ScheduleError(
            "a cron expression is text",
            dialect=rules.name,
            field=rules.fields[0],
            column=1,
            allowed="text such as '0 9 * * *'",
        )
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
    if rules.blanks == "spaces":
        check_blanks(text, rules)
    return rewritten(text, rules, _readable_in(rules.name))


def _readable_in(dialect: str) -> Callable[[str], bool]:
    """Whether a text can be read in a dialect, as a function."""

    def readable(text: str) -> bool:
        try:
            parse(text, dialect)
        except ScheduleError:
            return False
        return True

    return readable


def _located(fault: Fault, text: str, body: str, layout: FieldOrder, rules: Dialect) -> ScheduleError:
    index = layout.fields.index(fault.field)
    starts = [m.start() for m in re.finditer(r"\S+", body)]
    column = starts[index] + fault.offset + 1 if len(body) == len(text) else 1
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
