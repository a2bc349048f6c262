"""The questions on which engines disagree, the answers that a connection can give, and dialects that apply them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from attrs import evolve

from migrator.cron import dialects
from migrator.cron.dialect import Dialect
from migrator.errors import ScheduleError

Decided = tuple[tuple[str, str], ...]
"""Questions with their answers, in alphabetical order."""

REFUSE: Final = "refuse"
"""The answer that leaves a question open: ambiguous texts stay refused."""

ANSWERS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = MappingProxyType(
    {
        "wide_step": {answer: {"wide_step": answer} for answer in ("first", "every")},
        "day_rule": {answer: {"day_rule": answer} for answer in ("and", "or")},
        "equal_range": {answer: {"equal_range": answer} for answer in ("one", "all")},
        "wrap": {answer: {"wrap": answer} for answer in ("wraps", "never")},
        "weekday_base": {
            "1=SUN": {"sunday": 1, "last_weekday": 7},
            "0=SUN": {"sunday": 0, "last_weekday": 7},
        },
        "weekday_l": {answer: {"weekday_l": answer} for answer in ("saturday", "last_saturday", "sunday")},
        "named_step": {answer: {"named_step": answer} for answer in ("works", "ignored")},
    }
)
"""What each answer to each `Question` changes in a dialect."""


def decided_by(reading: Mapping[str, str] | None, dialect: str) -> Decided:
    """Return the answers that are given to the dialect's own questions.

    Raises:
        ScheduleError: an unknown question or answer.
    """
    if not reading:
        return ()
    for question, answer in reading.items():
        if question not in ANSWERS:
            what = f"unknown setting {question!r} for how cron text is read"
            raise ScheduleError(what, dialect=dialect, allowed=", ".join(ANSWERS))
        if answer != REFUSE and answer not in ANSWERS[question]:
            allowed = ", ".join([*ANSWERS[question], REFUSE])
            raise ScheduleError(f"{question} cannot be {answer!r}", dialect=dialect, allowed=allowed)
    doubtful = dialects.DIALECTS[dialect].doubtful
    return tuple(sorted((q, a) for q, a in reading.items() if q in doubtful and a != REFUSE))


@lru_cache(maxsize=1024)
def rules_of(dialect: str, decided: Decided = ()) -> Dialect:
    """Return the dialect as the answers make it."""
    rules = dialects.DIALECTS[dialect]
    for question, answer in decided:
        rules = evolve(rules, **ANSWERS[question][answer])
    return rules
