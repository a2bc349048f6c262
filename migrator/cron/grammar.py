"""Reading one field of an expression into sets, by the rules of a dialect."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from attrs import frozen

from migrator.cron.dialects import DIALECTS, Dialect
from migrator.cron.model import NO_NTH, NOTHING

MONTH_NAMES: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAY_NAMES: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
AMBIGUOUS: Final = frozenset({"ambiguous_source"})
CERTAIN: Final[frozenset[str]] = frozenset()

_BOUNDS: Final = {"second": (0, 59), "minute": (0, 59), "hour": (0, 23), "day_of_month": (1, 31), "month": (1, 12)}
_ITEM: Final = re.compile(r"(?P<low>[*?]|[A-Z]+|[0-9]+)(?P<rest>-(?P<high>[A-Z]+|[0-9]+))?(?:/(?P<step>[0-9]+))?")
_MONTHDAY: Final = re.compile(r"(?P<last>L)(?:-(?P<back>[0-9]+))?(?P<lw>W)?|(?P<day>[0-9]+)W|(?P<dollar>\$)")
_WEEKDAY: Final = re.compile(r"(?P<day>[A-Z]{3}|[0-9]+)(?:(?P<last>L)|#(?P<nth>[0-9]+))|(?P<lone>L)")
_FOREIGN: Final = {
    "H": "H stands for a hash of the job's name, which only Jenkins knows",
    "~": "~ picks a random value, which is no schedule that can be moved",
    "W": "W (nearest working day) is not read here",
    "L": "L (last) is not read here",
    "#": "# (n-th weekday of the month) is not read here",
    "$": "$ (last day of the month) is not read here",
    "?": "? is not read here",
}
_MAX_ITEMS = 400
_MAX_DIGITS = 4
_WEEKS = 5


class Fault(Exception):  # noqa: N818 (never leaves the package: `parse` turns it into a ScheduleError with its place)
    """What is wrong with a field, and where in its text."""

    def __init__(self, what: str, *, field: str, offset: int = 0, allowed: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.field = field
        self.offset = offset
        self.allowed = allowed
        self.hint = hint


@frozen
class Field:
    """One field as sets.

    Attributes:
        values: plain values; for weekdays 0=SUN.
        nearest: days of the month whose nearest working day is meant.
        nth: (k, weekday) pairs.
        star: it leaves the decision to the other day field.
        flags: what is doubtful.
    """

    values: frozenset[int]
    nearest: frozenset[int] = NOTHING
    nth: frozenset[tuple[int, int]] = NO_NTH
    star: bool = False
    flags: frozenset[str] = CERTAIN


@lru_cache(maxsize=4096)
def read_field(token: str, name: str, dialect: str) -> Field:
    """The sets that one field's text stands for.

    Raises:
        Fault: the text means nothing in this dialect.
    """
    return _Reader(token.upper(), name, DIALECTS[dialect]).read()


class _Reader:
    """Reads one field; gathers its sets while walking the list."""

    def __init__(self, token: str, name: str, rules: Dialect) -> None:
        self.token = token
        self.name = name
        self.rules = rules
        self.offset = 0
        self.values: set[int] = set()
        self.nearest: set[int] = set()
        self.nth: set[tuple[int, int]] = set()
        self.doubts: set[str] = set()
        self.bit = False
        self.named = False
        if name == "day_of_week":
            self.low, self.high = rules.sunday, rules.last_weekday
        elif name == "year":
            self.low, self.high = rules.min_year, rules.max_year
        else:
            self.low, self.high = _BOUNDS[name]

    def read(self) -> Field:
        items = self.token.split(",", _MAX_ITEMS + 1)
        if len(items) > _MAX_ITEMS:
            raise self.fault(f"the list has more than {_MAX_ITEMS} items")
        for item in items:
            if not self.special(item, alone=len(items) == 1):
                self.plain(item)
            self.offset += len(item) + 1
        if self.name == "day_of_week":
            self.values = {(v - self.rules.sunday) % 7 for v in self.values}
        return Field(
            frozenset(self.values),
            frozenset(self.nearest),
            frozenset(self.nth),
            self.star(),
            AMBIGUOUS if self.doubts & self.rules.doubtful else CERTAIN,
        )

    def star(self) -> bool:
        match self.rules.star:
            case "first character":
                return self.token.startswith("*")
            case "bit":
                return self.bit
            case "lone":
                return self.token == "*"
            case "forbidden":
                return self.token in {"*", "?"}

    def plain(self, item: str) -> None:
        """A value, a range or a star, perhaps with a step."""
        found = _ITEM.fullmatch(item)
        if found is None:
            raise self.unreadable(item)
        self.named = False
        low, step = found["low"], self.step(found)
        if low in {"*", "?"}:
            self.check_star(low, found)
            self.bit = self.bit or step == 1
            start, end = self.low, self.high
            if step > 1 and self.name == "day_of_week":
                self.doubt_step(found)
        else:
            start = self.number(low, found.start("low"))
            end = self.end_of(found, start)
            if found["step"]:
                step = self.ranged_step(found, step)
        self.add(start, end, step, found)

    def end_of(self, found: re.Match[str], start: int) -> int:
        if found["high"]:
            return self.number(found["high"], found.start("high"))
        if not found["step"]:
            return start
        if not self.rules.open_step:
            raise self.fault(
                "a step needs a range or * before it",
                found.start("step") - 1,
                allowed=f"{found['low']}-{self.high}/{found['step']}",
            )
        return start if self.named and self.rules.named_step == "ignored" else self.high

    def step(self, found: re.Match[str]) -> int:
        if not found["step"]:
            return 1
        at = found.start("step")
        if not self.rules.steps:
            raise self.fault("steps are not read here", at - 1, allowed="a list of values")
        if len(found["step"]) > _MAX_DIGITS:
            raise self.fault("the step is too large", at, allowed=f"1-{self.high}")
        step = int(found["step"])
        if step == 0:
            raise self.fault("a step of 0 never moves on", at, allowed=f"1-{self.high}")
        if step > self.high and self.rules.wide_step == "error":
            raise self.fault("the step is larger than the field", at, allowed=f"1-{self.high}")
        return step

    def ranged_step(self, found: re.Match[str], step: int) -> int:
        if self.named and self.rules.named_step == "ignored":
            return 1
        if self.named and self.rules.named_step == "error":
            raise self.fault(
                "engines disagree on a step after names: some apply it, some ignore it",
                found.start("step") - 1,
                allowed="a list of names",
            )
        if self.name == "day_of_week":
            self.doubt_step(found)
        return step

    def doubt_step(self, found: re.Match[str]) -> None:
        if not self.rules.weekday_step:
            raise self.fault("the day of the week takes no step", found.start("step") - 1, allowed="a list of names")

    def check_star(self, low: str, found: re.Match[str]) -> None:
        if found["rest"]:
            raise self.fault(f"{low} cannot start a range", found.start("low"))
        if low == "*" or self.rules.question == "any":
            return
        day_field = self.name in {"day_of_month", "day_of_week"}
        if self.rules.question == "none":
            raise self.fault("? is not read here", found.start("low"), allowed="*")
        if not day_field:
            raise self.fault("? stands in the two day fields only", found.start("low"), allowed="*")
        if self.token != "?":
            raise self.fault("? must stand alone", found.start("low"))

    def number(self, text: str, at: int) -> int:
        """A value by number or by name.

        Raises:
            Fault: no such name, or beyond the field's range.
        """
        if text[0].isdigit():
            if len(text) > _MAX_DIGITS or not self.low <= int(text) <= self.high:
                hint = "weekdays count from 1=SUN here" if (self.name, self.low) == ("day_of_week", 1) else ""
                raise self.fault("the value is out of range", at, hint=hint)
            if self.name == "day_of_week":
                self.doubts.add("numeric weekday")
            return int(text)
        names = {"month": MONTH_NAMES, "day_of_week": WEEKDAY_NAMES}.get(self.name, ())
        if text not in names or not self.rules.names:
            raise self.unreadable(text, at)
        self.named = True
        return names.index(text) + self.low

    def add(self, start: int, end: int, step: int, found: re.Match[str]) -> None:
        if start > end:
            end, wrapped = self.wrapped(start, end, found)
            if not wrapped:
                return
        if self.rules.wide_step == "every" and found["step"] and step > end - start:
            self.doubts.add("wide step")
            step = 1
        size = self.high - self.low + 1 if self.name != "day_of_week" else 7
        self.values.update((v - self.low) % size + self.low if v > self.high else v for v in range(start, end + 1, step))

    def wrapped(self, start: int, end: int, found: re.Match[str]) -> tuple[int, bool]:
        """The end of a range that runs backwards, and whether it fires at all."""
        sunday = 7
        if self.rules.wrap == "never":
            return (sunday, start <= sunday) if end == 0 else (end, False)
        if self.rules.wrap == "error" or self.name == "year":
            raise self.fault(
                "the range runs backwards", found.start("low"), allowed=f"a-b with a < b, within {self.low}-{self.high}"
            )
        self.doubts.add("wrap")
        return end + (7 if self.name == "day_of_week" else self.high - self.low + 1), True

    def special(self, item: str, *, alone: bool) -> bool:
        """Reads `L`, `W`, `#` and `$`; False when the item is none of them."""
        if self.name == "day_of_month" and (found := _MONTHDAY.fullmatch(item)):
            self.monthday(found)
            return True
        if self.name == "day_of_week" and (found := _WEEKDAY.fullmatch(item)):
            if not alone:
                raise self.fault("L and # must stand alone in the day of the week")
            self.weekday(found)
            return True
        return False

    def monthday(self, found: re.Match[str]) -> None:
        if found["dollar"]:
            self.need("$", "$")
            self.values.add(-1)
        elif found["day"]:
            self.need("nW", "W")
            self.nearest.add(self.number(found["day"], 0))
        else:
            back = int(found["back"]) if found["back"] and len(found["back"]) <= _MAX_DIGITS else 0
            if found["back"] and not 1 <= back < self.high:
                raise self.fault("the day counted from the end is out of range", found.start("back"), allowed="1-30")
            self.need("LW" if found["lw"] else "L", "L")
            if back:
                self.need("L-n", "L")
            (self.nearest if found["lw"] else self.values).add(-1 - back)

    def weekday(self, found: re.Match[str]) -> None:
        if found["lone"]:
            self.need("dow L", "L")
            self.doubts.add("dow L")
            self.values.add(self.rules.sunday + 6)
            return
        self.need("nL" if found["last"] else "n#k", "L" if found["last"] else "#")
        day = (self.number(found["day"], 0) - self.rules.sunday) % 7
        k = -1 if found["last"] else int(found["nth"]) if len(found["nth"]) == 1 else 0
        if k != -1 and not 1 <= k <= _WEEKS:
            raise self.fault("a month has no such week", found.start("nth"), allowed=f"#1-#{_WEEKS}")
        self.nth.add((k, day))

    def need(self, special: str, sign: str) -> None:
        if special not in self.rules.specials:
            raise self.fault(_FOREIGN[sign])

    def unreadable(self, text: str, at: int = 0) -> Fault:
        if not text:
            return self.fault("the list has an empty item", at)
        reason = next((why for sign, why in _FOREIGN.items() if text.startswith(sign) or sign in "~#?$" and sign in text), "")
        return self.fault(reason or "this cannot be read", at)

    def fault(self, what: str, at: int = 0, *, allowed: str = "", hint: str = "") -> Fault:
        return Fault(
            what, field=self.name, offset=self.offset + at, allowed=allowed or self.range_text(), hint=hint
        )

    def range_text(self) -> str:
        text = f"{self.low}-{self.high}"
        if self.rules.names and self.name == "month":
            return f"{text} or JAN-DEC"
        if self.rules.names and self.name == "day_of_week":
            return f"{text} or SUN-SAT"
        return text
