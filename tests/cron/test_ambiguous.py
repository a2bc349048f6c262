"""Texts that engines read differently: they are refused with their readings, until a connection decides."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.cron import Recurring, Timed, next_fires, parse, translate
from migrator.cron.ambiguous import meanings_of
from migrator.cron.answers import ANSWERS
from migrator.cron.check import second_opinion
from migrator.cron.model import EVERY_MINUTE
from migrator.errors import ScheduleError
from tests.cron.moving import NOVEMBER, move, said
from tests.cron.texts import texts
from tests.cron.walk import walk

AMBIGUOUS = [
    ("*/90 * * * *", "vixie", {"wide_step": "first"}, {"wide_step": "every"}, (168, 10_080)),
    ("0 */24 * * *", "vixie", {"wide_step": "first"}, {"wide_step": "every"}, (7, 168)),
    ("0 0 1 */12 *", "vixie", {"wide_step": "first"}, {"wide_step": "every"}, (0.02, 0.23)),
    ("0 0 */40 * *", "vixie", {"wide_step": "first"}, {"wide_step": "every"}, (0.23, 7)),
    ("0-5/10 * * * *", "vixie", {"wide_step": "first"}, {"wide_step": "every"}, (168, 1008)),
    ("0 0 * * */9", "vixie", {"wide_step": "first"}, {"wide_step": "every"}, (1, 7)),
    ("0 0 */2 * 1", "vixie", {"day_rule": "and"}, {"day_rule": "or"}, (0.51, 4.06)),
    ("0 0 */1 * 1", "vixie", {"day_rule": "and"}, {"day_rule": "or"}, (1, 7)),
    ("0 0 10,* * 1", "vixie", {"day_rule": "and"}, {"day_rule": "or"}, (1, 7)),
    ("0 0 1 * */2", "github", {"day_rule": "and"}, {"day_rule": "or"}, (0.13, 4.1)),
    ("0 0 1-1 * *", "vixie", {"equal_range": "one"}, {"equal_range": "all"}, (0.23, 7)),
    ("0 0 * * SUN-SUN", "vixie", {"equal_range": "one"}, {"equal_range": "all"}, (1, 7)),
    ("0 22-2 * * *", "vixie", {"wrap": "wraps"}, {"wrap": "never"}, (35, 0)),
    ("0 9 ? * 2 *", "eventbridge", {"weekday_base": "1=SUN"}, {"weekday_base": "0=SUN"}, (1, 1)),
    ("0 9 ? * 6L *", "eventbridge", {"weekday_base": "1=SUN"}, {"weekday_base": "0=SUN"}, (0.23, 0.23)),
    ("0 9 ? * 2#1 *", "eventbridge", {"weekday_base": "1=SUN"}, {"weekday_base": "0=SUN"}, (0.23, 0.23)),
    ("0 9 ? * L *", "eventbridge", {"weekday_l": "saturday"}, {"weekday_l": "last_saturday"}, (1, 0.23)),
    ("0 22-2 * * ? *", "eventbridge", {"wrap": "wraps"}, {"wrap": "never"}, (35, 0)),
    ("0/90 * * * ? *", "eventbridge", {"wide_step": "first"}, {"wide_step": "every"}, (168, 10_080)),
    ("0 9 1 JAN-DEC/3 ? *", "eventbridge", {"named_step": "works"}, {"named_step": "ignored"}, (0.08, 0.23)),
]


UNREADABLE = {"0 22-2 * * *", "0/90 * * * ? *", "0 9 1 JAN-DEC/3 ? *"}
"""Those that cannot be read at all until it is decided how."""


@pytest.mark.parametrize(("text", "dialect", "one", "other", "often"), AMBIGUOUS)
def test_ambiguous_text_is_refused_with_its_readings(
    text: str, dialect: str, one: dict[str, str], other: dict[str, str], often: tuple[float, float]
) -> None:
    """The verdict is impossible and flagged; the reason names the readings, their fires a week, and the setting."""
    verdict = move(text, f"{dialect}>robfig").verdict
    assert (verdict.kind, verdict.flags) == ("impossible", ("ambiguous_source",))
    readings = {tuple(r["cron"].items()): r["fires_a_week"] for r in verdict.evidence["readings"]}
    for answers, expected in zip((one, other), often, strict=True):
        assert readings[tuple(answers.items())] == expected
        ((question, answer),) = answers.items()
        assert f'{question} = "{answer}"' in verdict.reason
        assert f"({expected:,.0f} fire" in verdict.reason or f"({expected:,.2f} fire" in verdict.reason


@pytest.mark.parametrize(("text", "dialect", "one", "other", "_often"), AMBIGUOUS)
def test_a_decision_settles_it(
    text: str, dialect: str, one: dict[str, str], other: dict[str, str], _often: tuple[float, float]
) -> None:
    """A decided text translates; the decision holds for a text and for one that was read before it was made."""
    found = []
    for reading in (one, other):
        cron = parse(text, dialect, reading=reading)
        assert cron.flags == frozenset()
        decided = move(text, f"{dialect}>robfig@UTC", reading=reading)
        assert "ambiguous_source" not in decided.verdict.flags
        assert decided.verdict.kind != "impossible"
        found.append(said(decided))
        if text not in UNREADABLE:
            before = translate(
                Recurring(parse(text, dialect), "UTC"),
                source=dialect,
                target="robfig",
                target_timezone="UTC",
                now=NOVEMBER,
                horizon=timedelta(days=8),
                reading=reading,
            )
            assert said(before) == said(decided)
    assert found[0] != found[1]


def test_decided_readings() -> None:
    """Each decision means what it says."""
    for reading, expected in (
        ({"wide_step": "first"}, ["0 * * * *"]),
        ({"wide_step": "every"}, ["* * * * *"]),
        ({"wide_step": "refuse"}, []),
        ({}, []),
    ):
        assert said(move("*/90 * * * *", "vixie>robfig", reading=reading)) == expected
    assert said(move("0 9 ? * 2 *", "eventbridge>vixie", reading={"weekday_base": "0=SUN"})) == ["0 9 * * 2"]
    assert said(move("0 9 ? * 2-6 *", "eventbridge>vixie", reading={"weekday_base": "1=SUN"})) == ["0 9 * * 1-5"]
    assert said(move("0 0 1-1 * *", "vixie>robfig", reading={"equal_range": "all"})) == ["0 0 * * *"]
    assert said(move("0 9 ? * L *", "eventbridge>quartz", reading={"weekday_l": "last_saturday"})) == ["0 0 9 ? * SATL"]


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("0 9 ? * 1-7 *", "eventbridge"),
        ("0 9 ? * MON-FRI *", "eventbridge"),
        ("0 0 */2 * *", "vixie"),
        ("*/59 * * * *", "vixie"),
        ("0 0 1-31 * 1", "vixie"),
        ("0 0 1,15 * 5", "vixie"),
        ("0 9 * * 7", "vixie"),
        ("*/90 * * * *", "robfig"),
        ("*/90 * * * *", "cronie"),
        ("0 0 */2 * 1", "robfig"),
        ("0 0 1-1 * *", "robfig"),
        ("0 22-2 * * *", "cronie"),
    ],
)
def test_where_all_engines_agree_nothing_is_asked(text: str, dialect: str) -> None:
    """A text whose meaning does not depend on the engine, or whose engine is known, is not ambiguous."""
    assert not parse(text, dialect).flags
    assert meanings_of(text, dialect, "UTC") == ()


def test_several_questions_at_once() -> None:
    """Each combination that matters is a reading; what is decided is not asked again."""
    assert len(meanings_of("*/90 0 */2 * 1", "vixie", "UTC")) == 4
    left = meanings_of("*/90 0 */2 * 1", "vixie", "UTC", (("wide_step", "first"),))
    assert [m.answers for m in left] == [(("day_rule", "and"),), (("day_rule", "or"),)]


def test_what_never_fires_again_needs_no_decision() -> None:
    """An old job is dead however its text is read."""
    assert move("0 9 ? * 2 2019", "eventbridge>robfig").verdict.kind == "dead"


def test_an_unknown_decision_is_refused() -> None:
    """A misspelt question or answer is an error that lists what is allowed."""
    with pytest.raises(ScheduleError, match="wide_step"):
        parse("* * * * *", "vixie", reading={"widestep": "first"})
    with pytest.raises(ScheduleError, match="first, every, refuse"):
        parse("* * * * *", "vixie", reading={"wide_step": "second"})


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_a_flag_means_that_readings_differ(data: st.DataObject) -> None:
    """A text is flagged exactly if two combinations of answers give two meanings."""
    dialect = data.draw(st.sampled_from(["vixie", "github", "eventbridge"]))
    text = data.draw(texts(dialect))
    meanings = set()
    for _ in range(8):
        reading = {question: data.draw(st.sampled_from(sorted(answers))) for question, answers in ANSWERS.items()}
        cron = parse(text, dialect, reading=reading)
        assert not cron.flags
        meanings.add(cron)
    assert parse(text, dialect).flags or meanings == {parse(text, dialect)}


@pytest.mark.parametrize("dialect", ["vixie", "github"])
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_a_decided_text_fires_as_that_engine_does(dialect: str, data: st.DataObject) -> None:
    """With the answers of cronie or of robfig, a text fires as it does there, by the slow walk."""
    text = data.draw(texts("cronie").filter(lambda t: not re.search(r"[7-]\S*$|\*/1(?!\d)", t)))
    start = datetime(2027, 1, 30, tzinfo=UTC)
    reading = {"wide_step": "first", "equal_range": "one", "wrap": "never"}
    for rule, engine in (("and", "cronie"), ("or", "robfig")):
        fired = next_fires(
            parse(text, dialect, reading={**reading, "day_rule": rule}), "UTC", start, 30, dialect=dialect
        )
        expected = walk(text, engine, "UTC", start + timedelta(minutes=1), start + timedelta(days=4))
        assert [at for at in fired if at < start + timedelta(days=4)] == expected[: len(fired)][:30]


def test_the_second_opinion_sees_the_text() -> None:
    """What croniter is given is what stands at the platform: a misreading of ours does not pass."""
    start, end = NOVEMBER, NOVEMBER + timedelta(days=2)
    right = parse("*/90 * * * *", "vixie", reading={"wide_step": "first"})
    wrong = evolve(right, minutes=EVERY_MINUTE)
    every = parse("* * * * *", "robfig")

    def opinion(cron: object, other: object) -> dict[str, object]:
        one, two = (Timed(trigger=Recurring(c, "UTC"), dialect="vixie") for c in (cron, other))  # type: ignore[arg-type]
        return second_opinion([one], [two], start, end)

    assert opinion(right, parse("0 * * * *", "robfig"))["agrees"] is True
    assert opinion(wrong, every)["agrees"] is False
    omni = parse("0 9 ? * 2 *", "eventbridge", reading={"weekday_base": "0=SUN"})
    assert opinion(omni, parse("0 9 * * 2", "vixie"))["agrees"] is True
    assert opinion(omni, parse("0 9 * * 1", "vixie"))["agrees"] is False
    decided = parse("*/90 * * * *", "vixie", reading={"wide_step": "every"})
    assert "wider than its range" in str(opinion(decided, every)["unasked"])
