"""Second opinions: cronsim (Debian's rules) and croniter, wherever their rules are ours.

Known disagreements, each the library's own reading and therefore kept out of the comparison:
- croniter reads an equal range (`5-5`) as the whole cycle; every daemon reads one value.
- croniter takes `*/n` in a day field for a restriction (OR); Vixie's daemons take its star for a wildcard (AND).
- croniter clamps `31W` to the end of a short month; Quartz skips the month.
- croniter knows no LW and no L-n, and no years after 2099.
- croniter runs skipped times at the end of the gap and repeated times twice, which is no platform's rule here.
- cronsim has no macros, no `?`, no years; an impossible date (30 February) is an error there.
- cronsim reads `5-5/2` as `5/2`, and a step wider than its range as the first value; ISC cron reads all of it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from croniter import croniter
from cronsim import CronSim, CronSimError
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

from migrator.cron import next_fires, parse
from migrator.cron.zones import load_zone
from tests.cron.texts import five_fields
from tests.cron.walk import DAYS

START = datetime(2026, 12, 31, tzinfo=UTC)
COUNT = 12
STARTS = st.integers(0, 3 * 365 * 1440).map(lambda m: START + timedelta(minutes=m))
DEBIAN_ZONES = st.sampled_from(["UTC", "Europe/London", "America/New_York", "Australia/Sydney", "Asia/Kolkata"])


@given(text=five_fields("vixie"), start=STARTS, zone=DEBIAN_ZONES)
@settings(max_examples=100, deadline=None)
def test_cronsim_agrees_on_debian_rules(text: str, start: datetime, zone: str) -> None:
    """The daemon's rules, days and clock changes included, are those of cronsim."""
    cron = parse(text, "vixie")
    assume(not any(step > last - first for first, last, step in stepped_ranges(text)))
    try:
        simulated = CronSim(text, start.astimezone(load_zone(zone)))
        expected = [t.astimezone(UTC) for t in islice(simulated, COUNT)]
    except CronSimError:
        reject()
    assert next_fires(cron, zone, start, COUNT, dialect="vixie") == expected


@given(text=five_fields("robfig"), start=STARTS)
@settings(max_examples=100, deadline=None)
def test_croniter_agrees_on_plain_rules(text: str, start: datetime) -> None:
    """What croniter finds is what we find, apart from what the list above names."""
    _, _, dom, _, dow = text.split()
    assume(not re.search(r"\b(\w+)-\1\b", text))
    assume("*" in {dom, dow} or not any("*" in field for field in (dom, dow)))
    found = next_fires(text, "UTC", start, COUNT, dialect="robfig")
    times = croniter(text, start, max_years_between_matches=8)
    assert found == [times.get_next(datetime) for _ in found]


@given(
    day=st.sampled_from(["1W", "15W", "28W", "L", "?"]),
    weekday=st.sampled_from([*(f"{d}#{k}" for d in DAYS for k in (1, 3, 5)), *(f"{d}L" for d in DAYS)]),
    month=st.sampled_from(["*", "2", "1-6"]),
    year=st.sampled_from(["*", "2027", "2028-2030"]),
    start=STARTS,
)
@settings(max_examples=100, deadline=None)
def test_croniter_agrees_on_specials(day: str, weekday: str, month: str, year: str, start: datetime) -> None:
    """L, nW, n#k, nL and years, put into croniter's seven fields, fire when ours do."""
    weekday = "?" if day != "?" else weekday
    theirs = f"L{DAYS.index(weekday[:-1])}" if weekday.endswith("L") else weekday.replace("?", "*")
    found = next_fires(f"30 9 {day} {month} {weekday} {year}", "UTC", start, COUNT, dialect="eventbridge")
    times = croniter(f"30 9 {day.replace('?', '*')} {month} {theirs} 0 {year}", start, max_years_between_matches=50)
    assert found == [times.get_next(datetime) for _ in found]


@given(
    text=five_fields("croniter"),
    more=st.sampled_from(["", "", " 0", " 30", " 0 2027-2029"]),
    start=STARTS,
    zone=st.sampled_from(["UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata"]),
)
@settings(max_examples=60, deadline=None)
def test_croniter_agrees_on_its_own_dialect(text: str, more: str, start: datetime, zone: str) -> None:
    """The dialect that is named after it is croniter's, equal ranges, day rules and clock changes included."""
    found = next_fires(text + more, zone, start, COUNT, dialect="croniter")
    times = croniter(text + more, start.astimezone(load_zone(zone)), max_years_between_matches=8)
    assert found == [times.get_next(datetime).astimezone(UTC) for _ in found]


@pytest.mark.parametrize(
    ("text", "ours", "theirs"),
    [("0 0 1-1 * *", 28, 1), ("0 0 */2 * 1", 14, 2)],
)
def test_known_disagreements_with_croniter(text: str, ours: int, theirs: int) -> None:
    """The named disagreements are there: days until the fire after the first one, in February 2027."""
    start = datetime(2027, 1, 31, 12, tzinfo=UTC)
    first = next_fires(text, "UTC", start, 1, dialect="vixie")[0]
    assert (next_fires(text, "UTC", first, 1, dialect="vixie")[0] - first).days == ours
    assert (croniter(text, first).get_next(datetime) - first).days == theirs


def stepped_ranges(text: str) -> list[tuple[int, int, int]]:
    """First, last and step of every range of numbers that has a step."""
    return [(int(a), int(b), int(n)) for a, b, n in re.findall(r"(\d+)-(\d+)/(\d+)", text)]
