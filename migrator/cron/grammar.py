"""The fields of an expression: which reader reads which, and what only the day fields have."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from attrs import evolve

from migrator.cron.answers import Decided, rules_of
from migrator.cron.dialect import Special
from migrator.cron.dialects import DIALECTS
from migrator.cron.fields import FOREIGN, MAX_DIGITS, MONTH_NAMES, WEEKDAY_NAMES, Field, FieldReader

_BOUNDS: Final = {"second": (0, 59), "minute": (0, 59), "hour": (0, 23), "day_of_month": (1, 31), "month": (1, 12)}
_MONTH_DAY: Final = re.compile(
    r"(?P<last>L)(?:-(?P<back>[0-9]+))?(?P<work>W)?|(?P<day>[0-9]+)W|W(?P<back_day>[0-9]+)|(?P<dollar>\$)"
)
_WEEKDAY: Final = re.compile(
    r"(?P<day>[A-Z]{3}|[0-9]+)(?:(?P<last>L)|#(?P<nth>[0-9]+))|L(?P<last_day>[0-9]+)|(?P<lone>L)"
)
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
            return _YearReader(text, name, rules, rules.min_year, rules.max_year).read()
        case _:
            return FieldReader(text, name, rules, *_BOUNDS[name]).read()


class _MonthReader(FieldReader):
    names = MONTH_NAMES


class _YearReader(FieldReader):
    def step(self, found: re.Match[str]) -> int:
        if found["step"] and found["low"] in {"*", "?"} and not self.rules.year_step:
            raise self.fault("the year takes no step after *", found.start("step") - 1, allowed="a-b/n")
        return super().step(found)


class _MonthDayReader(FieldReader):
    """Adds `L`, `L-n`, `LW`, `L-nW`, `nW` and `$`."""

    def special(self, item: str, *, alone: bool) -> bool:
        found = _MONTH_DAY.fullmatch(item)
        if found is None:
            return False
        if found["dollar"]:
            self.need("$", "$", alone=alone)
            self.values.add(-1)
        elif day := found["day"] or found["back_day"]:
            self.need("nW" if found["day"] else "Wn", "W", alone=alone)
            self.nearest.add(self.number(day, found.start("day") if found["day"] else 1))
        else:
            self.need("LW" if found["work"] else "L", "L", alone=alone)
            if found["back"]:
                self.need("L-n", "L", alone=alone)
            (self.nearest if found["work"] else self.values).add(-1 - self.back(found))
        return True

    def back(self, found: re.Match[str]) -> int:
        """How many days before the last one."""
        if not found["back"]:
            return 0
        if len(found["back"]) > MAX_DIGITS or not 1 <= int(found["back"]) < self.high:
            raise self.fault("no month has that many days before its last", found.start("back"), allowed="1-30")
        return int(found["back"])

    def need(self, special: Special, sign: str, *, alone: bool) -> None:
        """Refuse a special that is not read here, or not in a list."""
        if special not in self.rules.specials:
            raise self.fault(FOREIGN[sign])
        if not alone and special not in self.rules.listed:
            raise self.fault(f"{sign} must stand alone in the day of the month")


class _WeekdayReader(FieldReader):
    """Adds `nL`, `n#k` and the lone `L`; counts from 0=SUN in every dialect."""

    names = WEEKDAY_NAMES

    def read(self) -> Field:
        self.size = 7
        both = self.rules.both and self.text.startswith("+")
        if both:
            self.text, self.offset = self.text[1:], 1
        found = super().read()
        if found.nth and found.values and not self.rules.mixed:
            self.offset = 0
            raise self.fault("weekdays and n-th weekdays are not read in one list")
        return evolve(found, values=frozenset((v - self.low) % 7 for v in found.values), both=both)

    def special(self, item: str, *, alone: bool) -> bool:
        found = _WEEKDAY.fullmatch(item)
        if found is None:
            return False
        kind: Special = "nL" if found["last"] else "n#k" if found["nth"] else "Ln" if found["last_day"] else "dow L"
        if kind not in self.rules.specials:
            raise self.fault(FOREIGN["#" if kind == "n#k" else "L"], max(found.end("day"), 0))
        if not alone and kind not in self.rules.listed:
            raise self.fault("L and # must stand alone in the day of the week")
        if kind == "dow L":
            self.doubts |= {"weekday_l"}
            if self.rules.weekday_l == "last_saturday":
                self.nth.add((-1, _SATURDAY))
            else:
                self.values.add(self.low + (_SATURDAY if self.rules.weekday_l == "saturday" else 0))
            return True
        k = -1 if kind != "n#k" else int(found["nth"]) if len(found["nth"]) == 1 else 0
        if k != -1 and not 1 <= k <= _WEEKS:
            raise self.fault("a month has no such week", found.start("nth"), allowed=f"#1-#{_WEEKS}")
        day, at = (found["last_day"], 1) if kind == "Ln" else (found["day"], 0)
        self.nth.add((k, (self.number(day, at) - self.low) % 7))
        return True

    def number(self, text: str, at: int) -> int:
        if not text[0].isdigit():
            return super().number(text, at)
        self.doubts |= {"weekday_base"}
        if self.rules.seven and text.lstrip("0") == "7":
            return 0
        if len(text) > MAX_DIGITS or not self.low <= int(text) <= self.high:
            hint = "weekdays count from 1=SUN here" if self.low else ""
            raise self.fault("the value is out of range", at, hint=hint, question="weekday_base")
        return int(text)

    def end(self, found: re.Match[str], start: int) -> int:
        if found["high"] == "SUN" and self.rules.late_sunday:
            return self.high
        return super().end(found, start)

    def step(self, found: re.Match[str]) -> int:
        if found["step"] and not self.rules.weekday_step:
            raise self.fault("the day of the week takes no step", found.start("step") - 1, allowed="a list of names")
        return super().step(found)
