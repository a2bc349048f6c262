"""Jobs that fire once, there and back."""

from __future__ import annotations

from datetime import datetime

import pytest

from migrator.cron import Once, next_fires, translate
from migrator.errors import ScheduleError
from tests.cron.moving import NEW_YORK, NOVEMBER, WEEK, move, said


@pytest.mark.parametrize(
    ("text", "route", "zone", "instants"),
    [
        ("0 6 30 3 ? 2027", "eventbridge>vixie@UTC", "America/Sao_Paulo", ["2027-03-30T09:00Z"]),
        ("0 6 30 3 ? 2027", "eventbridge>robfig", "UTC", ["2027-03-30T06:00Z"]),
        ("0 9 ? 12 MON#2 2025-2026", "eventbridge>vixie", "UTC", ["2026-12-14T09:00Z"]),
        ("0 9 1 12 ? 2026,2027", "eventbridge>vixie", "UTC", ["2026-12-01T09:00Z", "2027-12-01T09:00Z"]),
    ],
)
def test_last_fires_become_one_time_jobs(text: str, route: str, zone: str, instants: list[str]) -> None:
    """A schedule with few fires left is that many one-time jobs."""
    found = move(text, route, zone)
    assert (found.verdict.kind, said(found)) == ("one_time", instants)
    assert [piece.text for piece in found.pieces] == [None] * len(instants)


@pytest.mark.parametrize(
    ("target", "zone", "text"),
    [
        ("eventbridge", None, "0 7 15 3 ? 2027"),
        ("eventbridge", "UTC", "0 7 15 3 ? 2027"),
        ("eventbridge", NEW_YORK, "0 3 15 3 ? 2027"),
        ("quartz", None, "0 0 7 15 3 ? 2027"),
        ("vixie", "UTC", None),
        ("robfig", None, None),
    ],
)
def test_one_instant(target: str, zone: str | None, text: str | None) -> None:
    """A one-time job is an expression with a year where the platform has nothing else."""
    at = datetime.fromisoformat("2027-03-15T09:00:00+02:00")
    found = translate(Once(at), source="vixie", target=target, target_timezone=zone, now=NOVEMBER, horizon=WEEK)
    (piece,) = found.pieces
    assert (found.verdict.kind, piece.text, piece.at) == ("one_time", text, at)
    if text:
        assert next_fires(text, piece.timezone, NOVEMBER, 2, dialect=target) == [at]


@pytest.mark.parametrize(
    ("at", "target", "zone", "kind", "reason"),
    [
        ("2026-11-21T23:59:00+00:00", "robfig", None, "dead", "has passed"),
        ("2027-03-15T09:00:30+00:00", "eventbridge", None, "approximate", "whole minutes"),
        ("2027-03-15T09:00:30+00:00", "croner", None, "one_time", "fires once"),
        ("2027-03-15T09:00:30.5+00:00", "croniter", None, "approximate", "whole seconds"),
        ("2027-03-15T09:00:30+00:00", "github", None, "approximate", "whole minutes"),
        ("2027-03-15T09:00:30+00:00", "robfig", None, "one_time", "fires once"),
        ("2027-11-07T06:30:00+00:00", "eventbridge", NEW_YORK, "impossible", "cannot be told"),
        ("2027-11-07T06:30:00+00:00", "eventbridge", None, "one_time", "fires once"),
        ("2027-03-15T09:00:00+00:00", "github", None, "exact_until", "must be removed"),
        ("2227-03-15T09:00:00+00:00", "eventbridge", None, "impossible", "year"),
        ("2027-03-15T09:00:00+00:00", "eventbridge", "Mars/Olympus", "impossible", "unknown time zone"),
    ],
)
def test_instants_that_are_not_simple(at: str, target: str, zone: str | None, kind: str, reason: str) -> None:
    """Past instants, seconds, repeated hours and platforms without one-time jobs are told apart."""
    trigger = Once(datetime.fromisoformat(at))
    verdict = translate(
        trigger, source="robfig", target=target, target_timezone=zone, now=NOVEMBER, horizon=WEEK
    ).verdict
    assert verdict.kind == kind
    assert reason in verdict.reason


def test_an_instant_within_a_minute_is_rounded_up() -> None:
    """A platform of whole minutes fires at the next one, and the verdict says how much later that is."""
    at = datetime.fromisoformat("2027-03-15T09:00:30+00:00")
    found = translate(Once(at), source="vixie", target="eventbridge", target_timezone=None, now=NOVEMBER, horizon=WEEK)
    (piece,) = found.pieces
    later = datetime.fromisoformat("2027-03-15T09:01:00+00:00")
    assert (piece.text, piece.at) == ("1 9 15 3 ? 2027", later)
    assert found.verdict.evidence["shift_seconds"] == 30
    assert found.verdict.evidence["rounded"] == [at.isoformat(), later.isoformat()]


def test_once_is_kept_in_utc() -> None:
    """Instants are equal whatever offset they were given with; a time without a zone is refused."""
    assert Once(datetime.fromisoformat("2027-03-15T09:00:00+02:00")).at.isoformat() == "2027-03-15T07:00:00+00:00"
    with pytest.raises(ScheduleError, match="without a zone"):
        Once(at=datetime(2027, 3, 15, 9))  # noqa: DTZ001 (the point of the test)
