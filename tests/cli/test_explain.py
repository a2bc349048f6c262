"""explain: a schedule in words, its fires, and what another platform makes of it."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.cli.bench import Run


def test_fires_are_told_by_both_clocks(run: Run) -> None:
    """Five of them, each in local time and in UTC, and they are the same instants."""
    document = run("explain", "0 9 * * *", "--from", "vixie", "--timezone", "America/New_York", "--json").document
    fires = [(datetime.fromisoformat(fire["local"]), datetime.fromisoformat(fire["utc"])) for fire in document["fires"]]

    assert len(fires) == 5
    assert [local == utc for local, utc in fires] == [True] * 5
    assert {local.astimezone(ZoneInfo("America/New_York")).hour for local, _utc in fires} == {9}


def test_people_see_the_same(run: Run) -> None:
    """The expression, what it means, and the next fires by both clocks."""
    lines = run("explain", "0 9 ? * MON *", "--from", "omni", "--timezone", "America/New_York").out.splitlines()

    assert lines[:4] == [
        "0 9 ? * MON * (Omni AI Routines, eventbridge, America/New_York)",
        "  At 09:00 on Monday, by the clock of America/New_York.",
        "",
        "Next",
    ]
    assert [
        re.fullmatch(r"  Mon \S+ 09:00  America/New_York  Mon \S+ 1[34]:00 UTC", line) is None for line in lines[4:]
    ] == [False] * 5


def test_a_translation_comes_with_its_verdict(run: Run) -> None:
    """The expression of the other platform, and for how long it holds."""
    ended = run("explain", "0 9 ? * MON *", "--from", "omni", "--timezone", "Asia/Kolkata", "--to", "devin")

    assert ended.out.splitlines()[-2:] == ["On Devin Schedules (vixie cron, UTC): exact", "  30 3 * * 1 (UTC)"]


def test_what_cannot_be_said_comes_with_its_reason(run: Run) -> None:
    """An impossible translation is an answer, not a failure."""
    ended = run("explain", "30 0 9 ? * MON", "--from", "quartz", "--to", "vixie", "--json")

    assert (ended.code, ended.document["translation"]["verdict"]) == (0, "impossible")
    assert "seconds" in ended.document["translation"]["reason"]


def test_a_schedule_that_is_over_says_so(run: Run) -> None:
    """No fires, no error."""
    ended = run("explain", "0 9 1 1 ? 2019", "--from", "eventbridge")

    assert (ended.code, ended.out.splitlines()[-1]) == (0, "Expired: no fire is left.")


def test_a_provider_stands_for_its_dialect(run: Run) -> None:
    """--from omni is --from eventbridge."""
    omni, eventbridge = (
        run("explain", "0 9 ? * 2 *", "--from", name, "--json").document for name in ("omni", "eventbridge")
    )

    assert {**omni, "fires": []} == {**eventbridge, "fires": []}
    assert omni["flags"] == ["ambiguous_source"]


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        (["0 9 61 * *", "--from", "vixie"], "vixie, day_of_month, column 5"),
        (["0 9 * * MOO", "--from", "vixie"], "vixie, day_of_week, column 9"),
        (["0 9 * *", "--from", "vixie"], "vixie, day_of_week, column 8"),
        (["0 9 * * *", "--from", "vixie", "--timezone", "Mars/Base"], "vixie, timezone"),
    ],
)
def test_a_wrong_expression_is_pointed_at(run: Run, arguments: list[str], where: str) -> None:
    """Dialect, field and column of the fault; the command was given it, so it ends with 2."""
    ended = run("explain", *arguments, "--json")

    assert (ended.code, ended.document["where"]) == (2, where)
