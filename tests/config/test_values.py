"""The values of a sync: limits and the choice of jobs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from migrator.canonical import Job, JobRef, Prompt
from migrator.config import Limit, Select
from migrator.cron.model import Once


def job(name: str = "Weekly report", job_id: str = "r-1", *, enabled: bool = True) -> Job:
    return Job(
        ref=JobRef(provider="omni", scope="acme", id=job_id),
        name=name,
        enabled=enabled,
        trigger=Once(at=datetime(2030, 1, 1, tzinfo=UTC)),
        action=Prompt(text="Report."),
    )


@pytest.mark.parametrize(
    ("limit", "number", "of", "expected"),
    [
        ("30%", 3, 10, True),
        ("30%", 4, 10, False),
        ("30%", 9, 9, True),  # fewer than the floor: shares do not bind
        ("0%", 1, 10, False),
        ("0%", 0, 10, True),
        ("100%", 10, 10, True),
        ("12.5%", 2, 16, True),
        ("12.5%", 3, 16, False),
        ("29%", 29, 100, True),
        (2, 2, 3, True),
        (2, 3, 3, False),  # a number binds below the floor too
        (0, 0, 0, True),
    ],
)
def test_a_limit_allows(limit: str | int, number: int, of: int, *, expected: bool) -> None:
    """A share counts against the jobs that are there, from the floor on; a number always."""
    assert Limit.read(limit).allows(number, of=of, floor=10) is expected


@pytest.mark.parametrize(
    ("text", "shown"), [("30%", "30%"), ("12.5%", "12.5%"), ("0%", "0%"), ("100%", "100%"), (7, "7")]
)
def test_a_limit_shows_as_it_was_written(text: str | int, shown: str) -> None:
    """A limit in a message looks as it does in the file."""
    assert str(Limit.read(text)) == shown


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        (Select(), True),
        (Select(name=("Weekly *",)), True),
        (Select(name=("Daily *", "*report")), True),
        (Select(name=("weekly *",)), False),
        (Select(name=("Weekly",)), False),
        (Select(id=("r-1", "r-2")), True),
        (Select(id=("r-2",)), False),
        (Select(enabled=True), True),
        (Select(enabled=False), False),
        (Select(name=("Weekly *",), id=("r-2",)), False),
    ],
)
def test_a_job_takes_part(select: Select, *, expected: bool) -> None:
    """A job takes part when it meets every condition that is given, one of the alternatives of each."""
    assert select.matches(job()) is expected


def test_the_owners_wish_decides() -> None:
    """`enabled` asks what the owner wants."""
    assert Select(enabled=False).matches(job(enabled=False))
