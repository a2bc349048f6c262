"""The fields of an expression: which reader reads which, and what only the day fields have."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from attrs import evolve

from migrator.cron.answers import Decided, rules_of
from migrator.cron.dialects import DIALECTS
from migrator.cron.fields import FOREIGN, MAX_DIGITS, MONTH_NAMES, WEEKDAY_NAMES, Field, FieldReader

_BOUNDS: Final = {"second": (0, 59), "minute": (0, 59), "hour": (0, 23), "day_of_month": (1, 31), "month": (1, 12)}
_MONTH_DAY: Final = re.compile(r"(?P<last>L)(?:-(?P<back>[0-9]+))?(?P<work>W)?|(?P<day>[0-9]+)W|(?P<dollar>\$)")
_WEEKDAY: Final = re.compile(r"(?P<day>[A-Z]{3}|[0-9]+)(?:(?P<last>L)|#(?P<nth>[0-9]+))|(?P<lone>L)")
_WEEKS: Final = 5
_SATURDAY: Final = 6


@lru_cache(maxsize=4096)
def read_field(text: str, name: str, dialect: str, decided: Decided = ()) -> Field:
    """The sets that one field's text stands for.

    Raises:
        Fault: the text means nothing in this dialect.
    """
    rules = rules_of(dialect, decided) if decided else DIALECTS[dialect]
    text = text.upper()
    match name:
        case "day_of_month":
            return _MonthDayReader(text, name, rules, *_BOUNDS[name]).read()
        case "month":
            return _MonthReader(text, name, rules, *_BOUNDS[name]).read()
        case "day_of_week":
            return _WeekdayReader(text, name, rules, rules.sunday, rules.last_weekday).read()
        case "year":
            return FieldReader(text, name, rules, rules.min_year, rules.max_year).read()
        case _:
            return FieldReader(text, name, rules, *_BOUNDS[name]).read()


class _MonthReader(FieldReader):
    names = MONTH_NAMES


class _MonthDayReader(FieldReader):
    """Adds `L`, `L-n`, `LW`, `L-nW`, `nW` and `$`."""

    def special(self, item: str, *, alone: bool) -> bool:  # noqa: ARG002 (lists of these are read)
        found = _MONTH_DAY.fullmatch(item)
        if found is None:
            return False
        specials = self.rules.specials
        if found["dollar"]:
            self.need("$" in specials, "$")
            self.values.add(-1)
        elif found["day"]:
            self.need("nW" in specials, "W")
            self.nearest.add(self.number(found["day"], 0))
        else:
            self.need(
                ("LW" if found["work"] else "L") in specials and not (found["back"] and "L-n" not in specials), "L"
            )
            (self.nearest if found["work"] else self.values).add(-1 - self.back(found))
        return True

    def back(self, found: re.Match[str]) -> int:
        """How many days before the last one."""
        if not found["back"]:
            return 0
        if len(found["back"]) > MAX_DIGITS or not 1 <= int(found["back"]) < self.high:
            raise self.fault("no month has that many days before its last", found.start("back"), allowed="1-30")
        return int(found["back"])

    def need(self, read: bool, sign: str) -> None:  # noqa: FBT001 (a condition, as in an assertion)
        if not read:
            raise self.fault(FOREIGN[sign])


class _WeekdayReader(FieldReader):
    """Adds `nL`, `n#k` and the lone `L`; counts from 0=SUN whatever the dialect does."""

    names = WEEKDAY_NAMES

    def read(self) -> Field:
        self.size = 7
        found = super().read()
        return evolve(found, values=frozenset((v - self.low) % 7 for v in found.values))

    def special(self, item: str, *, alone: bool) -> bool:
        found = _WEEKDAY.fullmatch(item)
        if found is None:
            return False
        if not alone:
            raise self.fault("L and # must stand alone in the day of the week")
        if found["lone"]:
            if "dow L" not in self.rules.specials:
                raise self.fault(FOREIGN["L"])
            self.doubts |= {"weekday_l"}
            if self.rules.weekday_l == "last_saturday":
                self.nth.add((-1, _SATURDAY))
            else:
                self.values.add(self.low + (_SATURDAY if self.rules.weekday_l == "saturday" else 0))
            return True
        if ("nL" if found["last"] else "n#k") not in self.rules.specials:
            raise self.fault(FOREIGN["L" if found["last"] else "#"], found.end("day"))
        k = -1 if found["last"] else int(found["nth"]) if len(found["nth"]) == 1 else 0
        if k != -1 and not 1 <= k <= _WEEKS:
            raise self.fault("a month has no such week", found.start("nth"), allowed=f"#1-#{_WEEKS}")
        self.nth.add((k, (self.number(found["day"], 0) - self.low) % 7))
        return True

    def number(self, text: str, at: int) -> int:
        if not text[0].isdigit():
            return super().number(text, at)
        self.doubts |= {"weekday_base"}
        if len(text) > MAX_DIGITS or not self.low <= int(text) <= self.high:
            hint = "weekdays count from 1=SUN here" if self.low else ""
            raise self.fault("the value is out of range", at, hint=hint, question="weekday_base")
        return int(text)

    def step(self, found: re.Match[str]) -> int:
        if found["step"] and not self.rules.weekday_step:
            raise self.fault("the day of the week takes no step", found.start("step") - 1, allowed="a list of names")
        return super().step(found)
