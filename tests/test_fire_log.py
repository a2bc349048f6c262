"""Which fires that were due a platform's log shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from migrator.canonical import JobRef
from migrator.fire_log import LoggedFires, logged_fires

DAY = datetime(2026, 12, 1, 9, tzinfo=UTC)
LATENESS = timedelta(minutes=5)


def at(*minutes: float) -> list[datetime]:
    """Instants so many minutes after nine."""
    return [DAY + timedelta(minutes=minute) for minute in minutes]


def logged(due: list[datetime], starts: list[datetime]) -> LoggedFires:
    """What a log says of the hours from eight to twelve."""
    since, until = DAY - timedelta(hours=1), DAY + timedelta(hours=3)
    target = JobRef(provider="acme", scope="here", id="1")
    return logged_fires(target, due, starts, since=since, until=until, lateness=LATENESS)


@pytest.mark.parametrize(
    ("due", "starts", "missing", "extra"),
    [
        ((0, 60), (0.1, 61), (), ()),
        ((0, 60), (60,), (0,), ()),
        ((0, 60), (5.9, 66.1), (60,), (66.1,)),  # late, and too late
        ((0,), (-0.5,), (), ()),  # its clock is behind
        ((0,), (-1.5,), (0,), (-1.5,)),
        ((0, 1, 2), (0.2, 2.2), (2,), ()),  # each start counts once, for the fire that it may stand for first
        ((0,), (0.1, 0.2), (), (0.2,)),
        ((), (30,), (), (30,)),
        ((), (-59.5, 179.5), (), ()),  # an edit, or the present, is too near
        ((0,), (-120, 0.1, 300), (), ()),
    ],
)
def test_starts_and_fires(
    due: tuple[float, ...], starts: tuple[float, ...], missing: tuple[float, ...], extra: tuple[float, ...]
) -> None:
    """A fire is there if the platform started the job in time; a start for which none was due is told."""
    found = logged(at(*due), at(*reversed(starts)))
    assert (found.missing, found.extra) == (tuple(at(*missing)), tuple(at(*extra)))
    assert (found.due, found.fired) == (len(due), len(due) - len(missing))
