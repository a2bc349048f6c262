"""Time zones as what cron needs of them: stretches of time with one offset from UTC.

Minutes since 1970-01-01T00:00Z throughout. Offsets are whole minutes, as they have been everywhere since 1972.
"""

from __future__ import annotations

import importlib
import re
from calendar import isleap
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import TZPATH, ZoneInfo, ZoneInfoNotFoundError, available_timezones

from attrs import frozen

from migrator.cron.zone_names import MACHINE_NAMES, SECOND_TREES

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DAY: Final = 1440
FAR_YEAR: Final = 2140
"""Zones are looked at up to this year. Their last listed changes lie before 2090; what follows is a rule by month, week
and weekday, which meets every kind of year within 40. So what holds until then always holds (with this tzdata)."""

_ALL_KINDS: Final = 40  # years that hold every weekday of the first of January, leap years and others
_STEP: Final = 6 * DAY  # the shortest time between two changes, in any zone since 1970, is a week
_RELEASE: Final = re.compile(r"#? ?(?:version )?(?P<release>20\d\d[a-z])")


@frozen
class OffsetPeriod:
    """A time during which a zone keeps one offset.

    Attributes:
        start: first minute.
        end: the minute after the last.
        offset: local time minus UTC, minutes.
    """

    start: int
    end: int
    offset: int


def to_minutes(at: datetime) -> int:
    """Whole minutes since 1970-01-01T00:00Z, rounded down."""
    return (at - EPOCH) // timedelta(minutes=1)


@lru_cache(maxsize=4096)
def from_minutes(minutes: int) -> datetime:
    """The instant as an aware UTC datetime."""
    return EPOCH + timedelta(minutes=minutes)


@lru_cache(maxsize=1024)
def load_zone(name: str) -> ZoneInfo:
    """Return a zone of the time zone database, of the release that `tzdata_version` names.

    Raises:
        ZoneInfoNotFoundError: the database has no zone of exactly that name.
    """
    packaged = _package_release() > _system_release()
    names = _package_names() if packaged else _system_names()
    if name not in names:
        raise ZoneInfoNotFoundError(f"no time zone found with key {name}")
    places = [_package().joinpath("zoneinfo")] if packaged else [Path(folder) for folder in TZPATH]
    for place in places:
        for spelling in (name, names[name]):
            file = place.joinpath(*spelling.split("/"))
            if file.is_file():
                with file.open("rb") as opened:
                    return ZoneInfo.from_file(opened, key=name)
    raise ZoneInfoNotFoundError(f"no time zone found with key {name}")


def zone_names() -> frozenset[str]:
    """Return every name of the database in use."""
    return frozenset(_package_names() if _package_release() > _system_release() else _system_names())


def _package() -> Traversable:
    from importlib.resources import files  # noqa: PLC0415 (slow to import, and needed for the first zone only)

    return files("tzdata")


@lru_cache(maxsize=1)
def _package_names() -> Mapping[str, str]:
    """The names in the package, each with the name of its file."""
    names = _package().joinpath("zones").read_text(encoding="utf-8").split()
    return {name: name for name in names if name not in MACHINE_NAMES}


@lru_cache(maxsize=1)
def _system_names() -> Mapping[str, str]:
    """The names of this system's copy, each with the name that it links to; some systems have no file for a link."""
    for folder in TZPATH:
        with suppress(OSError, UnicodeDecodeError):
            lines = (Path(folder) / "tzdata.zi").read_text(encoding="utf-8").splitlines()
            zones = {line.split()[1]: line.split()[1] for line in lines if line.startswith("Z")}
            bindings = {line.split()[2]: line.split()[1] for line in lines if line.startswith("L")}
            return {name: of for name, of in {**bindings, **zones}.items() if name not in MACHINE_NAMES}
    return {name: name for name in available_timezones() - MACHINE_NAMES if not name.startswith(SECOND_TREES)}


@lru_cache(maxsize=1)
def tzdata_version() -> str:
    """The release of the time zone database in use, such as "2026f"; "unknown" when no copy says."""
    return max(_package_release(), _system_release()) or "unknown"


def tzdata_source() -> str:
    """Where the database in use comes from."""
    return "the package tzdata" if _package_release() > _system_release() else "this system"


@lru_cache(maxsize=1)
def _package_release() -> str:
    try:
        return str(importlib.import_module("tzdata").IANA_VERSION)
    except ImportError:
        return ""


@lru_cache(maxsize=1)
def _system_release() -> str:
    for folder in TZPATH:
        for name in ("tzdata.zi", "+VERSION"):
            try:
                with (Path(folder) / name).open(encoding="utf-8") as file:
                    found = _RELEASE.match(file.readline())
            except (OSError, UnicodeDecodeError):
                continue
            if found:
                return found["release"]
    return ""


@lru_cache(maxsize=4096)
def stretches(zone: str, first_year: int, last_year: int) -> tuple[OffsetPeriod, ...]:
    """The zone's stretches from the start of `first_year` to the end of `last_year`, UTC, clipped to that time."""
    bounds = [_year_start(first_year)]
    offsets = [_offset(load_zone(zone), bounds[0])]
    for year in range(first_year, last_year + 1):
        for at, offset in _changes(zone, year):
            bounds.append(at)
            offsets.append(offset)
    bounds.append(_year_start(last_year + 1))
    return tuple(OffsetPeriod(a, b, o) for (a, b), o in zip(pairwise(bounds), offsets, strict=True))


@lru_cache(maxsize=4096)
def stretches_around(zone: str, start: int, end: int) -> tuple[OffsetPeriod, ...]:
    """The zone's stretches that touch [start, end) or come within a day of it.

    The day is for rules about repeated times, which need to see the change that made them repeat.
    """
    start, end = start - DAY, end + DAY
    inside = stretches(zone, from_minutes(start).year, from_minutes(end).year)
    return tuple(s for s in inside if s.start < end and s.end > start)


@lru_cache(maxsize=4096)
def fixed_offset(zone: str, start: int) -> int | None:
    """The zone's offset in minutes if it never changes again after minute `start`, else None."""
    return offset_at(zone, start) if next_change(zone, start) is None else None


@lru_cache(maxsize=4096)
def same_zone(one: str, other: str, start: int) -> bool:
    """Whether two zones show the same time from minute `start` on."""
    if one == other:
        return True
    year = from_minutes(start).year
    return all(_ahead(one, start, last) == _ahead(other, start, last) for last in (year + 1, FAR_YEAR))


def _ahead(zone: str, start: int, last_year: int) -> list[tuple[int, int]]:
    """From when on, after `start`, the zone has which offset."""
    spans = stretches(zone, from_minutes(start).year, last_year)
    return [(max(s.start, start), s.offset) for s in spans if s.end > start]


@lru_cache(maxsize=4096)
def offset_at(zone: str, minute: int) -> int:
    """The zone's offset at a minute."""
    return next(s.offset for s in stretches_around(zone, minute, minute) if s.start <= minute < s.end)


@lru_cache(maxsize=4096)
def next_change(zone: str, after: int) -> int | None:
    """The first minute after `after` at which the zone's offset changes, None if it never does again."""
    year = from_minutes(after).year
    for span in (1, max(FAR_YEAR - year, 1)):
        for stretch in stretches(zone, year, year + span)[1:]:
            if stretch.start > after:
                return stretch.start
    return None


@lru_cache(maxsize=512)
def steady_dates(zone: str, from_year: int) -> dict[int, tuple[int, ...]]:
    """Per offset: the dates (bits per month, bit 0 is day 1) that lie wholly within it in every year to come."""
    seen: dict[int, list[int]] = {}
    for stretch in stretches(zone, from_year, FAR_YEAR):
        marks = seen.setdefault(stretch.offset, [0] * 13)
        first, last = from_minutes(stretch.start - DAY).date(), from_minutes(stretch.end + DAY).date()
        for ordinal in range(first.toordinal(), min(last.toordinal(), first.toordinal() + 370) + 1):
            day = date.fromordinal(ordinal)
            marks[day.month] |= 1 << (day.day - 1)
    return {
        offset: tuple(
            days & ~_union(others[month] for other, others in seen.items() if other != offset)
            for month, days in enumerate(marks)
        )
        for offset, marks in seen.items()
    }


def month_days(month: int) -> int:
    """The days of a month, in a leap year, as bits."""
    return (1 << (29 if month == 2 else 30 if month in {4, 6, 9, 11} else 31)) - 1  # noqa: PLR2004 (February)


def _union(bits: Iterable[int]) -> int:
    found = 0
    for some in bits:
        found |= some
    return found


@lru_cache(maxsize=65536)
def _changes(zone: str, year: int) -> tuple[tuple[int, int], ...]:
    """When the offset changes within a year: (minute, new offset)."""
    if year > FAR_YEAR:
        like = next(y for y in range(FAR_YEAR, FAR_YEAR - _ALL_KINDS, -1) if _kind_of_year(y) == _kind_of_year(year))
        later = _year_start(year) - _year_start(like)
        return tuple((at + later, offset) for at, offset in _changes(zone, like))
    info = load_zone(zone)
    at, end = _year_start(year) - 1, _year_start(year + 1)
    offset = _offset(info, at)
    found: list[tuple[int, int]] = []
    while at < end:
        then = min(at + _STEP, end)
        after = _offset(info, then)
        if after != offset:
            low, high = at, then
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(info, middle) == offset else (low, middle)
            found.append((high, after))
        at, offset = then, after
    return tuple(c for c in found if c[0] < end)


def _offset(info: ZoneInfo, minute: int) -> int:
    offset = (EPOCH + timedelta(minutes=minute)).astimezone(info).utcoffset()
    assert offset is not None
    return round(offset.total_seconds() / 60)


def _kind_of_year(year: int) -> tuple[int, bool]:
    """Weekday of the first of January, and whether it is a leap year: all that a rule for clock changes looks at."""
    return date(year, 1, 1).weekday(), isleap(year)


@lru_cache(maxsize=1024)
def _year_start(year: int) -> int:
    return to_minutes(datetime(year, 1, 1, tzinfo=UTC))
