"""The second opinion: croniter is asked whether source and translation agree."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.cron import Once, Recurring, Timed, parse, translate
from migrator.cron.check import SAMPLED, second_opinion
from tests.cron.texts import ZONES, texts

NOW = datetime(2026, 11, 22, 0, 30, tzinfo=UTC)
END = NOW + timedelta(days=30)


def timed(text: str, dialect: str, zone: str = "UTC") -> Timed:
    return Timed(trigger=Recurring(parse(text, dialect), zone), dialect=dialect)


def test_it_agrees() -> None:
    """A right translation is confirmed, with the number of instants that were compared."""
    pieces = [timed("30 3-5 * * *", "vixie"), timed("15 4-6 * * *", "vixie")]
    found = second_opinion([timed("0,45 9-11 * * ? *", "eventbridge", "Asia/Kolkata")], pieces, NOW, END)
    assert (found["instants"], found["agrees"], found["differing"]) == (SAMPLED, True, [])
    assert found["engine"].startswith("croniter ")


def test_it_disagrees() -> None:
    """A wrong translation is found out, with the first instants that differ."""
    wrong = [timed("0 13 * * 1-5", "vixie")]
    found = second_opinion([timed("0 9 ? * MON-FRI *", "eventbridge", "America/New_York")], wrong, NOW, END)
    assert found["agrees"] is False
    assert found["differing"][:2] == ["2026-11-23T13:00:00+00:00", "2026-11-23T14:00:00+00:00"]


def test_one_time_jobs_count() -> None:
    """Instants given outright are compared like any others."""
    once = Timed(trigger=Once(datetime(2026, 12, 1, 9, tzinfo=UTC)), dialect="vixie")
    later = Timed(trigger=Once(datetime(2027, 12, 1, 9, tzinfo=UTC)), dialect="vixie")
    found = second_opinion([timed("0 9 1 12 ? 2026", "eventbridge")], [once, later], NOW, END)
    assert (found["instants"], found["agrees"]) == (1, True)


@pytest.mark.parametrize(
    ("text", "unasked"),
    [
        ("15 0 9 * * ?", "seconds"),
        ("0 0 9 L-3 * ?", "end of the month"),
        ("0 0 9 LW * ?", "end of the month"),
        ("0 0 9 31W * ?", "end of the month"),
        ("0 0 9 1W,20 * ?", "beside other days"),
        ("0 0 9 1 1 ? 2150", "years after 2099"),
    ],
)
def test_what_croniter_cannot_be_asked(text: str, unasked: str) -> None:
    """Where croniter is known to lack a rule or to have its own, it is not asked, and that is said."""
    assert unasked in second_opinion([timed(text, "quartz")], [], NOW, END)["unasked"]


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_it_confirms_translations(data: st.DataObject) -> None:
    """What the engine proves, croniter confirms, for any schedule that it can be asked about."""
    source = data.draw(st.sampled_from(["eventbridge", "robfig", "quartz"]))
    trigger = Recurring(parse(data.draw(texts(source)), source), data.draw(ZONES))
    found = translate(trigger, source=source, target="vixie", target_timezone="UTC", now=NOW, horizon=END - NOW)
    if not found.verdict.faithful:
        return
    pieces = [
        timed(piece.text, "vixie") if piece.text else Timed(trigger=Once(piece.at or NOW), dialect="vixie")
        for piece in found.pieces
    ]
    opinion = second_opinion([Timed(trigger=trigger, dialect=source)], pieces, NOW, END)
    assert opinion.get("agrees", True)


def test_importing_the_engine_imports_no_croniter() -> None:
    """The second opinion is loaded when it is asked for, and the engine without it."""
    code = "import sys, migrator.cron; print({'croniter', 'httpx', 'hypothesis'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
