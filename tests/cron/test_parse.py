"""What expressions mean, dialect by dialect."""

import attrs
import pytest

from migrator.cron import DIALECTS, parse
from migrator.errors import ScheduleError

SUN, MON, TUE, WED, THU, FRI, SAT = range(7)


def values(text: str, dialect: str, field: str) -> list[int]:
    return sorted(getattr(parse(text, dialect), field))


@pytest.mark.parametrize(
    ("text", "dialect", "field", "expected"),
    [
        ("5 * * * *", "vixie", "minutes", [5]),
        ("05 * * * *", "vixie", "minutes", [5]),
        ("0-10/5 * * * *", "vixie", "minutes", [0, 5, 10]),
        ("*/25 * * * *", "robfig", "minutes", [0, 25, 50]),
        ("5/15 * * * *", "robfig", "minutes", [5, 20, 35, 50]),
        ("5/15 * * * ? *", "eventbridge", "minutes", [5, 20, 35, 50]),
        ("0/23 * * * ? *", "eventbridge", "minutes", [0, 23, 46]),
        ("*/90 * * * *", "robfig", "minutes", [0]),
        ("*/90 * * * *", "cronie", "minutes", [0]),
        ("*/90 * * * *", "vixie", "minutes", list(range(60))),
        ("*/59 * * * *", "vixie", "minutes", [0, 59]),
        ("1,2,2,1 * * * *", "posix", "minutes", [1, 2]),
        ("0 22-2 ? * * *", "eventbridge", "hours", [0, 1, 2, 22, 23]),
        ("0 0 23-3/2 * * ?", "quartz", "hours", [1, 3, 23]),
        ("0 1-1 * * *", "vixie", "hours", [1]),
        ("0 5-0 * * *", "cronie", "hours", [5, 6, 7]),
        ("0 22-2 * * *", "cronie", "hours", []),
        ("0 0 1-1 * *", "robfig", "days", [1]),
        ("0 0 $ * *", "vixie", "days", [-1]),
        ("0 0 L * ? *", "eventbridge", "days", [-1]),
        ("0 0 L-3 * ? *", "eventbridge", "days", [-4]),
        ("0 0 0 15,L * ?", "quartz", "days", [-1, 15]),
        ("0 0 1 jan,Mar-APR *", "robfig", "months", [1, 3, 4]),
        ("0 0 0 1 9-8/3 ?", "quartz", "months", [3, 6, 9, 12]),
        ("0 0 0 1 MAR/4 ?", "quartz", "months", [3]),
        ("0 0 0 1 3/4 ?", "quartz", "months", [3, 7, 11]),
        ("0 0 ? 1/1 SUN *", "eventbridge", "months", list(range(1, 13))),
        ("0 0 * * 0", "vixie", "weekdays", [SUN]),
        ("0 0 * * 7", "vixie", "weekdays", [SUN]),
        ("0 0 * * 5-7", "vixie", "weekdays", [SUN, FRI, SAT]),
        ("0 0 * * */3", "vixie", "weekdays", [SUN, WED, SAT]),
        ("0 0 * * */2", "robfig", "weekdays", [SUN, TUE, THU, SAT]),
        ("0 0 * * mon-FRI/2", "robfig", "weekdays", [MON, WED, FRI]),
        ("0 0 * * SUN-SUN", "robfig", "weekdays", [SUN]),
        ("0 0 * * FRI-SUN", "cronie", "weekdays", [SUN, FRI, SAT]),
        ("0 0 * * FRI-MON", "cronie", "weekdays", []),
        ("0 0 ? * 1 *", "eventbridge", "weekdays", [SUN]),
        ("0 0 ? * 2-6 *", "eventbridge", "weekdays", [MON, TUE, WED, THU, FRI]),
        ("0 0 ? * fri-Mon *", "eventbridge", "weekdays", [SUN, MON, FRI, SAT]),
        ("0 0 ? * L *", "eventbridge", "weekdays", [SAT]),
        ("0 0 0 ? * MON-FRI/2", "quartz", "weekdays", [MON, TUE, WED, THU, FRI]),
        ("0 0 0 ? * 2-6/2", "quartz", "weekdays", [MON, WED, FRI]),
        ("0 0 0 ? * sat-tue", "quartz", "weekdays", [SUN, MON, TUE, SAT]),
        ("0 0 1 1 ? 2027,2030-2031 ", "eventbridge", "years", [2027, 2030, 2031]),
        ("0 0 1 1 ? 2195/2", "eventbridge", "years", [2195, 2197, 2199]),
        ("15,45 0 9 * * ?", "quartz", "seconds", [15, 45]),
        ("? ? ? ? ?", "robfig", "weekdays", list(range(7))),
    ],
)
def test_field(text: str, dialect: str, field: str, expected: list[int]) -> None:
    """A field stands for these values."""
    assert values(text, dialect, field) == expected


@pytest.mark.parametrize(
    ("text", "dialect", "nearest", "nth"),
    [
        ("0 12 15W * ? *", "eventbridge", {15}, set()),
        ("0 12 LW * ? *", "eventbridge", {-1}, set()),
        ("0 0 12 L-2W * ?", "quartz", {-3}, set()),
        ("0 12 ? * 6L *", "eventbridge", set(), {(-1, FRI)}),
        ("0 12 ? * FRIL *", "eventbridge", set(), {(-1, FRI)}),
        ("0 12 ? * 2#1 *", "eventbridge", set(), {(1, MON)}),
        ("0 12 ? * TUE#3 *", "eventbridge", set(), {(3, TUE)}),
    ],
)
def test_day_specials(text: str, dialect: str, nearest: set[int], nth: set[tuple[int, int]]) -> None:
    """W, L and # are kept as rules, with 0=SUN."""
    dates = parse(text, dialect).dates
    assert (dates.nearest, dates.nth) == (nearest, nth)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("0 9 ? * 2 *", "eventbridge"), ("00 09 ? * MON *", "eventbridge")),
        (("0 9 * * ? *", "eventbridge"), ("0 9 ? * * *", "eventbridge")),
        (("0 9 ? * ? *", "eventbridge"), ("0 9 * * * *", "eventbridge")),
        (("0 9 * * MON *", "eventbridge"), ("0 9 ? * MON *", "eventbridge")),
        (("0 9 * * 1", "vixie"), ("0 9 ? * MON *", "eventbridge")),
        (("0 9 * * 7", "vixie"), ("0 0 9 ? * SUN", "quartz")),
        (("0,15,30,45 * * * *", "posix"), ("*/15 * * * *", "github")),
        (("0 0 1-31 * 1", "vixie"), ("0 0 * * *", "vixie")),
        (("0 0 1-31 2 *", "vixie"), ("0 0 * 2 *", "vixie")),
        (("0 0 1,31 4 *", "vixie"), ("0 0 1 4 *", "vixie")),
        (("0 0 ? * * 1970-2199", "eventbridge"), ("0 0 ? * * *", "eventbridge")),
        (("@weekly", "vixie"), ("0 0 * * 0", "robfig")),
        (("@hourly", "robfig"), ("0 * * * *", "posix")),
        (("@annually", "cronie"), ("@yearly", "vixie")),
    ],
)
def test_same_meaning(one: tuple[str, str], other: tuple[str, str]) -> None:
    """Texts of equal meaning are equal values with equal hashes, across dialects."""
    left, right = parse(*one), parse(*other)
    assert left == right
    assert hash(left) == hash(right)


@pytest.mark.parametrize(
    ("text", "dialect", "rule"),
    [
        ("0 0 1 * 1", "vixie", "or"),
        ("0 0 */2 * 1", "vixie", "and"),
        ("0 0 */2 * 1", "cronie", "and"),
        ("0 0 */2 * 1", "robfig", "or"),
        ("0 0 1 * */2", "robfig", "or"),
        ("0 0 *,5 * 1", "robfig", "and"),
        ("0 0 10,*/15 * 1", "vixie", "or"),
        ("0 0 */15,10 * 1", "vixie", "and"),
        ("0 0 1 * 1", "posix", "or"),
    ],
)
def test_day_rule(text: str, dialect: str, rule: str) -> None:
    """How two restricted day fields combine follows each engine's star rule."""
    assert parse(text, dialect).day_rule == rule


@pytest.mark.parametrize(
    ("text", "dialect", "field", "column"),
    [
        ("60 9 * * *", "vixie", "minute", 1),
        ("0 24 * * *", "robfig", "hour", 3),
        ("0 9 0 * *", "github", "day_of_month", 5),
        ("0 9 * 13 *", "posix", "month", 7),
        ("0 9 * * 7", "robfig", "day_of_week", 9),
        ("0 9 * * 7", "github", "day_of_week", 9),
        ("0 9 ? * 0 *", "eventbridge", "day_of_week", 9),
        ("0 9 ? * MON 1969", "eventbridge", "year", 13),
        ("0 9 ? * MON 2200", "eventbridge", "year", 13),
        ("0 9 ? * MON 2030-2027", "eventbridge", "year", 13),
        ("0 9 1 * MON *", "eventbridge", "day_of_week", 9),
        ("0 0 9 * * *", "quartz", "day_of_week", 11),
        ("0 0 9 ? * ?", "quartz", "day_of_week", 11),
        ("0 9 * * 1", "eventbridge", "year", 10),
        ("0 9 * * 1 *", "vixie", "", 11),
        ("0 9 * *", "vixie", "day_of_week", 8),
        ("", "vixie", "minute", 1),
        ("5/15 * * * *", "vixie", "minute", 2),
        ("*/15 * * * *", "posix", "minute", 2),
        ("0 9 * * MON", "posix", "day_of_week", 9),
        ("*/60 * * * ? *", "eventbridge", "minute", 3),
        ("0 0/24 * * ? *", "eventbridge", "hour", 5),
        ("*/0 * * * *", "vixie", "minute", 3),
        ("0 9 ? * MON-FRI/2 *", "eventbridge", "day_of_week", 16),
        ("0 9 ? * 2-6/2 *", "eventbridge", "day_of_week", 12),
        ("0 22-2 * * *", "vixie", "hour", 3),
        ("0 9 * * FRI-MON", "vixie", "day_of_week", 9),
        ("0 9 * * FRI-MON", "robfig", "day_of_week", 9),
        ("0 9 ? * *", "vixie", "day_of_month", 5),
        ("? 9 * * ? *", "eventbridge", "minute", 1),
        ("0 9 ?,1 * MON *", "eventbridge", "day_of_month", 5),
        ("0 9 L * *", "vixie", "day_of_month", 5),
        ("0 9 15W * *", "robfig", "day_of_month", 5),
        ("0 9 * * 5L", "robfig", "day_of_week", 10),
        ("0 9 * * 5#2", "vixie", "day_of_week", 10),
        ("0 9 ? * 6#6 *", "eventbridge", "day_of_week", 11),
        ("0 9 ? * MON,FRI#2 *", "eventbridge", "day_of_week", 13),
        ("0 9 L-31 * ? *", "eventbridge", "day_of_month", 7),
        ("0 9 32W * ? *", "eventbridge", "day_of_month", 5),
        ("1,,2 * * * *", "vixie", "minute", 3),
        ("1, * * * *", "vixie", "minute", 3),
        ("*-5 * * * *", "vixie", "minute", 1),
        ("0 9 * FOO *", "vixie", "month", 7),
        ("0 9 * MONDAY *", "vixie", "month", 7),
        ("H 9 * * *", "vixie", "minute", 1),
        ("0 9 1~5 * *", "cronie", "day_of_month", 5),
        ("@reboot", "vixie", "minute", 1),
        ("@every 5m", "robfig", "minute", 1),
        ("@DAILY", "vixie", "minute", 1),
        ("@daily", "github", "minute", 1),
        ("@daily", "eventbridge", "minute", 1),
        ("CRON_TZ=Europe/Paris 0 9 * * *", "robfig", "timezone", 1),
        (" TZ=UTC 0 9 * * *", "robfig", "timezone", 2),
    ],
)
def test_refused(text: str, dialect: str, field: str, column: int) -> None:
    """Nonsense, and what the dialect does not read, is refused at its field and column."""
    with pytest.raises(ScheduleError) as caught:
        parse(text, dialect)
    assert (caught.value.dialect, caught.value.field, caught.value.column) == (dialect, field, column)


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("0 9 ? * 2 *", "eventbridge"),
        ("0 9 ? * 6L *", "eventbridge"),
        ("0 9 ? * 2#1 *", "eventbridge"),
        ("0 22-2 * * ? *", "eventbridge"),
        ("0 9 ? * L *", "eventbridge"),
        ("*/90 * * * *", "vixie"),
        ("0 0 */2 * 1", "vixie"),
        ("0 0 */2 * 1", "github"),
    ],
)
def test_ambiguous_texts_are_flagged(text: str, dialect: str) -> None:
    """Where a platform's documents contradict each other, or its engine is unknown, the reading says so."""
    assert parse(text, dialect).flags == {"ambiguous_source"}


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("0 9 ? * MON *", "eventbridge"),
        ("0 9 15W * ? *", "eventbridge"),
        ("0 9 * * 1", "vixie"),
        ("0 9 * * 1-5", "vixie"),
        ("0 0 1,15 * 5", "vixie"),
        ("0 0 */2 * 1", "cronie"),
        ("0 0 0 ? * 2", "quartz"),
    ],
)
def test_plain_texts_are_not_flagged(text: str, dialect: str) -> None:
    """Nothing is flagged where there is no doubt."""
    assert parse(text, dialect).flags == frozenset()


def test_text_and_dialect_are_kept() -> None:
    """A value remembers how it was written, which plays no part in equality."""
    cron = parse(" 00  09 * *  1-5", "vixie")
    assert (cron.text, cron.dialect) == (" 00  09 * *  1-5", "vixie")
    assert cron == parse("0 9 * * 1-5", "robfig")


def test_values_are_frozen() -> None:
    """A parsed value cannot be changed."""
    cron = parse("0 9 * * *", "vixie")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        cron.minutes = frozenset({1})  # type: ignore[misc]  # the point of the test


def test_unknown_dialect_lists_the_known_ones() -> None:
    """An unknown dialect is refused, and the known ones are named."""
    with pytest.raises(ScheduleError, match="eventbridge, vixie, robfig, quartz, github, posix"):
        parse("0 9 * * *", "jenkins")


@pytest.mark.parametrize("name", ["eventbridge", "vixie", "robfig", "quartz", "github", "posix"])
def test_dialects_are_exported(name: str) -> None:
    """The dialects of the contract exist under their names."""
    assert DIALECTS[name].name == name


def test_adding_a_dialect_is_adding_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """A grammar that no entry has yet needs no code: here Quartz without seconds, with 0=SUN."""
    unheard = attrs.evolve(
        DIALECTS["quartz"],
        name="unheard",
        fields=DIALECTS["vixie"].fields,
        optional=0,
        sunday=0,
        last_weekday=6,
    )
    for module in ("dialects", "parser", "grammar"):
        monkeypatch.setattr(f"migrator.cron.{module}.DIALECTS", {**DIALECTS, "unheard": unheard})
    assert parse("0 12 ? * 1#1", "unheard").dates.nth == {(1, MON)}


def test_the_text_of_a_value_is_how_it_was_written() -> None:
    """Printing a schedule shows the expression."""
    assert str(parse("0 9 * * 1", "vixie")) == "0 9 * * 1"


def test_thursday_is_number_four_or_five() -> None:
    """One weekday, two numbers: the base belongs to the dialect."""
    assert parse("0 0 * * 4", "robfig").weekdays == {THU} == parse("0 0 ? * 5 *", "eventbridge").weekdays
