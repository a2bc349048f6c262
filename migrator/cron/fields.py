"""Reading one field of an expression into sets: lists, ranges, steps and names."""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from migrator.cron.dialect import Dialect
from migrator.cron.model import NO_NTH, NOTHING

MONTH_NAMES: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAY_NAMES: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
CERTAIN: Final[frozenset[str]] = frozenset()
MAX_DIGITS: Final = 4

_ITEM: Final = re.compile(r"(?P<low>[*?]|[A-Z]+|[0-9]+)(?P<rest>-(?P<high>[A-Z]+|[0-9]+))?(?:/(?P<step>[0-9]+))?")
_MAX_ITEMS: Final = 400
FOREIGN: Final = {
    "H": "H stands for a value that Jenkins computes from the full name of the job, which is not known here",
    "R": "R picks a random value whenever it is read, which cannot be migrated",
    "~": "~ picks a random value, which cannot be migrated",
    "W": "W (nearest working day) is not read here",
    "L": "L (last) is not read here",
    "#": "# (n-th weekday of the month) is not read here",
    "$": "$ (last day of the month) is not read here",
    "?": "? is not read here",
}
"""Signs that other dialects read, and what to say where they are not read."""


class Fault(Exception):  # noqa: N818 (never leaves the package: `parse` turns it into a ScheduleError with its place)
    """What is wrong with a field, and where in its text."""

    def __init__(
        self, what: str, *, field: str, offset: int = 0, allowed: str = "", hint: str = "", question: str = ""
    ) -> None:
        super().__init__(what)
        self.question = question
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
        both: it asks that both day fields hold together.
        doubts: the open questions on which its meaning may depend.
    """

    values: frozenset[int]
    nearest: frozenset[int] = NOTHING
    nth: frozenset[tuple[int, int]] = NO_NTH
    star: bool = False
    both: bool = False
    doubts: frozenset[str] = CERTAIN


class FieldReader:
    """Reads one field; gathers its sets while walking the list."""

    names: tuple[str, ...] = ()

    def __init__(self, text: str, name: str, rules: Dialect, low: int, high: int) -> None:
        self.text = text
        self.name = name
        self.rules = rules
        self.low = low
        self.high = high
        self.size = high - low + 1
        self.offset = 0
        self.values: set[int] = set()
        self.nearest: set[int] = set()
        self.nth: set[tuple[int, int]] = set()
        self.doubts: frozenset[str] = CERTAIN
        self.bit = False
        self.whole = False
        self.named = False

    def read(self) -> Field:
        """The sets that the field stands for.

        Raises:
            Fault: it means nothing in this dialect.
        """
        items = self.text.split(",", _MAX_ITEMS + 1)
        if len(items) > _MAX_ITEMS:
            raise self.fault(f"the list has more than {_MAX_ITEMS} items")
        for item in items:
            if not self.special(item, alone=len(items) == 1):
                self.plain(item)
            self.offset += len(item) + 1
        return Field(
            frozenset(self.values),
            frozenset(self.nearest),
            frozenset(self.nth),
            self.star(),
            doubts=self.doubts & self.rules.doubtful or CERTAIN,
        )

    def special(self, item: str, *, alone: bool) -> bool:  # noqa: ARG002 (the day fields' readers use both)
        """Reads an item that is no plain value or range; False when it is none of those."""
        return False

    def star(self) -> bool:
        """Whether the field counts as unrestricted when the two day fields combine."""
        match self.rules.star:
            case "first character":
                return self.text.startswith("*")
            case "bit":
                return self.bit
            case "item":
                return self.whole
            case "lone":
                return self.text == "*"
            case "forbidden":
                return self.text in {"*", "?"}

    def plain(self, item: str) -> None:
        """Reads a value, a range or a star, perhaps with a step."""
        found = _ITEM.fullmatch(item)
        if found is None:
            raise self.unreadable(item)
        self.named = False
        step = self.step(found)
        if found["low"] in {"*", "?"}:
            self.check_star(found)
            self.bit = self.bit or step == 1
            self.whole = self.whole or not found["step"]
            start, end = self.low, self.high
        else:
            start = self.number(found["low"], found.start("low"))
            end = self.end(found, start)
        if found["high"] and start == end:
            self.doubts |= {"equal_range"}
            if self.rules.equal_range == "all":
                start, end = self.low, self.high
        if found["step"]:
            step = self.step_here(found, step)
            span = end - start if self.rules.wide_by == "range" else self.high
            if self.rules.wide_step != "error" and step > span >= 0:
                self.doubts |= {"wide_step"}
                step = 1 if self.rules.wide_step == "every" else step
        if start > end:
            start, end = self.wrapped(start, end, step, found)
        self.values.update((v - self.low) % self.size + self.low for v in range(start, end + 1, step))

    def end(self, found: re.Match[str], start: int) -> int:
        """The last value that a range may reach; of `a/n` that is the field's end."""
        if found["high"]:
            return self.number(found["high"], found.start("high"))
        if not found["step"] or (self.named and self.rules.named_step == "ignored"):
            return start
        if not self.rules.open_step:
            allowed = f"{found['low']}-{self.high}/{found['step']}"
            raise self.fault("a step needs a range or * before it", found.start("step") - 1, allowed=allowed)
        return self.high

    def step(self, found: re.Match[str]) -> int:
        """The step as written, 1 where there is none."""
        if not found["step"]:
            return 1
        at = found.start("step")
        if not self.rules.steps:
            raise self.fault("steps are not read here", at - 1, allowed="a list of values")
        if len(found["step"]) > MAX_DIGITS:
            raise self.fault("the step is too large", at, allowed=f"1-{self.high}")
        step = int(found["step"])
        if step == 0:
            raise self.fault("a step of 0 never moves on", at, allowed=f"1-{self.high}")
        widest = {"error": self.high, "field": self.size}.get(self.rules.wide_step, step)
        if step > widest:
            what, allowed = "the step is larger than the field", f"1-{widest}"
            raise self.fault(what, at, allowed=allowed, question="wide_step")
        return step

    def step_here(self, found: re.Match[str], step: int) -> int:
        """The step as this dialect applies it after what stands before it."""
        if not self.named:
            return step
        self.doubts |= {"named_step"}
        if self.rules.named_step != "error":
            return step if self.rules.named_step == "works" else 1
        what = "engines disagree on a step after names: some apply it, some ignore it"
        raise self.fault(what, found.start("step") - 1, allowed="a list of names", question="named_step")

    def check_star(self, found: re.Match[str]) -> None:
        """Refuses `*-5`, and `?` where it is not read."""
        low, at = found["low"], found.start("low")
        if found["rest"]:
            raise self.fault(f"{low} cannot start a range", at)
        if low == "*" or self.rules.question == "any":
            return
        if self.rules.question == "none":
            raise self.fault(FOREIGN["?"], at, allowed="*")
        if self.name not in {"day_of_month", "day_of_week"}:
            raise self.fault("? stands in the two day fields only", at, allowed="*")
        if self.text != "?":
            raise self.fault("? must stand alone", at)

    def number(self, text: str, at: int) -> int:
        """A value by number or by name.

        Raises:
            Fault: no such name, or beyond the field's range.
        """
        if text[0].isdigit():
            if len(text) > MAX_DIGITS or not self.low <= int(text) <= self.high:
                raise self.fault("the value is out of range", at)
            return int(text)
        if text not in self.names or not self.rules.names:
            raise self.unreadable(text, at)
        self.named = True
        return self.names.index(text) + self.low

    def wrapped(self, start: int, end: int, step: int, found: re.Match[str]) -> tuple[int, int]:
        """Bounds of a range that runs backwards: beyond the field's end, or none at all where it never fires."""
        if self.name != "year":
            self.doubts |= {"wrap"}
        match self.rules.wrap:
            case "never":
                return start, end
            case "cronie":  # takes the last 0 for Sunday's other number, 7, in every field
                return start, 7 if end == 0 else end
            case "croniter" if self.name != "year":
                first = self.turned(start, step)
                self.values.update(range(first, end + 1, step))
                return start, self.high
            case "wraps" if self.name != "year":
                return start, end + self.size
            case _:
                allowed = f"a-b with a < b, within {self.low}-{self.high}"
                question = "" if self.name == "year" else "wrap"
                raise self.fault("the range runs backwards", found.start("low"), allowed=allowed, question=question)

    def turned(self, start: int, step: int) -> int:
        """Where croniter goes on after a range has passed the field's end."""
        last = start + (self.high - start) // step * step
        over = self.high - last
        skips = last - self.low + step > self.size and over < step
        return self.low + (step - over if skips else 0)

    def unreadable(self, text: str, at: int = 0) -> Fault:
        """The fault of an item that is no value, with what its sign means elsewhere."""
        if not text:
            return self.fault("the list has an empty item", at)
        known = (why for sign, why in FOREIGN.items() if text.startswith(sign) or (sign in "~#?$" and sign in text))
        hint = "Jenkins shows the times at which the job runs: write those" if text.startswith("H") else ""
        return self.fault(next(known, "this cannot be read"), at, hint=hint)

    def fault(self, what: str, at: int = 0, *, allowed: str = "", hint: str = "", question: str = "") -> Fault:
        """Return a fault `at` characters into the item being read; `question`: what a connection may decide instead."""
        known = question if question in self.rules.doubtful else ""
        offset, allowed = self.offset + at, allowed or self.allowed()
        return Fault(what, field=self.name, offset=offset, allowed=allowed, hint=hint, question=known)

    def allowed(self) -> str:
        """The field's values, for messages."""
        text = f"{self.low}-{self.high}"
        return f"{text} or {self.names[0]}-{self.names[-1]}" if self.names and self.rules.names else text
