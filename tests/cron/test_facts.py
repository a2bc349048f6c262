"""What the real engines answered, written down beside their releases: see facts/README.md."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from migrator.cron import Recurring, next_fires, parse, translate
from migrator.cron.dialects import oddities
from migrator.errors import ScheduleError

FACTS = Path(__file__).parent / "facts"
NEW_YORK = "America/New_York"
LOOKED_AT = {"debian": timedelta(days=10)}
"""How far an engine was asked where it was not asked for a number of fires."""

REFUSED_HERE = {
    # Debian's parser does not look at what follows a value: 5#2 is 5 there, and 1~5 is 1.
    "debian": re.compile(
        r"[0-9N*][#~][0-9]|\*-|[0-9]-[0-9]+-|1\.5|^0 0 9 |^0 9 \* \* \* 30|^15,45 0 9|^0 9 15 3|@reboot"
    ),
    # GitHub's parser takes whatever JavaScript takes for a number.
    "github": re.compile(r"\.|0x|1e1|\+5"),
    # croniter clamps these to the end of February, as no other engine does.
    "croniter": re.compile(r"\b(29|30)W"),
    "croner": re.compile(r"(?!)"),
}
"""Texts that the engine reads, and that are refused here on purpose."""


def facts(dialect: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FACTS / f"{dialect}.jsonl").read_text(encoding="utf-8").splitlines()]


def can_read(text: str, dialect: str) -> bool:
    try:
        parse(text, dialect)
    except ScheduleError:
        return False
    return True


@pytest.mark.parametrize("dialect", sorted(REFUSED_HERE))
def test_texts_are_read_as_the_engine_reads_them(dialect: str) -> None:
    """A text is read if the engine reads it, but for those that are refused on purpose."""
    told = {fact["text"]: fact["read"] for fact in facts(dialect)}
    assert len(told) > 200
    wrong = {text for text, read in told.items() if can_read(text, dialect) != read}
    assert {text for text in wrong if not (told[text] and REFUSED_HERE[dialect].search(text))} == set()


@pytest.mark.parametrize("dialect", sorted(REFUSED_HERE.keys() - {"github"}))
def test_fires_are_those_of_the_engine(dialect: str) -> None:
    """The instants are the engine's, near changes of clocks, too."""
    wrong = []
    for fact in facts(dialect):
        if not fact["read"] or not can_read(fact["text"], dialect):
            continue
        after, told = datetime.fromisoformat(fact["after"]), fact["fires"]
        if oddities(dialect, fact["zone"], parse(fact["text"], dialect).dates) or (told and told[0] < fact["after"]):
            continue  # a fault of the engine, which is flagged and not imitated; or an answer in the past
        found = next_fires(fact["text"], fact["zone"], after, 6, dialect=dialect)
        if dialect in LOOKED_AT:
            found = [at for at in found if at < after + LOOKED_AT[dialect]]
        elif told:
            found = found[: len(told)]
        else:
            found = [at for at in found if at < after + timedelta(days=8 * 365)]
        if [f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in found] != told:
            wrong.append((fact["text"], fact["zone"], fact["after"], told))
    assert wrong == []


MEASURED = [
    # text, day of March or November 2027, and when it fires in UTC: LangGraph 0.16.7, Mastra 1.71.0 (croner 10.0.1),
    # Debian's daemon, each run with its clock set; Claude as Anthropic documents it.
    ("30 2 * * *", 14, {"croniter": "07:00", "croner": "07:30", "debian": "07:00", "claude": ""}),
    ("0 2 * * *", 14, {"croniter": "07:00", "croner": "07:00", "debian": "07:00", "claude": ""}),
    ("30 1 * * *", 7, {"croniter": "05:30 06:30", "croner": "05:30", "debian": "05:30", "claude": "05:30 06:30"}),
    ("*/30 1 * * *", 7, {"croniter": "05:00 05:30 06:00 06:30", "croner": "05:00 05:30"}),
    ("30 * * * *", 7, {"croniter": "05:30 06:30 07:30", "croner": "05:30 07:30", "debian": "05:30 06:30 07:30"}),
    ("0 9 * * *", 14, {"croniter": "13:00", "croner": "13:00", "debian": "13:00", "claude": "13:00"}),
]


@pytest.mark.parametrize(("text", "day", "told"), MEASURED)
def test_clock_changes_as_measured_on_real_servers(text: str, day: int, told: dict[str, str]) -> None:
    """New York, 14 March and 7 November 2027: every platform's own rule, and translations between each two of them."""
    start = datetime(2027, 3 if day == 14 else 11, day, 4, 30, tzinfo=UTC)
    end = start + timedelta(hours=9 if day == 14 else 3, minutes=15)
    for dialect, instants in told.items():
        found = [at for at in next_fires(text, NEW_YORK, start, 12, dialect=dialect) if at < end]
        assert [f"{at:%H:%M}" for at in found] == instants.split(), dialect


@pytest.mark.parametrize(("text", "day", "told"), MEASURED)
def test_translations_across_clock_changes_as_measured(text: str, day: int, told: dict[str, str]) -> None:
    """What is exact from one real server to another fires at the instants that were measured at the first."""
    now = datetime(2027, 3 if day == 14 else 11, day - 1, 20, tzinfo=UTC)
    end = now + timedelta(days=2)
    for source in told:
        wanted = [at for at in next_fires(text, NEW_YORK, now - timedelta(seconds=1), 99, dialect=source) if at < end]
        for target in ("croniter", "croner", "debian", "claude", "vixie", "eventbridge"):
            trigger = Recurring(text, NEW_YORK)
            zone = "UTC" if target in {"vixie", "debian"} else None
            found = translate(
                trigger, source=source, target=target, target_timezone=zone, now=now, horizon=timedelta(days=2)
            )
            if not found.verdict.faithful:
                assert found.verdict.reason
                continue
            got = sorted(
                at
                for piece in found.pieces
                for at in (
                    next_fires(piece.text, piece.timezone, now - timedelta(seconds=1), 99, dialect=target)
                    if piece.text
                    else [piece.at]
                )
                if at is not None and at < end
            )
            assert got == wanted, (source, target)
