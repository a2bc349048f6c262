"""Expressions as hypothesis draws them: the grammar of each dialect, all that its platform reads."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from migrator.cron import parse
from tests.cron.walk import DAYS, MONTHS, SUNDAY_IS_SEVEN

YEARS = st.sampled_from(["*"] * 6 + ["2026", "2027", "2026-2028", "2025,2027", "2026/2"])
ZONES = st.sampled_from(
    [
        "UTC",
        "America/New_York",
        "Europe/London",
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "Australia/Sydney",
        "Australia/Lord_Howe",
        "Pacific/Chatham",
        "Pacific/Kiritimati",
        "Africa/Casablanca",
        "America/Sao_Paulo",
        "America/St_Johns",
    ]
)


def numbers(low: int, high: int, *, steps: bool = True, open_step: bool = False) -> st.SearchStrategy[str]:
    """Lists of values, ranges and steps."""
    value = st.integers(low, high)
    ordered = st.tuples(value, value).map(sorted)
    items = [value.map(str), ordered.map(lambda r: f"{r[0]}-{r[1]}")]
    if steps:
        step = st.integers(1, high - low)
        items += [st.tuples(ordered, step).map(lambda t: f"{t[0][0]}-{t[0][1]}/{t[1]}"), step.map(lambda n: f"*/{n}")]
    if open_step:
        items.append(st.tuples(value, st.integers(1, high - low)).map(lambda t: f"{t[0]}/{t[1]}"))
    one = st.one_of(items)
    return st.one_of(value.map(str), one, st.lists(one, min_size=2, max_size=3).map(",".join))


def names(words: tuple[str, ...], *, wrap: bool) -> st.SearchStrategy[str]:
    """Single names, lists and ranges of names."""
    word = st.sampled_from(words)
    ranges = st.tuples(word, word).map(lambda r: list(r) if wrap else sorted(r, key=words.index))
    return st.one_of(word, st.lists(word, min_size=2, max_size=3).map(",".join), ranges.map("-".join))


def often(text: str, other: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The text half of the time."""
    return st.booleans().flatmap(lambda yes: st.just(text) if yes else other)


SPECIAL_DAYS = st.sampled_from(["L", "LW", "L-3", "L-30", "1W", "15W", "31W", "15,L", "1W,20"])
SPECIAL_WEEKDAYS = st.tuples(st.sampled_from(DAYS), st.sampled_from(["L", "#1", "#2", "#5"])).map("".join)


@st.composite
def six_fields(draw: st.DrawFn) -> tuple[str, str, str, str, str]:
    """Minute to weekday of the EventBridge family: `?` in one day field."""
    minute, hour = draw(numbers(0, 59, open_step=True)), draw(numbers(0, 23, open_step=True))
    month = draw(often("*", st.one_of(numbers(1, 12), names(MONTHS, wrap=True))))
    if draw(st.booleans()):
        return minute, hour, draw(often("*", st.one_of(numbers(1, 31), SPECIAL_DAYS))), month, "?"
    return minute, hour, "?", month, draw(st.one_of(names(DAYS, wrap=True), SPECIAL_WEEKDAYS))


@st.composite
def five_fields(draw: st.DrawFn, dialect: str) -> str:
    """Classic cron, with what the dialect adds to it."""
    steps, open_step = dialect != "posix", dialect == "robfig"
    last = 7 if dialect in SUNDAY_IS_SEVEN else 6
    minute = draw(numbers(0, 59, steps=steps, open_step=open_step))
    hour = draw(often("*", numbers(0, 23, steps=steps, open_step=open_step)))
    dom = draw(often("*", numbers(1, 31, steps=steps)))
    month = draw(often("*", numbers(1, 12, steps=steps)))
    weekdays = numbers(0, last, steps=steps)
    dow = draw(often("*", st.one_of(weekdays, names(DAYS, wrap=False)) if dialect != "posix" else weekdays))
    return f"{minute} {hour} {dom} {month} {dow}"


def texts(dialect: str) -> st.SearchStrategy[str]:
    """Expressions that the dialect's platform accepts."""
    if dialect == "eventbridge":
        return st.tuples(six_fields(), YEARS).map(lambda t: " ".join([*t[0], t[1]]))
    if dialect == "quartz":
        return six_fields().map(lambda t: " ".join(["0", *t]))
    return five_fields(dialect).filter(plain) if dialect == "croniter" else five_fields(dialect)


def plain(text: str) -> bool:
    """Whether croniter reads a text as others do: no range of one value, no stepped star beside the other day field."""
    _, _, dom, _, dow = text.split()
    return not re.search(r"\b(\w+)-\1\b", text) and ("*" in {dom, dow} or "*" not in dom + dow)


def certain(dialect: str) -> st.SearchStrategy[str]:
    """Expressions that every engine which the platform may run reads alike."""
    return texts(dialect).filter(lambda text: not parse(text, dialect).flags)
