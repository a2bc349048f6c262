"""What to say of a text that engines read differently: its readings side by side, and how to decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import frozen

from migrator.cron.answers import Decided, decided_by
from migrator.cron.days import CYCLE_START, GREGORIAN_CYCLE, day_bits
from migrator.cron.describe import describe
from migrator.cron.fires import check_zone, fires_after
from migrator.cron.model import Cron, Recurring
from migrator.cron.parser import AMBIGUOUS, Reading, parse, readings_of
from migrator.cron.verdict import Translation, Verdict
from migrator.errors import ScheduleError

_WEEKS: Final = GREGORIAN_CYCLE // 7


@frozen(kw_only=True)
class Meaning:
    """One reading of a text, for people.

    Attributes:
        answers: the answers that lead to it, as a connection's `cron` takes them.
        meaning: when it fires, in words.
        fires_a_week: how often, on average.
        cron: the reading.
    """

    answers: Decided
    meaning: str
    fires_a_week: float
    cron: Cron

    def as_json(self) -> dict[str, Any]:
        """Return it for an evidence."""
        return {"cron": dict(self.answers), "meaning": self.meaning, "fires_a_week": self.fires_a_week}


def meanings_of(text: str, dialect: str, timezone: str, decided: Decided = ()) -> tuple[Meaning, ...]:
    """Return the readings of an ambiguous text; nothing where there is but one."""
    found = readings_of(text, dialect, decided)
    return tuple(_meaning(reading, timezone) for reading in found) if len(found) > 1 else ()


def _meaning(reading: Reading, timezone: str) -> Meaning:
    words, often = describe(reading.cron, timezone), fires_a_week(reading.cron)
    return Meaning(answers=reading.answers, meaning=words, fires_a_week=often, cron=reading.cron)


def fires_a_week(cron: Cron) -> float:
    """Return how often a schedule fires in a week, on average over the calendar or over its years."""
    dates = cron.dates.but(years=None)
    days = day_bits(dates, CYCLE_START, GREGORIAN_CYCLE).bit_count()
    often = days * len(cron.minutes) * len(cron.hours) * len(cron.seconds) / _WEEKS
    return round(often, 2)


def source_cron(
    trigger: Recurring, source: str, reading: Mapping[str, str] | None, now: datetime
) -> Cron | Translation:
    """Return what the source's engine reads, or the verdict that it cannot be told.

    An ambiguous text that was read before it was decided how is read again.
    """
    decided, cron = decided_by(reading, source), trigger.cron
    try:
        check_zone(trigger.timezone, source)
        if isinstance(cron, str):
            cron = parse(cron, source, reading=reading)
        elif decided and cron.flags & AMBIGUOUS:
            cron = parse(cron.text, cron.dialect, reading=reading)
    except ScheduleError as error:
        meanings = meanings_of(error.text, source, trigger.timezone, decided) if error.question else ()
        impossible = Translation(verdict=Verdict(kind="impossible", reason=str(error)))
        return refused(meanings, error.text, now, trigger.timezone, source) or impossible
    if cron.flags & AMBIGUOUS:
        meanings = meanings_of(cron.text, cron.dialect or source, trigger.timezone, decided)
        return (meanings and refused(meanings, cron.text, now, trigger.timezone, source)) or cron
    return cron


def refused(meanings: Sequence[Meaning], text: str, now: datetime, timezone: str, dialect: str) -> Translation | None:
    """Return the verdict on an ambiguous text; None where it has no meaning that fires again."""
    if all(next(fires_after(m.cron, timezone, now, dialect), None) is None for m in meanings):
        return None
    told = "; ".join(
        f"{_setting(m.answers)}: {m.meaning.rstrip('.')} ({often_words(m.fires_a_week)})" for m in meanings
    )
    questions = ", ".join(dict.fromkeys(f"{q} = …" for m in meanings for q, _ in m.answers))
    reason = (
        f"{text!r} has {len(meanings)} meanings, depending on the platform's engine. {told}. "
        f"Decide it once in the source's connection: cron = {{ {questions} }}"
    )
    evidence = {"readings": [m.as_json() for m in meanings]}
    return Translation(verdict=Verdict(kind="impossible", reason=reason, flags=AMBIGUOUS, evidence=evidence))


def _setting(answers: Decided) -> str:
    return ", ".join(f'{question} = "{answer}"' for question, answer in answers)


def often_words(fires: float) -> str:
    """Return how often a schedule fires, in words."""
    number = f"{fires:,.0f}" if fires == int(fires) else f"{fires:,.2f}"
    return f"{number} {'fire' if fires == 1 else 'fires'} a week"
