"""The arithmetic below translations: fire sets, covers, and date sets that hold for ever."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.cron import parse
from migrator.cron.cover import cover_days, products
from migrator.cron.date_rules import disjoint, is_partition, say_dates
from migrator.cron.days import GREGORIAN_CYCLE, day_bits, is_empty
from migrator.cron.firesets import Window, add, fires_of, instants, minus, rotate, size, times_of_day
from migrator.cron.model import Dates
from migrator.cron.renderer import can_say
from migrator.cron.zones import DAY, from_minutes, to_minutes
from tests.cron.texts import texts
from tests.cron.walk import matches

PRODUCTS = st.lists(st.tuples(st.integers(1, 255), st.integers(1, 255)), max_size=6)
FIRST = date(2027, 1, 1).toordinal()


def pairs(product: tuple[int, int]) -> set[tuple[int, int]]:
    days, minutes = product
    return {(d, m) for d in range(8) for m in range(8) if days >> d & 1 and minutes >> m & 1}


def dates_of_text(text: str) -> Dates:
    return parse(text, "quartz").dates


@given(one=PRODUCTS, other=PRODUCTS)
def test_fire_sets_are_sets(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    """Union, difference and size are those of plain sets, and equal sets are equal values."""
    left: dict[int, int] = {}
    right: dict[int, int] = {}
    for product in one:
        add(left, *product)
    for product in reversed(other):
        add(right, *product)
    plain_left = set().union(*map(pairs, one))
    plain_right = set().union(*map(pairs, other))
    assert size(left) == len(plain_left)
    assert (left == right) == (plain_left == plain_right)
    assert set().union(*map(pairs, minus(left, right).items())) == plain_left - plain_right


def test_instants_are_in_order() -> None:
    """Instants come out ascending, as minutes since 1970."""
    window = Window(*(to_minutes(datetime(2027, 3, day, tzinfo=UTC)) for day in (13, 16)))
    fires = fires_of(parse("30 2,14 * * *", "robfig"), "robfig", "America/New_York", window)
    found = [f"{from_minutes(m):%dT%H:%M}" for m in instants(fires, window)]
    assert found == ["13T07:30", "13T19:30", "14T18:30", "15T06:30", "15T18:30"]


@given(times=st.integers(0, (1 << DAY) - 1), offset=st.integers(-1600, 1600))
def test_rotation(times: int, offset: int) -> None:
    """Moving times of the day by an offset moves each minute, and the day where it crosses midnight."""
    expected = {divmod(m - offset, DAY) for m in range(DAY) if times >> m & 1}
    assert {(by, m) for by, some in rotate(times, offset) for m in range(DAY) if some >> m & 1} == expected


@given(
    hours=st.lists(st.integers(0, 23), max_size=4),
    minutes=st.lists(st.integers(0, 59), max_size=4),
    more=st.lists(st.integers(0, DAY - 1), max_size=4),
)
def test_products_cover_times(hours: list[int], minutes: list[int], more: list[int]) -> None:
    """Products of hours and minutes are disjoint and cover the times; one is enough for what one expression says."""
    whole = times_of_day(frozenset(minutes), frozenset(hours))
    assert len(products(whole)) == bool(whole)
    times = whole
    for minute in more:
        times |= 1 << minute
    covered = 0
    for some, at in products(times):
        part = times_of_day(some, at)
        assert not covered & part
        covered |= part
    assert covered == times


@given(chosen=st.integers(0, (1 << 120) - 1), start=st.integers(0, 800), years=st.booleans())
@settings(max_examples=60)
def test_covers_of_days(chosen: int, start: int, years: bool) -> None:
    """Any days of a season are covered exactly, each once, with years or without."""
    first = FIRST + start
    found = cover_days(chosen, first, 120, years=years)
    assert found is not None
    covered = 0
    for dates in found:
        bits = day_bits(dates, first, 120)
        assert not covered & bits
        covered |= bits
    assert covered == chosen


def test_a_day_cannot_be_in_one_year_and_out_in_the_next() -> None:
    """Without years, a list of dates cannot tell two years apart; with them it can."""
    chosen = 1 << 5
    assert cover_days(chosen, FIRST, 400) is None
    found = cover_days(chosen, FIRST, 400, years=True)
    assert [(d.months, d.days, d.years) for d in found or ()] == [({1}, {6}, {2027})]


def test_whole_months_keep_their_rule() -> None:
    """Months that follow the rule as a whole are said by the rule, the others by their days."""
    weekdays = dates_of_text("0 0 0 ? * MON-FRI")
    days = day_bits(weekdays, FIRST, 365) & ~(1 << 4)
    january, rest = sorted(cover_days(days, FIRST, 365, shapes=(weekdays,)) or (), key=lambda d: len(d.months))
    assert (january.months, sorted(january.days)[:3]) == ({1}, [1, 4, 6])
    assert (rest.months, rest.weekdays) == (set(range(2, 13)), {1, 2, 3, 4, 5})


@pytest.mark.parametrize("dialect", ["eventbridge", "quartz", "robfig"])
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_day_bits(dialect: str, data: st.DataObject) -> None:
    """The dates of an expression, over two years, are those that match it one by one."""
    text = data.draw(texts(dialect))
    cron = parse(text, dialect)
    fields = text.split()[dialect == "quartz" :]
    at = time(min(cron.hours), min(cron.minutes))
    bits = day_bits(cron.dates, FIRST, 730)
    for i in range(730):
        assert bool(bits >> i & 1) == matches(fields, dialect, datetime.combine(date.fromordinal(FIRST + i), at))


@pytest.mark.parametrize(
    ("text", "empty"),
    [
        ("0 0 0 30 2 ?", True),
        ("0 0 0 29 2 ?", False),
        ("0 0 0 29 2 ? 2025-2027", True),
        ("0 0 0 29 2 ? 2028", False),
        ("0 0 0 L-30 4 ?", True),
        ("0 0 0 ? 2 MON#5", False),
        ("0 0 0 ? 2 MON#5 2027-2040", True),
        ("0 0 0 31W 4 ?", True),
    ],
)
def test_dates_that_never_come(text: str, *, empty: bool) -> None:
    """Whether a date set has any date at all is decided for all time."""
    assert is_empty(dates_of_text(text)) == empty


SAID = [
    ("0 0 0 ? * MON-FRI", 1, "vixie", 1),
    ("0 0 0 ? * MON-FRI", -1, "vixie", 1),
    ("0 0 0 1-27 * ?", 1, "vixie", 1),
    ("0 0 0 28 * ?", 1, "vixie", None),
    ("0 0 0 28,29 * ?", 1, "vixie", 2),
    ("0 0 0 1 * ?", -1, "vixie", None),
    ("0 0 0 1 * ?", -1, "eventbridge", 1),
    ("0 0 0 1 3-12 ?", -1, "eventbridge", 1),
    ("0 0 0 L * ?", 1, "vixie", 1),
    ("0 0 0 L * ?", 0, "vixie", None),
    ("0 0 0 L 1,4 ?", 0, "vixie", 2),
    ("0 0 0 ? * MON#2", 1, "eventbridge", None),
    ("0 0 0 ? 6 MON", 1, "vixie", None),
    ("0 0 0 15W,L * ?", 0, "eventbridge", 2),
    ("0 0 0 LW * ?", 0, "eventbridge", None),
    ("0 0 0 L-1 * ?", 1, "eventbridge", 1),
    ("0 0 0 1 1 ? 2027", -1, "eventbridge", None),
]


@pytest.mark.parametrize(("text", "shift", "dialect", "count"), SAID)
def test_date_sets_for_ever(text: str, shift: int, dialect: str, count: int | None) -> None:
    """A moved date set is said by so many rules, for ever, or by none."""
    found = say_dates(dates_of_text(text), shift, dialect)
    assert (None if found is None else len(found)) == count


@given(text=texts("quartz"), shift=st.sampled_from([-1, 0, 1]), dialect=st.sampled_from(["vixie", "eventbridge"]))
@settings(max_examples=40, deadline=None)
def test_rules_for_ever_are_exact(text: str, shift: int, dialect: str) -> None:
    """Whatever is said for ever is sayable, disjoint, and right on each of 146,097 days."""
    dates = dates_of_text(text)
    found = say_dates(dates, shift, dialect)
    if found is None:
        return
    assert all(can_say(part, dialect) for part in found)
    start = FIRST + 77_777
    wanted = day_bits(dates, start - shift, GREGORIAN_CYCLE)
    got = [day_bits(part, start, GREGORIAN_CYCLE) for part in found]
    assert sum(bits.bit_count() for bits in got) == wanted.bit_count()
    assert wanted == sum(got)


def test_disjoint() -> None:
    """Date sets without a common date in 400 years have none ever."""
    friday, thirteenth = dates_of_text("0 0 0 ? * FRI"), dates_of_text("0 0 0 13 * ?")
    assert not disjoint(friday, thirteenth)
    assert disjoint(dates_of_text("0 0 0 ? * FRI#1"), thirteenth)
    assert disjoint(dates_of_text("0 0 0 ? 2 *"), dates_of_text("0 0 0 ? 3 *"))


def test_partition_is_checked() -> None:
    """A split that counts a date twice, or leaves one out, is no partition."""
    week, monday, tuesday = (dates_of_text(f"0 0 0 ? * {days}") for days in ("MON,TUE", "MON", "TUE"))
    assert is_partition([monday, tuesday], week)
    assert not is_partition([monday], week)
    assert not is_partition([week, monday], week)


def test_window_reaches_over_its_days() -> None:
    """A window's calendar has room for what any offset can move into it."""
    start = to_minutes(datetime(2027, 1, 1, tzinfo=UTC))
    window = Window(start, start + DAY)
    assert from_minutes(window.base * DAY) == datetime(2027, 1, 1, tzinfo=UTC) - timedelta(days=2)
    assert window.days >= 5
