"""Second opinions: cronsim (Debian's rules) and croniter, wherever their rules are ours.

Known disagreements, each the library's own reading and therefore kept out of the comparison:
- croniter reads an equal range (`5-5`) as the whole cycle; every daemon reads one value.
- croniter takes `*/n` in a day field for a restriction (OR); Vixie's daemons take its star for a wildcard (AND).
- croniter clamps `31W` to the end of a short month; Quartz skips the month.
- croniter knows no LW and no L-n, and no years after 2099.
- croniter runs skipped times at the end of the gap and repeated times twice, which is no platform's rule here.
- cronsim has no macros, no `?`, no years; an impossible date (30 February) is an error there.
- cronsim refuses a step that is wider than the field; ISC cron reads it as every value.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from croniter import croniter
from cronsim import CronSim, CronSimError
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from migrator.cron import next_fires, parse
from tests.cron.texts import five_fields
from tests.cron.walk import DAYS

START = datetime(2026, 12, 31, tzinfo=UTC)
COUNT = 12
STARTS = st.integers(0, 3 * 365 * 1440).map(lambda m: START + timedelta(minutes=m))
DEBIAN_ZONES = st.sampled_from(["UTC", "Europe/London", "America/New_York", "Australia/Sydney", "Asia/Kolkata"])


@given(text=five_fields("vixie"), start=STARTS, zone=DEBIAN_ZONES)
@settings(max_examples=300, deadline=None)
def test_cronsim_agrees_on_debian_rules(text: str, start: datetime, zone: str) -> None:
    """The daemon's rules, days and clock changes included, are those of cronsim."""
    cron = parse(text, "vixie")
    assume("ambiguous_source" not in cron.flags or "*/" in text.split()[2] or "*/" in text.split()[4])
    try:
        simulated = CronSim(text, start.astimezone(zoneinfo(zone)))
        expected = [t.astimezone(UTC) for t in islice(simulated, COUNT)]
    except CronSimError:
        assume(False)
    assert next_fires(cron, zone, start, COUNT, dialect="vixie") == expected


@given(text=five_fields("robfig"), start=STARTS)
@settings(max_examples=300, deadline=None)
def test_croniter_agrees_on_plain_rules(text: str, start: datetime) -> None:
    """croniter fires when we do, apart from what the list above names."""
    minute, hour, dom, month, dow = text.split()
    ranges = [item.partition("/")[0].split("-") for item in text.replace(" ", ",").split(",")]
    assume(not any(len(r) == 2 and r[0] == r[1] for r in ranges))
    assume(dom == "*" or dow == "*" or not any("*" in field for field in (dom, dow)))
    cron = parse(text, "robfig")
    expected = []
    times = croniter(f"{minute} {hour} {dom} {month} {dow}", start, max_years_between_matches=8)
    found = next_fires(cron, "UTC", start, COUNT, dialect="robfig")
    expected = [times.get_next(datetime) for _ in found]
    assert found == expected


@given(
    day=st.sampled_from(["1W", "15W", "28W", "L", "?"]),
    weekday=st.sampled_from([*(f"{d}#{k}" for d in DAYS for k in (1, 3, 5)), *(f"{d}L" for d in DAYS)]),
    month=st.sampled_from(["*", "2", "1-6"]),
    year=st.sampled_from(["*", "2027", "2028-2030"]),
    start=STARTS,
)
@settings(max_examples=300, deadline=None)
def test_croniter_agrees_on_specials(day: str, weekday: str, month: str, year: str, start: datetime) -> None:
    """L, nW, n#k, nL and years, put into croniter's seven fields, fire when ours do."""
    weekday = "?" if day != "?" else weekday
    theirs = f"L{DAYS.index(weekday[:-1])}" if weekday.endswith("L") else weekday.replace("?", "*")
    found = next_fires(f"30 9 {day} {month} {weekday} {year}", "UTC", start, COUNT, dialect="eventbridge")
    times = croniter(f"30 9 {day.replace('?', '*')} {month} {theirs} 0 {year}", start, max_years_between_matches=50)
    assert found == [times.get_next(datetime) for _ in found]


@pytest.mark.parametrize(
    ("text", "ours", "theirs"),
    [("0 0 1-1 * *", 28, 1), ("0 0 */2 * 1", 11, 1)],
)
def test_known_disagreements_with_croniter(text: str, ours: int, theirs: int) -> None:
    """The named disagreements are there: days until the fire after the first one, in February 2027."""
    start = datetime(2027, 1, 31, 12, tzinfo=UTC)
    first = next_fires(text, "UTC", start, 1, dialect="vixie")[0]
    assert (next_fires(text, "UTC", first, 1, dialect="vixie")[0] - first).days == ours
    assert (croniter(text, first).get_next(datetime) - first).days == theirs


def zoneinfo(name: str) -> object:
    from migrator.cron.zones import load_zone  # noqa: PLC0415

    return load_zone(name)
