"""States on both kinds of database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from migrator.store import State, open_state
from tests.postgres import databases

START = datetime(2026, 11, 21, 9, tzinfo=UTC)


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        """What time it is."""
        return self.at

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)


@pytest.fixture(scope="session")
def fresh_schema() -> Iterator[Callable[[], str]]:
    """Makes URLs of empty databases on a PostgreSQL server."""
    with databases() as fresh:
        yield fresh


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/migrator.db"
    fresh: Callable[[], str] = request.getfixturevalue("fresh_schema")
    return fresh()


@pytest.fixture
def clock() -> Time:
    """A clock that a test moves."""
    return Time()


@pytest.fixture
def open_one(state_url: str, clock: Time) -> Iterator[Callable[[], State]]:
    """Opens the same database again and again, as one process after another, or several at once, would."""
    made: list[State] = []

    def opened() -> State:
        made.append(open_state(state_url, now=clock))
        return made[-1]

    yield opened
    for state in made:
        state.close()


@pytest.fixture
def state(open_one: Callable[[], State]) -> State:
    """An open state."""
    return open_one()
