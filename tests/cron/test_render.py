"""Meaning said in a dialect's words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.cron import DIALECTS, parse, render
from migrator.errors import ScheduleError
from tests.cron.texts import texts


@pytest.mark.parametrize(
    ("text", "source", "target", "expected"),
    [
        ("0 9 * * 1-5", "vixie", "eventbridge", "0 9 ? * MON-FRI *"),
        ("0 9 ? * 2 *", "eventbridge", "vixie", "0 9 * * 1"),
        ("0 0 * * 7", "vixie", "robfig", "0 0 * * 0"),
        ("0 0 * * 6,7", "vixie", "eventbridge", "0 0 ? * SUN,SAT *"),
        ("0 9 ? * * *", "eventbridge", "eventbridge", "0 9 * * ? *"),
        ("0 9 ? * ? *", "eventbridge", "eventbridge", "0 9 * * ? *"),
        ("00 09 1 * ? *", "eventbridge", "eventbridge", "0 9 1 * ? *"),
        ("0 2 ? * MON#2 *", "eventbridge", "quartz", "0 0 2 ? * MON#2"),
        ("0 2 ? * 6L *", "eventbridge", "eventbridge", "0 2 ? * FRIL *"),
        ("0 2 15W * ? *", "eventbridge", "eventbridge", "0 2 15W * ? *"),
        ("0 2 L * ? *", "eventbridge", "quartz", "0 0 2 L * ?"),
        ("0 2 L-2 * ? *", "eventbridge", "quartz", "0 0 2 L-2 * ?"),
        ("0 0 2 L-2W * ?", "quartz", "quartz", "0 0 2 L-2W * ?"),
        ("0 0 2 LW * ? 2027", "quartz", "quartz", "0 0 2 LW * ? 2027"),
        ("10/20 * * * *", "robfig", "vixie", "10,30,50 * * * *"),
        ("5/15 8/4 * * *", "robfig", "posix", "5,20,35,50 8,12,16,20 * * *"),
        ("0,20,40 */6 * 1/3 *", "robfig", "github", "*/20 */6 * */3 *"),
        ("*/7 */5 * * *", "vixie", "robfig", "0,7,14,21,28,35,42,49,56 0,5,10,15,20 * * *"),
        ("*/15 * * * *", "vixie", "posix", "0,15,30,45 * * * *"),
        ("0 0 */2 * *", "vixie", "robfig", "0 0 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31 * *"),
        ("0 0 1,15 * 5", "vixie", "robfig", "0 0 1,15 * 5"),
        ("0 0 1-31 * 5", "vixie", "robfig", "0 0 * * *"),
        ("0 0 1-1 * SUN-SUN", "robfig", "vixie", "0 0 1 * 0"),
        ("0 22-2 * * ? *", "eventbridge", "vixie", "0 0-2,22,23 * * *"),
        ("0 0 1 1 ? 2026,2027,2028", "eventbridge", "eventbridge", "0 0 1 1 ? 2026-2028"),
        ("@hourly", "cronie", "github", "0 * * * *"),
        ("30 15 9 * * ?", "quartz", "quartz", "30 15 9 * * ?"),
    ],
)
def test_canonical_text(text: str, source: str, target: str, expected: str) -> None:
    """A schedule has one text in each dialect, in the subset that every engine reads alike."""
    assert render(parse(text, source), target) == expected


@pytest.mark.parametrize(
    ("text", "source", "target", "field"),
    [
        ("0 0 L * ? *", "eventbridge", "vixie", "day_of_month"),
        ("0 0 15W * ? *", "eventbridge", "robfig", "day_of_month"),
        ("0 0 LW * ? *", "eventbridge", "eventbridge", "day_of_month"),
        ("0 0 L-3 * ? *", "eventbridge", "eventbridge", "day_of_month"),
        ("0 0 0 1,L * ?", "quartz", "quartz", "day_of_month"),
        ("0 0 ? * MON#1 *", "eventbridge", "github", "day_of_week"),
        ("0 0 1 * 1", "vixie", "eventbridge", "day_of_week"),
        ("0 0 */2 * 1", "vixie", "robfig", "day_of_week"),
        ("0 0 1 1 ? 2027", "eventbridge", "vixie", "year"),
        ("30 0 9 * * ?", "quartz", "vixie", "second"),
        ("0 0 * * FRI-MON", "cronie", "vixie", ""),
        ("0 22-2 * * *", "cronie", "vixie", ""),
    ],
)
def test_what_cannot_be_said(text: str, source: str, target: str, field: str) -> None:
    """What one expression of a dialect cannot say is refused, with the field that stands in the way."""
    with pytest.raises(ScheduleError, match=f"{target} cannot say this schedule") as caught:
        render(parse(text, source), target)
    assert caught.value.field == field


def test_text_is_read_in_the_same_dialect() -> None:
    """A text is made canonical."""
    assert render("00 09 ? * 2-6 *", "eventbridge") == "0 9 ? * MON-FRI *"


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
@given(data=st.data())
@settings(max_examples=50)
def test_rendering_keeps_the_meaning(dialect: str, data: st.DataObject) -> None:
    """Whatever a platform accepts: if it can be said in canonical words, these mean the same, and are final."""
    cron = parse(data.draw(texts(dialect)), dialect)
    for target in DIALECTS:
        try:
            text = render(cron, target)
        except ScheduleError:
            continue
        assert parse(text, target) == cron
        assert render(text, target) == text


@pytest.mark.parametrize("dialect", ["eventbridge", "quartz"])
@given(data=st.data())
@settings(max_examples=50)
def test_weekdays_are_written_as_names(dialect: str, data: st.DataObject) -> None:
    """Where weekday numbers start at 1, or may, none is ever written, and exactly one day field is `?`."""
    cron = parse(data.draw(texts(dialect)), dialect)
    try:
        days, _, weekdays, *_ = render(cron, dialect).split()[-4 if dialect == "eventbridge" else -3 :]
    except ScheduleError:
        return
    assert weekdays.partition("#")[0].strip("ABCDEFGHIJKLMNOPQRSTUVWXYZ,-?") == ""
    assert (days == "?") != (weekdays == "?")
