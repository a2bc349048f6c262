"""Texts that people bring and that are no list of fields: what they mean, or what is missing.

`cron(…)`, `at(…)` and `rate(…)` of AWS, macros, words such as `daily`, an instant, one field too many or too few.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

from migrator.cron.dialect import Dialect
from migrator.cron.dialects import MACROS
from migrator.cron.fields import WEEKDAY_NAMES
from migrator.errors import ScheduleError

_WRAPPED: Final = re.compile(r"\s*(?P<kind>cron|at|rate)\((?P<inside>[^()]*)\)\s*", re.IGNORECASE)
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE)
_INTERVAL: Final = re.compile(r"(?:every\s+)?(?P<count>\d+)?\s*(?P<unit>m|min|h|hour|d|day)[a-z]*", re.IGNORECASE)
_PREFIX: Final = re.compile(r"\s*(CRON_TZ|TZ)=")
_FIVE: Final = 5
_UNITS: Final = {"m": ("*/{} * * * *", 60), "h": ("0 */{} * * *", 24), "d": ("0 0 * * *", 1)}
_SIX: Final = "six fields are minute to year (EventBridge), seconds first (Quartz, croner) or seconds last (croniter)"

Readable = Callable[[str], bool]
"""Whether a text can be read in the dialect that is spoken of."""


def rewritten(text: str, rules: Dialect, readable: Readable) -> str:
    """The fields that a text stands for, at the same columns where they stand in it; the text itself where it is plain.

    Raises:
        ScheduleError: it is a form that this dialect does not read.
    """
    body = text.strip()
    if body.startswith("@"):
        return _macro(text, body, rules, readable)
    if _PREFIX.match(text):
        what = "a time zone inside the expression is not read"
        raise _refused(text, rules, what, field="timezone", hint="give the zone beside the expression")
    if found := _WRAPPED.fullmatch(text):
        return _unwrapped(text, found, rules, readable)
    if _INSTANT.fullmatch(body):
        if not rules.instants:
            what = "one instant, not a recurring schedule"
            raise _refused(text, rules, what, hint="a one-time job holds it")
        return _instant(text, body, rules)
    return text


def _unwrapped(text: str, found: re.Match[str], rules: Dialect, readable: Readable) -> str:
    kind, inside = found["kind"].lower(), found["inside"]
    if kind == "rate":
        what = "a rate is not time-based: it counts from the moment at which its schedule was made or started"
        raise _refused(text, rules, what, hint=_meant(_interval(inside), rules, readable))
    if not rules.wrappers:
        what = f"{kind}(…) is how AWS EventBridge writes a schedule, and {rules.name} does not read it"
        raise _refused(text, rules, what, hint="what is inside is of the dialect eventbridge")
    if kind == "at":
        return _instant(text, inside.strip(), rules)
    return f"{' ' * found.start('inside')}{inside}".ljust(len(text))


def _instant(text: str, inside: str, rules: Dialect) -> str:
    """The fields of one local time: it is read by the wall clock of the zone beside it."""
    try:
        at = datetime.fromisoformat(inside)
    except ValueError:
        what = "not a date and time"
        raise _refused(text, rules, what, allowed="such as 2027-03-15T09:00:00") from None
    if at.tzinfo is not None:
        what = "the time has an offset of its own, and the zone beside it is another"
        raise _refused(text, rules, what, allowed="a local time, without Z or an offset")
    seconds = "second" in rules.fields
    if at.microsecond or (at.second and not seconds):
        raise _refused(text, rules, f"{rules.name} fires on whole {'seconds' if seconds else 'minutes'}")
    values = {
        "second": at.second,
        "minute": at.minute,
        "hour": at.hour,
        "day_of_month": at.day,
        "month": at.month,
        "day_of_week": "*",
        "year": at.year,
    }
    return " ".join(str(values[name]) for name in rules.fields)


def _macro(text: str, body: str, rules: Dialect, readable: Readable) -> str:
    known = body.lower() if rules.macros_any_case else body
    if known in rules.macros:
        return rules.macros[known]
    hint = ""
    if body.lower().startswith(("@reboot", "@every")):
        what = f"{body.split(maxsplit=1)[0]} is not a calendar schedule: its fires depend on when the server started"
    elif body.lower() in rules.macros:
        what = "macros are read in lower case only"
    elif five := MACROS.get(body.lower()):
        what = f"{rules.name} reads no macros"
        hint = _meant(five, rules, readable)
    else:
        what = "unknown macro"
    allowed = ", ".join(rules.macros) or "no macros, fields only"
    raise _refused(text, rules, what, allowed=allowed, hint=hint)


def wrong_count(text: str, body: str, rules: Dialect, readable: Readable) -> ScheduleError:
    """The error of a text that has too many fields or too few, with what may be meant."""
    tokens = body.split()
    most = max((n for n in rules.layouts if n <= len(tokens)), default=min(rules.layouts))
    *some, last = sorted(rules.layouts)
    wanted = f"{', '.join(map(str, some))} or {last}" if some else f"{last}"
    starts = [m.start() + 1 for m in re.finditer(r"\S+", body)]
    surplus = len(tokens) > most
    what = f"the expression has {len(tokens)} field{'s' * (len(tokens) != 1)}, and {rules.name} has {wanted}"
    hint = ""
    if five := MACROS.get(f"@{body.strip().lower()}"):
        what = f"{body.strip()!r} says no time of day, and {rules.name} reads fields"
        return _refused(text, rules, what, hint=_meant(five, rules, readable))
    if interval := _interval(body):
        what = (
            f"an interval is not time-based, and {rules.name} reads fields: it counts from a moment that is not named"
        )
        return _refused(text, rules, what, hint=_meant(interval, rules, readable))
    if len(tokens) == _FIVE:
        hint = _with_year(tokens, rules, readable)
    elif len(tokens) == _FIVE + 1:
        hint = f"{_SIX}: give the dialect that it is written in"
    return ScheduleError(
        what,
        dialect=rules.name,
        text=text,
        field="" if surplus else rules.layouts[most].fields[len(tokens)],
        column=starts[most] if surplus else len(text.rstrip()) + 1,
        allowed=" ".join(rules.layouts[most].fields),
        hint=hint,
    )


def check_blanks(text: str, rules: Dialect) -> None:
    """Refuse white space that the platform does not take for the end of a field.

    Raises:
        ScheduleError: a blank before the first field or after the last, or a tab.
    """
    odd = re.search(r"^\s|\t|\s$", text)
    if odd and text.strip():
        what = "a blank before, after, or other than a space"
        raise _refused(text, rules, what, column=odd.start() + 1, allowed="single spaces between the fields")


def _interval(text: str) -> str:
    """Five fields for an interval that divides its unit, "" for anything else."""
    found = _INTERVAL.fullmatch(text.strip())
    if found is None:
        return ""
    count = int((found["count"] or "1")[:4])
    five, size = _UNITS[found["unit"][0].lower()]
    if not count or size % count:
        return "?"
    return five.format(count).replace("*/1 ", "* ") if count < size else {60: "0 * * * *"}.get(size, "0 0 * * *")


def _meant(five: str, rules: Dialect, readable: Readable) -> str:
    """A hint with the expression that would be read."""
    said = _in_words_of(five.split(), rules)
    return f"if it is to run by the clock: {said}" if said and readable(said) else ""


def _with_year(tokens: list[str], rules: Dialect, readable: Readable) -> str:
    """What five fields may mean where there is a year: weekdays numbered from 0=SUN, or as the dialect does."""
    if rules.sunday == 0:
        return ""
    said = _in_words_of(tokens, rules)
    as_is = _in_words_of(tokens, rules, own=True)
    if said and said != as_is and readable(said) and readable(as_is):
        return f"{said} if its weekdays count from 0=SUN as in crontab, {as_is} if from 1=SUN as in EventBridge"
    more = "at second 0" if "second" in rules.fields else "with every year"
    return f"{more}: {said}" if said and readable(said) else ""


def _in_words_of(five: list[str], rules: Dialect, *, own: bool = False) -> str:
    """Crontab's five fields in the shortest layout of a dialect; "" where that does not go."""
    if len(five) != _FIVE:
        return ""
    minute, hour, dom, month, dow = five
    if rules.sunday:
        base = rules.sunday if own else 0
        if "/" not in dow:
            dow = re.sub(r"\d+", lambda m: WEEKDAY_NAMES[(int(m[0]) - base) % 7], dow)
        if rules.question == "days":
            dom, dow = (dom, "?") if dow in {"*", "?"} else ("?" if dom == "*" else dom, dow)
    values = {"minute": minute, "hour": hour, "day_of_month": dom, "month": month, "day_of_week": dow}
    layout = rules.layouts[min(rules.layouts)]
    return " ".join(values.get(name, "0" if name == "second" else "*") for name in layout.fields)


def _refused(
    text: str, rules: Dialect, what: str, *, field: str = "", column: int = 0, allowed: str = "", hint: str = ""
) -> ScheduleError:
    """An error about the whole text, at its first sign."""
    return ScheduleError(
        what,
        dialect=rules.name,
        text=text,
        field=field or rules.fields[0],
        column=column or len(text) - len(text.lstrip()) + 1,
        allowed=allowed,
        hint=hint,
    )
