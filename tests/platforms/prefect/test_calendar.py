"""Prefect as a second calendar: the same instants where its rules are ours, and a record of where they are not."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest

from migrator.cron import next_fires, parse
from tests.platforms.installer import Installed
from tests.platforms.prefect.calendar import MOST, Calendar, RefusedError, Window, calendar

READ_AS: Final = "croniter"
"""Whose grammar Prefect reads: it carries a croniter of its own."""
CLOCK: Final = "croner"
"""Whose rule for clock changes Prefect follows: a time that a change skips is moved by the length of
the change, a repeated one fires in the first pass."""
RECORD: Final = Path(__file__).with_name("differences.json")
UPDATE: Final = bool(os.environ.get("MIGRATOR_RECORD_PROOFS"))

TEXTS: Final = (
    "0 9 * * 1-5", "0 9 * * MON", "0 9 * * 7", "30 2 * * *", "0 2 * * *", "30 1 * * *", "0 0 1 * *", "0 0 31 * *",
    "0 9 13 * 5", "0 9 */2 * MON", "30 * * * *", "*/30 * * * *", "*/20 1-3 * * *", "0 */2 * * *", "5,35 6,18 * * *",
    "0 9 * JAN,MAR,OCT *", "0 9 L * *", "0 9 * * 5#2", "0 9 * * L5", "0 22-2 * * *", "*/90 1 * * *", "0 9 ? * 1",
    "@daily", "@weekly", "0 9 * * SUN-TUE",
)  # fmt: skip
ZONES: Final = ("UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
WINDOWS: Final = (
    (datetime(2027, 3, 12, tzinfo=UTC), datetime(2027, 3, 18, tzinfo=UTC)),
    (datetime(2027, 3, 30, tzinfo=UTC), datetime(2027, 4, 6, tzinfo=UTC)),
    (datetime(2027, 9, 30, tzinfo=UTC), datetime(2027, 10, 6, tzinfo=UTC)),
    (datetime(2027, 11, 5, tzinfo=UTC), datetime(2027, 11, 16, tzinfo=UTC)),
)
"""They hold the clock changes of every zone that has one, and the ends of months."""


@pytest.fixture(scope="module")
def prefect(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calendar]:
    """A server."""
    with calendar(installed, tmp_path_factory.mktemp("prefect")) as found:
        yield found


def _ours(text: str, zone: str, *windows: Window) -> list[datetime]:
    """Return what our engine gives, with the grammar and the clock rule that Prefect should have."""
    cron, found = parse(text, READ_AS), list[datetime]()
    for start, end in windows:
        just_before = start - timedelta(minutes=1)
        found += [at for at in next_fires(cron, zone, just_before, MOST, dialect=CLOCK) if start <= at < end]
    return found


def _compared(prefect: Calendar, text: str, zone: str, figures: Counter[str]) -> dict[str, Any] | None:
    """Return how the two differ; None if they do not."""
    ours = set(_ours(text, zone, *WINDOWS))
    try:
        theirs = set(prefect.instants(text, zone, *WINDOWS))
    except RefusedError:
        figures["schedules refused"] += 1
        return {"text": text, "zone": zone, "what": "refused by Prefect"}
    figures["instants compared"] += len(ours | theirs)
    if ours == theirs:
        figures["schedules alike"] += 1
        return None
    figures["schedules different"] += 1
    only = {"only Prefect": sorted(theirs - ours), "only migrator": sorted(ours - theirs)}
    told = {side: [f"{at:%Y-%m-%dT%H:%MZ}" for at in found[:3]] for side, found in only.items() if found}
    return {"text": text, "zone": zone, "what": "other instants", **told}


def test_the_calendars_agree_but_for_what_is_written_down(prefect: Calendar, figures: Counter[str]) -> None:
    """For every expression in every zone, around two clock changes; `differences.json` has the rest.

    A difference that is not written down fails the test also where evidence is recorded; it is written down then, so
    that the next run passes if it is still there.
    """
    found = [
        different
        for text, zone in product(TEXTS, ZONES)
        if (different := _compared(prefect, text, zone, figures)) is not None
    ]
    known = json.loads(RECORD.read_text("utf-8"))
    if UPDATE:
        RECORD.write_text(json.dumps(found, indent=1) + "\n", "utf-8")

    assert known == found


def test_the_calendars_can_differ(prefect: Calendar, figures: Counter[str]) -> None:
    """With another rule for clock changes the comparison finds the hour that Prefect leaves out."""
    start, end = datetime(2027, 11, 7, 4, tzinfo=UTC), datetime(2027, 11, 7, 9, tzinfo=UTC)
    text, zone = "30 * * * *", "America/New_York"
    both = [at for at in next_fires(text, zone, start, 10, dialect="croniter") if at < end]
    found = prefect.instants(text, zone, (start, end))
    figures["instants compared"] += len(found)

    assert _ours(text, zone, (start, end)) == found != both
